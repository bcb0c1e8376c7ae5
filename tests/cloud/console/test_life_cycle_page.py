"""The life-cycle file in a real browser: what it tells, what its forms do, and who gets forms."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import psycopg
import pytest
from chejian_cloud.access.permissions import Role
from chejian_contract.states import MachineState
from playwright.sync_api import Browser, Page, expect
from psycopg.types.json import Jsonb

from tests.cloud.conftest import _build_seeded
from tests.cloud.console.axe import violations
from tests.cloud.console.conftest import key_of, served
from tests.cloud.console.test_browser import PHONE, WIDE, overflow, show
from tests.cloud.keys import bearer
from tests.cloud.lifecycle.conftest import store
from tests.cloud.plant_rows import PlantRows
from tests.fixtures.browsers import ready
from tests.fixtures.fix_postgres import DatabaseServer

pytestmark = [pytest.mark.browser, pytest.mark.system]
SHOTS = os.environ.get("CHEJIAN_TEST_SHOTS", "")
"""Folder for pictures of the page, to be looked at; none by default."""
FILE = "/equipment/2/life-cycle"
_EVIDENCE = {
    "lines": [
        {
            "family": "outer_race",
            "order": 1,
            "sideband": 0,
            "expected_hz": 107.3,
            "found_hz": 107.4,
            "ratio": 9.0,
        }
    ]
}
_NAMED = """
INSERT INTO app.diagnosis (equipment_id, series_id, time, method, method_version, part, confidence, bearing, evidence, computed_at)
SELECT 2, %s, now() - k * interval '1 hour', 'bearing_envelope', '5', 'outer_race', 'probable', '{}', %s, now()
  FROM generate_series(1, 3) k
"""


@pytest.fixture
def url(postgres_server: DatabaseServer) -> Iterator[str]:
    """MTS-01, which ran for ten hours and has three diagnoses of its outer race."""
    url = postgres_server.create(template=postgres_server.template("cloud seeded", _build_seeded))
    series = PlantRows(url).series("MTS-01", "Vibration/DriveEnd")
    now = datetime.now(UTC)
    with psycopg.connect(url) as connection:
        begin = now - timedelta(hours=10)
        store(connection, [(begin, now, MachineState.PRODUCING)], equipment_id=2)
        connection.execute(_NAMED, (series, Jsonb(_EVIDENCE)))
    yield url
    postgres_server.drop(url)


@pytest.fixture
def site(url: str) -> Iterator[httpx.Client]:
    with served(url) as client:
        yield client


@pytest.fixture
def page(chromium: Browser, site: httpx.Client) -> Iterator[Page]:
    """Of somebody who may do everything; it may not complain."""
    context = chromium.new_context(
        base_url=str(site.base_url), extra_http_headers=key_of(site), viewport=WIDE
    )
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: complaints.append(str(e)))
    yield page
    context.close()
    assert [c for c in complaints if "status of 422" not in c] == []  # what is refused, the browser logs


def picture(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_a_diagnosis_becomes_an_order_and_the_order_a_new_bearing(page: Page, site: httpx.Client) -> None:
    show(page, "/equipment/2/diagnosis?lang=zh")
    page.click("#order-link")
    ready(page, "body[data-page='life_cycle'][data-ready]")
    newest = site.get("/api/v1/equipment/2/life-cycle").json()["diagnoses"][0]["diagnosis_id"]
    expect(page.locator("#order-diagnosis")).to_have_text(f"依据诊断 {newest}")
    page.fill("#user", "王工")
    page.fill("#order-title", "驱动端轴承异响")
    page.click("#order-form button")
    expect(page.locator("#open-orders tbody tr")).to_contain_text(["驱动端轴承异响"])
    assert f"诊断 {newest}" in page.inner_text("#open-orders")
    page.click("#open-orders .pick")
    assert page.is_disabled("#advance-done")
    page.click("#advance-in_work")
    expect(page.locator("#open-orders tbody")).to_contain_text("维修中")

    page.fill("#part-name", "驱动端轴承")
    page.fill("#part-code", "6205-2RS")
    page.select_option("#part-under", "1")
    page.fill("#part-at", "2026-03-02T08:00")
    page.click("#part-form button")
    expect(page.locator("#parts tbody")).to_contain_text("03-02 08:00 · 王工")
    assert "10.0 小时（已知" in page.inner_text("#parts")
    page.click("#parts .pick")
    page.fill("#removal-remark", "外圈剥落")
    page.click("#removal-form button[type=submit]")
    expect(page.locator("#removed-parts summary")).to_have_text("已拆下的部件（1）")

    page.click("#open-orders .pick")
    page.fill("#advance-found", "外圈剥落")
    page.click("#advance-done")
    expect(page.locator("#closed-orders summary")).to_have_text("已完成或取消的工单（1）")
    assert page.is_hidden("#advance-form")
    page.click("#closed-orders summary")
    assert "装入 1，拆下 0" in page.inner_text("#closed-orders")
    line = page.inner_text("#line")
    events = ("维修完成", "开始维修", "开工单", "诊断：", "装入部件")
    assert [line.index(event) for event in events] == sorted(line.index(event) for event in events)
    assert "（3 次）" in line, "windows that repeat a verdict are one event"
    assert site.get("/api/v1/equipment/2/life-cycle").json()["closed_orders"][0]["found"] == "外圈剥落"
    picture(page, "life-cycle-zh")
    assert violations(page) == []
    page.set_viewport_size(PHONE)
    assert overflow(page) <= 0
    picture(page, "life-cycle-phone-zh")


def test_run_hours_never_stand_alone(page: Page) -> None:
    show(page, f"{FILE}?lang=en")
    assert "10.0 h" in page.inner_text("#hours")
    assert "100.0 %" in page.inner_text("#hours")
    assert "No day of commissioning is told" in page.inner_text("#hours-note")
    day = (datetime.now(UTC) - timedelta(days=30)).date().isoformat()
    page.click("details[data-key=plate-edit] summary")
    page.fill("#user", "Wang Fang")
    page.fill("#model", "MTS-2")
    page.fill("#commissioned_on", day)
    page.click("#plate-form button")
    expect(page.locator("#plate")).to_contain_text("MTS-2")
    expect(page.locator("#hours-note")).to_contain_text("From the day of commissioning")
    assert "100.0 %" not in page.inner_text("#hours")
    assert "Commissioned MTS-2" in page.inner_text("#line")
    picture(page, "life-cycle-en")


def test_what_is_refused_is_said(page: Page) -> None:
    show(page, f"{FILE}?lang=en")
    page.click("details[data-key=plate-edit] summary")
    page.fill("#user", "Wang Fang")
    page.fill("#decommissioned_on", "2026-03-01")
    with page.expect_response("**/commissioning") as answer:
        page.click("#plate-form button")
    assert answer.value.status == 422
    expect(page.locator("#error")).to_contain_text("null without commissioned_on")


def test_who_may_only_read_gets_no_forms(chromium: Browser, site: httpx.Client, url: str) -> None:
    context = chromium.new_context(
        base_url=str(site.base_url), extra_http_headers=bearer(url, Role.VIEWER, "hlj-demo")
    )
    page = context.new_page()
    show(page, f"{FILE}?lang=zh")
    assert page.locator("main form, main button").count() == 0
    assert "10.0 小时" in page.inner_text("#hours")
    show(page, "/equipment/2/diagnosis?lang=zh")
    assert page.query_selector("#order-link") is None
    context.close()
