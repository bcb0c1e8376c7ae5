"""Reads over many machines and orders ask the database a fixed number of statements."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import psycopg
import pytest
from chejian_cloud.db.scoped import ScopedCursor
from chejian_contract.states import TimeCategory

from tests.cloud.plant_rows import PlantRows, moment
from tests.cloud.worker.rounds import MINUTE, T0, after, production

RANGE: dict[str, Any] = {"from": after().isoformat(), "to": after(hours=4).isoformat(), "workshop_id": 1}
MACHINES = """
INSERT INTO app.equipment (enterprise_id, workshop_id, line_id, code, name_zh, name_en, type)
SELECT enterprise_id, workshop_id, line_id, 'CNC-1' || k, name_zh, name_en, type FROM app.equipment, generate_series(1, 4) k
 WHERE code = 'CNC-01';
INSERT INTO telemetry.device (node_id, name) SELECT node_id, 'CNC-1' || k FROM telemetry.device, generate_series(1, 4) k
 WHERE name = 'CNC-01';
INSERT INTO app.equipment_feed (equipment_id, group_id, edge_node, device)
SELECT e.equipment_id, f.group_id, f.edge_node, e.code FROM app.equipment e, app.equipment_feed f
 WHERE e.code LIKE 'CNC-1_' AND f.device = 'CNC-01';
INSERT INTO telemetry.series (device_id, name, datatype, unit, quantity, kind, role)
SELECT d.device_id, s.name, s.datatype, s.unit, s.quantity, s.kind, s.role
  FROM telemetry.device d, telemetry.series s JOIN telemetry.device o USING (device_id)
 WHERE d.name LIKE 'CNC-1_' AND o.name = 'CNC-01';
INSERT INTO telemetry.sample (time, series_id, value, quality)
SELECT p.time, n.series_id, p.value, p.quality
  FROM telemetry.sample p JOIN telemetry.series s USING (series_id) JOIN telemetry.device o USING (device_id),
       telemetry.series n JOIN telemetry.device d USING (device_id)
 WHERE o.name = 'CNC-01' AND d.name LIKE 'CNC-1_' AND n.name = s.name
"""
CALENDARS = """
INSERT INTO app.calendar (code, timezone) SELECT code || k, timezone FROM app.calendar, generate_series(1, 3) k;
INSERT INTO app.workshop (enterprise_id, code, name_zh, name_en, timezone, city_code, calendar_id)
SELECT w.enterprise_id, c.code, w.name_zh, w.name_en, w.timezone, w.city_code, c.calendar_id
  FROM app.calendar c, app.workshop w WHERE c.calendar_id <> w.calendar_id
"""
ADDED = """
INSERT INTO app.state_interval (equipment_id, start, "end", state, category, loss)
SELECT equipment_id, %(start)s, %(end)s, 3, %(category)s, 'fault' FROM app.equipment WHERE code LIKE %(codes)s;
INSERT INTO app.production_order (equipment_id, product_id, code, quantity, planned_start, planned_end, started_at, ended_at,
                                  source, user_name, changed_at)
SELECT equipment_id, product_id, 'MO-' || k, 10, %(start)s, %(end)s, %(start)s, %(end)s, 'test', 'li', now()
  FROM app.equipment e JOIN app.product p USING (enterprise_id), generate_series(1, %(orders)s) k
 WHERE e.code LIKE %(codes)s AND p.code = 'SHAFT-A';
INSERT INTO app.inspection_result (equipment_id, time, scrap, rework, user_name, comment)
SELECT equipment_id, %(start)s, 1, 0, 'li', '' FROM app.equipment WHERE code LIKE %(codes)s;
WITH c AS (INSERT INTO app.stop_reason_change (equipment_id, kind, user_name)
           SELECT equipment_id, 'comment', 'li' FROM app.equipment WHERE code LIKE %(codes)s RETURNING change_id, equipment_id)
INSERT INTO app.stop_reason (equipment_id, change_id, start, comment) SELECT equipment_id, change_id, %(start)s, 'x' FROM c
"""
"""A stop, orders, an inspection and a comment without end of each machine."""


@contextmanager
def counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements that requests send meanwhile."""
    sent: list[str] = []
    plain = ScopedCursor.execute

    def execute(self: ScopedCursor, query: Any, *arguments: Any, **options: Any) -> ScopedCursor:
        sent.append(str(query))
        return plain(self, query, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(ScopedCursor, "execute", execute)
        yield sent


def add(dsn: str, codes: str, orders: int) -> None:
    values = {
        "codes": codes,
        "orders": orders,
        "category": TimeCategory.DOWN.value,
        "start": moment(T0),
        "end": moment(T0 + 60 * MINUTE),
    }
    with psycopg.connect(dsn, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(ADDED, values)


async def test_statements_do_not_grow_with_machines_and_orders(
    api: httpx.AsyncClient, plant: PlantRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant.write("CNC-01", production(0, 2))
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(MACHINES)

    async def ask() -> dict[str, tuple[int, int]]:
        """Items of each answer, and statements that it took."""
        told = {}
        for path in ("/orders/results", "/losses", "/needs-reason", "/lines/1/output", "/calendars"):
            with counted(monkeypatch) as sent:
                answer = await api.get(f"/api/v1{path}", params=RANGE | {"minor": 60})
            assert answer.status_code == 200, answer.text
            told[path] = (len(answer.json()), len(sent))
        return told

    add(plant.dsn, "CNC-01", 1)
    await ask()  # the first requests open connections and note that the token is in use
    few = await ask()
    add(plant.dsn, "CNC-1_", 3)
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(CALENDARS)
    many = await ask()
    assert (few["/calendars"][0], many["/calendars"][0]) == (1, 4)
    assert (few["/orders/results"][0], many["/orders/results"][0]) == (1, 13)
    assert (few["/needs-reason"][0], many["/needs-reason"][0]) == (2, 10)  # cut where a comment ends
    assert {path: n for path, (_, n) in few.items()} == {path: n for path, (_, n) in many.items()}
    assert all(3 < n < 30 for _, n in many.values()), many
