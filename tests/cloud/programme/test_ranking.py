"""Ranking by submissions with what their answers rest on, and how OEE and electricity moved, against sums made here."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
import pytest
from chejian_analytics.assessment import Scale, load_standards
from chejian_cloud.assessment import filling, review
from chejian_cloud.assessment.schemas import AnswerIn, StartIn, SubmitIn
from chejian_cloud.clock import utc_now
from chejian_cloud.db.engine import bind_rows, make_engine
from sqlalchemy.orm import Session

from tests.cloud.programme.conftest import People

SCORED = [item.id for item in load_standards().get("gbt23020-2013").items if item.scale is Scale.SCORE]


def submit(dsn: str, enterprise: int, answers: Mapping[str, str]) -> None:
    """A form of GB/T 23020 of an enterprise, filled in and handed in."""
    engine = make_engine(dsn, application="test", scoped=True)
    with Session(engine) as session, session.begin():
        bind_rows(session, str(enterprise))
        asked = StartIn(standard="gbt23020-2013", enterprise_id=enterprise, industry="discrete")
        key = filling.start(session, asked, "li", utc_now())
        given = [AnswerIn(item=item, given=[value]) for item, value in answers.items()]
        filling.save(session, key, 1, given, None, "li", utc_now())
        review.submit(session, key, SubmitIn(lock=2), "li", utc_now())
    engine.dispose()


@pytest.fixture
def submitted(people: People) -> People:
    """The second enterprise does better, and declares that all its machines are connected, of which none is heard."""
    submit(people.dsn, 1, dict.fromkeys(SCORED[:10], "40"))
    submit(people.dsn, 2, {**dict.fromkeys(SCORED[:20], "80"), "connected_equipment": "1"})
    return people


async def test_workshops_are_ranked_and_over_declaring_shows_both_numbers(submitted: People) -> None:
    found = await submitted.ask("province", "GET", "/ranking")
    assert [(r["programme_entry_id"], r["rank"]) for r in found][:2] in ([(2, 1), (3, 1)], [(3, 1), (2, 1)])
    assert (found[2]["programme_entry_id"], found[2]["rank"]) == (1, 3)
    best, last = found[0], found[2]
    assert best["total"] > last["total"] > 0
    assert (best["contradictions"], last["contradictions"]) == (1, 0)
    assert (best["worst"]["item"], best["worst"]["declared"], best["worst"]["measured"]) == (
        "connected_equipment", 1, 0)  # fmt: skip
    assert 0 < best["measured"] < best["declared"] < 1
    with psycopg.connect(submitted.dsn) as connection:
        row = connection.execute(
            "SELECT total, measured, declared FROM app.assessment_submission WHERE enterprise_id = 2"
        ).fetchone()
    assert row is not None
    assert [float(v) for v in row] == pytest.approx([best[k] for k in ("total", "measured", "declared")])
    alone = await submitted.ask("first", "GET", "/ranking")
    assert [(r["programme_entry_id"], r["rank"], r["place"]) for r in alone] == [(1, None, 1)]
    evidence = await submitted.ask("province", "GET", "/entries/2/evidence")
    assert evidence["assessments"][0]["contradictions"] == [best["worst"]]
    assert ("contradicted", 1) in [(c["kind"], c["value"]) for c in evidence["concerns"]]
    cities = {c["code"]: c["contradicted"] for c in await submitted.ask("province", "GET", "/cities")}
    assert (cities["230100"], cities["230200"]) == (0, 2)


async def test_the_ranking_as_a_file_says_the_same(submitted: People) -> None:
    shown = await submitted.ask("province", "GET", "/ranking")
    answer = await submitted.send("province", "GET", "/ranking/file")
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(r["rank"], r["code"], float(r["total"])) for r in rows] == [
        (str(r["rank"]), r["code"], r["total"]) for r in shown
    ]
    assert (rows[0]["item_declared"], rows[0]["item_measured"]) == ("1.0", "0.0")
    excel = await submitted.send("province", "GET", "/ranking/file", params={"format": "xlsx"})
    assert excel.content.startswith(b"PK")
    with psycopg.connect(submitted.dsn) as connection:
        lines = connection.execute(
            "SELECT count(*) FROM app.audit WHERE action LIKE '%ranking/file'"
        ).fetchone()
    assert lines == (2,)


async def test_quartiles_are_told_only_of_enough_enterprises(submitted: People) -> None:
    found = await submitted.ask("province", "GET", "/distribution", params={"entry": 2})
    assert (found["enterprises"], found["least"]) == (2, 5)
    assert {axis["median"] for axis in found["axes"]} == {None}
    assert any(axis["own"] > 0 for axis in found["axes"])
    same = await submitted.ask(
        "province", "GET", "/distribution", params={"entry": 3}
    )  # of the same enterprise
    assert same["axes"] == found["axes"]
    now = [each for each in found["levels"] if each["year"] == utc_now().year]
    assert sum(each["workshops"] for each in now) == 3
    await submitted.ask("province", "GET", "/distribution", 422, params={"standard": "regional-index-2015"})
    await submitted.ask("province", "GET", "/distribution", 404, params={"standard": "none"})


_DAYS = """
INSERT INTO app.kpi_value (equipment_id, kpi, window_kind, start, "end", flags, formula_version, provisional, inputs, computed_at)
SELECT q, 'oee', 'day', t, t + interval '1 day', '{}', '1', false,
       jsonb_build_object('apt_us', 90, 'aust_us', 0, 'adet_us', 10, 'adot_us', 0, 'no_data_us', 25, 'effective_us',
                          CASE WHEN q = 1 THEN 40 + 2 * m ELSE 70 END), now()
  FROM unnest(ARRAY[1, 3]) q, generate_series('2025-10-31T16:00Z'::timestamptz, '2026-10-30T16:00Z', '1 day') t,
       LATERAL (SELECT extract(month FROM age(t + interval '8 hours', '2025-11-01'))::int + 1 AS m) x;
INSERT INTO app.equipment (enterprise_id, workshop_id, line_id, code, name_zh, name_en, type)
VALUES (1, 1, 1, 'M1', '表', 'Meter', 'energy_meter'), (2, 2, 2, 'M2', '表', 'Meter', 'energy_meter');
INSERT INTO app.meter (equipment_id, carrier, interval_us, made_on_site)
SELECT equipment_id, 'electricity', 60000000, false FROM app.equipment WHERE type = 'energy_meter';
INSERT INTO app.energy_value (equipment_id, window_kind, start, "end", amount, covered_us, output, completeness, shares, flags,
                              formula_version, provisional, computed_at)
SELECT equipment_id, 'day', t, t + interval '1 day', CASE WHEN enterprise_id = 1 THEN 1000 - 10 * m ELSE 5000 END, 86400000000,
       CASE WHEN enterprise_id = 1 THEN 10 ELSE 1 END, 1, '{}', '{}', '1', false, now()
  FROM app.meter JOIN app.equipment USING (equipment_id),
       generate_series('2025-10-31T16:00Z'::timestamptz, '2026-10-30T16:00Z', '1 day') t,
       LATERAL (SELECT extract(month FROM age(t + interval '8 hours', '2025-11-01'))::int + 1 AS m) x;
"""
"""Twelve months, November to October, of machine 1 (first workshop) and 3 (second), and of a meter of each."""
_LENGTHS = (30, 31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31)


def mean(values: Sequence[float], lengths: tuple[int, ...]) -> float:
    return sum(v * n for v, n in zip(values, lengths, strict=True)) / sum(lengths)


async def test_what_moved_is_sums_of_months_against_the_baseline(people: People) -> None:
    with psycopg.connect(people.dsn) as connection:
        connection.execute(_DAYS.encode())
    rows: list[dict[str, Any]] = await people.ask("province", "GET", "/trends/oee/workshops")
    first, second = rows
    base, recent = mean([0.42, 0.44, 0.46], _LENGTHS[:3]), mean([0.60, 0.62, 0.64], _LENGTHS[-3:])
    assert (first["programme_entry_id"], first["direction"], second["direction"]) == (1, 1, 0)
    assert (first["baseline"], first["recent"]) == (pytest.approx(base), pytest.approx(recent))
    assert first["difference"] == pytest.approx(recent - base)
    assert first["completeness"] == pytest.approx(100 / 125)
    assert len(first["months"]) == 12
    whole = await people.ask("province", "GET", "/trends/oee")
    assert whole["recent"] == pytest.approx((recent + 0.7) / 2)
    own = await people.ask("first", "GET", "/trends/oee")
    assert own["recent"] == pytest.approx(recent)

    energy = await people.ask("province", "GET", "/trends/energy/workshops")
    used = [1000 - 10 * m for m in range(1, 13)]
    before, after = mean(used[:3], _LENGTHS[:3]) / 10, mean(used[-3:], _LENGTHS[-3:]) / 10
    assert energy[0]["programme_entry_id"] == 1
    assert (energy[0]["baseline"], energy[0]["recent"]) == (pytest.approx(before), pytest.approx(after))
    assert energy[0]["direction"] == -1
    index = await people.ask("province", "GET", "/trends/energy")
    # of both workshops: used / what each would have used at its own baseline for the same items
    assert index["recent"] == pytest.approx((after * 10 + 5000) / (before * 10 + 5000), rel=1e-4)
    assert index["unit"] == "index"
    await people.ask("province", "GET", "/trends/money", 422)
