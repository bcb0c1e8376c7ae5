"""What the application role can read and write in the database, below all code of the service."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest
from chejian_cloud.db.engine import make_engine
from chejian_cloud.db.migrate import migrate
from chejian_cloud.db.rows import DOOR, PRIVATE, REGIONAL, SHARED, UNSCOPED, VIEWS
from chejian_cloud.errors import MigrationError
from psycopg import sql
from psycopg.errors import InsufficientPrivilege, UniqueViolation
from sqlalchemy import text

from tests.cloud.access.two_enterprises import add_second
from tests.cloud.plant_rows import PlantRows

OVERSEEN = {"region_assessment", "region_event", "region_submission", "region_value"}
"""Tables of regions, which are no enterprise's: `tests/cloud/regions` looks at them."""
Database = psycopg.Connection[tuple[Any, ...]]
Columns = list[tuple[str, str, bool]]
"""Of a table: name, type, whether an insert has to give it."""
T0 = 1_760_000_000_000
_KEYS = ("enterprise_id", "equipment_id", "workshop_id", "line_id", "calendar_id", "diagnosis_id")
_OWNER_OF = {
    "enterprise_id": "SELECT enterprise_id FROM app.enterprise WHERE code = 'qqh-other'",
    "equipment_id": "SELECT equipment_id FROM app.equipment WHERE code = 'CNC-91'",
    "line_id": "SELECT max(line_id) FROM app.line",
    "workshop_id": "SELECT workshop_id FROM app.workshop WHERE code = 'QQH-W1'",
    "calendar_id": "SELECT calendar_id FROM app.calendar WHERE code = 'QQH-2S'",
    "diagnosis_id": "SELECT max(diagnosis_id) FROM app.diagnosis",  # planted before its labels
}
_SAMPLE_OF_TYPE = {
    "integer": 1,
    "bigint": 1,
    "smallint": 1,
    "double precision": 1.5,
    "numeric": 1,
    "boolean": True,
    "text": "x",
    "timestamp with time zone": "2026-01-01T00:00:00Z",
    "time without time zone": "08:00",
    "date": "2026-01-01",
    "jsonb": "{}",
    "ARRAY": "{}",
    "bytea": "\\x00",
}


@pytest.fixture
def owner(plant: PlantRows, tmp_path: Path) -> Iterator[Database]:
    """The owner's connection to a database with two enterprises and samples of the first one."""
    plant.write("CNC-01", [("State/MachineState", T0, 1), ("State/MachineState", T0 + 1000, 3)])
    add_second(plant.dsn, tmp_path)
    with psycopg.connect(plant.dsn, autocommit=True) as connection:
        yield connection


def enterprise(owner: Database, code: str) -> str:
    row = owner.execute("SELECT enterprise_id FROM app.enterprise WHERE code = %s", [code]).fetchone()
    assert row is not None
    return str(row[0])


def become(connection: Database, enterprises: str | None) -> None:
    """Be what a request is, for the rest of the transaction."""
    connection.execute("SELECT set_config('role', 'chejian_api', true)")
    if enterprises is not None:
        connection.execute("SELECT set_config('chejian.enterprises', %s, true)", [enterprises])


def count(connection: Database, table: str, where: str = "true") -> int:
    query = sql.SQL("SELECT count(*) FROM {} WHERE ").format(sql.Identifier(*table.split(".")))
    row = connection.execute(query + sql.SQL(where)).fetchone()
    assert row is not None
    return int(row[0])


def columns(owner: Database) -> dict[str, Columns]:
    rows = owner.execute("""
        SELECT table_name, column_name, data_type,
               is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO'
          FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
         WHERE table_schema = 'app' AND table_type = 'BASE TABLE' ORDER BY ordinal_position""").fetchall()
    found: dict[str, Columns] = {}
    for table, column, kind, needed in rows:
        found.setdefault(table, []).append((column, kind, needed))
    return found


def scoped_tables(found: Mapping[str, Columns]) -> dict[str, str]:
    """Tables with a policy -> the column that it looks at."""
    out = {}
    for table, names in found.items():
        if table in SHARED | REGIONAL | PRIVATE | UNSCOPED | OVERSEEN or table.startswith("rollup_"):
            continue
        out[table] = next(key for key in _KEYS if key in {name for name, _, _ in names})
    return dict(sorted(out.items(), key=lambda item: (item[1] == "diagnosis_id", item[0])))  # owners first


def plant_foreign_row(owner: Database, table: str, key: str, names: Columns) -> dict[str, object]:
    """Put a row of the second enterprise into a table, whatever else its columns mean."""
    values: dict[str, object] = {name: _SAMPLE_OF_TYPE[kind] for name, kind, needed in names if needed}
    row = owner.execute(_OWNER_OF[key]).fetchone()
    assert row is not None
    values[key] = row[0]
    with suppress(UniqueViolation):  # the registry has one already
        insert(owner, table, values)
    return values


def insert(connection: Database, table: str, values: Mapping[str, object]) -> None:
    statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE VALUES ({})").format(
        sql.Identifier("app", table),
        sql.SQL(", ").join(map(sql.Identifier, values)),
        sql.SQL(", ").join(sql.Placeholder() * len(values)),
    )
    connection.execute(statement, list(values.values()))


def let_anything_in(owner: Database) -> None:
    """Rows need only keys here: no foreign keys, checks or triggers."""
    owner.execute("SET session_replication_role = replica")
    rows = owner.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint"
        " WHERE connamespace = 'app'::regnamespace AND contype = 'c' AND conparentid = 0 AND coninhcount = 0"
    ).fetchall()
    for table, name in rows:
        owner.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}").format(
                sql.Identifier(*table.split(".")), sql.Identifier(name)
            )
        )


def test_no_table_shows_or_takes_a_foreign_row(owner: Database) -> None:
    mine, foreign = enterprise(owner, "hlj-demo"), enterprise(owner, "qqh-other")
    let_anything_in(owner)
    found = columns(owner)
    tables = scoped_tables(found)
    assert len(tables) > 25
    for table, key in tables.items():
        values = plant_foreign_row(owner, table, key, found[table])
        theirs = sql.SQL("FROM {} WHERE {} = {}").format(
            sql.Identifier("app", table), sql.Identifier(key), sql.Literal(values[key])
        )
        reading, deleting = sql.SQL("SELECT count(*) ") + theirs, sql.SQL("DELETE ") + theirs
        for asked, visible in ((foreign, True), ("*", True), (mine, False), (None, False), ("", False)):
            with owner.transaction(force_rollback=True):
                become(owner, asked)
                row = owner.execute(reading).fetchone()
                assert row is not None
                assert (row[0] > 0) is visible, (table, asked)
                assert (owner.execute(deleting).rowcount > 0) is visible, (table, asked)
                if not visible:
                    with pytest.raises(InsufficientPrivilege, match="row-level security"):
                        insert(owner, table, values)


def test_what_holds_for_a_region_is_read_by_all_and_written_by_who_sees_all_of_it(owner: Database) -> None:
    mine, foreign = enterprise(owner, "hlj-demo"), enterprise(owner, "qqh-other")
    owner.execute(
        "INSERT INTO app.programme_energy (plan, year, region, energy, growth, basis, source, changed_by)"
        " VALUES ('p', 2019, '230000', 1, 0, 'equal', 's', 'zhao')"
    )
    for asked, writes in (
        (mine, False),
        (foreign, False),
        ("", False),
        (f"{mine},{foreign}", True),
        ("*", True),
    ):
        with owner.transaction(force_rollback=True):
            become(owner, asked)
            assert count(owner, "app.programme_energy") == 1
            changed = owner.execute("UPDATE app.programme_energy SET energy = 2")
            assert (changed.rowcount == 1) is writes, asked
            elsewhere = owner.execute("SELECT app.caller_keeps_region('110000')").fetchone()
            assert elsewhere == (asked == "*",)
    with owner.transaction(force_rollback=True):
        become(owner, mine)
        with pytest.raises(InsufficientPrivilege, match="row-level security"):
            owner.execute(
                "INSERT INTO app.programme_observation (plan, target, day, region, value, completeness, source, note,"
                " changed_by) VALUES ('p', 'T4', '2026-01-01', '230000', 1, 1, '', '', 'li')"
            )


def test_samples_are_those_of_own_equipment(owner: Database) -> None:
    mine, foreign = enterprise(owner, "hlj-demo"), enterprise(owner, "qqh-other")
    for view in VIEWS:
        whole = count(owner, f"telemetry.{view}")
        for asked, expected in ((mine, whole), ("*", whole), (foreign, 0), (None, 0), ("", 0)):
            with owner.transaction(force_rollback=True):
                become(owner, asked)
                assert count(owner, f"scoped.{view}") == expected, (view, asked)
                with pytest.raises(InsufficientPrivilege), owner.transaction():
                    count(owner, f"telemetry.{view}")
    assert count(owner, "telemetry.sample") == 2


def test_rollups_are_those_of_own_series_whether_asked_by_row_or_by_series(owner: Database) -> None:
    mine, foreign = enterprise(owner, "hlj-demo"), enterprise(owner, "qqh-other")
    owner.execute(
        "CREATE FUNCTION public.tell(value bigint) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS"
        " $$ BEGIN IF value = 7 THEN RAISE EXCEPTION 'saw %', value; END IF; RETURN true; END $$"
    )
    for table in UNSCOPED:
        owner.execute(
            sql.SQL("CREATE TABLE app.{} PARTITION OF app.{} DEFAULT").format(
                sql.Identifier(f"{table}_any"), sql.Identifier(table)
            )
        )
        owner.execute(
            sql.SQL(
                "INSERT INTO app.{} (series_id, bucket, known_us, samples, good)"
                " SELECT min(series_id), '2026-01-01', 7, 1, 1 FROM telemetry.series"
            ).format(sql.Identifier(table))
        )
        for view in (table, f"{table}_by_series"):
            for asked, expected in ((mine, 1), ("*", 1), (foreign, 0), (None, 0), ("", 0)):
                with owner.transaction(force_rollback=True):
                    become(owner, asked)
                    assert count(owner, f"scoped.{view}") == expected, (view, asked)
            with owner.transaction(force_rollback=True):
                become(owner, foreign)
                assert count(owner, f"scoped.{view}", "public.tell(known_us)") == 0


def test_a_feed_shows_a_device_of_a_foreign_group_and_only_that(owner: Database) -> None:
    other = enterprise(owner, "qqh-other")
    owner.execute(
        "UPDATE app.equipment_feed SET group_id = 'hlj-demo', edge_node = 'HRB-W1', device = 'Meter'"
        " WHERE equipment_id = (SELECT equipment_id FROM app.equipment WHERE code = 'CNC-91')"
    )
    owner.execute(
        "INSERT INTO telemetry.device (node_id, name, workshop, line, equipment_type, online)"
        " SELECT node_id, 'Meter', '', '', '', true FROM telemetry.node"
    )
    with owner.transaction(force_rollback=True):
        become(owner, other)
        assert owner.execute("SELECT name FROM scoped.device").fetchall() == [("Meter",)]
        assert count(owner, "scoped.node") == 1
        assert count(owner, "scoped.sample") == 0


def test_a_function_in_a_query_sees_no_row_before_the_filter(owner: Database) -> None:
    foreign = enterprise(owner, "qqh-other")
    owner.execute(
        "CREATE FUNCTION public.tell(value double precision) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS"
        " $$ BEGIN RAISE EXCEPTION 'saw %', value; END $$"
    )
    with owner.transaction(force_rollback=True):
        become(owner, foreign)
        assert count(owner, "scoped.sample", "public.tell(value)") == 0


def test_secrets_and_the_journal_are_closed(owner: Database) -> None:
    owner.execute("INSERT INTO app.audit (account_name, action, target, address) VALUES ('x', 'y', '{}', '')")
    for table in sorted(DOOR | {"alembic_version", "recompute_run", "organisation", "audit"}):
        with owner.transaction(force_rollback=True):
            become(owner, "*")
            with pytest.raises(InsufficientPrivilege):
                count(owner, f"app.{table}")
    with owner.transaction(force_rollback=True):
        owner.execute("SELECT set_config('role', 'chejian_door', true)")
        assert count(owner, "app.account") == 0
        for statement in ("DELETE FROM app.audit", "UPDATE app.audit SET action = 'z'", "TRUNCATE app.audit"):
            with pytest.raises(InsufficientPrivilege), owner.transaction():
                owner.execute(statement)
        with pytest.raises(InsufficientPrivilege):
            count(owner, "app.equipment")
    for statement in ("DELETE FROM app.audit", "UPDATE app.audit SET action = 'z'", "TRUNCATE app.audit"):
        with pytest.raises(psycopg.errors.RaiseException, match="only grows"):  # not even the owner
            owner.execute(statement)


def test_shared_calendars_are_read_by_all_who_use_them_and_written_by_none(owner: Database) -> None:
    mine = enterprise(owner, "hlj-demo")
    owner.execute(
        "UPDATE app.workshop SET calendar_id = (SELECT calendar_id FROM app.calendar WHERE code = 'HRB-2S')"
    )
    for asked, changed in ((mine, 0), ("*", 1)):
        with owner.transaction(force_rollback=True):
            become(owner, asked)
            assert count(owner, "app.calendar", "code = 'HRB-2S'") == 1
            done = owner.execute("UPDATE app.calendar SET timezone = 'UTC' WHERE code = 'HRB-2S'")
            assert done.rowcount == changed


def test_enterprises_hang_below_the_city_of_their_first_workshop(owner: Database) -> None:
    rows = owner.execute("""
        SELECT e.code, e.name_zh, c.code, c.name_zh, p.code FROM app.organisation e
          JOIN app.organisation c ON c.organisation_id = e.parent_id
          JOIN app.organisation p ON p.organisation_id = c.parent_id
         WHERE e.kind = 'enterprise' ORDER BY e.code""").fetchall()
    assert rows == [
        ("hlj-demo", "黑龙江示范", "230100", "哈尔滨市", "230000"),
        ("qqh-other", "黑龙江示范", "230200", "齐齐哈尔市", "230000"),
    ]
    owner.execute("UPDATE app.enterprise SET name_zh = '新名' WHERE code = 'hlj-demo'")
    assert count(owner, "app.organisation", "name_zh = '新名'") == 1


def test_a_table_without_a_rule_stops_the_migration_and_a_new_one_is_closed_by_its_columns(dsn: str) -> None:
    engine = make_engine(dsn, application="test")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE app.loose (thing integer)"))
    with pytest.raises(MigrationError, match=r"app\.loose has no rule"):
        migrate(dsn)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE app.loose ADD COLUMN equipment_id integer"))
    migrate(dsn)
    with engine.connect() as connection:
        policies = text("SELECT count(*) FROM pg_policies WHERE tablename = 'loose'")
        assert connection.scalar(policies) == 4  # one for each command
    engine.dispose()
