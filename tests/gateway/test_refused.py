"""Poison: what the database refuses is alone a dead letter, kept whole; everything else is stored once; replay moves it."""

import threading
from collections.abc import Callable, Iterator

import psycopg
import pytest
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import Value
from chejian_gateway import cli, proof
from chejian_gateway.errors import ReplayError
from chejian_gateway.replay import replay
from psycopg import sql

from tests.gateway.fake_edge import Sample, now_ms, wait_for
from tests.gateway.hand import Hand, batch, device_birth, engine_in_hand, node_birth, status, topic_of

Query = Callable[..., list[tuple[object, ...]]]
ID, BATCHES, ROWS = 41, 40, 3
SIGNALS = {1: ("Load", Code.DOUBLE), 2: ("Poison", Code.DOUBLE), 3: ("Word", Code.STRING)}
BASE = now_ms() - 600_000

REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad integer := (SELECT series_id FROM telemetry.series WHERE name = 'Poison');
BEGIN IF NEW.series_id = bad THEN {action} END IF; RETURN NEW; END $$;
CREATE TRIGGER refuse BEFORE INSERT ON telemetry.sample FOR EACH ROW EXECUTE FUNCTION refuse();
"""
HEAL = "DROP TRIGGER refuse ON telemetry.sample; DROP FUNCTION refuse"
RAISES = "RAISE EXCEPTION 'no poison here' USING ERRCODE = 'check_violation';"
SLEEPS = "PERFORM pg_sleep(20);"


@pytest.fixture
def hand(dsn: str) -> Iterator[Hand]:
    with engine_in_hand(dsn) as hand:
        hand.put(topic_of("NBIRTH"), node_birth(ID))
        hand.put(topic_of("DBIRTH", device="M1"), device_birth(ID, SIGNALS))
        hand.settle()
        yield hand


def poisoned(dsn: str, action: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(sql.SQL(REFUSE.replace("{action}", action)))


def payload_of(number: int, *, bad: bool) -> bytes:
    at = BASE + number * 1000
    samples = [
        Sample(1, float(number), at),
        Sample(1, float(number), at + 1),
        Sample(3, "好", at, Code.STRING),
    ]
    return batch(ID, number, [*samples[:2], Sample(2, -1.0, at)] if bad else samples)


def send(hand: Hand, bad: set[int]) -> dict[int, bytes]:
    payloads = {n: payload_of(n, bad=n in bad) for n in range(1, BATCHES + 1)}
    for payload in payloads.values():
        hand.put(topic_of("DDATA", device="M1"), payload)
    hand.put(topic_of("NDATA"), status(ID, BATCHES, BATCHES * ROWS))
    hand.settle(within=50)
    return payloads


def letters_are(query: Query, payloads: dict[int, bytes], bad: set[int], word: str) -> None:
    letters = query("SELECT batch, samples, topic, payload, reason FROM telemetry.dead_letter ORDER BY batch")
    assert [(r[0], r[1], r[2], r[3]) for r in letters] == [
        (n, ROWS, topic_of("DDATA", device="M1"), payloads[n]) for n in sorted(bad)
    ]
    assert all(word in str(r[4]) for r in letters)


def rows_are(query: Query, good: set[int]) -> None:
    assert query(
        "SELECT value FROM telemetry.sample JOIN telemetry.series USING (series_id) WHERE name = 'Load' ORDER BY 1"
    ) == [(float(n),) for n in sorted(good) for _ in range(2)]


def adds_up(dsn: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        assert proof.verify(connection).faults == []


def test_exactly_the_bad_batches_are_dead_and_come_back_by_replay(
    dsn: str,
    hand: Hand,
    database_rows: Query,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    poisoned(dsn, RAISES)
    bad, everything = {7, 8, 29}, set(range(1, BATCHES + 1))
    payloads = send(hand, bad)
    letters_are(database_rows, payloads, bad, "no poison here")
    rows_are(database_rows, everything - bad)
    adds_up(dsn)
    assert database_rows("SELECT stored::text, dead::text FROM telemetry.ledger") == [
        ("{[1,7),[9,29),[30,41)}", "{[7,9),[29,30)}")
    ]
    assert (hand.core.committer.dead_letters, hand.core.committer.batches, hand.core.committer.dropped) == (
        3,
        BATCHES,
        0,
    )
    monkeypatch.setenv("CHEJIAN_DSN", dsn)
    assert cli.main(["deadletter", "replay", "--all"]) == 1  # the reason is still there
    assert "0 stored with 0 rows, 3 stay" in capsys.readouterr().out
    letters_are(database_rows, payloads, bad, "no poison here")
    database_rows("SELECT 1")
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(HEAL)
    assert cli.main(["deadletter", "replay", "--all", "--reason", "something else"]) == 0
    assert "0 of 0 dead letters" in capsys.readouterr().out
    assert cli.main(["deadletter", "replay", "--all", "--reason", "NO POISON"]) == 0
    assert "3 of 3 dead letters: 3 stored with 9 rows, 0 stay" in capsys.readouterr().out
    rows_are(database_rows, everything)
    adds_up(dsn)
    assert database_rows(
        "SELECT stored::text, stored_samples, dead::text, dead_samples FROM telemetry.ledger"
    ) == [("{[1,41)}", BATCHES * ROWS, "{}", 0)]
    assert cli.main(["deadletter", "replay", "--reason", "x", "1"]) == 2


def test_a_statement_that_never_ends_is_found_and_buried(dsn: str, hand: Hand, database_rows: Query) -> None:
    poisoned(dsn, SLEEPS)
    hand.core.database.run(lambda c: c.execute("SET statement_timeout = '150ms'"))
    payloads = send(hand, {20})
    letters_are(database_rows, payloads, {20}, "statement timeout")
    rows_are(database_rows, set(range(1, BATCHES + 1)) - {20})
    adds_up(dsn)


def test_time_outs_of_everything_are_the_server_s_fault_and_bury_nothing(
    dsn: str, hand: Hand, database_rows: Query, caplog: pytest.LogCaptureFixture
) -> None:
    hand.core.database.run(lambda c: c.execute("SET statement_timeout = '50ms'"))

    def lock() -> None:
        with psycopg.connect(dsn) as connection:
            connection.execute("LOCK telemetry.sample IN ACCESS EXCLUSIVE MODE")
            locked.set()
            wait_for(lambda: "trying the whole commit again" in caplog.text, "it is noticed", within=50)

    locked = threading.Event()
    holder = threading.Thread(target=lock)
    holder.start()
    assert locked.wait(10)
    send(hand, set())
    holder.join()
    rows_are(database_rows, set(range(1, BATCHES + 1)))
    assert database_rows("SELECT 1 FROM telemetry.dead_letter") == []
    adds_up(dsn)


def of_type(code: Code) -> Value:
    values: dict[Code, Value] = {Code.INT16_ARRAY: [1, -2], Code.STRING: "词", Code.UINT64: 2**63}
    return values.get(code, 2.5)


def test_refused_samples_of_a_foreign_node_are_letters_and_can_be_replayed(
    dsn: str, database_rows: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    signals = {
        1: ("Load", Code.DOUBLE),
        2: ("Poison", Code.UINT64),
        3: ("Word", Code.STRING),
        4: ("Wave", Code.INT16_ARRAY),
    }
    poisoned(dsn, RAISES)
    with engine_in_hand(dsn) as hand:
        hand.put(topic_of("NBIRTH", "F1"), node_birth(None))
        hand.put(topic_of("DBIRTH", "F1", "P1"), device_birth(None, signals, value=of_type))
        hand.put(topic_of("DDATA", "F1", "P1"), device_birth(None, signals, seq=2, value=of_type))
        hand.settle()
        assert (hand.core.committer.dead_letters, hand.core.committer.dropped) == (1, 0)
    rest = "SELECT count(*) FROM telemetry.sample UNION ALL SELECT count(*) FROM telemetry.text_sample"
    assert database_rows(rest) == [(2,), (2,)]
    letter = database_rows(
        "SELECT topic, samples, split_part(reason, ':', 1), batch FROM telemetry.dead_letter"
    )
    assert letter == [(topic_of("DDATA", "F1", "P1"), 2, "metric 'Poison'", None)]
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(HEAL)
    monkeypatch.setenv("CHEJIAN_DSN", dsn)
    assert cli.main(["deadletter", "replay", "1"]) == 0
    assert cli.main(["deadletter", "replay", "1"]) == 1
    assert database_rows("SELECT count(*), min(value) FROM telemetry.sample WHERE value > 100") == [
        (2, 2.0**63)
    ]
    assert database_rows("SELECT count(*) FROM telemetry.waveform") == [(2,)]


def test_a_letter_of_an_earlier_buffer_is_replayed_under_its_own_identity(
    dsn: str, hand: Hand, database_rows: Query
) -> None:
    poisoned(dsn, RAISES)
    send(hand, {5})
    hand.put(
        topic_of("NBIRTH"), node_birth(ID + 1)
    )  # the buffer was replaced; alias 2 means another signal now
    hand.put(topic_of("DBIRTH", device="M1"), device_birth(ID + 1, {2: ("Load", Code.DOUBLE)}))
    hand.put(topic_of("DDATA", device="M1"), batch(ID + 1, 5, [Sample(2, 500.0, BASE)]))
    hand.settle()
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(HEAL)
    assert replay(hand.config, 1) == ROWS
    assert database_rows(
        "SELECT name, value FROM telemetry.sample JOIN telemetry.series USING (series_id) WHERE value < 0 OR value > 100"
        " ORDER BY 2"
    ) == [("Poison", -1.0), ("Load", 500.0)]
    assert database_rows("SELECT ledger_id, stored::text, dead::text FROM telemetry.ledger ORDER BY 1") == [
        (ID, "{[1,41)}", "{}"),
        (ID + 1, "{[5,6)}", "{}"),
    ]


def test_replay_at_the_same_time_stores_once(dsn: str, hand: Hand, database_rows: Query) -> None:
    poisoned(dsn, RAISES)
    send(hand, {3, 4})
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(HEAL)
    outcome: list[str] = []

    def work() -> None:
        for number in (1, 2):
            try:
                outcome.append(f"{replay(hand.config, number)} rows")
            except ReplayError as error:
                outcome.append(str(error))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (
        sorted(outcome)
        == ["3 rows"] * 2 + ["there is no dead letter 1"] * 3 + ["there is no dead letter 2"] * 3
    )
    rows_are(database_rows, set(range(1, BATCHES + 1)))
    adds_up(dsn)


def test_the_proof_sees_rows_that_are_missing_or_double(
    dsn: str,
    hand: Hand,
    database_rows: Query,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    send(hand, set())
    monkeypatch.setenv("CHEJIAN_DSN", dsn)
    assert cli.main(["ledger", "--verify"]) == 0
    out = capsys.readouterr().out
    assert "1 accounts add up: 120 rows of 1 nodes, 0 duplicates" in out
    printed = out.partition("-- These figures")[2].partition(":\n")[2].split(";\n")
    assert len(database_rows(printed[0])) == 1  # the SQL that was printed can be run
    assert database_rows(printed[1]) == [("hand", "N1", False, 120, 0)]
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO telemetry.sample SELECT * FROM telemetry.sample WHERE value = 9 LIMIT 1"
        )
        connection.execute("DELETE FROM telemetry.sample WHERE value = 10")
        connection.execute("UPDATE telemetry.ledger SET lost = '{[12,13)}'")
        connection.execute("UPDATE telemetry.ledger SET dead = '{[41,42)}', dead_samples = 3")
    assert cli.main(["ledger", "--verify"]) == 1
    words = capsys.readouterr()
    assert "1 accounts do NOT add up: 119 rows of 1 nodes, 1 duplicates" in words.out
    for fault in (
        "a batch is in two of them",
        "0 dead letters",
        "120 samples stored by the ledger, but 119 rows",
        "1 rows have series and time",
    ):
        assert fault in words.err
