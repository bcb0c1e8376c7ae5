"""The production report says what the API says, in both languages, of a shift and of a month; who took it is journalled."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings
from chejian_cloud.energy.schemas import CarrierSum, EnergySumOut
from chejian_cloud.kpi.report_schemas import Amount
from chejian_cloud.reports.numbers import Numbers
from chejian_cloud.reports.production import month_of
from chejian_cloud.reports.production_pdf import carriers, waterfall

from tests.cloud.keys import bearer
from tests.cloud.reports.pages import opened
from tests.cloud.two_hours import two_hours
from tests.cloud.worker.rounds import DAY, after, rows

pytestmark = pytest.mark.long
REPORT = "/api/v1/reports/production"
SHIFT = {"workshop_id": 1, "window": "shift", "start": DAY.isoformat()}
COMMENT = "<b>轴承 & 皮带</b>"


@pytest.fixture
def dsn(prepared: Callable[[str, Callable[[str], object]], str], report_font: Path) -> str:
    return prepared("energy of two hours", two_hours)


@pytest.fixture
async def api(dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(dsn=dsn))
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://api", headers=bearer(dsn)) as client,
    ):
        yield client


async def ask(api: httpx.AsyncClient, path: str, **params: Any) -> Any:
    answer = await api.get(f"/api/v1{path}", params=params)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def read(api: httpx.AsyncClient, **params: Any) -> str:
    answer = await api.get(REPORT, params=params)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    with opened(answer.content) as pages:
        assert all(pages.fonts().values())
        return pages.text


def in_order(text: str, *parts: str) -> None:
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, (part, text[at : at + 600])
        at = found + len(part)


async def give_reason(api: httpx.AsyncClient, equipment: int) -> None:
    """To the stop of the first hour's second half."""
    body = {"start": after(minutes=30).isoformat(), "end": after(hours=1).isoformat(), "comment": COMMENT}
    answer = await api.post(
        f"/api/v1/equipment/{equipment}/stop-reasons/assign",
        json=body | {"reason": "breakdown.electrical", "user_name": "李工"},
    )
    assert answer.status_code == 201, answer.text


async def test_a_shift_says_what_the_api_says_in_both_languages(api: httpx.AsyncClient) -> None:
    machines = {m["code"]: m for m in await ask(api, "/equipment")}
    await give_reason(api, machines["EVP-01"]["equipment_id"])
    sheet = await ask(api, "/kpis/sheet", **SHIFT)
    span = {"from": after().isoformat(), "to": after(hours=1).isoformat()}
    (energy,) = await ask(api, "/workshops/1/energy", window="shift", **span)
    losses = await ask(api, "/losses", workshop_id=1, **span | {"to": after(hours=3).isoformat()})
    kpis = {k["id"]: k for k in sheet["kpis"]}
    for lang, tag in (("zh", "zh-CN"), ("en", "en")):
        say, text = Numbers(tag), await read(api, lang=lang, **SHIFT)
        in_order(
            text, say.t("report.production.shift"), "2026-03-02 08:00 – 20:00", say.t("report.provisional")
        )
        for kpi in ("oee", "availability", "effectiveness", "quality_ratio"):
            in_order(text, say.t(f"kpi.{kpi}"), say.percent(kpis[kpi]["value"]))
            assert f"{kpi} {kpis[kpi]['formula_version']}" in text
        told = say.t("card.complete", share=say.percent(sheet["completeness"]))
        assert text.count(told) >= 8, "each key figure has its completeness"
        in_order(text, say.t("count.good"), f"{sheet['terms']['good']} {say.t('unit.pieces')}")
        lost = say.minutes(sheet["terms"]["no_data_us"])
        part = say.percent(sheet["terms"]["no_data_us"] / sheet["terms"]["calendar_us"])
        in_order(text, say.t("report.losses"), say.t("step.no_data"), f"−{lost} · {part}")
        for bar in losses["pareto"]:
            in_order(text, say.t("oee.pareto"), bar[f"name_{lang}"], say.minutes(bar["duration_us"]))
        in_order(text, say.t("stops.list"), "EVP-01", "03-02 08:30:00", "30.0", COMMENT)
        assert ("Electrical" if lang == "en" else "电气故障") in text
        in_order(text, say.t("energy.sum"), f"{say.measured(energy['kgce'], 5)} kgce")
        for row in carriers([EnergySumOut.model_validate(energy)], say):
            in_order(text, say.t("energy.sum"), *row[:2])
        for kpi in kpis.values():
            if kpi["value"] is not None:
                shown = say.percent(kpi["value"]) if kpi["unit"] == "1" else say.fixed(kpi["value"], 2)
                in_order(
                    text, say.t("sheet.title"), kpi["name_en" if lang == "en" else "name_zh"][:12], shown
                )


async def test_a_month_is_the_sum_of_its_days_and_a_line_is_told_at_its_bottleneck(
    api: httpx.AsyncClient, dsn: str
) -> None:
    say = Numbers("zh-CN")
    start = after().isoformat()
    lines = {line["code"]: line["line_id"] for line in (await ask(api, "/workshops"))[0]["lines"]}
    sheet = await ask(api, "/kpis/sheet", line_id=lines["P1"], window="hour", start=start)
    text = await read(api, line_id=lines["P1"], window="hour", start=start)
    (line,) = sheet["lines"]
    in_order(text, "生产小时报", "P1 制粉线", "2026-03-02 08:00 – 09:00")
    in_order(text, say.t("kpi.oee"), say.percent(line["oee"]), line["bottleneck"][0])
    day = await ask(api, "/kpis/sheet", workshop_id=1, window="day", start="2026-03-01T16:00:00Z")
    produced = day["terms"]["produced"]
    assert produced > 0
    asked = {"workshop_id": 1, "window": "month", "start": "2026-03-20T00:00:00Z"}
    in_order(await read(api, **asked), "生产月报", say.t("count.produced"), f"{produced} 件")
    columns = (
        "equipment_id, kpi, window_kind, value, numerator, denominator, completeness, flags, formula_version,"
        " provisional, inputs, computed_at"
    )
    added = rows(
        dsn,
        f"INSERT INTO app.kpi_value ({columns}, start, \"end\") SELECT {columns}, start + interval '1 day',"
        " \"end\" + interval '1 day' FROM app.kpi_value WHERE window_kind = 'day'"
        " AND start = '2026-03-01T16:00:00Z' RETURNING 1",
    )
    assert added
    two = await read(api, **asked)
    in_order(two, "2026-03-01 00:00 – ", say.t("count.produced"), f"{2 * produced} 件")
    oee = next(k["value"] for k in day["kpis"] if k["id"] == "oee")
    in_order(two, say.t("kpi.oee"), say.percent(oee))


async def test_who_took_it_is_journalled_and_what_is_not_there_is_said(
    api: httpx.AsyncClient, dsn: str
) -> None:
    wrong: list[tuple[dict[str, Any], int, str]] = [
        (SHIFT | {"window": "week"}, 422, "hour, shift, day, month"),
        ({k: v for k, v in SHIFT.items() if k != "workshop_id"}, 422, "a workshop, or a line"),
        (SHIFT | {"workshop_id": 99}, 404, "99"),
        (SHIFT | {"line_id": 99}, 404, "99"),
        (SHIFT | {"start": "2020-01-01T00:00:00Z"}, 404, "2020-01-01"),
        (SHIFT | {"lang": "fr"}, 422, "zh"),
    ]
    for params, status, told in wrong:
        answer = await api.get(REPORT, params=params)
        assert answer.status_code == status, (params, answer.text)
        assert told in answer.text
    found = rows(dsn, "SELECT target FROM app.audit WHERE action = 'GET /api/v1/reports/production'")
    assert [line["target"].get("workshop_id") for line in found] == ["1", None, "99", "1", "1", "1"]


def test_a_local_month_ends_with_its_last_day() -> None:
    december = month_of(datetime(2026, 12, 31, 15, 59, tzinfo=UTC), "Asia/Shanghai")
    assert december == (datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC))
    assert month_of(december[1], "Asia/Shanghai")[0] == december[1]


def test_a_waterfall_goes_down_to_what_is_effective() -> None:
    steps = [
        Amount(name=n, us=m * 60_000_000)
        for n, m in (("planned_stop", 60), ("no_data", 0), ("speed", -6), ("effective", 426))
    ]
    shown = waterfall(steps, Numbers("zh-CN"))
    assert [(bar.start, bar.end) for bar in shown] == [(480, 420), (420, 426), (0, 426)]
    assert [bar.text.split(" · ")[0] for bar in shown] == ["−60.0", "+6.0", "426.0"]


def test_a_sum_of_days_is_told_only_where_every_day_is_known() -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        ("amount", "per_unit", "kgce_per_unit", "sub_metered", "remainder", "remainder_completeness")
    )
    ends: dict[str, Any] = {
        "window": "day",
        "start": DAY,
        "end": after(hours=24),
        "provisional": False,
        "output_machines": ["PCK-01"],
    }
    none: dict[str, Any] = {"output_completeness": 1.0, "kgce": None, "kgce_per_unit": None}

    def day(value: float | None, completeness: float) -> EnergySumOut:
        known: dict[str, Any] = {
            "value": value,
            "kgce": value,
            "completeness": completeness,
            "counted": True,
            "flags": [],
        }
        row = CarrierSum(
            carrier="electricity",
            unit="kWh",
            register_unit="Wh",
            meters=["EM-01"],
            factors=[],
            **known,
            **nothing,
        )
        return EnergySumOut(**ends, **none, output=10, carriers=[row])

    say = Numbers("en")
    assert carriers([day(10, 1.0), day(20, 0.5)], say)[0][:5] == [
        "Electricity",
        "30 kWh",
        "30 kgce",
        "1.5 kWh/pcs",
        "50.0 %",
    ]
    assert carriers([day(10, 1.0), day(None, 0.0)], say)[0][1:5] == ["-", "-", "-", "0.0 %"]
