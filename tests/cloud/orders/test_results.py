"""Orders planned against actual: from the machine's order signal, or from the times that another system told."""

import csv
import io
import zipfile
from fractions import Fraction
from typing import Any

import httpx
import psycopg
import pytest
from chejian_analytics.kpi import INDICATORS, Scope
from chejian_cloud.orders.files import HEAD

from tests.cloud.plant_rows import PlantRows, Row, moment
from tests.cloud.worker.rounds import MINUTE, T0, after

pytestmark = pytest.mark.long
RANGE: dict[str, str | int] = {
    "from": after().isoformat(),
    "to": after(hours=4).isoformat(),
    "workshop_id": 1,
}
CSV = """order,equipment,product,quantity,planned_start,planned_end,setup_seconds,started_at,ended_at,planned_scrap
MO-1,CNC-01,SHAFT-A,40,2026-03-02 08:00,2026-03-02 09:00,600,{start},{end},5
MO-9,CNC-01,SHAFT-A,7,2026-03-02 11:00,2026-03-02 12:00,,,,
"""


def hours() -> list[Row]:
    """Two hours: ten minutes of set-up, then a part each two minutes, each tenth of them scrap; a fault of ten minutes."""
    out: list[Row] = [("Order/Product", T0, "SHAFT-A")]
    made = good = 0
    out += [(f"Counts/{name}", T0, 0) for name in ("Produced", "Good", "Scrap")]
    for i in range(240):
        state = 2 if i < 20 else 3 if 100 <= i < 120 else 1
        out.append(("State/MachineState", T0 + i * MINUTE // 2, state))
        if state == 1 and i % 4 == 3:
            made += 1
            good += made % 10 != 0
            out += [
                ("Counts/Produced", T0 + i * MINUTE // 2 + 5, made),
                ("Counts/Good", T0 + i * MINUTE // 2 + 7, good),
                ("Counts/Scrap", T0 + i * MINUTE // 2 + 9, made - good),
            ]
    return out


async def ask(api: httpx.AsyncClient) -> dict[str, Any]:
    answer = await api.get("/api/v1/orders/results", params=RANGE)
    assert answer.status_code == 200, answer.text
    return {row["code"]: row for row in answer.json()}


async def send(api: httpx.AsyncClient, start: str = "", end: str = "") -> None:
    answer = await api.post(
        "/api/v1/orders/import",
        content=CSV.format(start=start, end=end).encode(),
        params={"user_name": "王工"},
        headers={"content-type": "text/csv"},
    )
    assert answer.status_code == 200, answer.text


def tell_orders(dsn: str, orders: dict[int, str]) -> None:
    """A signal of role `order` of CNC-01, and what it said when [ms]."""
    with psycopg.connect(dsn) as connection:
        row = connection.execute(
            "INSERT INTO telemetry.series (device_id, name, datatype, kind, role)"
            " SELECT device_id, 'Order/Id', 12, 'event', 'order' FROM telemetry.device WHERE name = 'CNC-01'"
            " RETURNING series_id"
        ).fetchone()
        assert row is not None
        for at, order in orders.items():
            connection.execute(
                "INSERT INTO telemetry.text_sample (time, series_id, quality, value) VALUES (%s, %s, 192, %s)",
                (moment(at), row[0], order),
            )


def check(row: dict[str, Any]) -> None:
    """The first hour: 10 min of set-up, 10 min of fault, 40 min of production."""
    minute = 60_000_000
    assert (row["quantity"], row["produced"], row["good"], row["scrap"]) == (40, 20, 18, 2)
    assert [row[k] // minute for k in ("aoet_us", "aubt_us", "aust_us", "adet_us", "apt_us")] == [
        60,
        60,
        10,
        10,
        40,
    ]
    assert row["ideal_us"] == row["produced"] * row["pri_us"]
    assert row["planned_execution_us"] == 40 * row["pri_us"] + 10 * minute
    kpis = {k["id"]: k for k in row["kpis"]}
    assert list(kpis) == [k.id for k in INDICATORS if k.scope is Scope.ORDER]
    assert kpis["throughput_rate"]["value"] == 20.0
    assert kpis["allocation_ratio"]["value"] == 1.0
    assert (kpis["allocation_ratio"]["numerator"], kpis["allocation_ratio"]["denominator"]) == (
        row["aubt_us"],
        row["aoet_us"],
    )
    assert row["pbt_us"] == row["aubt_us"], "no time without an order in it"
    assert kpis["production_process_ratio"]["value"] == float(Fraction(2, 3))
    assert row["planned_scrap"] == 5
    assert kpis["actual_to_planned_scrap_ratio"]["value"] == float(Fraction(2, 5)), "SQ 2 of PSQ 5"
    assert all((k["value"] is None) == (k["reason"] is not None) for k in row["kpis"])


async def test_the_order_signal_tells_when_an_order_ran(api: httpx.AsyncClient, plant: PlantRows) -> None:
    plant.write("CNC-01", hours())
    tell_orders(plant.dsn, {T0: "MO-1", T0 + 60 * MINUTE: "MO-2"})
    await send(api, "2026-03-02 08:20", "2026-03-02 08:40")
    found = await ask(api)
    assert list(found) == ["MO-1", "MO-2", "MO-9"]
    check(found["MO-1"])
    assert found["MO-1"]["start"] == "2026-03-02T00:00:00.000+00:00", (
        "the signal's time, not the other system's"
    )
    unplanned = found["MO-2"]
    assert (unplanned["quantity"], unplanned["planned_execution_us"]) == (None, None)
    assert (unplanned["product"], unplanned["end"]) == ("SHAFT-A", None)
    scrap = next(k for k in unplanned["kpis"] if k["id"] == "actual_to_planned_scrap_ratio")
    assert (scrap["value"], scrap["reason"]) == (None, "no_planned_scrap")
    waiting = found["MO-9"]
    assert (waiting["start"], waiting["produced"]) == (None, None)
    assert {k["reason"] for k in waiting["kpis"]} == {"not_begun"}


async def test_without_the_signal_the_times_of_another_system_count(
    api: httpx.AsyncClient, plant: PlantRows
) -> None:
    plant.write("CNC-01", hours())
    await send(api, "2026-03-02 08:00", "2026-03-02 09:00")
    found = await ask(api)
    assert list(found) == ["MO-1", "MO-9"]
    check(found["MO-1"])


@pytest.mark.parametrize("path", ["/api/v1/orders/results", "/api/v1/orders/results/file"])
async def test_a_long_range_is_refused(api: httpx.AsyncClient, path: str) -> None:
    answer = await api.get(path, params=RANGE | {"to": after(days=9).isoformat()})
    assert answer.status_code == 422


async def test_orders_as_files_say_what_the_answer_says_and_hold_no_formula(
    api: httpx.AsyncClient, plant: PlantRows
) -> None:
    plant.write("CNC-01", hours())
    hostile = "=HYPERLINK(1)"
    tell_orders(plant.dsn, {T0: "MO-1", T0 + 60 * MINUTE: hostile})
    await send(api)
    found = await ask(api)
    as_csv = await api.get("/api/v1/orders/results/file", params=RANGE)
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert as_csv.headers["content-disposition"] == 'attachment; filename="orders-20260302-20260302.csv"'
    table = list(csv.DictReader(io.StringIO(as_csv.content.decode("utf-8-sig"))))
    assert list(table[0]) == list(HEAD)
    assert [row["order"] for row in table] == ["MO-1", "'" + hostile, "MO-9"]
    first, _, waiting = table
    assert (first["workshop"], first["line"], first["machine"]) == ("HRB-W1", "L1", "CNC-01")
    assert [int(first[k]) for k in ("poq", "pq", "gq", "sq")] == [40, 20, 18, 2]
    assert [float(first[k]) for k in ("aoet_s", "pbt_s", "apt_s", "aust_s", "adet_s")] == [
        *(3600, 3600),
        *(2400, 600, 600),
    ]
    assert float(first["pbt_s"]) == found["MO-1"]["pbt_us"] / 1e6
    assert float(first["poet_s"]) == 40 * float(first["pri_s"]) + float(first["psut_s"])
    assert float(first["throughput_rate"]) == 20
    assert (first["psq"], waiting["psq"]) == ("5", "")
    assert float(first["actual_to_planned_scrap_ratio"]) == float(Fraction(2, 5))
    assert float(first["completeness"]) == 1
    assert (waiting["poq"], waiting["pq"], waiting["start"], waiting["throughput_rate"]) == ("7", "", "", "")
    book = await api.get("/api/v1/orders/results/file", params=RANGE | {"format": "xlsx"})
    with zipfile.ZipFile(io.BytesIO(book.content)) as archive:
        assert "<f>" not in archive.read("xl/worksheets/sheet1.xml").decode()
        strings = archive.read("xl/sharedStrings.xml").decode()
    assert hostile in strings
    assert "throughput_rate" in strings
    refused = await api.get("/api/v1/orders/results/file", params=RANGE | {"format": "exe"})
    assert refused.status_code == 422
    assert "csv, xlsx" in refused.text
