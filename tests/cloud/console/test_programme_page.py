"""Pages of the programme in a browser: the map by keyboard, the plan, both numbers of a contradiction, files, no errors."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from chejian_cloud.access.permissions import Role
from playwright.sync_api import Browser, Page, expect

from tests.cloud.console.axe import violations
from tests.cloud.console.conftest import key_of, served
from tests.cloud.keys import bearer
from tests.cloud.programme.test_outlines import made_up, stored
from tests.cloud.programme.test_ranking import SCORED, submit
from tests.fixtures.browsers import ready

pytestmark = [pytest.mark.browser, pytest.mark.system]
PATHS = ("/programme", "/programme/entries/1")
_ENTRIES = """
INSERT INTO app.programme_entry (enterprise_id, workshop_id, kind, code, name_zh, name_en, city_code, sector, industry, status,
                                 counts_from, changed_by)
SELECT w.enterprise_id, w.workshop_id, 'workshop', w.code, w.name_zh, w.name_en, w.city_code, 'power', 'discrete',
       'recognised', '2018-06-30', 'zhao' FROM app.workshop w ORDER BY 2;
INSERT INTO app.programme_milestone (programme_entry_id, enterprise_id, kind, due_on)
SELECT programme_entry_id, enterprise_id, 'accepted', '2020-01-31' FROM app.programme_entry WHERE programme_entry_id = 1;
"""
HOSTILE = "<img src=x onerror=alert(1)>{{ 7 * 7 }}"


@pytest.fixture
def site(make_database: Callable[..., str], console_template: str) -> Iterator[httpx.Client]:
    dsn = make_database(template=console_template)
    with psycopg.connect(dsn) as connection:
        connection.execute(_ENTRIES.encode())
        connection.execute(
            "UPDATE app.programme_entry SET name_zh = %s WHERE programme_entry_id = 2", [HOSTILE]
        )
        connection.execute("UPDATE app.programme_entry SET name_en = '' WHERE programme_entry_id = 2")
    submit(dsn, 1, {**dict.fromkeys(SCORED[:20], "80"), "digital_production_equipment": "0.1"})
    with served(dsn, bearer(dsn, Role.PROVINCE, "230000")) as client:
        yield client


def opened(chromium: Browser, site: httpx.Client, path: str, wrong: list[Any]) -> Page:
    page = chromium.new_page(extra_http_headers=key_of(site), viewport={"width": 1400, "height": 1000})
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.goto(f"{site.base_url}{path}")
    ready(page)
    return page


@pytest.mark.parametrize(
    ("language", "both_numbers"),
    [("zh", "申报 10.0 %，实测 100.0 %"), ("en", "declared 10.0 %, measured 100.0 %")],
)
def test_the_programme_is_told_as_text_and_used_by_keyboard(
    site: httpx.Client, chromium: Browser, language: str, both_numbers: str
) -> None:
    wrong: list[Any] = []
    page = opened(chromium, site, f"/programme?lang={language}", wrong)
    assert violations(page) == []
    assert page.locator("g.tile").count() == 13
    cities = {c["code"]: c for c in site.get("/api/v1/programme/cities").json()}
    for code, counted in cities.items():
        value = page.locator(f'g.tile[data-code="{code}"] .tile-value').text_content()
        assert str(value).strip() == f"{counted['recognised']}/{counted['workshops']}"
    assert both_numbers in page.inner_text("#ranking")
    assert HOSTILE in page.inner_text("#ranking")
    ranked = site.get("/api/v1/programme/ranking").json()
    assert page.locator("#ranking tbody tr").count() == len(ranked)
    assert page.locator("#targets tbody tr").count() == len(site.get("/api/v1/programme/targets").json())

    empty = next(code for code, counted in cities.items() if counted["workshops"] == 0)
    tile = page.locator(f'g.tile[data-code="{empty}"]')
    tile.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#ranking tbody tr")).to_have_count(0)
    assert tile.get_attribute("aria-pressed") == "true"
    assert page.evaluate("document.activeElement.dataset.code") == empty
    assert f"city={empty}" in str(page.get_attribute("#csv", "href"))
    page.keyboard.press("Space")
    expect(page.locator("#ranking tbody tr")).to_have_count(len(ranked))
    for form, start in (("csv", b"\xef\xbb\xbfrank,"), ("xlsx", b"PK")):
        answer = site.get(str(page.get_attribute(f"#{form}", "href")))
        assert answer.content.startswith(start)
        assert re.search(rf'filename="ranking-\d{{8}}\.{form}"', answer.headers["content-disposition"])

    page.fill("#scenario-energy-growth", "-2")
    page.fill("#scenario-value-growth", "5")
    page.locator("#scenario-form button").click()
    page.get_by_text("-29.2 %").wait_for()  # (0.98 / 1.05)^5 - 1
    assert violations(page) == []
    assert "[object" not in page.inner_text("main")
    assert "NaN" not in page.inner_text("main")
    assert wrong == []
    page.close()


def test_a_map_of_ones_own_is_drawn_with_its_approval_number(
    make_database: Callable[..., str], console_template: str, chromium: Browser, tmp_path: Path
) -> None:
    dsn = make_database(template=console_template)
    wrong: list[Any] = []
    with served(dsn, bearer(dsn), programme_map=stored(tmp_path, made_up())) as site:
        page = opened(chromium, site, "/programme?lang=zh", wrong)
        assert page.locator("#map g.tile path.tile-area").count() == 13
        assert "审图号：测S(2026)001号" in page.inner_text("#map-meta")
        boxes = {
            code: page.locator(f'g.tile[data-code="{code}"] path').bounding_box()
            for code in ("230100", "230200")
        }
        first, second = boxes["230100"], boxes["230200"]
        assert first is not None
        assert second is not None
        assert second["x"] > first["x"], "the second lies one degree further east"
        page.locator('g.tile[data-code="230200"]').focus()
        page.keyboard.press("Enter")
        expect(page.locator("#city")).to_have_value("230200")
        assert violations(page) == []
        assert wrong == []
        page.close()


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh", ("节点超期：验收", "申报 10.0 %，实测 100.0 %")),
        ("en", ("overdue: accepted", "declared 10.0 %, measured 100.0 %")),
    ],
)
def test_a_workshop_shows_what_it_stands_on_and_leads_to_the_evidence(
    site: httpx.Client, chromium: Browser, language: str, words: tuple[str, str]
) -> None:
    wrong: list[Any] = []
    page = opened(chromium, site, f"/programme/entries/1?lang={language}", wrong)
    for each in words:
        assert each in page.inner_text("main")
    assert violations(page) == []
    page.locator("#forms a").first.click()
    page.wait_for_url("**/assessments/1")
    assert wrong == []
    page.close()
