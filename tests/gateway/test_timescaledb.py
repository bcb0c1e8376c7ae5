"""The same gateway on TimescaleDB: hypertables instead of partitions, the same guarantees and the same answers."""

import os
from collections.abc import Callable, Iterator

import psycopg
import pytest
from chejian_gateway.migrate import migrate, migrations
from chejian_gateway.store import TABLES, Edition, detect_edition

from tests.fixtures.fix_postgres import DatabaseServer
from tests.gateway.conftest import StartGateway
from tests.gateway.fake_edge import FakeEdge, Sample, now_ms, wait_for
from tests.gateway.test_lifecycle import LOAD

pytestmark = pytest.mark.store

Query = Callable[..., list[tuple[object, ...]]]
DAY_MS = 86_400_000


@pytest.fixture
def dsn() -> Iterator[str]:
    """A migrated database with the extension, on the server of `CHEJIAN_TEST_STORE_DSN`."""
    server = DatabaseServer(os.environ["CHEJIAN_TEST_STORE_DSN"])
    url = server.create(template="template0")  # the extension looks into every other database now and then
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    assert migrate(url) == [m.name for m in migrations()]
    yield url
    server.drop(url)


def test_tables_are_hypertables_and_migrating_again_changes_nothing(dsn: str) -> None:
    assert migrate(dsn) == []
    with psycopg.connect(dsn) as connection:
        assert detect_edition(connection) in {Edition.APACHE, Edition.COMMUNITY}
        found = connection.execute(
            "SELECT hypertable_name, time_interval::text FROM timescaledb_information.dimensions ORDER BY 1"
        ).fetchall()
    assert found == [(table, "1 day") for table in sorted(TABLES)]


def test_each_sample_is_stored_once_whatever_its_day(
    dsn: str, mqtt_url: str, start_gateway: StartGateway, database_rows: Query
) -> None:
    gateway = start_gateway(host_id="timescale")
    now = now_ms()
    batches = {
        number: [
            Sample(1, float(number), now - day * DAY_MS),
            Sample(1, number + 0.5, now - day * DAY_MS + 1),
        ]
        for number, day in enumerate((0, 0, 40, 3, 0), start=1)
    }
    with FakeEdge(mqtt_url, "timescale", "N1") as edge:
        edge.node_birth()
        edge.device_birth("M1", LOAD)
        for number in (1, 3, 2, 3, 5, 4, 1):
            edge.batch("M1", number, batches[number])
        wait_for(lambda: edge.acknowledged == len(batches), "all batches are acknowledged")
        for number in (5, 2):
            edge.batch("M1", number, batches[number])
        wait_for(lambda: gateway.engine.core.committer.doubles >= 2, "resent batches are known as doubles")
    assert database_rows("SELECT value FROM telemetry.sample ORDER BY value") == [
        (v,) for number in batches for v in (float(number), number + 0.5)
    ]
    chunks = database_rows(
        "SELECT count(*) FROM timescaledb_information.chunks WHERE hypertable_name = 'sample'"
    )
    assert chunks == [(3,)]
    assert database_rows("SELECT stored::text, stored_samples FROM telemetry.ledger") == [("{[1,6)}", 10)]
    assert database_rows("SELECT count(*) FROM telemetry.dirty") == [(3,)]
