"""A standard OPC UA client reads the model's own list of changes, whole, in pages, and within any bounds."""

import asyncio
import struct
from collections.abc import AsyncIterator
from datetime import datetime
from itertools import pairwise

import numpy as np
import pytest
import pytest_asyncio
from asyncua import ua
from asyncua.client.client import Client
from asyncua.ua.status_codes import StatusCodes
from asyncua.ua.uaerrors import UaStatusCodeError
from chejian_simulators import opcua_history
from chejian_simulators.model import PlantModel, Series
from chejian_simulators.opcua_server import NAMESPACE, PlantServer
from chejian_simulators.plant import Plant
from chejian_simulators.shifts import to_datetime, to_ms

pytestmark = pytest.mark.asyncio(loop_scope="module")

SPAN_MS = 5 * 3_600_000 + 123
PAST, FUTURE = to_datetime(0), to_datetime(4_000_000_000_000)


class Served:
    """A running server, a client, and an oracle made apart from the server."""

    def __init__(self, server: PlantServer, client: Client, oracle: PlantModel, index: int) -> None:
        self.server, self.client, self.oracle, self.index = server, client, oracle, index

    def node_id(self, code: str, signal: str) -> ua.NodeId:
        return ua.NodeId(ua.String(f"{code}/{signal}"), ua.Int16(self.index))

    def series(self, code: str, signal: str) -> Series:
        return self.oracle.machines[code].series[signal]

    async def raw(
        self,
        code: str,
        signal: str,
        start: datetime | None,
        end: datetime | None,
        most: int = 0,
        *,
        bounds: bool = False,
    ) -> list[list[ua.DataValue]]:
        """Pages of a raw read, following every continuation point."""
        details = ua.ReadRawModifiedDetails(
            IsReadModified=False, NumValuesPerNode=ua.UInt32(most), ReturnBounds=bounds
        )
        details.StartTime = start or ua.get_win_epoch()
        details.EndTime = end or ua.get_win_epoch()
        node, point, pages = self.client.get_node(self.node_id(code, signal)), None, []
        while True:
            result = await node.history_read(details, point)
            result.StatusCode.check()
            pages.append(result.HistoryData.DataValues)
            point = result.ContinuationPoint
            if not point:
                return pages


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def served(harbin: Plant, epoch_ms: int) -> AsyncIterator[Served]:
    oracle = PlantModel(harbin, seed=13, epoch_ms=epoch_ms)
    oracle.advance(epoch_ms + SPAN_MS)
    model = PlantModel(harbin, seed=13, epoch_ms=epoch_ms)
    async with (
        PlantServer(
            model, url="opc.tcp://127.0.0.1:0/chejian", clock=lambda: epoch_ms + SPAN_MS - 1
        ) as server,
        Client(server.url) as client,
    ):
        yield Served(server, client, oracle, await client.get_namespace_index(NAMESPACE))


def told(values: list[ua.DataValue]) -> list[tuple[int, object]]:
    found = []
    for value in values:
        assert value.StatusCode is not None
        assert value.StatusCode.is_good()
        assert value.SourceTimestamp is not None
        assert value.SourceTimestamp.microsecond % 1000 == 0
        assert value.Value is not None
        found.append((to_ms(value.SourceTimestamp), value.Value.Value))
    return found


async def test_every_signal_reads_as_the_models_own_list(served: Served) -> None:
    checked = 0
    for code, machine in served.oracle.machines.items():
        for signal, series in machine.series.items():
            pages = await served.raw(code, signal, PAST, FUTURE)
            got = told([v for page in pages for v in page])
            assert [t for t, _ in got] == series.times
            if signal == "Vibration/DriveEnd":
                for (_, values), block in zip(got, series.values, strict=True):
                    assert not isinstance(block, int | float | str | None)
                    assert np.asarray(values, np.float32).tobytes() == block.samples().tobytes()
            else:
                assert [v for _, v in got] == series.values
            checked += len(got)
    assert checked == served.oracle.changes_total


async def test_types_on_the_wire_are_those_of_the_signals(served: Served) -> None:
    wanted = {
        "State/MachineState": (ua.VariantType.Int32, False),
        "Counts/Good": (ua.VariantType.Int64, False),
        "Motor/SerialNumber": (ua.VariantType.String, False),
        "Motor/Speed": (ua.VariantType.Double, False),
        "Vibration/DriveEnd": (ua.VariantType.Float, True),
    }
    for signal, (kind, is_array) in wanted.items():
        node = served.client.get_node(served.node_id("MTS-01", signal))
        value = await node.read_data_value()
        assert value.Value is not None
        assert (value.Value.VariantType, value.Value.is_array) == (kind, is_array)
        assert value.SourceTimestamp is not None
        assert to_ms(value.SourceTimestamp) == served.series("MTS-01", signal).times[-1]
        assert (await node.read_data_type()).Identifier == kind.value
        assert ua.AccessLevel.HistoryRead in await node.get_access_level()


@pytest.mark.parametrize("most", [1, 7, 500, 0])
async def test_pages_join_without_a_gap_or_a_double(served: Served, most: int) -> None:
    times = served.series("CNC-01", "Spindle/Load").times[:400]
    pages = await served.raw(
        "CNC-01", "Spindle/Load", to_datetime(times[0]), to_datetime(times[-1]), most, bounds=True
    )
    assert [t for page in pages for t, _ in told(page)] == times
    if most:
        assert all(len(page) <= most for page in pages)
        assert len(pages) == -(-len(times) // most)


async def test_a_page_of_blocks_is_small_and_a_page_of_values_is_bounded(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = await served.raw("MTS-02", "Vibration/DriveEnd", PAST, FUTURE)
    assert len(pages) > 2
    assert {len(page) for page in pages[:-1]} == {opcua_history.PAGE_BLOCKS}
    monkeypatch.setattr(opcua_history, "PAGE_VALUES", 10)
    pages = await served.raw("CNC-02", "Spindle/Load", PAST, FUTURE)
    assert max(len(page) for page in pages) == 10
    assert [t for page in pages for t, _ in told(page)] == served.series("CNC-02", "Spindle/Load").times


async def test_two_ranges_that_share_a_bound_lose_nothing_and_double_nothing(served: Served) -> None:
    times = served.series("CNC-04", "Energy/ActivePower").times
    bounds = [times[0], times[17], times[18], times[100] + 1, times[-1] + 1]
    found = []
    for start, end in pairwise(bounds):
        for page in await served.raw("CNC-04", "Energy/ActivePower", to_datetime(start), to_datetime(end)):
            found += [t for t, _ in told(page)]
    assert found == times


async def test_an_open_end_goes_forward_and_an_open_start_backward(served: Served) -> None:
    times = served.series("CNC-01", "Feed/Rate").times
    (first, *_) = await served.raw("CNC-01", "Feed/Rate", to_datetime(times[5]), None, 4)
    assert [t for t, _ in told(first)] == times[5:9]
    (last, *_) = await served.raw("CNC-01", "Feed/Rate", None, to_datetime(times[20]), 4)
    assert [t for t, _ in told(last)] == times[20:16:-1]
    (back,) = await served.raw("CNC-01", "Feed/Rate", to_datetime(times[9]), to_datetime(times[5]))
    assert [t for t, _ in told(back)] == times[9:5:-1]


async def test_what_can_not_be_answered_has_its_own_status(served: Served) -> None:
    node = served.client.get_node(served.node_id("CNC-01", "Feed/Rate"))
    details = ua.ReadRawModifiedDetails(IsReadModified=False)
    details.StartTime = details.EndTime = ua.get_win_epoch()
    with pytest.raises(UaStatusCodeError) as caught:
        (await node.history_read(details)).StatusCode.check()
    assert caught.value.code == StatusCodes.BadHistoryOperationInvalid
    details.StartTime, details.EndTime = PAST, FUTURE
    for point in (b"x", struct.pack("<qqb", 10**9, 10**9, 1), struct.pack("<qqb", 0, 5, 0)):
        result = await node.history_read(details, point)
        assert result.StatusCode.value == StatusCodes.BadContinuationPointInvalid
    details.IsReadModified = True
    assert (await node.history_read(details)).StatusCode.value == StatusCodes.BadHistoryOperationUnsupported
    details.IsReadModified = False
    result = await served.client.nodes.server.history_read(details)
    assert result.StatusCode.value == StatusCodes.BadHistoryOperationUnsupported
    details.EndTime = to_datetime(served.oracle.epoch_ms - 1)
    result = await node.history_read(details)
    assert result.StatusCode.value == StatusCodes.GoodNoData
    assert result.HistoryData.DataValues == []


async def test_nodes_hang_below_workshop_line_and_equipment(served: Served) -> None:
    i = served.index
    node = await served.client.nodes.objects.get_child(
        [f"{i}:HRB-W1", f"{i}:T1", f"{i}:MTS-02", f"{i}:Motor", f"{i}:SerialNumber"]
    )
    assert node.nodeid == served.node_id("MTS-02", "Motor/SerialNumber")


async def test_the_server_answers_others_while_it_reads_history(served: Served) -> None:
    reading = asyncio.create_task(served.raw("MTS-01", "Vibration/DriveEnd", PAST, FUTURE))
    async with Client(served.server.url) as other:
        node, answers = other.get_node(served.node_id("CNC-01", "Counts/Good")), 0
        while not reading.done():
            await node.read_value()
            answers += 1
    pages = await reading
    assert answers > len(pages)


async def test_clients_can_not_write(served: Served) -> None:
    node = served.client.get_node(served.node_id("CNC-01", "Counts/Good"))
    with pytest.raises(UaStatusCodeError):
        await node.write_value(ua.Variant(1, ua.VariantType.Int64))
