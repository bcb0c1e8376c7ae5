"""The panel of cost on a workshop's energy page: what it shows of a tariff, and that without one it says so."""

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

import httpx
import pytest
from playwright.sync_api import Browser, Page

from tests.cloud.console.conftest import key_of, served
from tests.fixtures.browsers import ready
from tests.fixtures.fix_postgres import DatabaseServer

CENT = Decimal("0.01")
PERIODS = [
    {"start": "08:00", "end": "12:00", "band": "peak"},
    {"start": "12:00", "end": "20:00", "band": "flat"},
    {"start": "20:00", "end": "08:00", "band": "valley"},
]
TARIFF = {
    "prices": {"peak": "0.9", "flat": "0.6", "valley": "0.3"},
    "seasons": [{"periods": PERIODS}],
    "remark": "示例电价",
    "user_name": "li",
}


@pytest.fixture
def site(postgres_server: DatabaseServer, console_template: str) -> Iterator[httpx.Client]:
    url = postgres_server.create(template=console_template)
    with served(url) as client:
        yield client
    postgres_server.drop(url)


@pytest.fixture
def page(site: httpx.Client, chromium: Browser) -> Iterator[Page]:
    context = chromium.new_context(base_url=str(site.base_url), extra_http_headers=key_of(site))
    page = context.new_page()
    page.set_default_timeout(30_000)
    yield page
    context.close()


def show(page: Page, path: str) -> None:
    page.goto(path)
    ready(page)
    assert page.get_attribute("body", "data-failed") is None


def bands_of_the_shift(site: httpx.Client) -> list[dict[str, str]]:
    """What the API tells of electricity in the newest shift: which bands it meets depends on the hour of the day."""
    sums = site.get("/api/v1/workshops/2/energy", params={"window": "shift"}).json()
    span = max(sums, key=lambda s: s["start"])
    told = site.get(
        "/api/v1/workshops/2/energy/cost", params={"from": span["start"], "to": span["end"]}
    ).json()
    bands: list[dict[str, str]] = next(c for c in told["carriers"] if c["carrier"] == "electricity")["bands"]
    assert bands
    return bands


def test_bands_are_shown_as_the_api_tells_them(site: httpx.Client, page: Page) -> None:
    show(page, "/workshops/2/energy?lang=en")
    assert "No tariff is registered for: " in page.inner_text("#cost")
    assert page.locator("#cost table").count() == 0
    own = next(w for w in site.get("/api/v1/workshops").json() if w["workshop_id"] == 2)["enterprise"]
    path = f"/api/v1/enterprises/{own}/tariffs/electricity/2020-01-01"
    assert site.put(path, json=TARIFF).status_code == 204
    show(page, "/workshops/2/energy?lang=en")
    bands = bands_of_the_shift(site)
    rows = page.locator("#cost tbody tr")
    shown = len(bands)
    assert rows.count() == shown + (shown > 1)
    for row, band in zip(rows.all()[:shown], bands, strict=True):
        text = row.inner_text()
        assert {"peak": "Peak", "flat": "Flat", "valley": "Valley"}[band["band"]] in text
        assert f"{Decimal(band['cost']).quantize(CENT, ROUND_HALF_UP):,} CNY" in text
        assert f"{band['price']} CNY/kWh" in text
    assert "tariff from 2020-01-01 (示例电价)" in page.inner_text("#cost")
    assert "Steam" in page.locator("#cost p").last.inner_text()


def test_the_panel_speaks_chinese(site: httpx.Client, page: Page) -> None:
    own = next(w for w in site.get("/api/v1/workshops").json() if w["workshop_id"] == 2)["enterprise"]
    path = f"/api/v1/enterprises/{own}/tariffs/electricity/2020-01-01"
    assert site.put(path, json=TARIFF).status_code == 204
    show(page, "/workshops/2/energy?lang=zh")
    text = page.locator("section[aria-labelledby=cost-title]").inner_text()
    assert "电费" in text
    assert "元/kWh" in text
    for band in bands_of_the_shift(site):
        assert {"peak": "高峰", "flat": "平段", "valley": "低谷"}[band["band"]] in text


def test_the_window_of_the_address_is_the_one_that_is_shown(site: httpx.Client, page: Page) -> None:
    show(page, "/workshops/2/energy?lang=en&window=hour")
    hours = site.get("/api/v1/workshops/2/energy", params={"window": "hour"}).json()
    told = page.locator("#window-which option").all_inner_texts()
    assert page.input_value("#window-kind") == "hour"
    assert len(told) >= len(hours) > 10
