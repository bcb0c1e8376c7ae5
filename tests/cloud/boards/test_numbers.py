"""Boards and console tell the same numbers."""

import statistics
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import psycopg
from chejian.boards import TimeRange, boards, expand
from chejian.boards import statements as statements_of
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings

from tests.cloud.boards.reading import Readers
from tests.cloud.keys import bearer

HOUR = timedelta(hours=1)
SUMS = """
SELECT sum(busy_us)::bigint AS busy, sum(no_data_us)::bigint AS no_data, sum(apt_us)::bigint AS apt,
       sum(effective_us)::float8 / nullif(sum(busy_us), 0)::float8 AS oee,
       sum(apt_us)::float8 / nullif(sum(busy_us), 0)::float8 AS availability
  FROM boards.oee(%s, %s, 'hlj-demo', '{CNC-01}')
"""
STATES = "SELECT * FROM boards.states(%s, %s, 'hlj-demo', '{CNC-01}') ORDER BY start"
PARETO = """
SELECT coalesce(reason, '') AS code, sum(us)::bigint AS us FROM boards.stops(%s, %s, 'hlj-demo', '{CNC-01}')
 GROUP BY 1 ORDER BY 2 DESC, 1
"""
ONE_BY_ONE = """
SELECT state, reason, reason_zh, reason_en, sum(us)::bigint AS us, count(*) AS stops
  FROM boards.stops(%s, %s, 'hlj-demo', '{CNC-01,MTS-01}') GROUP BY 1, 2, 3, 4 ORDER BY 1, 2
"""
TOGETHER = "SELECT * FROM boards.downtime(%s, %s, 'hlj-demo', '{CNC-01,MTS-01}') ORDER BY 1, 2"


async def _losses(dsn: str, lo: datetime, hi: datetime) -> dict[str, Any]:
    app = create_app(Settings(dsn=dsn))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api", headers=bearer(dsn)) as client,
    ):
        with psycopg.connect(dsn) as connection:
            row = connection.execute(
                "SELECT equipment_id FROM app.equipment WHERE code = 'CNC-01'"
            ).fetchone()
        assert row is not None
        answer = await client.get(
            f"/api/v1/equipment/{row[0]}/losses", params={"from": lo.isoformat(), "to": hi.isoformat()}
        )
        found: dict[str, Any] = answer.raise_for_status().json()
        return found


def _explain(dsn: str, start: datetime, end: datetime | None, reason: str) -> None:
    with psycopg.connect(dsn) as connection:
        connection.execute(
            "WITH c AS (INSERT INTO app.stop_reason_change (equipment_id, kind, user_name)"
            " SELECT equipment_id, 'assign', 'x' FROM app.equipment WHERE code = 'CNC-01' RETURNING *)"
            ' INSERT INTO app.stop_reason (change_id, equipment_id, start, "end", reason_id, comment)'
            " SELECT change_id, equipment_id, %s, %s, (SELECT reason_id FROM app.reason WHERE code = %s), '' FROM c",
            (start, end, reason),
        )


async def test_sums_and_bars_are_those_of_the_console(computed: Readers) -> None:
    role = computed.make("hlj-demo")
    hi = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    lo = hi - 29 * HOUR  # whatever the time of day, three of the stops are no meal
    with psycopg.connect(computed.dsn) as connection:
        reasons = [
            row[0]
            for row in connection.execute(
                "SELECT code FROM app.reason WHERE parent_id IS NULL ORDER BY position"
            )
        ]
        stops = connection.execute(
            'SELECT s.start, s."end" FROM app.state_interval s JOIN app.equipment e USING (equipment_id)'
            " WHERE e.code = 'CNC-01' AND s.loss IN ('fault', 'stop', 'starved') AND s.start > %s AND s.\"end\" < %s"
            " ORDER BY s.start",
            (lo, hi),
        ).fetchall()
    (a, a_end), (b, b_end), (c, _) = stops[:3]
    _explain(computed.dsn, a, a + (a_end - a) / 2, reasons[0])
    _explain(computed.dsn, b - HOUR, b + (b_end - b) / 3, reasons[1])
    _explain(computed.dsn, b, b + (b_end - b) / 4, reasons[0])
    _explain(computed.dsn, c, None, reasons[1])
    told = await _losses(computed.dsn, lo, hi)
    found = computed.read(role, SUMS, (lo, hi))[0]
    terms = told["terms"]
    assert found["busy"] == terms["apt_us"] + terms["aust_us"] + terms["adet_us"] + terms["adot_us"] > 0
    assert found["no_data"] == terms["no_data_us"]
    assert found["apt"] == terms["apt_us"]
    assert (found["oee"], found["availability"]) == (told["oee"], told["availability"])
    bars = {bar["code"]: bar["duration_us"] for bar in told["pareto"]}
    assert {row["code"]: row["us"] for row in computed.read(role, PARETO, (lo, hi))} == bars
    assert len(bars) > 2
    for begin, end in ((lo, hi), (a + (a_end - a) / 4, b + (b_end - b) / 3), (hi - 300 * HOUR, hi)):
        one_by_one = computed.read(role, ONE_BY_ONE, (begin, end))
        assert computed.read(role, TOGETHER, (begin, end)) == one_by_one
        assert len(one_by_one) > 1


def test_states_adjoin_and_fill_the_range(computed: Readers) -> None:
    role = computed.make("hlj-demo")
    hi = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    lo = hi - 20 * HOUR
    found = computed.read(role, STATES, (lo, hi))
    assert len(found) > 3
    assert found[0]["start"] == lo
    assert found[-1]["end"] == hi
    assert all(a["end"] == b["start"] for a, b in pairwise(found))


def test_a_timeline_and_totals_are_those_of_the_states(computed: Readers) -> None:
    role = computed.make("hlj-demo")
    hi = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    lo = hi - 20 * HOUR
    states = computed.read(role, STATES, (lo, hi))
    line = computed.read(
        role, "SELECT time, state FROM boards.timeline(%s, %s, 'hlj-demo', '{CNC-01}') ORDER BY 1", (lo, hi)
    )
    assert [(p["time"], p["state"]) for p in line] == [(s["start"], s["state"]) for s in states]
    hours = computed.read(
        role, "SELECT state, hours FROM boards.state_hours(%s, %s, 'hlj-demo', '{CNC-01}')", (lo, hi)
    )
    told = {row["state"]: row["hours"] for row in hours}
    for state in {s["state"] for s in states}:
        span = sum((s["end"] - s["start"] for s in states if s["state"] == state), timedelta())
        assert abs(told[state] - span / HOUR) < 1e-6
    long = computed.read(
        role, "SELECT time, state FROM boards.timeline(%s, %s, 'hlj-demo', '{CNC-01}')", (hi - 80 * HOUR, hi)
    )
    for point in long:
        own = [s["state"] for s in states if s["start"] <= point["time"] < s["end"]]
        assert own in ([], [point["state"]])
    assert len(long) > 100


def test_a_signal_is_shown_by_samples_minutes_and_hours(province: Readers) -> None:
    role = province.make("e0")
    with psycopg.connect(province.dsn) as owner:
        (end,) = owner.execute("SELECT max(time) FROM telemetry.sample").fetchall()[0]
    query = (
        "SELECT count(*) AS n, min(value) AS least, max(value) AS most, min(unit) AS unit FROM"
        " boards.signal(%s - %s::interval, %s, 'e0', '{W0-M1}', 'active_power')"
    )
    spans = ("30 minutes", "8 hours", "3.5 days")
    found = {span: province.read(role, query, (end, span, end))[0] for span in spans}
    assert 55 <= found["30 minutes"]["n"] <= 61
    assert 470 <= found["8 hours"]["n"] <= 480
    assert 80 <= found["3.5 days"]["n"] <= 85
    assert all(15 <= f["least"] <= f["most"] <= 19 and f["unit"] == "kW" for f in found.values())


def test_what_energy_was_to_be_is_the_line_through_the_windows_before(province: Readers) -> None:
    role = province.make("e0")
    asked = "FROM boards.energy_expected(%s - interval '8 hours', %s, 'e0', '{W0-E2}') ORDER BY start"
    with psycopg.connect(province.dsn) as owner:
        (end,) = owner.execute(
            "SELECT max(start) FROM app.energy_value WHERE window_kind = 'hour'"
        ).fetchall()[0]
        owner.execute(
            "UPDATE app.energy_value SET output = h, amount = 5000 + 200 * h + CASE WHEN start < %s THEN 0 ELSE 700 END"
            " FROM (SELECT equipment_id AS m FROM app.equipment WHERE code = 'W0-E2') e,"
            " generate_series(0, 6) h WHERE equipment_id = m AND window_kind = 'hour'"
            " AND h = extract(epoch FROM start)::bigint / 3600 %% 7",
            (end - 8 * HOUR,),
        )
    found = province.read(role, "SELECT * " + asked, (end, end))
    assert [row["start"] for row in found] == [end - n * HOUR for n in range(8, 0, -1)]
    for row in found:
        assert abs(row["expected"] - (5 + 0.2 * row["output"])) < 1e-9
        assert abs(row["amount"] - row["expected"] - 0.7) < 1e-9
        assert row["band"] < 1e-6
        assert row["windows"] > 70
    with psycopg.connect(province.dsn) as owner:
        owner.execute("UPDATE app.energy_value SET completeness = 0.9 WHERE start < %s", (end - 12 * HOUR,))
    assert {row["expected"] for row in province.read(role, "SELECT * " + asked, (end, end))} == {None}


def test_the_province_reads_programme_and_assessments_of_its_reader(province: Readers) -> None:
    role = province.make("e0")
    board = next(b for b in boards() if b.uid == "chejian-province")
    text = next(s.sql for s in statements_of(board) if s.where == "panel 11")
    now = datetime.now(UTC)
    query = expand(text, TimeRange(now - HOUR, now), {"enterprise": ["e0", "e1"]})
    with psycopg.connect(province.dsn) as owner:
        totals = owner.execute(
            "SELECT s.total::float8 FROM app.assessment_submission s JOIN app.assessment a USING (assessment_id)"
            " JOIN app.enterprise e ON e.enterprise_id = a.enterprise_id WHERE e.code = 'e0' AND a.industry = 'discrete'"
        ).fetchall()
    found = {row["industry"]: row for row in province.read(role, query)}
    assert found["discrete"]["n"] == len(totals) >= 5
    assert found["discrete"]["median"] == statistics.median(total for (total,) in totals)
    assert "process" not in found, "three are too few to be shown"
    with psycopg.connect(province.dsn) as owner:
        owner.execute("UPDATE app.assessment SET state = 'returned'")
    assert province.read(role, query) == []
