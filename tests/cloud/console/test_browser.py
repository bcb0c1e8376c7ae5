"""The pages as a browser shows them: Debian's chromium in front of a real server."""

import re
from collections.abc import Iterator

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize
from psycopg.types.json import Jsonb

from tests.cloud.console.axe import violations
from tests.cloud.console.conftest import key_of, served
from tests.fixtures.browsers import ready
from tests.fixtures.fix_postgres import DatabaseServer

pytestmark = pytest.mark.browser

CNC_03, MTS_01, EM_Q02, EM_Q04 = 3, 5, 13, 15  # equipment_id
PATHS = (
    *("/workshops/1", "/lines/1", "/lines/3", "/workshops/2/energy", "/workshops/2/meters", "/meters/13"),
    *("/health", "/health?workshop_id=2", f"/equipment/{CNC_03}", f"/equipment/{MTS_01}/diagnosis"),
)
WIDE: ViewportSize = {"width": 1360, "height": 850}
PHONE: ViewportSize = {"width": 390, "height": 844}
WAIT = 30_000  # ms
HOSTILE = '<img src="/nowhere.png">'
RANGES = 3000
TERMS = (
    *("not_scheduled_us", "planned_stop_us", "adot_us", "adet_us", "aust_us", "apt_us", "speed_loss_us"),
    *("quality_loss_us", "effective_us", "ideal_us", "produced", "good", "scrap"),
)
"""Terms of OEE that are zero in an hour without data."""


def _stress(dsn: str) -> None:
    """A hostile product, the last full hour of CNC-03 without data, and a ledger with thousands of ranges."""
    ranges = "{" + ",".join(f"[{i},{i + 1})" for i in range(1, 2 * RANGES, 2)) + "}"
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE telemetry.settled_value SET text = %s WHERE text = 'SHAFT-A'", (HOSTILE,))
        connection.execute(
            "UPDATE app.kpi_value SET value = NULL, numerator = 0, denominator = 0, completeness = 0, inputs ="
            " CASE kpi WHEN 'oee' THEN %s ELSE inputs END"
            " WHERE equipment_id = %s AND window_kind = 'hour' AND start ="
            " (SELECT max(start) - interval '1 hour' FROM app.kpi_value WHERE window_kind = 'hour')",
            (
                Jsonb(dict.fromkeys(TERMS, 0) | {"calendar_us": 3_600_000_000, "no_data_us": 3_600_000_000}),
                CNC_03,
            ),
        )
        connection.execute(
            "UPDATE telemetry.ledger SET stored = %s, dead = '{}', lost = '{}', produced_batches = %s",
            (ranges, 2 * RANGES),
        )


@pytest.fixture(scope="module")
def site(postgres_server: DatabaseServer, console_template: str) -> Iterator[httpx.Client]:
    url = postgres_server.create(template=console_template)
    _stress(url)
    with served(url) as client:
        yield client
    postgres_server.drop(url)


@pytest.fixture(scope="module")
def context(site: httpx.Client, chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(
        base_url=str(site.base_url), extra_http_headers=key_of(site), viewport=WIDE
    )
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, site: httpx.Client) -> Iterator[Page]:
    """A page that may not complain, fail to load anything, or ask another host."""
    page = context.new_page()
    page.set_default_timeout(WAIT)
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    page.on("request", lambda r: complaints.append(r.url) if not _ours(r.url, site) else None)
    page.on("response", lambda r: complaints.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    yield page
    page.close()
    assert complaints == []


def _ours(url: str, site: httpx.Client) -> bool:
    return url.startswith((str(site.base_url), "data:"))


def show(page: Page, path: str) -> None:
    page.goto(path)
    ready(page)
    assert page.get_attribute("body", "data-failed") is None


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(("short", "sizes"), [("zh", (WIDE, PHONE)), ("en", (PHONE, WIDE))])
def test_every_page_draws_and_fits(
    page: Page, path: str, short: str, sizes: tuple[ViewportSize, ...]
) -> None:
    page.set_viewport_size(sizes[0])
    show(page, f"{path}{'&' if '?' in path else '?'}lang={short}")
    assert overflow(page) <= 0
    page.set_viewport_size(sizes[1])
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert overflow(page) <= 0
    charts = page.query_selector_all(":not([hidden]) > .chart:not(.is-empty)")
    assert charts or path.endswith("/meters")  # a table alone
    for chart in charts:
        drawn = chart.query_selector("svg, canvas")
        assert drawn is not None
        box = drawn.bounding_box()
        assert box is not None
        assert min(box["width"], box["height"]) > 100
    if (path, short) == ("/workshops/1", "zh"):
        chinese_is_drawn(page)
    chinese = re.search("[\u4e00-\u9fff]", page.inner_text("main"))
    assert (chinese is not None) == (short == "zh")
    assert violations(page, dark=short == "zh") == []


def test_a_workshop_is_live_and_its_charts_aligned(page: Page) -> None:
    show(page, "/workshops/1?lang=en")
    page.wait_for_selector("body[data-messages]")
    assert int(page.get_attribute("body", "data-messages") or 0) >= 1
    page.wait_for_selector("#live[data-live=live]")
    assert HOSTILE in page.inner_text("#card-1")
    assert page.query_selector("main img") is None
    cells = page.inner_text("#oee-hours-legend").splitlines()
    assert cells[:5] == ["0–20 %", "20–40 %", "40–60 %", "60–80 %", "80–100 %"]
    stand_under_each_other(page)


@pytest.mark.system
def test_all_workshops_are_live_and_can_be_found(page: Page) -> None:
    for short in ("zh", "en"):
        show(page, f"/?lang={short}")
        page.wait_for_selector("body[data-messages]")
        page.wait_for_selector("#live[data-live=live]")
    assert overflow(page) <= 0
    assert "CNC-02" in page.inner_text("#workshop-1")
    assert page.query_selector("#workshop-1.abnormal") is not None
    seen = page.locator(".workshop:visible")
    assert seen.count() == 3
    page.fill("#find", "qiqi")
    assert seen.count() == 1
    assert page.inner_text("#found") == "1 of 3 workshops shown"
    page.fill("#find", "jiamusi")
    assert seen.count() == 1
    page.check("#abnormal")
    assert seen.count() == 0  # nothing is registered there, so nothing is abnormal
    page.fill("#find", "harbin")
    assert [e.get_attribute("id") for e in seen.element_handles()] == ["workshop-1"]
    page.click("#workshop-1 .workshop-lines a")
    page.wait_for_url("**/lines/1")
    page.set_viewport_size(PHONE)
    show(page, "/?lang=en")
    assert overflow(page) <= 0


@pytest.mark.system
def test_places_are_reached_by_keyboard(page: Page) -> None:
    show(page, "/equipment/3?lang=en")
    page.focus("#jump-machine summary")
    page.keyboard.press("Enter")
    page.wait_for_selector("#jump-machine[open]")
    page.keyboard.press("Escape")
    page.wait_for_selector("#jump-machine:not([open])")
    assert page.evaluate("document.activeElement.closest('details').id") == "jump-machine"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url("**/equipment/2")
    ready(page)
    page.click("#jump-workshop summary")
    page.click("#jump-line summary")
    page.wait_for_selector("#jump-workshop:not([open])")  # one menu at a time
    page.click("h1")
    page.wait_for_selector("#jump-line:not([open])")


@pytest.mark.system
def test_a_line_draws_its_output_and_tells_who_waits(page: Page) -> None:
    show(page, "/lines/1?lang=en")
    assert re.search("Total [0-9,]+ pieces", page.inner_text("#output-note"))
    rows = page.locator("#waits tbody tr")
    assert rows.count() == 4
    assert "CNC-01" in rows.first.inner_text()
    assert re.search("[0-9.]+ / [0-9.]+ pcs/h", page.inner_text("#card-1"))
    ground = page.evaluate(
        "echarts.getInstanceByDom(document.getElementById('output')).getOption().series[0].data.length"
    )
    assert ground >= 1  # CNC-03 was silent for most of an hour


@pytest.mark.system
def test_stories_of_meters_are_seen(page: Page) -> None:
    show(page, f"/meters/{EM_Q02}?lang=en")
    told = page.evaluate(
        """() => {
            const { series } = echarts.getInstanceByDom(document.getElementById('hours')).getOption();
            return { marks: series.slice(2).map((one) => [one.name, one.data.length]), bars: series[1].data.map((d) => d[2]) };
        }"""
    )
    assert told["marks"] == [["register rolled over (counted on)", 1]]
    bars = [value for value in told["bars"] if value][:-1]  # the last hour is not over
    assert max(bars) < 1.5 * min(bars)  # a rollover is no spike
    show(page, f"/meters/{EM_Q04}?lang=en")
    assert page.locator("#facts .hatched").count() == 2  # neither reading nor rate is of now
    show(page, "/workshops/2/meters?lang=en")
    rows = page.locator("#meters tbody tr")
    assert "no data" in rows.filter(has_text="EM-Q04").inner_text().lower()
    rest = page.locator("#meters tr.rest").inner_text()
    assert rest.startswith("Unmetered remainder")
    assert re.search("only for orientation|cannot be told", rest)  # the shift may be younger than the silence


@pytest.mark.system
def test_energy_of_a_workshop_is_told_with_its_factors(page: Page) -> None:
    show(page, "/workshops/2/energy?lang=en")
    assert "equivalent value" in page.inner_text("#numbers")
    electricity = page.locator("#carriers tbody tr").filter(has_text="Electricity")
    assert "0.1229 kgce/kWh" in electricity.inner_text()
    electricity.locator("summary").click()
    assert "GB/T 2589-2020 Annex A" in electricity.inner_text()
    air = page.locator("#carriers tbody tr").filter(has_text="Compressed air")
    assert "made on site, not added" in air.inner_text()
    assert page.locator("#idle-table tbody tr").count() == 2
    page.select_option("#window-kind", "hour")
    page.wait_for_function("() => document.getElementById('window-which').options.length > 5")
    assert "window=hour" in page.url
    page.select_option("#carrier", "steam")
    page.wait_for_function(
        "() => echarts.getInstanceByDom(document.getElementById('hours')).getOption().yAxis[0].name.includes('kg')"
    )


def stand_under_each_other(page: Page) -> None:
    """The time axes of both charts have the same ends at the same places."""
    ends = page.evaluate(
        """() => ['states', 'oee-hours'].map((id) => {
            const chart = echarts.getInstanceByDom(document.getElementById(id));
            const { min, max } = chart.getOption().xAxis[0];
            return [min, max, chart.convertToPixel({ xAxisIndex: 0 }, min), chart.convertToPixel({ xAxisIndex: 0 }, max)];
        })"""
    )
    assert ends[0] == pytest.approx(ends[1])
    assert ends[0][3] - ends[0][2] > 1000


def test_an_hour_without_data_says_so(page: Page) -> None:
    show(page, f"/equipment/{CNC_03}?window=hour&lang=zh")
    page.select_option("#window-which", "1")  # newest first: the hour before the running one
    page.wait_for_selector("#numbers .hatched")
    assert [e.inner_text() for e in page.query_selector_all("#numbers .big")] == ["无数据"] * 4
    assert "60.0" in page.inner_text("#losses-check")
    ground = page.evaluate("getComputedStyle(document.querySelector('.hatched')).backgroundImage")
    assert "repeating-linear-gradient" in ground


def test_marks_stand_above_their_lines_and_labels_are_told_apart(page: Page) -> None:
    show(page, f"/equipment/{MTS_01}/diagnosis?lang=en")
    places = page.evaluate(
        """() => {
            const chart = echarts.getInstanceByDom(document.getElementById('spectrum'));
            return [0, 107.25, 162.3, 600].map((hz) => [0, 1].map((i) => chart.convertToPixel({ xAxisIndex: i }, hz)));
        }"""
    )
    assert [above for above, _ in places] == pytest.approx([below for _, below in places], abs=1e-6)
    assert places[-1][0] - places[0][0] > 1000
    told = page.evaluate(
        """async () => {
            const { tick, roundEnd } = await import('/static/js/charts/spectrum.js');
            return [[0.3, 0.25, 0.2, 0.15000000000000002, 0, 0.00025, 0.0003, 12000, 150].map(tick),
                [599.9012345679012, 600, 612.3, 1500.2, 80].map(roundEnd)];
        }"""
    )
    assert told == [
        ["0.3", "0.25", "0.2", "0.15", "0", "2.5e-4", "3e-4", "1.2e+4", "150"],
        [600, 600, 650, 2000, 80],
    ]


@pytest.mark.system
def test_thousands_of_ranges_stay_in_their_box(page: Page) -> None:
    page.set_viewport_size(PHONE)
    show(page, "/health?lang=en")
    page.click("#nodes summary")
    seen = page.wait_for_function(  # in one step: the page draws itself anew when news come
        """() => {
            const box = document.querySelector('.ranges');
            const height = box ? box.getBoundingClientRect().height : 0;
            return height ? { text: box.innerText, height } : null;
        }"""
    )
    box = seen.json_value()
    assert box["text"].startswith("1, 3, 5, ")
    assert box["text"].count(",") == RANGES - 1
    assert box["height"] < 200
    assert overflow(page) <= 0
    assert "balanced" in page.inner_text(".equation")


def chinese_is_drawn(page: Page) -> None:
    """Two characters give two pictures."""
    inks = page.evaluate(
        """() => ['车', '间', ' '].map((glyph) => {
            const canvas = document.createElement('canvas');
            canvas.width = canvas.height = 48;
            const pen = canvas.getContext('2d', { willReadFrequently: true });
            pen.font = `40px ${getComputedStyle(document.body).fontFamily}`;
            pen.fillText(glyph, 4, 40);
            return Array.from(pen.getImageData(0, 0, 48, 48).data.filter((_, i) => i % 4 === 3));
        })"""
    )
    che, jian, nothing = inks
    assert set(nothing) == {0}
    assert sum(v > 0 for v in che) > 100
    different = sum(abs(a - b) > 128 for a, b in zip(che, jian, strict=True))
    assert different > 100  # boxes for missing glyphs would be alike
