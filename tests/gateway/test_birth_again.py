"""A birth whose transaction is rolled back by another's locks or a lost session is entered again, as if for the first time."""

from collections.abc import Callable

import psycopg
import pytest
from chejian_contract.sparkplug.datatypes import Code

from tests.gateway.fake_edge import Sample, now_ms
from tests.gateway.hand import batch, device_birth, engine_in_hand, node_birth, topic_of

Query = Callable[..., list[tuple[object, ...]]]
LEDGER_ID = 7
SIGNALS = {1: ("Spindle/Load", Code.DOUBLE), 2: ("Counts/Produced", Code.INT64)}
FAILS_ONCE = """
CREATE SEQUENCE telemetry.tries;  -- what is taken from it is not rolled back
CREATE FUNCTION telemetry.fail_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.kind = 'DBIRTH' AND nextval('telemetry.tries') = 1 THEN
        {how};
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fail_once BEFORE INSERT ON telemetry.birth FOR EACH ROW EXECUTE FUNCTION telemetry.fail_once();
"""


@pytest.mark.parametrize(
    "how",
    [
        "RAISE EXCEPTION 'in the way' USING ERRCODE = 'deadlock_detected'",
        "PERFORM pg_terminate_backend(pg_backend_pid())",
    ],
    ids=["deadlock", "session lost"],
)
def test_a_device_birth_rolled_back_is_entered_again(dsn: str, database_rows: Query, how: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(FAILS_ONCE.format(how=how))
    with engine_in_hand(dsn) as hand:
        hand.put(topic_of("NBIRTH"), node_birth(LEDGER_ID))
        hand.put(topic_of("DBIRTH", device="M1"), device_birth(LEDGER_ID, SIGNALS))
        samples = [Sample(1, 0.5, now_ms()), Sample(2, 3, now_ms(), Code.INT64)]
        hand.put(topic_of("DDATA", device="M1"), batch(LEDGER_ID, 1, samples))
        hand.settle()
        assert hand.core.committer.dropped == 0  # nothing was taken for another database
    assert database_rows("SELECT last_value FROM telemetry.tries") == [(2,)]
    assert database_rows("SELECT reason FROM telemetry.dead_letter") == []
    assert database_rows(
        "SELECT alias, name FROM telemetry.alias JOIN telemetry.series USING (series_id) ORDER BY 1"
    ) == [(alias, name) for alias, (name, _) in SIGNALS.items()]
    stored = (
        "SELECT stored::text, stored_samples, (SELECT count(*) FROM telemetry.sample) FROM telemetry.ledger"
    )
    assert database_rows(stored) == [("{[1,2)}", 2, 2)]
