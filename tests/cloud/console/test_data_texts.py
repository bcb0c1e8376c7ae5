"""What data files say reaches the pages of assessments, regions and the programme in the page's language alone."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import httpx
import pytest
from chejian_cloud.access.permissions import Role
from playwright.sync_api import Browser, Page

from tests.cloud.console.conftest import key_of, served
from tests.cloud.keys import bearer
from tests.cloud.programme.test_ranking import SCORED, submit
from tests.fixtures.browsers import ready

pytestmark = [pytest.mark.browser, pytest.mark.system]
BOTH = pytest.mark.parametrize(("language", "other"), [("zh", "en"), ("en", "zh")])


@pytest.fixture
def site(make_database: Callable[..., str], console_template: str) -> Iterator[httpx.Client]:
    """The province's, with a submitted form of an enterprise and a form of a region."""
    dsn = make_database(template=console_template)
    submit(dsn, 1, dict.fromkeys(SCORED[:20], "80"))
    with served(dsn, bearer(dsn, Role.PROVINCE, "230000")) as client:
        body = {"standard": "national-indicators", "region": "230000", "year": 2020}
        client.post("/api/v1/regional-assessments", json=body).raise_for_status()
        yield client


@pytest.fixture
def page(site: httpx.Client, chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(extra_http_headers=key_of(site))
    yield page
    page.close()


def opened(page: Page, site: httpx.Client, path: str) -> str:
    page.goto(f"{site.base_url}{path}")
    ready(page)
    return page.text_content("main") or ""


def texts(row: Mapping[str, Any], keys: Iterable[str], language: str) -> list[str]:
    return [row[f"{key}_{language}"] for key in keys if row[f"{key}_{language}"]]


def held(shown: str, wanted: Iterable[str], unwanted: Iterable[str]) -> None:
    """Every wanted text is shown, no other one; texts that are the same in both languages are wanted."""
    expected = set(wanted)
    assert [text for text in expected if text not in shown] == []
    left = shown
    for text in sorted(expected, key=len, reverse=True):  # a title within may be a text of the other language
        left = left.replace(text, "")
    assert [text for text in set(unwanted) - expected if text in left] == []


@BOTH
def test_the_programme_says_where_from_and_how_in_the_language_of_the_page(
    site: httpx.Client, page: Page, language: str, other: str
) -> None:
    plan = site.get("/api/v1/programme").json()
    targets = site.get("/api/v1/programme/targets").json()
    shown = opened(page, site, f"/programme?lang={language}")
    head = ("source", "places_source")
    held(shown, texts(plan, head, language), texts(plan, head, other))
    told = ("source", "method", "note")
    assert len(targets) >= 20
    for target in targets:
        page.select_option("#target", target["id"])
        shown = page.inner_text("#progress-meta") + page.inner_text("#verdict")
        held(shown, texts(target, told, language), texts(target, told, other))


@BOTH
def test_an_assessment_says_where_from_and_how_in_the_language_of_the_page(
    site: httpx.Client, page: Page, language: str, other: str
) -> None:
    (form,) = site.get("/api/v1/assessments").json()
    form = site.get(f"/api/v1/assessments/{form['assessment_id']}").json()
    shown = opened(page, site, f"/assessments/{form['assessment_id']}?lang={language}")
    rows = [
        *((form["standard"], ("source",)),),
        *((item, ("source", "note", "formula")) for item in form["items"]),
        *((each, ("formula",)) for each in form["evidence"]),
    ]
    wanted = [text for row, keys in rows for text in texts(row, keys, language)]
    assert len(set(wanted)) >= 20
    held(shown, wanted, [text for row, keys in rows for text in texts(row, keys, other)])


@BOTH
def test_a_region_says_where_from_and_how_in_the_language_of_the_page(
    site: httpx.Client, page: Page, language: str, other: str
) -> None:
    form = site.get("/api/v1/regional-assessments/1").json()
    shown = opened(page, site, f"/regions/1?lang={language}")
    rows = [
        (form["standard"], ("source", "note")),
        *((item, ("formula", "definition_source")) for item in form["items"]),
    ]
    wanted = [text for row, keys in rows for text in texts(row, keys, language)]
    assert len(set(wanted)) >= 10
    held(shown, wanted, [text for row, keys in rows for text in texts(row, keys, other)])
    standard = next(s for s in site.get("/api/v1/assessment-standards").json() if s["subject"] == "region")
    shown = opened(page, site, f"/regions?lang={language}")
    compared = site.get("/api/v1/regional-comparison", params={"standard": "regional-index-2015"}).json()
    published = [row for row in compared["rows"] if row["state"] == "published"]
    assert published
    page.select_option("#compared", "regional-index-2015")
    row = published[0]
    page.get_by_text(row[f"source_{language}"]).first.wait_for()
    assert row[f"source_{other}"] not in (page.text_content("#comparison") or "")
    assert standard[f"document_{language}"] in shown
