"""Databases with both schemas, and a plant whose samples are written as the gateway writes them."""

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import psycopg
import pytest
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings
from chejian_cloud.db.migrate import migrate as migrate_app
from chejian_cloud.registry.seed import seed
from chejian_cloud.reports.font import PLACES
from chejian_gateway.migrate import migrate as migrate_telemetry

from tests.cloud.keys import bearer
from tests.cloud.plant_rows import PlantRows
from tests.fixtures.fix_postgres import DatabaseServer

GOOD = Path(__file__).parent / "registry" / "harbin.good.toml"


def _build(dsn: str) -> None:
    migrate_telemetry(dsn)
    migrate_app(dsn)
    with psycopg.connect(dsn) as connection:
        for table in ("sample", "text_sample", "waveform"):
            connection.execute(f"CREATE TABLE telemetry.{table}_rest PARTITION OF telemetry.{table} DEFAULT")


def _build_seeded(dsn: str) -> None:
    _build(dsn)
    seed(dsn, GOOD)


@pytest.fixture
def dsn(postgres_server: DatabaseServer, make_database: Callable[..., str]) -> str:
    """A fresh database with both schemas and nothing in them."""
    return make_database(template=postgres_server.template("cloud", _build))


@pytest.fixture(scope="session")
def untouched(postgres_server: DatabaseServer) -> Iterator[str]:
    """A database with both schemas, shared by tests that must not change it."""
    url = postgres_server.create(template=postgres_server.template("cloud", _build))
    yield url
    postgres_server.drop(url)


@pytest.fixture
def make_seeded(postgres_server: DatabaseServer, make_database: Callable[..., str]) -> Callable[[], str]:
    """Makes databases with both schemas and the registry of `registry/harbin.good.toml`."""

    def make() -> str:
        return make_database(template=postgres_server.template("cloud seeded", _build_seeded))

    return make


@pytest.fixture
def prepared(
    postgres_server: DatabaseServer, make_database: Callable[..., str]
) -> Callable[[str, Callable[[str], object]], str]:
    """Makes databases of the test's own with what `build(dsn)` adds to the registry, built once a run for each `key`."""

    def make(key: str, build: Callable[[str], object]) -> str:
        base = postgres_server.template("cloud seeded", _build_seeded)
        return make_database(template=postgres_server.template(key, build, base=base))

    return make


@pytest.fixture
def seeded(make_seeded: Callable[[], str]) -> str:
    """One such database."""
    return make_seeded()


@pytest.fixture
def plant(seeded: str) -> PlantRows:
    """Writes into `seeded`."""
    return PlantRows(seeded)


@pytest.fixture
async def api(plant: PlantRows) -> AsyncIterator[httpx.AsyncClient]:
    """The API on that plant."""
    app = create_app(Settings(dsn=plant.dsn))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api", headers=bearer(plant.dsn)) as client,
    ):
        yield client


@pytest.fixture(scope="session")
def report_font() -> Path:
    """The font that this machine draws PDF reports with; tests that ask for it are deselected where there is none."""
    return next(place for place in PLACES if place.is_file())
