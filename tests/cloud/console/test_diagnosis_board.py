"""The diagnosis board on what the worker computed: words, charts, answers, in both languages and on a phone."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import numpy as np
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.cloud.conftest import _build_seeded
from tests.cloud.console.conftest import fresh_page, key_of, looked_at, served
from tests.cloud.console.test_browser import PHONE, WIDE, overflow, show
from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import Bench
from tests.cloud.worker.test_baselines import RATE, RPM, WAVE, machine
from tests.cloud.worker.test_diagnoses import ORDERS
from tests.fixtures.fix_postgres import DatabaseServer

pytestmark = [pytest.mark.browser, pytest.mark.system]

HEALTHY = 32
STEP_MS = 600_000
SHOTS = os.environ.get("CHEJIAN_TEST_SHOTS", "")
"""Folder for pictures of the board, to be looked at; none by default."""


def damaged(seed: int) -> bytes:
    """A sound window with an outer race that is struck."""
    rng = np.random.default_rng(seed)
    out = np.frombuffer(machine(seed), "<f4").astype(np.float64)
    age = np.arange(120) / RATE
    ring = np.exp(-800 * age) * np.sin(2 * np.pi * 3000 * age)
    for hit in np.arange(0, out.size / RATE, 60 / (RPM * ORDERS.bpfo)) + 1e-4 * rng.random():
        i = int(hit * RATE)
        out[i : i + 120] += 0.8 * ring[: out.size - i]
    return out.astype("<f4").tobytes()


@pytest.fixture(scope="module")
def url(postgres_server: DatabaseServer) -> Iterator[str]:
    """Database of MTS-01 with sound windows, then one out of balance, then a damaged outer race."""
    url = postgres_server.create(template=postgres_server.template("cloud seeded", _build_seeded))
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE app.bearing SET zone_group = 2, support = 'rigid'")
    now = datetime.now(UTC)
    blocks = [
        *(machine(i) for i in range(HEALTHY)),
        *(machine(i, 0.35) for i in range(HEALTHY, HEALTHY + 3)),
        *(damaged(i) for i in range(HEALTHY + 3, HEALTHY + 8)),
    ]
    start = int(now.timestamp() * 1000) - len(blocks) * STEP_MS
    rows: list[Row] = [("Motor/Speed", start, RPM)]
    rows += [(WAVE, start + i * STEP_MS + 500, block) for i, block in enumerate(blocks)]
    PlantRows(url).write("MTS-01", rows)
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE telemetry.device SET takes_requests = true")
    with Bench(url, now + timedelta(minutes=1)) as bench:
        bench.settle(diagnose=True)
    yield url
    postgres_server.drop(url)


@pytest.fixture(scope="module")
def site(url: str) -> Iterator[httpx.Client]:
    with served(url) as client:
        yield client


@pytest.fixture(scope="module")
def context(chromium: Browser, site: httpx.Client) -> Iterator[BrowserContext]:
    context = chromium.new_context(
        base_url=str(site.base_url), extra_http_headers=key_of(site), viewport=WIDE
    )
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, site: httpx.Client) -> Iterator[Page]:
    with looked_at(fresh_page(context, site)) as page:
        yield page


@pytest.fixture(scope="module")
def board(site: httpx.Client) -> str:
    (found,) = site.get("/api/v1/equipment", params={"code": "MTS-01"}).json()
    return f"/equipment/{found['equipment_id']}/diagnosis"


def picture(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


def test_the_card_says_what_how_sure_why_and_what_next(page: Page, board: str) -> None:
    show(page, f"{board}?lang=zh")
    card = page.inner_text("#chosen")
    assert "轴承外圈损伤" in card
    assert "安排更换轴承" in card
    assert "条高出背景" in card
    assert "谱相干印证" in card
    assert "剩余时间：无，因为变化开始以来的窗口不足 8 个" in card
    assert "区" in card[card.index("ISO 10816-3") :]
    picture(page, "board-zh")
    page.click("#list tbody tr:nth-child(6) .pick")  # the newest window out of balance
    page.wait_for_selector("#chosen >> text=转子不平衡")
    assert "1 阶为" in page.inner_text("#chosen")
    picture(page, "board-imbalance-zh")


def test_trend_waterfall_and_spectra_are_drawn(page: Page, board: str) -> None:
    show(page, f"{board}?lang=en")
    for chart in ("trend", "waterfall", "spectrum", "velocity"):
        assert page.query_selector(f"#{chart} svg, #{chart} canvas") is not None, chart
    assert "Zone limits 1.4 / 2.8 / 4.5 mm/s (group 2, rigid support)" in page.inner_text("#trend-note")
    series = page.evaluate(
        "echarts.getInstanceByDom(document.getElementById('trend')).getOption().series[0].data.map(([, v]) => v)"
    )
    assert len(series) == HEALTHY + 8
    assert max(series[:HEALTHY]) < 2.8
    assert min(series[HEALTHY : HEALTHY + 3]) > 4.5
    picture(page, "board-en")
    for figure in ("parts", "orders", "kurtosis", "rms"):
        page.select_option("#figure", figure)
        page.wait_for_selector(f"#trend[data-subject^='{figure}']")
    page.select_option("#kind", "velocity")
    page.wait_for_selector("#waterfall[data-subject^='velocity']")
    assert "auto-" in page.inner_text("#baselines")
    page.set_viewport_size(PHONE)
    assert overflow(page) <= 0
    picture(page, "board-phone-en")


def test_an_engineer_answers_and_takes_back(page: Page, board: str, site: httpx.Client) -> None:
    show(page, f"{board}?lang=en")
    page.fill("#user", "Wang Fang")
    page.fill("#answer-comment", "spall seen after dismounting")
    page.click("#confirm")
    page.wait_for_selector("#answered >> text=/^confirmed/")
    assert "Wang Fang" in page.inner_text("#answered")
    assert "spall seen" in page.inner_text("#answered")
    rows = {r["method"]: r for r in site.get("/api/v1/diagnosis-precision").json()}
    assert (rows["bearing_envelope"]["confirmed"], rows["bearing_envelope"]["precision"]) == (1, 1.0)
    page.wait_for_selector("#precision >> text=/100 %/")
    page.click("#withdraw")
    page.wait_for_selector("#answered >> text=/^taken back/")
    assert {r["confirmed"] for r in site.get("/api/v1/diagnosis-precision").json()} == {0}


def test_an_engineer_asks_for_a_waveform_and_sees_it_come(page: Page, board: str, url: str) -> None:
    """The gateway's notes are written here; tests/system/test_waveforms.py has the gateway itself."""
    show(page, f"{board}?lang=en")
    page.wait_for_selector("#asked >> text=/^Nobody has asked/")
    page.fill("#user", "Wang Fang")
    page.click("#ask")
    page.wait_for_selector("#asked >> text=/not sent yet/")
    assert page.is_disabled("#ask")
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO telemetry.waveform_request (request_id, device_id, sent_at)"
            " SELECT request_id, device_id, now() FROM app.wanted_waveform"
        )
    page.wait_for_selector("#asked >> text=/next window is awaited/")
    picture(page, "board-asked-en")
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE telemetry.waveform_request SET arrived_at = now(), (series_id, time) ="
            " (SELECT series_id, time FROM app.vibration_window ORDER BY time LIMIT 1)"
        )
    page.wait_for_selector("#asked >> text=/^Arrived at/")
    assert page.is_enabled("#ask")
    page.click("#asks summary")
    page.click("#asks .pick")
    page.wait_for_selector("#chosen >> text=Nothing found")
    show(page, f"{board}?lang=zh")
    page.wait_for_selector("#asked >> text=/已到达/")
    with psycopg.connect(url) as connection:
        connection.execute("UPDATE telemetry.device SET takes_requests = false")
    show(page, f"{board}?lang=zh")
    page.wait_for_selector("#asked >> text=/不接受索取/")
    assert page.is_disabled("#ask")
    picture(page, "board-asked-zh")
