"""Losses, explanations, values as of a time, files."""

import csv
import io
import math
import zipfile
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from chejian_analytics.kpi import INDICATORS, KPIS, MISSING
from chejian_cloud.kpi.export import as_csv, as_xlsx

from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import DAY, MINUTE, T0, Bench, after, rows

pytestmark = pytest.mark.long
RANGE = {"from": after().isoformat(), "to": after(hours=3).isoformat()}


def a_morning() -> list[Row]:
    """Three hours: a part each two minutes, each tenth of them scrap; a fault in [01:10, 01:40), a setup in [02:00, 02:10)."""
    out: list[Row] = [("Order/Product", T0, "SHAFT-A"), ("Counts/Scrap", T0, 0)]
    for i in range(3 * 120):
        state = 3 if 140 <= i < 200 else 2 if 240 <= i < 260 else 1
        out.append(("State/MachineState", T0 + i * MINUTE // 2, state))
        if i % 4 == 0:
            out.append(("Counts/Produced", T0 + i * MINUTE // 2 + 5, i // 4))
            out.append(("Counts/Good", T0 + i * MINUTE // 2 + 7, i // 4 - i // 40))
    return out


@pytest.fixture
def bench(plant: PlantRows) -> Any:
    plant.write("CNC-01", a_morning())
    with Bench(plant.dsn, after(hours=3)) as bench:
        bench.settle()
        bench.now = after(hours=6)
        bench.settle()
        yield bench


async def ask(api: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await api.get(f"/api/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def assign(api: httpx.AsyncClient, bench: Bench, begin: int, end: int, reason: str) -> None:
    body = {
        "start": after(minutes=begin).isoformat(),
        "end": after(minutes=end).isoformat(),
        "reason": reason,
        "user_name": "李工",
    }
    answer = await api.post("/api/v1/equipment/1/stop-reasons/assign", json=body)
    assert answer.status_code == 201, answer.text
    bench.settle()


async def test_the_waterfall_sums_to_the_calendar_and_the_pareto_to_the_stops(
    api: httpx.AsyncClient, bench: Bench
) -> None:
    await assign(api, bench, 70, 85, "breakdown.electrical")
    found = await ask(api, "/equipment/1/losses", **RANGE)
    steps = {s["name"]: s["us"] for s in found["waterfall"]}
    assert sum(steps.values()) == found["terms"]["calendar_us"] == 3 * 3_600_000_000
    assert steps["fault"] == 30 * 60_000_000
    assert steps["setup"] == 10 * 60_000_000
    assert [(b["code"], b["duration_us"] // 60_000_000) for b in found["pareto"]] == [
        ("", 25),
        ("breakdown", 15),
    ]
    assert found["pareto"][0]["name_zh"] == "未说明"
    assert found["pareto"][-1]["cumulative"] == 1.0
    assert {s["name"]: s["us"] for s in found["states"]}["FAULT"] == 30 * 60_000_000
    semi = found["semi"]
    e10 = {s["name"]: s["us"] // 60_000_000 for s in semi["states"]}
    assert e10 == {"PRD": 140, "SBY": 0, "ENG": 0, "SDT": 10, "UDT": 30, "NST": 0, "NO_DATA": 0}
    assert semi["operational_uptime"] == pytest.approx(140 / 180)
    factors = ("availability_efficiency", "operational_efficiency", "rate_efficiency", "quality_efficiency")
    assert semi["oee"] == pytest.approx(math.prod(semi[f] for f in factors))
    assert semi["oee"] == steps["effective"] / (180 * 60_000_000)
    below = await ask(api, "/equipment/1/losses", under="breakdown", **RANGE)
    assert [b["code"] for b in below["pareto"]] == ["breakdown.electrical"]
    whole = await ask(api, "/losses", line_id=1, **RANGE)
    assert whole["terms"]["produced"] == found["terms"]["produced"]
    assert whole["hours"] == 3, "the other machine is silent"
    nothing = await ask(
        api, "/equipment/1/losses", **{"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z"}
    )
    assert (nothing["hours"], nothing["oee"], nothing["waterfall"], nothing["semi"]) == (0, None, [], None)


async def test_an_explanation_shows_what_the_number_is_made_of(api: httpx.AsyncClient, bench: Bench) -> None:
    await assign(api, bench, 70, 100, "breakdown.electrical")
    hour = {"kpi": "oee", "window": "hour", "start": after(hours=1).isoformat()}
    found = await ask(api, "/equipment/1/kpis/explain", **hour)
    assert found["kpi"]["clause"].startswith("ISO 22400-2")
    assert found["value"]["value"] == found["value"]["numerator"] / found["value"]["denominator"]
    assert (found["from_samples"], found["agrees"]) == (True, True)
    assert [(i["loss"], i["reason"]) for i in found["intervals"]] == [
        ("production", None),
        ("fault", "breakdown.electrical"),
        ("production", None),
    ]
    lengths = [
        datetime.fromisoformat(i["end"]) - datetime.fromisoformat(i["start"]) for i in found["intervals"]
    ]
    assert sum(x.total_seconds() for x in lengths) == 3600
    (product,) = found["products"]
    assert (product["product"], product["produced"]) == ("SHAFT-A", found["terms"]["produced"])
    assert product["ideal_us"] == found["terms"]["ideal_us"]
    assert [c["seconds"] for c in product["cycles"]] == [90.0]
    assert [b["code"] for b in found["reasons"]] == ["breakdown"]
    assert found["revisions"] == [], "a reason of the same class changes no number"


async def test_an_explanation_of_what_is_not_there(api: httpx.AsyncClient, bench: Bench) -> None:
    for params, status in (
        ({"start": "2020-01-01T00:00:00Z"}, 404),
        ({"start": DAY.isoformat(), "kpi": "joy"}, 422),
        ({"start": "2026-03-02"}, 422),
    ):
        answer = await api.get("/api/v1/equipment/1/kpis/explain", params=params)
        assert answer.status_code == status, answer.text


async def test_what_was_believed_at_a_time(api: httpx.AsyncClient, bench: Bench) -> None:
    asked = {"kpi": "availability", "window": "hour", **RANGE}
    before = await ask(api, "/equipment/1/kpis", **asked)
    await assign(api, bench, 70, 100, "planned.maintenance")
    now = await ask(api, "/equipment/1/kpis", **asked)
    assert [v["value"] for v in now] == [1.0, 1.0, pytest.approx(5 / 6)]
    then = await ask(api, "/equipment/1/kpis", as_of=after(hours=5).isoformat(), **asked)
    assert [v["value"] for v in then] == [v["value"] for v in before] == [1.0, 0.5, pytest.approx(5 / 6)]
    assert [v["completeness"] for v in then] == [v["completeness"] for v in before]
    later = await ask(api, "/equipment/1/kpis", as_of=after(hours=7).isoformat(), **asked)
    assert [v["value"] for v in later] == [v["value"] for v in now]
    early = await ask(api, "/equipment/1/kpis", as_of=after(hours=1, minutes=30).isoformat(), **asked)
    assert early == [], "the worker had not computed it yet"
    (revision,) = [
        r
        for r in await ask(api, "/equipment/1/kpi-revisions", **RANGE)
        if r["kpi"] == "availability" and r["window"] == "hour"
    ]
    assert (revision["old_value"], revision["new_value"]) == (0.5, 1.0)
    assert "李工" in revision["cause"]


async def test_files(api: httpx.AsyncClient, bench: Bench) -> None:
    rows(bench.dsn, "UPDATE app.equipment SET code = '=1+1' WHERE equipment_id = 1 RETURNING 1")
    answer = await api.get("/api/v1/kpi-values/file", params={"window": "hour", **RANGE})
    assert answer.headers["content-disposition"].startswith('attachment; filename="kpi-20260302')
    table = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert {r["machine"] for r in table} == {"'=1+1"}
    wanted = (await ask(api, "/equipment/1/kpis", kpi="oee", window="hour", **RANGE))[0]["value"]
    first = next(r for r in table if r["kpi"] == "oee")
    assert float(first["value"]) == wanted
    assert datetime.fromisoformat(first["start"]) == DAY
    book = await api.get("/api/v1/kpi-values/file", params={"format": "xlsx", "window": "hour", **RANGE})
    with zipfile.ZipFile(io.BytesIO(book.content)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
        strings = archive.read("xl/sharedStrings.xml").decode()
    assert "<f>" not in sheet
    assert "=1+1" in strings
    assert f"<v>{wanted!r}</v>" in sheet or f"<v>{wanted:.16G}</v>" in sheet
    assert (await api.get("/api/v1/kpi-values/file", params={"format": "exe"})).status_code == 422


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-1+2", "@SUM(A1)", "\t=1", "\r=1"])
def test_text_is_never_a_formula(text: str) -> None:
    moment = datetime(2026, 3, 2, tzinfo=UTC)
    (_, row) = csv.reader(io.StringIO(as_csv([[text, -1.5, moment, None]]).decode("utf-8-sig"), newline=""))
    assert row == ["'" + text, "-1.5", "2026-03-02T00:00:00.000+00:00", ""]
    with zipfile.ZipFile(io.BytesIO(as_xlsx([[text, -1.5, moment, None]]))) as archive:
        assert "<f>" not in archive.read("xl/worksheets/sheet1.xml").decode()


async def test_a_sheet_lists_every_kpi_with_its_value_or_why_it_has_none(
    api: httpx.AsyncClient, bench: Bench
) -> None:
    hour = {"window": "hour", "start": after(hours=1).isoformat()}
    sheet = await ask(api, "/equipment/1/kpis/sheet", **hour)
    found = {k["id"]: k for k in sheet["kpis"]}
    assert list(found) == [*(k.id for k in INDICATORS), *(k.id for k in MISSING)]
    for row in found.values():
        assert (row["value"] is None) == (row["reason"] is not None), row["id"]
        assert row["clause"], row["id"]
        told = row["scope"] == "window" and row["completeness"] == sheet["completeness"]
        assert told or row["completeness"] is None, row["id"]
    stored = {
        r["kpi"]: r["value"]
        for r in await ask(api, "/equipment/1/kpis", window="hour", **RANGE)
        if r["start"] == sheet["start"]
    }
    assert {k: found[k]["value"] for k in stored} == stored
    assert len(stored) == len(KPIS)
    assert all(found[k]["completeness"] == sheet["completeness"] > 0 for k in stored)
    assert found["mttr"]["value"] == 0.5, "half an hour of one fault"
    assert found["technical_efficiency"]["value"] == 0.5
    assert found["mtbf"]["numerator"] == 30 * 60_000_000
    assert found["setup_ratio"]["value"] == 0
    assert found["rework_ratio"]["reason"] == "not_counted"
    assert found["throughput_rate"]["reason"] == "per_order"
    assert found["first_pass_yield"]["reason"] == "no_inspections"
    assert found["inventory_turns"]["reason"] == "not_delivered"
    assert "inventory" in found["inventory_turns"]["needs"]
    nothing = await ask(api, "/equipment/1/kpis/sheet", window="hour", start="2020-01-01T00:00:00Z")
    assert {k["value"] for k in nothing["kpis"]} == {None}
    assert {k["reason"] for k in nothing["kpis"] if k["scope"] == "window"} == {"no_row"}
    refused = await api.get("/api/v1/equipment/1/kpis/sheet", params=hour | {"window": "week"})
    assert refused.status_code == 422


async def test_first_pass_yield_is_told_where_parts_were_inspected(
    api: httpx.AsyncClient, bench: Bench
) -> None:
    inspections = ((60, 20, 19), (119, 30, 24), (120, 9, 9))  # minute, IP, GP; the last is of the next hour
    for minute, inspected, good in inspections:
        body = {"time": after(minutes=minute).isoformat(), "inspected": inspected, "good_first_pass": good}
        answer = await api.post("/api/v1/equipment/1/inspections", json=body | {"user_name": "质检"})
        assert answer.status_code == 201, answer.text
    hour = {"window": "hour", "start": after(hours=1).isoformat()}

    async def told(path: str, **query: Any) -> tuple[Any, ...]:
        sheet = await ask(api, path, **hour, **query)
        row = next(k for k in sheet["kpis"] if k["id"] == "first_pass_yield")
        return row["value"], row["numerator"], row["denominator"], row["reason"]

    assert await told("/equipment/1/kpis/sheet") == (43 / 50, 43, 50, None)
    assert await told("/kpis/sheet", workshop_id=1) == (43 / 50, 43, 50, None)
    withdrawn = (await ask(api, "/equipment/1/inspections", **RANGE))[1]["inspection_id"]
    answer = await api.post(f"/api/v1/inspections/{withdrawn}/withdraw", json={"user_name": "质检"})
    assert answer.status_code == 204
    assert await told("/equipment/1/kpis/sheet") == (19 / 20, 19, 20, None)


async def test_a_workshop_is_the_sum_of_its_machines_and_a_line_is_told_at_its_bottleneck(
    api: httpx.AsyncClient, bench: Bench
) -> None:
    hour = {"window": "hour", "start": after(hours=1).isoformat()}
    one = await ask(api, "/equipment/1/kpis/sheet", **hour)
    whole = await ask(api, "/kpis/sheet", workshop_id=1, **hour)
    known = [m for m in whole["machines"] if m["completeness"] is not None]
    assert {m["code"] for m in known} >= {"CNC-01"}
    parts = [await ask(api, f"/equipment/{m['equipment_id']}/kpis/sheet", **hour) for m in whole["machines"]]
    for name in ("calendar_us", "apt_us", "adet_us", "no_data_us", "fault_us"):
        assert whole["terms"][name] == sum(p["terms"].get(name, 0) for p in parts), name
    line = await ask(api, "/kpis/sheet", line_id=1, **hour)
    (told,) = line["lines"]
    assert told["bottleneck"] == ["CNC-01"]
    assert told["availability"] == next(k["value"] for k in one["kpis"] if k["id"] == "availability")
    assert told["completeness"] == one["completeness"]


async def test_a_machine_that_counts_nothing_does_not_pass_for_one_without_output(
    api: httpx.AsyncClient, plant: PlantRows, bench: Bench
) -> None:
    plant.write("MTS-01", [("State/MachineState", T0 + i * MINUTE // 2, 1) for i in range(360)])
    bench.settle()
    hour = {"window": "hour", "start": after().isoformat()}
    one = await ask(api, "/equipment/1/kpis/sheet", **hour)
    whole = await ask(api, "/kpis/sheet", workshop_id=1, **hour)
    values = [{k["id"]: k["value"] for k in sheet["kpis"]} for sheet in (one, whole)]
    assert whole["uncounted"] == ["MTS-01"]
    assert whole["terms"]["apt_us"] == 2 * one["terms"]["apt_us"]
    for name in ("oee", "effectiveness", "quality_ratio", "nee", "scrap_ratio"):
        assert values[1][name] == values[0][name], name
    line = await ask(api, "/kpis/sheet", line_id=1, **hour)
    assert line["lines"][0]["bottleneck"] == ["CNC-01"]
    assert line["lines"][0]["oee"] == values[0]["oee"]
