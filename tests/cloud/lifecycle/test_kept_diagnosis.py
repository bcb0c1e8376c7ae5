"""A diagnosis that work was ordered for stays when it no longer holds, as one that was answered."""

import psycopg
from chejian_cloud.db.engine import make_engine
from chejian_cloud.worker.process_diagnoses import _withdraw
from sqlalchemy.orm import Session

from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import after

_ADD = """
INSERT INTO app.diagnosis (equipment_id, series_id, time, method, method_version, part, confidence, bearing, evidence, computed_at)
SELECT 2, %s, %s::timestamptz + k * interval '1 min', 'drift', '1', 'tool_wear', 'probable', '{}', '{}', now()
  FROM generate_series(1, 2) k RETURNING diagnosis_id
"""
_ORDER = """
INSERT INTO app.maintenance_order (equipment_id, kind, title, description, state, found, diagnosis_id, opened_at, opened_by,
                                   changed_at, changed_by)
VALUES (2, 'corrective', 'x', '', 'opened', '', %s, now(), 'li', now(), 'li')
"""


def test_what_work_was_ordered_for_stays_as_nothing_found(plant: PlantRows) -> None:
    series = plant.series("MTS-01", "Vibration/DriveEnd")
    with psycopg.connect(plant.dsn) as connection:
        ids = [row[0] for row in connection.execute(_ADD, (series, after())).fetchall()]
        connection.execute(_ORDER, (ids[0],))
    engine = make_engine(plant.dsn, application="test")
    with Session(engine) as session, session.begin():
        _withdraw(session, ids)
    engine.dispose()
    with psycopg.connect(plant.dsn) as connection:
        left = connection.execute("SELECT diagnosis_id, part, confidence FROM app.diagnosis").fetchall()
    assert left == [(ids[0], None, "none")]
