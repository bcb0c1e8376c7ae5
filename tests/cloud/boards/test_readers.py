"""Who sees what through schema `boards`."""

from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from chejian_cloud.cli import main
from chejian_cloud.db.boards import GROUP, make_boards, make_reader
from chejian_cloud.db.engine import make_engine
from chejian_cloud.errors import InvalidValueError
from psycopg import errors
from sqlalchemy import make_url

from tests.cloud.boards.reading import PASSWORD, Readers

CODES = "SELECT DISTINCT enterprise FROM boards.equipment ORDER BY 1"
RANGE = "now() - interval '8 hours', now()"
FUNCTIONS = {
    "boards.oee": f"{RANGE}, 'e0', %s",
    "boards.terms": f"{RANGE}, 'e0', %s",
    "boards.states": f"{RANGE}, 'e0', %s",
    "boards.stops": f"{RANGE}, 'e0', %s",
    "boards.downtime": f"{RANGE}, 'e0', %s",
    "boards.state_hours": f"{RANGE}, 'e0', %s",
    "boards.timeline": f"{RANGE}, 'e0', %s",
    "boards.energy": f"{RANGE}, 'e0', %s",
    "boards.energy_states": f"{RANGE}, 'e0', %s",
    "boards.energy_expected": f"{RANGE}, 'e0', %s",
    "boards.signal": f"{RANGE}, 'e0', %s, 'active_power'",
    "boards.sample_quality": f"{RANGE}, 'e0', %s",
    "boards.diagnoses": f"{RANGE}, 'e0', %s",
    "boards.vibration": f"{RANGE}, 'e0', %s",
    "boards.answers": "now() - interval '4 days', now(), 'e0', %s",
    "boards.freshness": "'e0', %s",
    "boards.nodes": "'e0'",
    "boards.dead_letters": f"{RANGE}, 'e0'",
    "boards.births": f"{RANGE}, 'e0'",
    "boards.workshop_days": f"{RANGE}, '{{e0}}'",
    "boards.workshop_energy": f"{RANGE}, '{{e0}}'",
    "boards.workshops": "'{e0}'",
    "boards.programme": "'{e0}'",
    "boards.assessments": "'{e0}'",
    "boards.shifts": "'e0', 'W0'",
}
EQUIPMENT = ["W0-M1", "W0-M2", "W0-E1", "W0-E2"]
VIEWS = ("boards.enterprise", "boards.workshop", "boards.line", "boards.equipment")


def test_a_reader_sees_its_organisation_and_nothing_of_another(province: Readers) -> None:
    own, other, office = (province.make(code) for code in ("e0", "e1", None))
    for role, seen in ((own, ["e0"]), (other, ["e1"]), (office, ["e0", "e1"])):
        assert [row["enterprise"] for row in province.read(role, CODES)] == seen
    for name, arguments in FUNCTIONS.items():
        values = (EQUIPMENT,) if "%s" in arguments else ()
        query = f"SELECT count(*) AS n FROM {name}({arguments})"
        assert province.read(own, query, values)[0]["n"] > 0, name
        assert province.read(office, query, values)[0]["n"] > 0, name
        assert province.read(other, query, values)[0]["n"] == 0, name


def test_every_function_and_view_is_named_above(province: Readers) -> None:
    with psycopg.connect(province.dsn) as connection:
        functions = connection.execute(
            "SELECT proname FROM pg_proc WHERE pronamespace = 'boards'::regnamespace AND proretset"
        ).fetchall()
        views = connection.execute("SELECT viewname FROM pg_views WHERE schemaname = 'boards'").fetchall()
    assert {f"boards.{name}" for (name,) in functions} == {*FUNCTIONS, "boards.backlog", "boards.explained"}
    assert {f"boards.{name}" for (name,) in views} == set(VIEWS)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM app.equipment",
        "SELECT * FROM telemetry.sample",
        "SELECT * FROM app.board_reader",
        "CREATE FUNCTION boards.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TABLE boards.mine (n int)",
        f"SELECT * FROM boards.explained({RANGE}, '{{1}}')",
    ],
)
def test_a_reader_has_no_other_right(province: Readers, statement: str) -> None:
    role = province.make("e0")
    with province.connect(role) as connection:
        connection.execute("SET default_transaction_read_only = off")
        connection.commit()
        with pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement)


def test_a_role_without_a_row_sees_nothing(province: Readers) -> None:
    role = province.make("e0")
    with psycopg.connect(province.dsn) as connection:
        connection.execute("DELETE FROM app.board_reader WHERE role_name = %s", (role,))
    assert province.read(role, CODES) == []


def test_taking_another_role_does_not_change_what_is_seen(province: Readers) -> None:
    role = province.make("e1")
    with province.connect(role) as connection:
        connection.execute("SET ROLE chejian_boards")
        assert connection.execute(CODES).fetchall() == [{"enterprise": "e1"}]


def test_conditions_of_a_reader_run_after_the_filter(province: Readers) -> None:
    """An error that names a value would tell a foreign row's; the cast fails on every code of `e0`."""
    role = province.make("e1")
    with province.connect(role) as connection, pytest.raises(errors.InvalidTextRepresentation, match="W10-"):
        connection.execute("SELECT * FROM boards.equipment WHERE equipment::integer > 0")


def test_a_long_statement_is_ended(province: Readers) -> None:
    role = province.make("e0")
    with province.connect(role) as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == {"statement_timeout": "15s"}
        connection.execute("SET statement_timeout = '50ms'")
        with pytest.raises(errors.QueryCanceled):
            connection.execute("SELECT pg_sleep(5), * FROM boards.enterprise")


def test_the_schema_is_made_again_only_when_its_files_differ(province: Readers) -> None:
    engine = make_engine(province.dsn, application="test")
    with engine.begin() as connection:
        assert not make_boards(connection)
        connection.exec_driver_sql("COMMENT ON SCHEMA boards IS 'chejian boards of another version'")
        assert make_boards(connection)
    engine.dispose()
    role = province.make("e0")
    assert province.read(role, CODES) == [{"enterprise": "e0"}]


def test_the_command_makes_a_reader(
    province: Readers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "password"
    file.write_text(PASSWORD + "\n")
    role = province.make("e1")
    arguments = ["--dsn", province.dsn, "--role", role, "--password-file", str(file)]
    assert main(["board-reader", "--enterprise", "e0", *arguments]) == 0
    assert "reads e0" in capsys.readouterr().out
    assert province.read(role, CODES) == [{"enterprise": "e0"}]
    assert main(["board-reader", "--enterprise", "e9", *arguments]) == 2
    assert "e9" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("enterprise", "password", "role", "named"),
    [
        ("e0", "short", None, "password"),
        ("nobody", PASSWORD, None, "enterprise"),
        ("e0", PASSWORD, "postgres", "role"),
    ],
)
def test_a_wrong_reader_is_refused(
    province: Readers, enterprise: str, password: str, role: str | None, named: str
) -> None:
    with pytest.raises(InvalidValueError, match=named):
        make_reader(province.dsn, enterprise, password, role=role)


def test_a_reader_is_renewed_by_an_owner_that_is_no_superuser(province: Readers) -> None:
    suffix = urlsplit(province.dsn).path.removeprefix("/")
    owner = f"owner_{suffix}"
    role = f"{GROUP}_renewed_{suffix}"
    dsn = make_url(province.dsn).set(username=owner, password=PASSWORD).render_as_string(hide_password=False)
    with psycopg.connect(province.dsn) as admin:
        admin.execute(f"CREATE ROLE {owner} LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
        admin.execute(f"GRANT {GROUP} TO {owner} WITH ADMIN OPTION")
        admin.execute(f"GRANT USAGE ON SCHEMA app TO {owner}")
        admin.execute(f"GRANT SELECT, INSERT, UPDATE ON app.board_reader, app.enterprise TO {owner}")
        admin.execute(f"ALTER ROLE {owner} BYPASSRLS")
    try:
        make_reader(dsn, None, PASSWORD, role=role)
        province.roles.append(role)
        first = _secret(province.dsn, role)
        make_reader(dsn, "e0", PASSWORD + " renewed", role=role)
        assert _secret(province.dsn, role) != first
        assert [row["enterprise"] for row in province.read(role, CODES)] == ["e0"]
        with psycopg.connect(province.dsn) as admin:
            admin.execute(f"ALTER ROLE {role} CREATEDB")
        with pytest.raises(InvalidValueError, match="neither roles nor databases"):
            make_reader(dsn, None, PASSWORD, role=role)
    finally:
        province.drop()
        with psycopg.connect(province.dsn) as admin:
            admin.execute(f"DROP OWNED BY {owner} CASCADE")
            admin.execute(f"DROP ROLE {owner}")


def _secret(dsn: str, role: str) -> str:
    with psycopg.connect(dsn) as admin:
        row = admin.execute("SELECT rolpassword FROM pg_authid WHERE rolname = %s", (role,)).fetchone()
    assert row is not None
    return str(row[0])
