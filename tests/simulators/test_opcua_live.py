"""Live changes follow the history without a gap or a double, each with its own source time."""

import asyncio
from collections.abc import Callable
from pathlib import Path

from asyncua import ua
from asyncua.client.client import Client
from asyncua.common.node import Node
from chejian_simulators.model import PlantModel
from chejian_simulators.opcua_server import NAMESPACE, PlantServer
from chejian_simulators.plant import Plant
from chejian_simulators.shifts import to_datetime, to_ms

MINUTE_MS = 60_000
DEADLINE_S = 30


class Collector:
    """Everything that a subscription delivers, by node, in order."""

    def __init__(self) -> None:
        self.found: dict[str, list[int]] = {}
        self._news = asyncio.Event()

    def datachange_notification(self, node: Node, val: object, data: object) -> None:
        value: ua.DataValue = data.monitored_item.Value  # type: ignore[attr-defined] # the library hands any object
        assert value.SourceTimestamp is not None
        self.found.setdefault(str(node.nodeid.Identifier), []).append(to_ms(value.SourceTimestamp))
        self._news.set()

    @property
    def total(self) -> int:
        return sum(len(times) for times in self.found.values())

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._news.clear()
                await self._news.wait()


async def test_history_and_subscription_join_exactly_until_the_freeze(harbin: Plant, epoch_ms: int) -> None:
    now = epoch_ms + 90 * MINUTE_MS
    model = PlantModel(harbin, seed=17, epoch_ms=epoch_ms)
    collector = Collector()
    async with (
        PlantServer(model, url="opc.tcp://127.0.0.1:0/chejian", clock=lambda: now) as server,
        Client(server.url) as client,
    ):
        index = await client.get_namespace_index(NAMESPACE)
        names = [f"{code}/{signal}" for code, m in model.machines.items() for signal in m.series]
        nodes = {name: client.get_node(ua.NodeId(ua.String(name), ua.Int16(index))) for name in names}
        subscription = await client.create_subscription(50, collector)
        await subscription.subscribe_data_change(list(nodes.values()), queuesize=0)
        await collector.until(lambda: len(collector.found) == len(names))
        now += 20 * MINUTE_MS  # everything of 20 minutes is late at once
        history = {}
        for name, node in nodes.items():
            values = await node.read_raw_history(to_datetime(epoch_ms), to_datetime(now))
            history[name] = [to_ms(v.SourceTimestamp) for v in values if v.SourceTimestamp is not None]
        now += 25 * MINUTE_MS
        frozen = await server.freeze()
        now += 60 * MINUTE_MS  # a frozen plant does not care
        oracle = PlantModel(harbin, seed=17, epoch_ms=epoch_ms)
        oracle.advance(epoch_ms + 90 * MINUTE_MS + 1)
        later = len(oracle.advance(frozen))
        await collector.until(lambda: collector.total >= later + len(names))
        await subscription.delete()
        assert frozen == epoch_ms + 135 * MINUTE_MS + 1 == await server.freeze()
        for name in names:
            code, _, signal = name.partition("/")
            want = oracle.machines[code].series[signal].times
            live = collector.found[name]
            assert live == want[len(want) - len(live) :], name
            assert sorted({*history[name], *live}) == want, name
        assert collector.total == later + len(names)
        load = await nodes["CNC-01/Spindle/Load"].read_raw_history(to_datetime(epoch_ms), to_datetime(now))
        assert len(load) == len(oracle.machines["CNC-01"].series["Spindle/Load"].times)


async def test_equal_blocks_are_told_each_time(harbin: Plant, epoch_ms: int, recordings: Path) -> None:
    """MTS-02 plays one record over and over; a subscription with the default filter sees every measurement."""
    now = epoch_ms + 30 * MINUTE_MS
    model = PlantModel(harbin, seed=17, epoch_ms=epoch_ms, recordings=recordings)
    collector = Collector()
    async with (
        PlantServer(model, url="opc.tcp://127.0.0.1:0/chejian", clock=lambda: now) as server,
        Client(server.url) as client,
    ):
        index = await client.get_namespace_index(NAMESPACE)
        node = client.get_node(ua.NodeId(ua.String("MTS-02/Vibration/DriveEnd"), ua.Int16(index)))
        subscription = await client.create_subscription(50, collector)
        await subscription.subscribe_data_change(node, queuesize=0)
        before = len(model.machines["MTS-02"].series["Vibration/DriveEnd"].times)
        now += 45 * MINUTE_MS
        await server.freeze()
        times = model.machines["MTS-02"].series["Vibration/DriveEnd"].times
        assert len(times) - before >= 2
        await collector.until(lambda: collector.total > len(times) - before)
        assert collector.found["MTS-02/Vibration/DriveEnd"] == times[before - 1 :]
        await subscription.delete()
