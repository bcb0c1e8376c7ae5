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
