"""Whose assessments cities, the province and enterprises see: by SQL under the application role, and over the API."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from chejian_cloud.access.permissions import Permission, Role
from chejian_cloud.access.recognise import held_by
from chejian_cloud.db.engine import door, make_engine
from psycopg import sql
from sqlalchemy.orm import Session

from tests.cloud.keys import bearer

Connection = psycopg.Connection[tuple[Any, ...]]
TABLES = (
    *("assessment", "assessment_answer", "assessment_attachment", "assessment_event"),
    *("assessment_evidence", "assessment_submission"),
)
WHO = {
    (Role.CITY, "230100"): {1},
    (Role.CITY, "230200"): {2},
    (Role.CITY, "230300"): set(),
    (Role.PROVINCE, "230000"): {1, 2},
    (Role.ENGINEER, "hlj-demo"): {1},
    (Role.ENGINEER, "qqh-other"): {2},
}
"""Role and organisation -> enterprises whose assessments are seen."""


@pytest.fixture
def both(two: str) -> Iterator[Connection]:
    """The owner's connection to a database where each of two enterprises, in two cities, has rows in all tables."""
    with psycopg.connect(two, autocommit=True) as owner:
        owner.execute("SET session_replication_role = replica")  # a copy needs no triggers
        for table in TABLES:
            columns = [
                name
                for (name,) in owner.execute(
                    "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0"
                    " AND attidentity = '' AND attname NOT IN ('enterprise_id', 'workshop_id', 'assessment_id')",
                    [f"app.{table}"],
                ).fetchall()
            ]
            key = sql.SQL("" if table == "assessment" else ", assessment_id")
            number = sql.SQL("" if table == "assessment" else ", 2")
            names = sql.SQL(", ").join(map(sql.Identifier, columns))
            owner.execute(
                sql.SQL("INSERT INTO {t} (enterprise_id{k}, {n}) SELECT 2{v}, {n} FROM {t}").format(
                    t=sql.Identifier("app", table), k=key, v=number, n=names
                )
            )
        owner.execute("SET session_replication_role = origin")
        yield owner


@contextmanager
def seeing(dsn: str) -> Iterator[Session]:
    """A session of the role that knows accounts."""
    engine = make_engine(dsn, application="test")
    with door(engine) as session:
        yield session
    engine.dispose()


def reaches(dsn: str, permission: Permission = Permission.READ) -> dict[tuple[Role, str], str]:
    """What the setting of a transaction holds, as the accounts, memberships and tree in the database give it."""
    for role, organisation in WHO:
        bearer(dsn, role, organisation)
    with psycopg.connect(dsn) as connection, seeing(dsn) as session:
        found = connection.execute("""
            SELECT m.account_id, m.role, o.code FROM app.membership m JOIN app.organisation o USING (organisation_id)""")
        return {
            (Role(role), code): held_by(session, account)[permission].setting
            for account, role, code in found.fetchall()
            if (role, code) in WHO and permission in held_by(session, account)
        }


def seen(owner: Connection, table: str, setting: str) -> set[int]:
    """Enterprises whose rows the application role reads, changes or takes away."""
    found: set[int] = set()
    name = sql.Identifier("app", table)
    for statement in ("SELECT enterprise_id FROM {}", "UPDATE {} SET enterprise_id = enterprise_id RETURNING enterprise_id",
                      "DELETE FROM {} RETURNING enterprise_id"):  # fmt: skip
        with owner.transaction(force_rollback=True):
            owner.execute(
                "SET LOCAL session_replication_role = replica"
            )  # rows, not triggers and keys, are looked at here
            owner.execute(
                "SELECT set_config('role', 'chejian_api', true), set_config('chejian.enterprises', %s, true)",
                [setting],
            )
            found |= {each for (each,) in owner.execute(sql.SQL(statement).format(name)).fetchall()}
    return found


def wrong(
    owner: Connection, settings: dict[tuple[Role, str], str], tables: Sequence[str] = TABLES
) -> list[str]:
    """Tables where somebody sees another's rows, or not his own."""
    return [
        f"{table} {who}"
        for table in tables
        for who, own in WHO.items()
        if seen(owner, table, settings[who]) != own
    ]


def test_cities_and_enterprises_see_their_own_assessments_in_the_database(both: Connection, two: str) -> None:
    settings = reaches(two)
    assert settings.keys() == WHO.keys()
    assert wrong(both, settings) == []
    reviewing = reaches(two, Permission.REVIEW)
    assert {code: setting for (_, code), setting in reviewing.items()} == {
        "230100": "1",
        "230200": "2",
        "230300": "",
    }


@pytest.mark.parametrize("lost", ["ALTER TABLE {} DISABLE ROW LEVEL SECURITY", "DROP POLICY read_own ON {}"])
def test_what_looks_for_foreign_rows_speaks_up_where_a_policy_is_missing(
    both: Connection, two: str, lost: str
) -> None:
    settings = reaches(two)
    for table in TABLES:
        with both.transaction(force_rollback=True):
            name = sql.Identifier("app", table)
            both.execute(sql.SQL(lost).format(name))
            assert wrong(both, settings, [table]) != []


async def test_cities_and_enterprises_see_their_own_assessments_over_the_api(
    both: Connection, two: str, site: httpx.AsyncClient
) -> None:
    del both
    for (role, organisation), own in WHO.items():
        key = bearer(two, role, organisation)
        told = (await site.get("/api/v1/assessments", headers=key)).json()
        assert {each["enterprise_id"] for each in told} == own, organisation
        for form in (1, 2):
            for below in ("", "/result", "/benchmark", "/report", "/revisions", "/revisions/1",
                          "/revisions/2/changes", f"/attachments/{form}"):  # fmt: skip
                status = (await site.get(f"/api/v1/assessments/{form}{below}", headers=key)).status_code
                assert status == (200 if form in own else 404), (organisation, form, below)
