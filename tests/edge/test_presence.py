"""Devices die when their source stays away, and are born again when it is back: as a foreign Sparkplug host sees it."""

from chejian_contract.ledger import METRIC_REBIRTH
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import add_metric
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_contract.sparkplug.topics import MessageType
from chejian_edge.presence import Presence

from tests.edge.harness import RunEdge, values
from tests.edge.host import Host, until

DBIRTH, DDATA, DDEATH = MessageType.DBIRTH, MessageType.DDATA, MessageType.DDEATH


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_device_outlives_its_source_for_a_while() -> None:
    clock = Clock()
    presence = Presence({"A": "opc", "B": "opc", "C": "file"}, {"opc"}, 60, clock=clock)
    clock.now = 59
    assert [presence.alive(d) for d in "ABC"] == [True, True, True]  # never connected, but there is time
    clock.now = 60
    assert [presence.alive(d) for d in "ABCD"] == [False, False, True, False]
    presence.source("opc", connected=True)
    assert presence.alive("A")
    clock.now = 100
    presence.source("opc", connected=False)
    clock.now = 159
    presence.source("opc", connected=False)  # an attempt that failed does not begin the time anew
    assert presence.alive("A")
    clock.now = 160
    assert not presence.alive("A")


def kinds(host: Host) -> list[MessageType]:
    """Messages about the device, in order; NDATA are left out."""
    return [kind for kind in host.kinds() if kind in (DBIRTH, DDATA, DDEATH)]


def ask_for_births(host: Host) -> None:
    ask = Payload(timestamp=1)
    add_metric(ask, Code.BOOLEAN, True, time_ms=1, name=METRIC_REBIRTH)
    host.command(ask)


async def test_a_lost_source_is_the_device_s_death_and_its_return_a_birth(
    mqtt_url: str, group: str, run_edge: RunEdge
) -> None:
    with Host(mqtt_url, group, "W1") as host:
        async with run_edge() as edge:
            await edge.produce(2)
            await until(lambda: len(values(host)) == 8)
            edge.presence.source("s", connected=False)
            await until(lambda: kinds(host)[-1] is DDEATH, what="the death")
            ask_for_births(host)
            await until(lambda: host.kinds().count(MessageType.NBIRTH) == 2)
            edge.presence.source("s", connected=True)
            await until(lambda: kinds(host)[-1] is DBIRTH, what="the birth")
            await edge.produce(1)
            await until(lambda: len(values(host)) == 12)
        assert kinds(host) == [
            DBIRTH,
            DDATA,
            DDATA,
            DDEATH,
            DBIRTH,
            DDATA,
        ]  # none for the rebirth: it was dead
        assert host.errors == []


async def test_what_the_buffer_has_of_a_device_goes_before_its_death(
    mqtt_url: str, group: str, run_edge: RunEdge
) -> None:
    with Host(mqtt_url, group, "W1") as host:
        async with run_edge() as edge:
            await until(lambda: edge.buffer.totals.opened is None)
            edge.presence.source("s", connected=False)
            host.acknowledge = False
            await edge.produce(3)
            await until(lambda: host.doubles >= 2, what="the source is away for long, and the data wait")
            assert not edge.presence.alive("D1")
            assert DDEATH not in kinds(host)
            host.acknowledge = True
            host.answer()
            await until(lambda: kinds(host)[-1] is DDEATH, what="all is home")
        assert values(host) == [float(i) for i in range(1, 13)]
        assert host.errors == []


async def test_a_restored_host_gets_the_data_of_a_dead_device_behind_a_birth(
    mqtt_url: str, group: str, run_edge: RunEdge
) -> None:
    with Host(mqtt_url, group, "W1") as host:
        async with run_edge() as edge:
            await edge.produce(4)
            await until(lambda: len(values(host)) == 16)
            edge.presence.source("s", connected=False)
            await until(lambda: kinds(host)[-1] is DDEATH, what="the death")
            host.batches[host.ledger_id].clear()
            host.rows.clear()
            await until(lambda: _insist(host), what="the batches come again")
            await until(lambda: kinds(host)[-1] is DDEATH, what="it is dead again")
        assert values(host) == [float(i) for i in range(1, 17)]
        tail = kinds(host)[kinds(host).index(DDEATH) :]
        assert tail[:2] == [DDEATH, DBIRTH]
        assert set(tail[2:-1]) == {DDATA}
        assert host.errors == []


def _insist(host: Host) -> bool:
    host.answer()
    return len(values(host)) == 16
