"""Evidence equals what the raw rows say, counted again here without rollups, SQL of the service or the engine."""

from collections.abc import Iterator
from datetime import datetime
from fractions import Fraction

import psycopg
import pytest
from chejian_cloud.assessment.evidence import Evidence, measure_all
from chejian_cloud.assessment.facts import Place
from chejian_cloud.db.engine import bind_rows, make_engine
from chejian_contract.templates import equipment_types
from sqlalchemy.orm import Session

from tests.cloud.conftest import _build_seeded
from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import T0, Bench, after, production, rows
from tests.fixtures.fix_postgres import DatabaseServer

HOURS = 5
PLACE = Place(enterprise_id=1, workshop_id=None, start=after(), end=after(hours=HOURS), since=after(days=-40))
_FACTS = """
INSERT INTO app.equipment (enterprise_id, workshop_id, line_id, code, name_zh, name_en, type)
SELECT 1, 1, 1, code, code, code, 'cnc_machining_centre' FROM unnest(ARRAY['OLD-01', 'OLD-02']) code;
INSERT INTO app.equipment_fact SELECT equipment_id, code = 'OLD-01', 'site visit' FROM app.equipment WHERE code LIKE 'OLD%%';
INSERT INTO app.key_process (enterprise_id, workshop_id, code, name_zh, name_en, controlled)
VALUES (1, 1, 'turn', '车', 'Turn', true), (1, 1, 'weld', '焊', 'Weld', false), (1, 1, 'coat', '涂', 'Coat', NULL);
INSERT INTO app.metering_point (enterprise_id, workshop_id, meter_class, carrier, code, name_zh, name_en, fitted)
VALUES (1, 1, 'unit_entry', 'electricity', 'main', '总表', 'Main', false),
       (1, 1, 'main_equipment', 'electricity', 'press', '压机', 'Press', NULL);
"""


_ORDERS = """
INSERT INTO app.production_order (equipment_id, product_id, code, quantity, planned_start, planned_end, started_at, ended_at,
                                  source, user_name, changed_at)
SELECT o.machine, (SELECT min(product_id) FROM app.product), o.code, 10, %(start)s::timestamptz - interval '2 hours',
       %(end)s::timestamptz + o.planned, %(start)s::timestamptz - interval '1 hour', %(end)s::timestamptz + o.ended, 'test', 'li', now()
  FROM (VALUES (1, 'MO-1', interval '1 day', interval '-1 hour'), (1, 'MO-2', interval '1 day', interval '0 hours'),
               (1, 'MO-3', interval '-1 hour', NULL), (1, 'MO-4', interval '-1 hour', NULL),
               (1, 'MO-5', interval '-1 hour', interval '1 hour'), (2, 'MO-6', interval '0 hours', interval '-2 hours'),
               (2, 'MO-7', interval '2 hours', NULL)) AS o (machine, code, planned, ended);
"""
"""Five orders that ended in the window, or were due in it; one ended later, and one is not due yet."""
_INSPECTED = """
INSERT INTO app.inspection_result (equipment_id, time, scrap, rework, inspected, good_first_pass, order_code, user_name, comment,
                                   withdrawn_by, withdrawn_at)
VALUES (1, now(), 0, 0, 5, 5, 'MO-1', 'li', '', NULL, NULL), (1, now(), 1, 0, 0, 0, 'MO-1', 'li', '', NULL, NULL),
       (1, now(), 1, 0, 0, 0, 'MO-2', 'li', '', 'li', now()), (1, now(), 1, 0, 0, 0, 'MO-3', 'li', '', NULL, NULL),
       (1, now(), 1, 0, 0, 0, 'MO-5', 'li', '', NULL, NULL), (1, now(), 1, 0, 0, 0, NULL, 'li', '', NULL, NULL),
       (1, now(), 1, 0, 0, 0, 'MO-6', 'li', '', NULL, NULL)
"""
"""Two for one order; one was withdrawn; one names an order of another machine."""
Measured = tuple[PlantRows, dict[str, Evidence]]


@pytest.fixture(scope="module")
def measured(postgres_server: DatabaseServer) -> Iterator[Measured]:
    """Five hours of one machine, a silent one and two that feed nothing; with the evidence that the API would measure."""
    url = postgres_server.create(template=postgres_server.template("cloud seeded", _build_seeded))
    plant = PlantRows(url)
    plant.write("CNC-01", production(11, HOURS))
    plant.write("CNC-01", [("Spindle/Load", T0 + 70_000 * i, 40 + i) for i in range(100)])
    plant.write("CNC-01", [("Spindle/Load", T0 + 70_000 * i + 9, 40) for i in range(7)], quality=0)
    with psycopg.connect(url) as connection:
        connection.execute(_FACTS)
        connection.execute(_ORDERS, {"start": PLACE.start, "end": PLACE.end})
        connection.execute(_INSPECTED)
    with Bench(url, after(hours=HOURS + 1)) as bench:
        bench.settle()
    yield plant, evidence_of(url, PLACE)
    postgres_server.drop(url)


def evidence_of(dsn: str, place: Place) -> dict[str, Evidence]:
    engine = make_engine(dsn, application="test", scoped=True)
    with Session(engine) as session:
        bind_rows(session, "1")
        found = {each.indicator.id: each for each in measure_all(session, place)}
    engine.dispose()
    return found


def samples(dsn: str, signal: str = "%") -> list[tuple[str, datetime, bool]]:
    """Raw samples of numbers in the window: machine and signal, time, and whether they are good."""
    found = rows(
        dsn,
        "SELECT d.name || ' ' || s.name AS name, x.time, x.quality FROM telemetry.sample x"
        " JOIN telemetry.series s USING (series_id) JOIN telemetry.device d USING (device_id)"
        " WHERE x.time >= %s AND x.time < %s AND s.name LIKE %s",
        PLACE.start,
        PLACE.end,
        signal,
    )
    return [(row["name"], row["time"], row["quality"] == 192) for row in found]


def figures(measured: Measured, name: str) -> tuple[int, int, int, int]:
    each = measured[1][name].indicator
    return each.numerator, each.denominator, each.known, each.expected


def test_equipment_is_digital_and_networked_as_registry_and_stream_say(measured: Measured) -> None:
    heard = {name.split()[0] for name, _, _ in samples(measured[0].dsn)}
    assert heard == {"CNC-01"}
    assert figures(measured, "digital_equipment_share") == (2, 4, 4, 4)  # the two with a feed, of four
    assert figures(measured, "networked_equipment_share") == (len(heard), 2, 4, 4)


def test_points_collected_are_those_that_raw_samples_are_of(measured: Measured) -> None:
    arrived = {name.split()[1] for name, _, _ in samples(measured[0].dsn)} | {
        row["name"]
        for row in rows(
            measured[0].dsn,
            "SELECT DISTINCT s.name FROM telemetry.text_sample JOIN telemetry.series s USING (series_id)",
        )
    }
    types = equipment_types()
    cnc, stand = set(types["cnc_machining_centre"].signals), set(types["motor_test_stand"].signals)
    assert arrived <= cnc
    numerator, denominator, known, _ = figures(measured, "automatic_collection_share")
    assert numerator == len(arrived) > 3
    assert denominator == 3 * len(cnc) + len(stand)
    assert known == len(cnc) + len(stand)  # of the two without a feed nobody knows


def test_quality_counts_every_raw_sample(measured: Measured) -> None:
    raw = samples(measured[0].dsn)
    numerator, denominator, known, expected = figures(measured, "data_quality")
    assert denominator == len(raw) > 300
    assert numerator == sum(good for _, _, good in raw) == len(raw) - 7
    numbers = rows(
        measured[0].dsn,
        "SELECT count(*) AS n FROM telemetry.series WHERE kind NOT IN ('event', 'waveform')"
        " AND (kind <> 'state' OR role = 'machine_state')",
    )
    assert expected == numbers[0]["n"] * HOURS * 3_600_000_000
    assert 0 < known < expected


def test_what_people_wrote_down_is_counted_and_what_nobody_knows_lowers_the_completeness(
    measured: Measured,
) -> None:
    assert figures(measured, "key_process_nc_share") == (1, 3, 2, 3)
    assert figures(measured, "meter_fitting_unit_entry") == (0, 1, 1, 1)
    assert figures(measured, "meter_fitting_main_equipment") == (0, 1, 0, 1)
    assert measured[1]["meter_fitting_main_equipment"].indicator.value is None
    assert measured[1]["meter_fitting_sub_unit"].indicator.value is None
    assert measured[1]["energy_trend"].indicator.value is None


def test_orders_lead_to_machine_and_inspection_as_raw_rows_say(measured: Measured) -> None:
    dsn = measured[0].dsn
    due = [
        row
        for row in rows(dsn, "SELECT code, equipment_id, planned_end, ended_at FROM app.production_order")
        if PLACE.start < (row["ended_at"] or row["planned_end"]) <= PLACE.end
    ]
    of_orders = [
        (row["equipment_id"], row["order_code"])
        for row in rows(dsn, "SELECT * FROM app.inspection_result")
        if row["withdrawn_at"] is None
    ]
    inspected = [row for row in due if (row["equipment_id"], row["code"]) in of_orders]
    known = [row for row in due if row["ended_at"] is not None or row in inspected]
    assert figures(measured, "inspected_order_share") == (len(inspected), len(due), len(known), len(due))
    assert (len(inspected), len(due), len(known)) == (2, 5, 4)
    sets = [len({row["equipment_id"] for row in group}) for group in (inspected, due, known, due)]
    assert figures(measured, "inspected_equipment_share") == tuple(sets) == (1, 2, 2, 2)
    detail = {row["order_code"]: row["inspections"] for row in measured[1]["inspected_order_share"].detail}
    assert detail == {"MO-1": 2, "MO-2": 0, "MO-3": 1, "MO-4": 0, "MO-6": 0}
    assert "/equipment/1" in measured[1]["inspected_order_share"].links
    assert {"spc_coverage", "traceability_coverage"}.isdisjoint(measured[1])  # nothing here could feed them


def test_evidence_says_how_it_was_asked(measured: Measured) -> None:
    for each in measured[1].values():
        assert each.query.startswith("SELECT")
        assert PLACE.end.isoformat() in each.query
    share = measured[1]["digital_equipment_share"]
    assert share.indicator.value == Fraction(1, 2)
    assert "/equipment/1" in share.links
    assert {row["code"] for row in share.detail} == {"CNC-01", "MTS-01", "OLD-01", "OLD-02"}


def test_trends_compare_sums_of_months(plant: PlantRows) -> None:
    with psycopg.connect(plant.dsn) as connection:
        connection.execute("""
            INSERT INTO app.kpi_value (equipment_id, kpi, window_kind, start, "end", flags, formula_version, provisional,
                                       inputs, computed_at)
            SELECT 1, 'oee', 'day', t, t + interval '1 day', '{}', '1', false, jsonb_build_object('apt_us', 90, 'aust_us', 0,
                   'adet_us', 10, 'adot_us', 0, 'no_data_us', 25, 'effective_us', 40 + extract(month FROM t)::int * 5), now()
              FROM generate_series('2025-08-31T16:00Z'::timestamptz, '2026-02-27T16:00Z', '1 day') t""")
    place = Place(enterprise_id=1, workshop_id=1, start=after(), end=after(hours=1), since=after(days=-366))
    found = evidence_of(plant.dsn, place)["oee_trend"]
    assert len(found.detail) == 6
    moved = found.trend
    assert moved is not None
    assert moved.recent.denominator == 100 * (31 + 31 + 28)
    assert moved.baseline.denominator == 100 * (30 + 31 + 30)
    stored = rows(plant.dsn, "SELECT inputs FROM app.kpi_value WHERE kpi = 'oee'")
    assert moved.recent.numerator + moved.baseline.numerator == sum(
        r["inputs"]["effective_us"] for r in stored
    )
    assert moved.recent.completeness == Fraction(4, 5)
