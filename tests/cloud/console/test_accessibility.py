"""Pages around the boards are accessible as well, and no page is left out by the tests that look."""

from collections.abc import Iterator

import httpx
import pytest
from chejian_cloud.access.commands import first_run
from chejian_cloud.console import (
    access_pages,
    assessment_pages,
    programme_pages,
    region_pages,
    registry_pages,
    routes,
)
from fastapi.routing import APIRoute
from playwright.sync_api import Browser, BrowserContext

from tests.cloud.conftest import _build_seeded
from tests.cloud.console import (
    test_assessment_page,
    test_browser,
    test_kpi_pages,
    test_programme_page,
    test_region_page,
    test_wallboard,
)
from tests.cloud.console.axe import violations
from tests.cloud.console.conftest import fresh_page, key_of, served
from tests.fixtures.browsers import LISTENS, ready
from tests.fixtures.fix_postgres import DatabaseServer

pytestmark = [pytest.mark.browser, pytest.mark.system]
INSIDE = (
    "/",
    "/accounts",
    "/reports",
    "/registry",
    "/registry/import",
    "/registry/devices",
    "/password",
    "/equipment/999",
)
OUTSIDE = ("/login",)
NO_PAGES = {
    "/console/foreign",
    "/diagnoses/{diagnosis_id}/waveform.csv",
    "/console/texts/{language}.json",
    "/at/{enterprise}/equipment/{code}",
    "/at/{enterprise}/workshops/{workshop}",
}
"""A part of the health page, files, and addresses that lead to pages."""


@pytest.fixture(scope="module")
def site(postgres_server: DatabaseServer) -> Iterator[httpx.Client]:
    url = postgres_server.create(template=postgres_server.template("cloud seeded", _build_seeded))
    link = first_run(url)
    assert link is not None
    with served(url) as client:
        client.headers["x-first-link"] = link
        yield client
    postgres_server.drop(url)


@pytest.fixture(scope="module")
def contexts(chromium: Browser, site: httpx.Client) -> Iterator[dict[bool, BrowserContext]]:
    """Of somebody who is logged in, and of somebody who is not."""
    both = {
        inside: chromium.new_context(
            base_url=str(site.base_url), extra_http_headers=key_of(site) if inside else {}
        )
        for inside in (True, False)
    }
    yield both
    for context in both.values():
        context.close()


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("path", [*INSIDE, *OUTSIDE, "/link"])
def test_pages_that_no_other_test_opens(
    contexts: dict[bool, BrowserContext], site: httpx.Client, path: str, language: str
) -> None:
    address = site.headers["x-first-link"] if path == "/link" else path
    address += f"{'&' if '?' in address else '?'}lang={language}"
    page = fresh_page(contexts[path in INSIDE], site)
    page.goto(address)
    if page.query_selector("script"):
        ready(page)
        page.wait_for_selector(LISTENS)
    assert page.get_attribute("html", "lang") == {"zh": "zh-CN", "en": "en"}[language]
    name = "missing" if path == "/equipment/999" else path.strip("/").replace("/", "_") or "overview"
    assert page.get_attribute("body", "data-page") == name
    assert violations(page) == []
    page.close()


def test_axe_sees_what_is_wrong(contexts: dict[bool, BrowserContext], site: httpx.Client) -> None:
    page = fresh_page(contexts[False], site)
    page.goto("/login")
    page.evaluate(
        "() => { for (const label of document.querySelectorAll('label')) label.replaceWith(...label.querySelectorAll('input')); }"
    )
    assert any(line.startswith("label: ") for line in violations(page))
    page.reload()
    page.evaluate(
        "() => { const look = document.querySelector('main button').style; look.colorScheme = 'light dark'; look.background = 'ButtonFace'; look.color = '#333'; }"
    )
    (line,) = violations(page)
    assert line.startswith("dark: color-contrast: ")
    page.close()


def test_every_page_is_looked_at() -> None:
    looked = {
        *test_browser.PATHS,
        *test_kpi_pages.PATHS,
        *test_assessment_page.PATHS,
        *test_programme_page.PATHS,
        *test_region_page.PATHS,
        *test_wallboard.PATHS,
        *INSIDE,
        *OUTSIDE,
        "/link",
    }
    routers = (
        routes.router,
        access_pages.router,
        assessment_pages.router,
        programme_pages.router,
        region_pages.router,
        registry_pages.router,
    )
    known = [r for part in routers for r in part.routes]
    pages = [
        r for r in known if isinstance(r, APIRoute) and "GET" in (r.methods or ()) and r.path not in NO_PAGES
    ]
    assert len(pages) > 15
    assert {
        r.path for r in pages if not any(r.path_regex.match(path.split("?")[0]) for path in looked)
    } == set()
