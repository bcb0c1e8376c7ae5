"""Two enterprises in one database, with something of each kind in the first one, and the API in front of it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings

from tests.cloud.access.things import add_assessment
from tests.cloud.access.two_enterprises import add_second
from tests.cloud.plant_rows import PlantRows

T0 = 1_760_000_000_000
_THINGS = """
INSERT INTO app.production_order (equipment_id, product_id, code, quantity, planned_start, planned_end, source, user_name, changed_at)
SELECT 1, product_id, 'MO-1', 10, '2026-01-01Z', '2026-01-02Z', 'test', 'li', now() FROM app.product WHERE code = 'SHAFT-A';
INSERT INTO app.inspection_result (equipment_id, time, scrap, rework, user_name, comment)
VALUES (1, now() - interval '2 hours', 1, 0, 'li', '');
INSERT INTO app.counter_replacement (equipment_id, role, time, user_name, comment)
VALUES (1, 'good_count', now() - interval '2 hours', 'li', '');
INSERT INTO app.diagnosis (equipment_id, series_id, time, method, method_version, confidence, bearing, evidence, computed_at)
VALUES (2, 1, now(), 'bearing', '1', 'none', '{}', '{}', now());
INSERT INTO app.maintenance_order (equipment_id, kind, title, description, state, found, opened_at, opened_by, started_at,
                                   started_by, changed_at, changed_by)
VALUES (1, 'corrective', 'CNC-01 hums', '', 'in_work', '', now() - interval '2 hours', 'li', now() - interval '1 hour', 'li',
        now(), 'li');
INSERT INTO app.fitted_part (equipment_id, code, name, serial_number, place, remark, fitted_at, fitted_by, removal_remark)
VALUES (1, '', 'bearing of CNC-01', '', '', '', now() - interval '2 hours', 'li', '');
"""


@pytest.fixture
def two(plant: PlantRows, tmp_path: Path) -> str:
    """DSN of a database with enterprise `hlj-demo` (equipment 1 and 2) and `qqh-other` (3 and 4)."""
    plant.write("CNC-01", [("State/MachineState", T0, 1), ("State/MachineState", T0 + 1000, 3)])
    add_second(plant.dsn, tmp_path)
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(_THINGS)
    add_assessment(plant.dsn)
    return plant.dsn


Serve = Callable[[str], AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def serve() -> Serve:
    """Serves the API of a database to a client that nobody has let in."""

    @asynccontextmanager
    async def serving(dsn: str) -> AsyncIterator[httpx.AsyncClient]:
        app = create_app(Settings(dsn=dsn))
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://api") as client,
        ):
            yield client

    return serving


@pytest.fixture
async def site(two: str, serve: Serve) -> AsyncIterator[httpx.AsyncClient]:
    """The API of `two`."""
    async with serve(two) as client:
        yield client
