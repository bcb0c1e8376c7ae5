"""The pages of KPIs and stop reasons in a real browser, on numbers that the worker computed."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from chejian_analytics.kpi import INDICATORS, MISSING
from chejian_cloud.tables.xlsx import read_xlsx
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.cloud.conftest import _build_seeded
from tests.cloud.console.axe import violations
from tests.cloud.console.computed import fill
from tests.cloud.console.conftest import fresh_page, served
from tests.fixtures.browsers import LISTENS, WAIT_MS, ready
from tests.fixtures.fix_postgres import DatabaseServer

pytestmark = pytest.mark.browser
PATHS = (
    *("/equipment/1/oee", "/equipment/1/stops", "/equipment/1/explain", "/equipment/1/life-cycle"),
    *("/lines/1/oee", "/workshops/1/oee"),
    *("/orders", "/lines/1/orders", "/workshops/1/orders"),
)
NOW = datetime.now(UTC).replace(microsecond=0)
ORDERS = {
    "MO-RUN": (NOW - timedelta(hours=5), NOW + timedelta(hours=20), 5000, NOW - timedelta(hours=5)),
    "MO-NEXT": (NOW + timedelta(hours=20), NOW + timedelta(hours=23), 100, None),
}
"""Planned start and end, quantity, actual start."""
expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="module")
def site(postgres_server: DatabaseServer) -> Iterator[httpx.Client]:
    url = postgres_server.create(template=postgres_server.template("cloud seeded", _build_seeded))
    fill(url)
    orders = [
        {"code": code, "equipment": "CNC-01", "product": "SHAFT-A", "quantity": quantity}
        | {
            "planned_start": start.isoformat(),
            "planned_end": end.isoformat(),
            "setup_seconds": 600,
            "planned_scrap": 50,
        }
        | {"started_at": began and began.isoformat()}
        for code, (start, end, quantity, began) in ORDERS.items()
    ]
    with served(url) as client:
        client.put("/api/v1/orders", json={"orders": orders, "user_name": "王工"}).raise_for_status()
        yield client
    postgres_server.drop(url)


@pytest.fixture
def page(context: BrowserContext, site: httpx.Client) -> Iterator[Page]:
    """A page that may not complain, nor scroll sideways at the end."""
    page = fresh_page(context, site)
    page.set_default_timeout(WAIT_MS)
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    yield page
    page.evaluate(TWO_FRAMES)  # charts follow the width of the window with the next frame
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    page.close()
    assert complaints == []


def show(page: Page, path: str) -> None:
    page.goto(path)
    ready(page)
    assert page.get_attribute("body", "data-failed") is None


TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
NAMELESS = """
[...document.querySelectorAll('main input, main select, main button, main a, main table, main [tabindex="0"]')]
  .filter((e) => !(e.labels?.length || e.textContent.trim() || e.getAttribute('aria-label') || e.getAttribute('aria-labelledby')))
  .map((e) => e.outerHTML)
"""
TWICE = """
[...document.querySelectorAll('[id]')].map((e) => e.id).filter((id, i, all) => all.indexOf(id) !== i)
"""
TALLEST = """
Math.max(0, ...[...document.querySelectorAll('#sheet tbody tr, #list tbody tr')].map((row) => row.offsetHeight))
"""


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_control_has_a_name_and_a_phone_needs_no_sideways_scroll(
    page: Page, path: str, language: str
) -> None:
    show(page, f"{path}?lang={language}")
    page.wait_for_selector(LISTENS)
    assert page.evaluate(NAMELESS) == []
    assert page.evaluate(TWICE) == []
    assert page.locator("main table caption").count() == page.locator("main table").count()
    assert page.locator("h1").count() == 1
    assert violations(page, dark=language == "zh") == []
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate(TALLEST) < 130, "hidden columns must not make rows of a sheet tall"


@pytest.mark.system
def test_a_stop_is_explained_split_and_undone_with_the_keyboard(page: Page, site: httpx.Client) -> None:
    show(page, "/equipment/1/stops?lang=zh")
    told = page.locator("#journal tbody tr").count()  # by other tests, whose order is random
    page.fill("#user", "李工")
    page.check("#only-unexplained")
    expect(page.locator("#list tbody tr", has_not_text="未说明")).to_have_count(0)
    first = page.locator("#list tbody tr .pick").last
    first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#edit-reason")).to_be_focused()
    page.select_option("#edit-reason", "breakdown.electrical")
    page.fill("#edit-comment", "跳闸")
    page.keyboard.press("Enter")
    expect(page.locator("#edit-said")).to_have_text("已保存：设备故障 · 电气故障")
    page.uncheck("#only-unexplained")
    expect(page.locator("#list tbody")).to_contain_text("设备故障 · 电气故障")
    expect(page.locator("#journal tbody tr")).to_have_count(told + 1)
    page.locator("#list tbody tr", has_text="跳闸").locator(".pick").click()
    page.select_option("#edit-reason", "breakdown.electrical")
    page.select_option("#split-reason", "organisation.maintenance")
    page.click("#split-do")
    expect(page.locator("#edit-said")).to_contain_text("拆分")
    expect(page.locator("#list tbody")).to_contain_text("组织管理 · 等待维修")
    page.click("#undo")
    expect(page.locator("#list tbody")).not_to_contain_text("组织管理 · 等待维修")
    expect(page.locator("#journal tbody tr")).to_have_count(told + 3)
    lines = site.get("/api/v1/equipment/1/stop-reasons", params={"from": "2020-01-01T00:00:00Z"}).status_code
    assert lines == 422, "a range of years is refused"
    page.locator("#journal .pick").first.click()
    expect(page.locator("#list tbody")).not_to_contain_text("跳闸")


def test_an_edit_without_a_name_is_not_sent(page: Page) -> None:
    show(page, "/equipment/1/stops")
    page.locator("#list tbody tr .pick").first.click()
    page.locator("#edit-form button[type=submit]").click()
    expect(page.locator("#user")).to_be_focused()
    expect(page.locator("#edit-said")).to_have_text("")


@pytest.mark.system
def test_the_board_leads_to_the_explanation_of_its_number(page: Page, site: httpx.Client) -> None:
    show(page, "/equipment/1/oee?lang=en")
    page.select_option("#shift", index=1)  # a shift that is over: one that has just begun has no stops
    over = re.compile(f"start={page.locator('#shift').input_value()}")
    expect(page.locator("#now .number.chief a")).to_have_attribute("href", over)
    big = page.locator("#now .number.chief .big").inner_text()
    expect(page.locator("#losses-check")).to_contain_text("✓")
    for chart in ("hours", "losses", "pareto", "counts", "heat"):
        expect(page.locator(f"#{chart} svg")).to_be_visible()
    semi_is_told(page, site)
    page.locator("#now .number.chief a").click()
    ready(page, "body[data-page=explain][data-ready]")
    whole = page.locator("#value .equation b").inner_text()
    shown, explained = (float(text.removesuffix("%").strip()) for text in (big, whole))
    assert abs(shown - explained) <= 0.06  # the board rounds to one decimal
    expect(page.locator("#terms-check")).to_contain_text("✓")
    expect(page.locator("#products tbody")).to_contain_text("SHAFT-A")
    expect(page.locator("#intervals tbody tr").first).to_be_visible()
    page.select_option("#choose-window", "hour")
    expect(page.locator("#value .check-ok")).to_be_visible()
    page.select_option("#choose-kpi", "availability")
    expect(page.locator("#value .equation")).to_contain_text("APT / PBT")


def semi_is_told(page: Page, site: httpx.Client) -> None:
    start = datetime.fromtimestamp(int(page.locator("#shift").input_value()) / 1000, UTC)
    span = {"from": start.isoformat(), "to": (start + timedelta(hours=12)).isoformat()}
    told = site.get("/api/v1/equipment/1/losses", params=span).raise_for_status().json()["semi"]
    states, ratios = (page.locator("#semi table").nth(n).locator("tbody tr") for n in (0, 1))
    minutes = [float(row.locator("td").nth(1).inner_text().replace(",", "")) for row in states.all()]
    assert minutes == [pytest.approx(state["us"] / 60e6, abs=0.05) for state in told["states"]]
    assert sum(minutes) == pytest.approx(720, abs=0.4)
    assert "PRD productive" in states.first.inner_text()
    shown = ratios.filter(has_text="OEE (E79)").locator("td").last.inner_text()
    assert float(shown.removesuffix("%").strip()) == pytest.approx(100 * told["oee"], abs=0.06)


@pytest.mark.system
def test_the_board_of_a_workshop_leads_down_to_a_line_and_its_machine(
    page: Page, site: httpx.Client, report_font: Path
) -> None:
    show(page, "/workshops/1/oee?lang=en")
    expect(page.locator("#machines tbody")).to_contain_text("CNC-01")
    page.locator("#lines tbody a").first.click()
    ready(page, "body[data-page=oee_sums][data-line][data-ready]")
    expect(page.locator("#now-note")).to_contain_text("Told at the bottleneck CNC-01")
    page.select_option("#window-which", index=1)  # a shift that is over: one that has just begun has no stops
    for chart in ("losses", "pareto"):
        expect(page.locator(f"#{chart} svg")).to_be_visible()
    expect(page.locator("#sheet tbody tr")).to_have_count(len(INDICATORS) + len(MISSING))
    expect(page.locator("#sheet tbody tr", has_text="Inventory turns")).to_contain_text("inventory levels")
    assert "line_id=1" in (page.locator("#file-xlsx").get_attribute("href") or "")
    for link in ("#file-pdf", "#file-pdf-month"):
        report = site.get(page.locator(link).get_attribute("href") or "", timeout=60)
        assert report.content.startswith(b"%PDF"), report.text
    page.locator("#machines tbody a", has_text="CNC-01").click()
    ready(page, "body[data-page=oee][data-ready]")
    technical = page.locator("#sheet tbody tr", has_text="Technical efficiency")
    expect(technical.locator("td").nth(1)).to_contain_text("%")
    expect(technical.locator("td").nth(2)).to_contain_text("%")  # how complete the data behind it are


@pytest.mark.system
def test_a_first_visit_leads_from_the_log_in_to_the_report_of_the_shift(
    chromium: Browser, site: httpx.Client
) -> None:
    """Log in, find why OEE dropped last night, assign a reason, take the shift's report along."""
    place = next(
        o["organisation_id"] for o in site.get("/api/v1/organisations").json() if o["code"] == "hlj-demo"
    )
    roles = [{"role": "operator", "organisation_id": place}]
    new = {"name": "zhao", "display_name": "赵班长", "roles": roles}
    link = site.post("/api/v1/accounts", json=new).json()["link"]
    context = chromium.new_context(base_url=str(site.base_url), viewport={"width": 1360, "height": 900})
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.goto(link)
    page.fill("input[name=password]", "night shift 4 ever")
    page.fill("input[name=again]", "night shift 4 ever")
    page.locator("main button[type=submit]").click()
    ready(page, "body[data-page=overview][data-ready]")
    page.locator(".top-end button", has_text="退出").click()
    page.fill("input[name=name]", "zhao")
    page.fill("input[name=password]", "night shift 4 ever")
    page.locator("main button[type=submit]").click()
    ready(page, "body[data-page=overview][data-ready]")
    page.locator("main a", has_text="哈尔滨动力装备车间").first.click()
    ready(page, "body[data-page=workshop][data-ready]")
    page.locator("#card-1 .card-head a").click()
    ready(page, "body[data-page=equipment][data-ready]")
    page.locator(".tabs a", has_text="OEE").click()
    ready(page, "body[data-page=oee][data-ready]")
    page.select_option("#shift", index=1)  # the last one that is over
    expect(page.locator("#now .number.chief a")).to_have_attribute(
        "href", re.compile(page.locator("#shift").input_value())
    )
    expect(page.locator("#losses-check")).to_contain_text("✓")
    board = page.locator("#now .number.chief .big").inner_text()
    page.locator("#now .number.chief a").click()
    ready(page, "body[data-page=explain][data-ready]")
    expect(page.locator("#terms-check")).to_contain_text("✓")
    page.locator(".tabs a", has_text="停机原因").click()
    ready(page, "body[data-page=stops][data-ready]")
    assert page.locator("#user").input_value() == "赵班长"
    assert page.locator("#user").get_attribute("readonly") is not None
    expect(page.locator("#range-form")).to_contain_text("账号姓名")
    page.check("#only-unexplained")
    stop = page.locator("#list tbody tr", has_text="未说明").last
    begun = stop.locator(".pick").inner_text()
    stop.locator(".pick").click()
    page.select_option("#edit-reason", "breakdown.electrical")
    page.locator("#edit-form button[type=submit]").click()
    expect(page.locator("#edit-said")).to_have_text("已保存：设备故障 · 电气故障")
    page.uncheck("#only-unexplained")
    explained = page.locator("#list tbody tr", has_text=begun)
    expect(explained).to_contain_text("设备故障 · 电气故障")
    expect(explained).to_contain_text("赵班长")
    page.locator(".tabs a", has_text="OEE").click()
    ready(page, "body[data-page=oee][data-ready]")
    page.select_option("#shift", index=1)
    expect(page.locator("#file-xlsx")).to_have_attribute("href", re.compile("format=xlsx.*from="))
    expect(page.locator("#now .number.chief .big")).to_have_text(board)
    with page.expect_download() as download:
        page.locator("#file-xlsx").click()
    head, *lines = (row.cells for row in read_xlsx(Path(download.value.path()).read_bytes(), 10_000))
    oee = next(row for row in (dict(zip(head, line, strict=False)) for line in lines) if row["kpi"] == "oee")
    assert abs(100 * float(oee["value"]) - float(board.removesuffix("%").strip())) <= 0.06
    assert (oee["machine"], download.value.suggested_filename.endswith(".xlsx")) == ("CNC-01", True)
    context.close()
    assert complaints == []


@pytest.mark.system
def test_orders_are_told_planned_against_actual_with_their_evidence(page: Page, site: httpx.Client) -> None:
    show(page, "/workshops/1/orders?lang=en")
    expect(page.locator("#sums")).to_contain_text("2 orders")
    running = page.locator("#list tbody tr", has_text="MO-RUN")
    expect(running).to_contain_text("in work")
    expect(running.locator("td").nth(4)).to_have_text("5,000")
    expect(page.locator("#list tbody tr", has_text="MO-NEXT")).to_contain_text("not begun")
    running.locator(".pick").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#facts")).to_contain_text("Planned run time per item (PRI)")
    expect(page.locator("#facts dt:has-text('(PSQ)') + dd")).to_have_text("50")
    expect(page.locator("#sheet tbody tr")).to_have_count(4)
    expect(page.locator("#sheet tbody tr", has_text="Throughput rate")).to_contain_text("1/h")
    assert violations(page) == []
    table = site.get(page.locator("#file-csv").get_attribute("href") or "").text
    assert "MO-RUN" in table
    assert "workshop_id=1" in (page.locator("#file-xlsx").get_attribute("href") or "")
    page.locator("#facts a").click()
    ready(page, "body[data-page=explain][data-ready]")
    assert int(page.locator("#choose-start").input_value()) <= int(ORDERS["MO-RUN"][0].timestamp() * 1000)
    show(page, "/orders?lang=zh")
    expect(page.locator("#list tbody")).to_contain_text("HRB-W1 · L1")
