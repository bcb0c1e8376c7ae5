"""Connections of the pool: the warm one first, tried when it has rested, and given up when the server has."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings
from chejian_cloud.db import engine as module
from chejian_cloud.db.engine import make_engine
from chejian_cloud.stream.looks import View
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from tests.cloud.keys import bearer

SEVERAL = 8
"""Requests after which the driver has prepared their statements: it does so at the sixth time."""


@pytest.fixture
def engine(untouched: str) -> Iterator[Engine]:
    made = make_engine(untouched, application="test of the pool")
    yield made
    made.dispose()


def process_of(engine: Engine) -> int:
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_backend_pid()")))


def close_all(dsn: str) -> None:
    """What a restart of the server does to connections that lie in the pool."""
    with psycopg.connect(dsn, autocommit=True) as other:
        other.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'test of the pool'"
        )


def test_the_one_that_came_back_last_goes_out_first(engine: Engine) -> None:
    with engine.connect(), engine.connect() as second:
        last = int(second.scalar(text("SELECT pg_backend_pid()")))
    # The inner one came back first, the outer one after it.
    assert process_of(engine) != last
    assert len({process_of(engine) for _ in range(3)}) == 1


def test_one_that_has_rested_is_tried(
    engine: Engine, untouched: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = process_of(engine)
    close_all(untouched)
    monkeypatch.setattr(module, "FRESH_S", 0.0)
    assert process_of(engine) != before


def test_a_fresh_one_fails_once_and_takes_the_others_with_it(
    engine: Engine, untouched: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FRESH_S", 3600.0)
    with engine.connect() as one, engine.connect() as two:
        before = {int(c.scalar(text("SELECT pg_backend_pid()"))) for c in (one, two)}
    close_all(untouched)
    with pytest.raises(OperationalError):
        process_of(engine)
    with engine.connect() as one, engine.connect() as two:
        after = {int(c.scalar(text("SELECT pg_backend_pid()"))) for c in (one, two)}
    assert len(after) == 2
    assert not after & before


def test_plans_of_all_statements_are_kept(engine: Engine) -> None:
    """The driver's own limit of 100 is below what the API and its pages ask."""
    with engine.connect() as connection:
        for number in range(150):
            for _ in range(6):
                connection.execute(text(f"SELECT {number}, CAST(:x AS integer)"), {"x": 1})
        held = connection.scalar(text("SELECT count(*) FROM pg_prepared_statements"))
    assert held >= 150


async def test_what_a_request_prepared_is_there_for_the_next(
    seeded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a rollback the driver forgets it all; nothing that is asked every day ends in one."""
    monkeypatch.setattr(module, "FRESH_S", 0.0)  # also where the connection was tried before
    app = create_app(Settings(dsn=seeded))
    transport, key = httpx.ASGITransport(app), bearer(seeded)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api", headers=key) as client,
    ):
        for number in range(SEVERAL):
            assert (await client.get("/api/v1/calendars")).status_code == 200
            assert (await client.get("/api/v1/equipment/99")).status_code == 404
            assert (await client.get("/readyz")).status_code == 200
            await app.state.stream.read(View(rows=str(number)))
        with app.state.engine.connect() as connection:
            held = connection.scalars(text("SELECT statement FROM pg_prepared_statements")).all()
    for table in ("app.machine_token", "app.calendar", "app.equipment", "app.state_interval"):
        assert any(f"FROM {table} " in " ".join(statement.split()) for statement in held), table
