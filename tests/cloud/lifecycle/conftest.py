"""State intervals of CNC-01 as the worker stores them, and the addresses of its life-cycle file."""

from collections.abc import Callable, Iterable
from datetime import datetime

import httpx
import psycopg
import pytest
from chejian_contract.states import TimeCategory

from tests.cloud.plant_rows import PlantRows

Interval = tuple[datetime, datetime, int]
"""Start, end, state."""
_CATEGORY = {0: TimeCategory.NO_DATA, 1: TimeCategory.PRODUCTION}


def store(connection: psycopg.Connection, intervals: Iterable[Interval], equipment_id: int = 1) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            'INSERT INTO app.state_interval (equipment_id, start, "end", state, category) VALUES (%s, %s, %s, %s, %s)',
            [
                (equipment_id, start, end, state, _CATEGORY.get(state, TimeCategory.DOWN).value)
                for start, end, state in intervals
            ],
        )


@pytest.fixture
def ran(plant: PlantRows) -> Callable[[Iterable[Interval]], None]:
    """Stores what CNC-01 did."""

    def stores(intervals: Iterable[Interval]) -> None:
        with psycopg.connect(plant.dsn) as connection:
            store(connection, intervals)

    return stores


@pytest.fixture
async def machine(api: httpx.AsyncClient) -> str:
    """Address of CNC-01."""
    (found,) = (await api.get("/api/v1/equipment", params={"code": "CNC-01"})).json()
    assert found["equipment_id"] == 1
    return "/api/v1/equipment/1"
