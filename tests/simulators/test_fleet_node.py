"""The fleet's half of the ledger, without a broker: window, resends, probes, and payloads that say what they should."""

from random import Random

import pytest
from chejian_contract.ledger import METRIC_BATCH, METRIC_ID, METRIC_PRODUCED, Ack, parse_produced
from chejian_contract.sparkplug.payload import Metric, parse_payload
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_contract.sparkplug.topics import MessageType, Topic
from chejian_simulators.fleet.bodies import FIRST_ALIAS, MOST_SIGNALS, Bodies, Noise, varint
from chejian_simulators.fleet.node import WINDOW, FleetNode, Message, Shape
from hypothesis import given, settings
from hypothesis import strategies as st

START_MS = 1_795_312_200_000
LEDGER_ID = 2**62 + 12345
SHAPE = Shape("fleet", devices=3, signals=4, start_ms=START_MS)


def node(number: int = 0) -> FleetNode:
    return FleetNode(SHAPE, number, LEDGER_ID, Bodies(12), Noise(1, 12))


def open_node() -> FleetNode:
    """A node whose gate is open at 0 s."""
    made = node()
    made.connect(START_MS)
    list(made.births(START_MS))
    made.take(Ack(LEDGER_ID, 0), 0.0)
    return made


def metrics(message: Message) -> list[Metric]:
    return list(parse_payload(message[1]).metrics)


def batch_of(message: Message) -> int:
    return int(metrics(message)[1].long_value)


def batches(messages: list[Message]) -> list[int]:
    return [batch_of(message) for message in messages]


def test_a_data_message_is_what_the_wire_asks_for() -> None:
    made = open_node()
    made.ticks = 2
    found = list(made.due(0.0, START_MS + 1_500))
    assert batches(found) == [1, 2, 3, 4, 5, 6]
    topic = Topic.parse(found[4][0])
    assert (topic.group, topic.type, topic.node, topic.device) == (
        "fleet",
        MessageType.DDATA,
        "FLEET-001",
        "D02",
    )
    payload = parse_payload(found[4][1])
    assert payload.timestamp == START_MS + 1_500
    first, second, *samples = payload.metrics
    assert (first.name, first.long_value, first.HasField("alias")) == (METRIC_ID, LEDGER_ID, False)
    assert (second.name, second.long_value, second.HasField("alias")) == (METRIC_BATCH, 5, False)
    values = Noise(1, 12).values(0, 1)
    assert [(m.alias, m.timestamp, m.double_value) for m in samples] == [
        (FIRST_ALIAS + 4 + i, START_MS + 1_000, values[4 + i]) for i in range(4)
    ]
    assert not any(m.name or m.is_historical or m.is_null for m in samples)
    assert [parse_payload(m[1]).seq for m in found] == [4, 5, 6, 7, 8, 9], "behind NBIRTH and three DBIRTHs"


def test_births_announce_every_alias_once_and_the_account() -> None:
    made = node()
    made.ticks = 7
    topic, will = made.connect(START_MS)
    assert Topic.parse(topic).type is MessageType.NDEATH
    nbirth, *dbirths = made.births(START_MS)
    by_name = {m.name: m for m in metrics(nbirth)}
    assert by_name["bdSeq"].long_value == parse_payload(will).metrics[0].long_value
    assert by_name[METRIC_ID].long_value == LEDGER_ID
    assert parse_produced(by_name[METRIC_PRODUCED].string_value) == (21, 84)
    aliases = [m.alias for birth in dbirths for m in metrics(birth) if m.HasField("alias")]
    assert aliases == list(range(FIRST_ALIAS, FIRST_ALIAS + 12))
    assert [metrics(birth)[0].name for birth in dbirths] == [METRIC_ID] * 3
    assert [metrics(birth)[1].long_value for birth in dbirths] == [0] * 3


def test_nothing_is_sent_before_the_first_acknowledgement() -> None:
    made = node()
    made.ticks = 3
    kinds = [Topic.parse(topic).type for now in (0.0, 0.3, 1.1) for topic, _ in made.due(now, START_MS)]
    assert kinds == [MessageType.NDATA, MessageType.NDATA]
    made.take(Ack(LEDGER_ID + 1, 0), 1.2)
    assert list(made.due(1.3, START_MS)) == [], "another buffer's"
    made.take(Ack(LEDGER_ID, 0), 1.4)
    assert batches(list(made.due(1.5, START_MS))) == list(range(1, 10))


def test_the_window_holds_back_and_what_is_missing_comes_again_the_same() -> None:
    made = open_node()
    made.ticks = 100
    sent = list(made.due(0.0, START_MS))
    assert batches(sent) == list(range(1, WINDOW + 1))
    assert list(made.due(1.0, START_MS)) == []
    made.take(Ack(LEDGER_ID, 10, ((12, 50),)), 1.5)
    assert (made.acknowledged, made.in_flight) == (49, 251)
    new = list(made.due(1.6, START_MS))
    assert batches(new) == list(range(WINDOW + 1, WINDOW + 50))
    again = list(made.due(2.1, START_MS))
    assert batches(again) == [11], "51 and later were not overtaken yet"
    told, first = metrics(again[0])[2:], metrics(sent[10])[2:]
    assert all(m.is_historical for m in told)
    assert [(m.alias, m.timestamp, m.double_value) for m in told] == [
        (m.alias, m.timestamp, m.double_value) for m in first
    ]
    assert made.resent == 1


def test_what_is_acknowledged_while_others_go_out_again_stays_acknowledged() -> None:
    made = open_node()
    made.ticks = 1
    list(made.due(0.0, START_MS))
    for now in (2.0, 4.0):  # nothing is acknowledged: one goes out again, then two
        made.take(Ack(LEDGER_ID, 0), now)
        out = made.due(now, START_MS)
        assert batch_of(next(out)) == 1
    made.take(Ack(LEDGER_ID, 2), 4.0)
    assert list(out) == [], "2 is there already"
    assert (made.acknowledged, made.in_flight) == (2, 1)
    made.take(Ack(LEDGER_ID, 3), 4.1)
    assert (made.acknowledged, made.in_flight, made.resent) == (3, 0, 2)


def test_a_silent_host_is_only_probed_and_an_answer_reopens() -> None:
    made = open_node()
    made.ticks = 100
    list(made.due(0.0, START_MS))
    probes = [b for now in range(10, 80) for b in batches(list(made.due(now / 2, START_MS)))]
    assert probes == [1] * 35, "one a second"
    made.take(Ack(LEDGER_ID, 200), 40.0)
    assert batches(list(made.due(40.1, START_MS))) == list(range(201, 301))


def test_an_acknowledgement_of_what_was_not_sent_is_not_believed() -> None:
    made = open_node()
    made.ticks = 1
    list(made.due(0.0, START_MS))
    made.take(Ack(LEDGER_ID, 4), 0.1)
    assert made.acknowledged == 0
    made.take(Ack(LEDGER_ID, 3), 0.1)
    assert (made.acknowledged, made.in_flight) == (3, 0)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32), loss=st.floats(0, 0.9), total=st.integers(1, 90))
def test_whatever_is_lost_everything_arrives_and_the_account_is_exact(
    seed: int, loss: float, total: int
) -> None:
    """A host that loses messages and acknowledgements; then a while in which nothing is lost."""
    made, stored, chance = open_node(), set[int](), Random(seed)
    for second in range(150):
        made.ticks = min(second + 1, total)
        calm = second >= 90
        for message in made.due(float(second), START_MS + second * 1000):
            number = batch_of(message)
            assert 1 <= number <= made.produced
            assert len(made._open) <= WINDOW
            if calm or chance.random() >= loss:
                stored.add(number)
        if calm or chance.random() >= loss:
            made.take(Ack.of(LEDGER_ID, [(n, n) for n in stored]), float(second))
        assert made.produced == made.acknowledged + made.in_flight
        assert made.acknowledged <= len(stored)
    assert stored == set(range(1, total * SHAPE.devices + 1))
    assert (made.acknowledged, made.in_flight) == (len(stored), 0)


@given(st.integers(0, 2**63 - 1))
def test_varints_are_protobufs(number: int) -> None:
    assert Payload(seq=number).SerializeToString()[1:] == varint(number)


def test_a_workshop_with_too_many_signals_is_refused() -> None:
    with pytest.raises(ValueError, match=f"a workshop of the fleet has 1 to {MOST_SIGNALS}"):
        Bodies(MOST_SIGNALS + 1)
