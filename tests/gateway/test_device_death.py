"""Devices of ledger nodes that die and come back: who is online, what is stale, and when births are asked for."""

from collections.abc import Callable

from chejian_contract.ledger import METRIC_DEVICES, METRIC_REBIRTH
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import add_metric, parse_payload
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_gateway.silence import PATIENCE_S, Silence

from tests.gateway.fake_edge import Sample, now_ms
from tests.gateway.hand import Hand, batch, device_birth, engine_in_hand, node_birth, status, topic_of

Query = Callable[..., list[tuple[object, ...]]]
LEDGER_ID = 7
SIGNALS = {1: ("Spindle/Load", Code.DOUBLE)}
OTHER = {2: ("Spindle/Load", Code.DOUBLE)}
ONLINE = "SELECT name FROM telemetry.device WHERE online ORDER BY 1"
NODES = "SELECT edge_node FROM telemetry.node WHERE online ORDER BY 1"
LAST = "SELECT value, quality FROM telemetry.last_value WHERE series_id = 1"


def births(hand: Hand) -> None:
    hand.put(topic_of("NBIRTH"), node_birth(LEDGER_ID))
    hand.put(topic_of("DBIRTH", device="M1"), device_birth(LEDGER_ID, SIGNALS))
    hand.put(topic_of("DBIRTH", device="M2"), device_birth(LEDGER_ID, OTHER))
    hand.settle()


def death(hand: Hand, device: str = "M1") -> None:
    hand.put(topic_of("DDEATH", device=device), Payload(timestamp=now_ms(), seq=9).SerializeToString())
    hand.settle()


def data(hand: Hand, number: int, value: float) -> None:
    payload = batch(LEDGER_ID, number, [Sample(1, value, now_ms())])
    hand.put(topic_of("DDATA", device="M1"), payload)
    hand.settle()


def account(hand: Hand, devices: str) -> None:
    """An NDATA that says which devices are there."""
    payload = parse_payload(status(LEDGER_ID, 0, 0))
    add_metric(payload, Code.STRING, devices, time_ms=now_ms(), name=METRIC_DEVICES)
    hand.put(topic_of("NDATA"), payload.SerializeToString())
    hand.settle()


def asked(hand: Hand) -> int:
    """Rebirth requests so far."""
    return sum(
        metric.name == METRIC_REBIRTH for _, payload in hand.sent for metric in parse_payload(payload).metrics
    )


def test_a_death_is_the_device_s_alone_and_changes_no_figure(dsn: str, database_rows: Query) -> None:
    with engine_in_hand(dsn) as hand:
        births(hand)
        data(hand, 1, 0.5)
        marks = "SELECT device_id, hour, lo, hi, gen FROM telemetry.dirty"
        before = database_rows(marks)
        death(hand)
        assert database_rows(ONLINE) == [("M2",)]
        assert database_rows(LAST) == [(0.5, 500)]
        assert database_rows(marks) == before  # what history brings later decides, not the death
        hand.put(topic_of("DBIRTH", device="M1"), device_birth(LEDGER_ID, SIGNALS))
        data(hand, 2, 0.75)
        assert database_rows(ONLINE) == [("M1",), ("M2",)]
        assert database_rows(LAST) == [(0.75, 192)]
        assert asked(hand) == 0


def test_a_node_s_births_say_which_devices_are_there(dsn: str, database_rows: Query) -> None:
    with engine_in_hand(dsn) as hand:
        births(hand)
        hand.put(topic_of("NBIRTH"), node_birth(LEDGER_ID))  # the source of M1 is away: it is not born again
        hand.put(topic_of("DBIRTH", device="M2"), device_birth(LEDGER_ID, OTHER))
        hand.settle()
        assert database_rows(ONLINE) == [("M2",)]
        assert asked(hand) == 0


def test_a_lost_birth_is_asked_for_and_data_are_stored_meanwhile(dsn: str, database_rows: Query) -> None:
    with engine_in_hand(dsn) as hand:
        births(hand)
        death(hand)
        data(hand, 1, 1.0)
        account(hand, "M1/M2")
        assert asked(hand) == 1
        births(hand)
        account(hand, "M1/M2")
        assert asked(hand) == 1
        assert database_rows(ONLINE) == [("M1",), ("M2",)]
    assert database_rows("SELECT value FROM telemetry.sample") == [(1.0,)]


def test_a_lost_death_is_learned_from_the_account(dsn: str, database_rows: Query) -> None:
    with engine_in_hand(dsn) as hand:
        births(hand)
        data(hand, 1, 0.5)
    with engine_in_hand(dsn) as hand:  # the death came while no gateway ran
        account(hand, "M2")
        assert database_rows(ONLINE) == [("M2",)]
        assert database_rows(LAST) == [(0.5, 500)]
        account(hand, "")
        assert database_rows(ONLINE) == []
        assert asked(hand) == 0


def test_an_account_without_devices_says_nothing_of_them(dsn: str, database_rows: Query) -> None:
    with engine_in_hand(dsn) as hand:
        births(hand)
        hand.put(topic_of("NDATA"), status(LEDGER_ID, 0, 0))
        hand.settle()
        assert database_rows(ONLINE) == [("M1",), ("M2",)]


def test_a_node_that_died_while_no_host_was_online_is_noticed_by_its_silence(
    dsn: str, database_rows: Query
) -> None:
    with engine_in_hand(dsn) as hand:
        births(hand)
        hand.put(topic_of("NBIRTH", "N2"), node_birth(LEDGER_ID + 1))
        hand.settle()
    with engine_in_hand(dsn) as hand:  # NDEATH of N1 came in between
        now, died = [0.0], hand.engine._lifecycle.node_died
        silence = Silence(hand.core, lambda node, at: died(node, None, at), clock=lambda: now[0])
        silence.tick(online=True)
        hand.put(topic_of("NDATA", "N2"), status(LEDGER_ID + 1, 0, 0))
        hand.settle()
        for now[0] in (60.0, PATIENCE_S - 1):
            silence.tick(online=True)
            assert database_rows(NODES) == [("N1",), ("N2",)]
        silence.tick(online=False)  # the broker was away: the time begins anew
        now[0] = PATIENCE_S
        silence.tick(online=True)
        hand.put(topic_of("NDATA", "N2"), status(LEDGER_ID + 1, 0, 0))
        hand.settle()
        now[0] = 2 * PATIENCE_S
        silence.tick(online=True)
        assert database_rows(NODES) == [("N2",)]
        assert database_rows(ONLINE) == []
        account(hand, "M1/M2")  # it was only slow
        assert asked(hand) == 1
        births(hand)
        assert database_rows(NODES) == [("N1",), ("N2",)]
        assert database_rows(ONLINE) == [("M1",), ("M2",)]
