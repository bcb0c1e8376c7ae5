"""Malformed topics and payloads against the real engine: nothing breaks, everything is counted, sound batches are stored.

`CHEJIAN_FUZZ_SEED` (printed) repeats a run; `CHEJIAN_FUZZ_COUNT` is the number of inputs of the soak, 1,000,000 by default.
"""

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from chejian_contract.sparkplug.datatypes import Code
from chejian_gateway.tally import Tally, tally

from tests.gateway.conftest import StartGateway
from tests.gateway.fake_edge import FakeEdge, Sample, now_ms, wait_for
from tests.gateway.fuzz_inputs import GOOD_ID, Inputs
from tests.gateway.hand import Hand, batch, device_birth, engine_in_hand, node_birth, topic_of

Query = Callable[..., list[tuple[object, ...]]]
CHUNK = 500
PROGRESS_S = 20.0
"""A chunk takes well below a second; more than this is a hang."""
GROWTH = 250 * 2**20
"""Bytes that memory may grow after the first chunks, however many inputs follow."""
WARM_CHUNKS = 4


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Function that prints a line, whatever pytest captures."""

    def write(text: str) -> None:
        with capsys.disabled():
            sys.stdout.write(f"\n{text}\n")

    return write


@pytest.fixture
def inputs(say: Callable[[str], None]) -> Inputs:
    given = os.environ.get("CHEJIAN_FUZZ_SEED")
    chosen = int(given) if given else random.SystemRandom().randrange(2**32)
    say(f"CHEJIAN_FUZZ_SEED={chosen}")
    return Inputs(chosen)


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text("utf-8").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def counts(hand: Hand) -> Tally:
    return tally(hand.engine, hand.intake)


class Sound:
    """A sound node among the noise: its batches, one row each, sent in between and some of them twice."""

    def __init__(self, hand: Hand) -> None:
        self.hand, self.number, self.base = hand, 0, now_ms() - 3_600_000
        hand.put(topic_of("NBIRTH", "G1", group="fuzz"), node_birth(GOOD_ID))
        hand.put(
            topic_of("DBIRTH", "G1", "M1", group="fuzz"), device_birth(GOOD_ID, {1: ("Sound", Code.DOUBLE)})
        )

    def send(self) -> None:
        self.number += 1
        at = [Sample(1, float(self.number), self.base + self.number)]
        for _ in range(2 if self.number % 5 == 0 else 1):
            self.hand.put(topic_of("DDATA", "G1", "M1", group="fuzz"), batch(GOOD_ID, self.number, at))


def fuzz(hand: Hand, inputs: Inputs, count: int) -> Sound:
    """Feed `count` inputs chunk by chunk; after each all messages are accounted for."""
    sound, warm = Sound(hand), 0
    for name in ("L1", "L2", "F1"):
        for topic, payload in inputs.births(name):
            hand.put(topic, payload)
    for chunk in range(count // CHUNK):
        for i in range(CHUNK):
            topic, payload = inputs.one()
            if i % 3 == 0:  # the sound node's topics get noise too, though nothing of its identity
                topic = topic.replace("/L2", "/G1") if "BIRTH" not in topic else topic
            hand.put(topic, payload)
            if i % 10 == 0:
                sound.send()
        hand.settle(PROGRESS_S)
        found = counts(hand)
        assert found.received == found.ended, found
        if chunk == WARM_CHUNKS:
            warm = resident()
    assert resident() - warm < GROWTH
    return sound


def check(hand: Hand, sound: Sound, query: Query) -> None:
    """Sound batches are stored once, and each refusal left a letter as long as their number per hour was not used up."""
    stored = query(
        "SELECT value FROM telemetry.sample JOIN telemetry.series USING (series_id) WHERE name = 'Sound' ORDER BY 1"
    )
    assert stored == [(float(n),) for n in range(1, sound.number + 1)]
    found = counts(hand)
    assert (found.dropped, found.unstored) == (0, 0), found
    letters = query("SELECT count(*) FROM telemetry.dead_letter")
    assert letters == [(hand.core.committer.dead_letters,)]
    claimed = query("SELECT sum(upper(r) - lower(r)) FROM telemetry.ledger, unnest(stored + dead) AS r")
    assert claimed == [(found.batches,)]


def run(dsn: str, query: Query, inputs: Inputs, count: int) -> str:
    started, before = time.monotonic(), resident()
    with engine_in_hand(dsn) as hand:
        sound = fuzz(hand, inputs, count)
        check(hand, sound, query)
        found = counts(hand)
    assert found.refused > count / 10
    assert found.handled > count / 20
    assert found.batches > sound.number
    grown = (resident() - before) >> 20
    return f"{count} inputs in {time.monotonic() - started:.1f} s, memory +{grown} MiB, {found}"


@pytest.mark.system
@pytest.mark.long
def test_malformed_messages_break_nothing(dsn: str, database_rows: Query, inputs: Inputs) -> None:
    run(dsn, database_rows, inputs, 20_000)


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_million_malformed_messages_break_nothing(
    dsn: str, database_rows: Query, inputs: Inputs, say: Callable[[str], None]
) -> None:
    say(run(dsn, database_rows, inputs, int(os.environ.get("CHEJIAN_FUZZ_COUNT", "1000000"))))


def test_malformed_messages_through_a_broker(
    mqtt_url: str, start_gateway: StartGateway, database_rows: Query, inputs: Inputs
) -> None:
    gateway = start_gateway()
    with FakeEdge(mqtt_url, inputs.group, "G1", ledger_id=GOOD_ID) as edge:
        edge.node_birth()
        edge.device_birth("M1", {1: ("Sound", Code.DOUBLE)})
        wait_for(lambda: bool(edge.acks), "the birth is answered")
        for number in range(1, 101):
            for _ in range(15):
                topic, payload = inputs.one()
                if topic and not set(topic) & set("+#\0") and topic[0] != "$":  # what MQTT lets through
                    edge._client.publish(topic, payload)
            edge.batch("M1", number, [Sample(1, float(number), now_ms() - 1000 + number)])
        wait_for(lambda: edge.acknowledged == 100, "all sound batches are handled", within=40)
        wait_for(lambda: gateway.engine.host, "it still is the host")
    stored = database_rows(
        "SELECT value FROM telemetry.sample JOIN telemetry.series USING (series_id) WHERE name = 'Sound' ORDER BY 1"
    )
    assert stored == [(float(n),) for n in range(1, 101)]
    engine, intake = gateway.engine, gateway.intake
    wait_for(
        lambda: (t := tally(engine, intake)).received == t.ended and t.refused > 100, "all is accounted for"
    )
