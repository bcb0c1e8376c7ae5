"""From the schema of an earlier version with data to this one; and a migration that fails."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings
from chejian_cloud.db import migrate as module
from chejian_cloud.db.engine import make_engine
from chejian_cloud.db.migrate import migrate
from chejian_cloud.db.revision import current, head
from chejian_gateway.migrate import migrate as migrate_telemetry
from psycopg import sql
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from benchmarks.board_plant import Province, fill, store
from tests.cloud.keys import bearer

PLANT = Province(workshops=1, machines=2, meters=2, days=2, minutes=2, raw=1)
BEFORE_BOARDS = "0007_access"
GROWN = frozenset({"reason", "energy_factor", "dirty"})
"""What ships with a version is added, and factors that are new mark what they concern."""
Rows = dict[str, list[tuple[Any, ...]]]
_COLUMNS = """
SELECT c.table_name, array_agg(c.column_name::text ORDER BY c.ordinal_position)
  FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
 WHERE c.table_schema = 'app' AND t.table_type = 'BASE TABLE' AND table_name <> 'alembic_version' GROUP BY 1
"""
_SUMMED_MONTHS = """
SELECT equipment_id, date_trunc('month', start AT TIME ZONE 'Asia/Shanghai')::date, count(*), sum(effective_us)::bigint,
       sum(busy_us)::bigint, sum(busy_us + no_data_us)::bigint
  FROM app.kpi_value WHERE kpi = 'oee' AND window_kind = 'day' AND NOT provisional AND effective_us IS NOT NULL
 GROUP BY 1, 2 ORDER BY 1, 2
"""
_BROKEN = """
from alembic import op

revision = "9000_broken"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("UPDATE app.workshop SET name_zh = 'half done'")
    op.drop_column("kpi_value", "completeness", schema="app")
    op.execute("SELECT 1 / 0")
"""
_CROSSING = """
from alembic import op

revision = "9000_crossing"
down_revision = "{head}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("LOCK TABLE app.workshop IN ACCESS EXCLUSIVE MODE")
    op.execute('''
        DO $$ BEGIN
          FOR attempt IN 1..1200 LOOP
            EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE relation = 'app.workshop'::regclass AND NOT granted)
              OR NOT EXISTS (SELECT FROM pg_locks WHERE relation = 'app.kpi_value'::regclass AND pid <> pg_backend_pid());
            PERFORM pg_sleep(0.05);
          END LOOP;
        END $$''')
    op.execute("LOCK TABLE app.kpi_value IN ACCESS EXCLUSIVE MODE")
"""


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _evening() -> datetime:
    """Yesterday at 22 h of the plant's clock: as many windows at whatever hour the test runs."""
    return (_now() - timedelta(days=1)).replace(hour=14, minute=0, second=0)


def _upgrade_to(dsn: str, revision: str) -> None:
    engine = make_engine(dsn, application="test")
    with engine.begin() as connection:
        connection.execute(text("CREATE SCHEMA IF NOT EXISTS app"))
        command.upgrade(module._config(connection), revision)
    engine.dispose()


def _tables(dsn: str) -> dict[str, list[str]]:
    with psycopg.connect(dsn) as connection:
        return dict(connection.execute(_COLUMNS).fetchall())


def _rows(dsn: str, tables: dict[str, list[str]]) -> Rows:
    """All rows of some columns, by table, in one order."""
    found: Rows = {}
    with psycopg.connect(dsn) as connection:
        connection.execute("SET timezone = 'UTC'")
        for table, columns in tables.items():
            query = sql.SQL("SELECT {} FROM app.{}").format(
                sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(c)) for c in columns),
                sql.Identifier(table),
            )
            found[table] = sorted(connection.execute(query).fetchall(), key=repr)
    return found


def _parent_of_head() -> str:
    revision = ScriptDirectory.from_config(module._config()).get_revision(head())
    assert revision is not None
    assert isinstance(revision.down_revision, str)
    return revision.down_revision


@pytest.mark.parametrize("revision", [BEFORE_BOARDS, "the one before"])
def test_an_earlier_schema_with_data_becomes_this_one_and_keeps_every_row(
    revision: str, make_database: Callable[[], str]
) -> None:
    dsn = make_database()
    migrate_telemetry(dsn)
    earlier = _parent_of_head() if revision == "the one before" else revision
    _upgrade_to(dsn, earlier)
    store(dsn, PLANT, _evening())
    tables = _tables(dsn)
    before = _rows(dsn, tables)
    assert migrate(dsn) == (earlier, head())
    after = _rows(dsn, tables)
    assert {t: r for t, r in after.items() if t not in GROWN} == {
        t: r for t, r in before.items() if t not in GROWN
    }
    for table in GROWN:
        assert set(before[table]) <= set(after[table])
    assert len(before["kpi_value"]) > 100
    with psycopg.connect(dsn) as connection:
        wrong = connection.execute(
            "SELECT count(*) FROM app.kpi_value WHERE apt_us IS DISTINCT FROM (inputs ->> 'apt_us')::bigint"
            " OR busy_us IS DISTINCT FROM denominator::bigint"
        ).fetchone()
        summed = connection.execute(_SUMMED_MONTHS).fetchall()
        stored = connection.execute(
            "SELECT equipment_id, month, days, numerator, denominator, due_us FROM app.month_sum WHERE indicator = 'oee'"
            " ORDER BY 1, 2"
        ).fetchall()
    assert wrong == (0,)
    assert summed == stored
    assert len(summed) >= PLANT.machines


def _newer(monkeypatch: pytest.MonkeyPatch, folder: Path, migration: str) -> None:
    """Make this a newer version with one migration more."""
    (folder / "m9000_newer.py").write_text(migration.format(head=head()))
    own = module._config

    def config(connection: Connection | None = None) -> Config:
        made = own(connection)
        versions = f"{made.get_main_option('script_location')}/versions"
        made.set_main_option("path_separator", "newline")
        made.set_main_option("version_locations", f"{versions}\n{folder}")
        return made

    monkeypatch.setattr(module, "_config", config)


async def test_a_migration_that_fails_leaves_the_running_version_as_it_was(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, make_database: Callable[[], str]
) -> None:
    dsn = make_database()
    fill(dsn, PLANT, _now())
    _newer(monkeypatch, tmp_path, _BROKEN)  # changes data and tables, and then fails
    key = bearer(dsn)
    tables = _tables(dsn)
    before = _rows(dsn, tables)
    app = create_app(Settings(dsn=dsn))
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api", headers=key) as client,
    ):
        path = "/api/v1/equipment"
        first = await client.get(path)
        with pytest.raises(DBAPIError, match="division by zero"):
            migrate(dsn)
        assert (await client.get(path)).text == first.text
        assert first.status_code == 200
        assert len(first.json()) > 1
    assert _tables(dsn) == tables
    after = _rows(dsn, tables)
    assert len(after.pop("machine_token")) == len(
        before.pop("machine_token")
    )  # it tells when it was used last
    assert after == before
    engine = make_engine(dsn, application="test")
    with engine.connect() as connection:
        assert current(connection) != "9000_broken"
        week = timedelta(days=7)
        query = text(
            "SELECT count(*) FROM boards.oee(now() - CAST(:week AS interval), now(), 'e0', '{W0-M1}')"
        )
        assert connection.scalar(query, {"week": week}) == 0, (
            "the schema of boards is there; this role is no reader"
        )
    engine.dispose()


def test_a_migration_that_meets_a_running_version_in_a_deadlock_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    make_database: Callable[[], str],
) -> None:
    dsn = make_database()
    fill(dsn, PLANT, _now())
    _newer(monkeypatch, tmp_path, _CROSSING)
    with psycopg.connect(dsn) as reader, ThreadPoolExecutor(1) as beside:
        reader.execute("SET deadlock_timeout = '1min'")  # so that the migration is the one that is ended
        reader.execute("SELECT FROM app.kpi_value LIMIT 1")
        migrated = beside.submit(migrate, dsn)
        _until_locked(dsn, "app.workshop")
        assert reader.execute("SELECT count(*) FROM app.workshop").fetchone() == (1,)
        reader.commit()
        assert migrated.result(60)[0] != "9000_crossing"
    assert "migrating once more" in caplog.text
    engine = make_engine(dsn, application="test")
    with engine.connect() as connection:
        assert current(connection) == "9000_crossing"
    engine.dispose()


def _until_locked(dsn: str, table: str) -> None:
    query = "SELECT FROM pg_locks WHERE relation = %s::regclass AND mode = 'AccessExclusiveLock' AND granted"
    deadline = time.monotonic() + 60
    with psycopg.connect(dsn, autocommit=True) as connection:
        while connection.execute(query, (table,)).fetchone() is None:
            assert time.monotonic() < deadline
            time.sleep(0.02)
