"""Light and dark: whose choice it is, how it is kept, and that everything follows it."""

import re
from collections.abc import Iterator
from typing import Literal

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.cloud.console.axe import TAGS, violations
from tests.cloud.console.conftest import key_of
from tests.cloud.console.test_browser import WIDE, show
from tests.cloud.console.test_look import PALETTES

SYSTEM = "screen and (prefers-color-scheme: dark)"
SCHEMES: tuple[Literal["dark", "light"], ...] = ("dark", "light", "dark")
THEMES = {"system": SYSTEM, "light": None, "dark": "screen"}
HOSTILE = ('"><script>alert(1)</script>', "DARK", "", "dark;light", "blue")
BOARDS = ("/", "/workshops/1", "/equipment/5", "/equipment/5/diagnosis", "/programme")
DRAWN = "[...document.querySelectorAll('.chart svg')].map((svg) => svg.outerHTML.toLowerCase()).join('')"


def media(page: str) -> str | None:
    """Media of the dark palette in a page's head."""
    found = re.search(r'<link [^>]*palette-dark\.css"[^>]* media="([^"]+)"', page)
    return found and found[1]


def choose(pages: httpx.Client, theme: str, page: str = "/", **headers: str) -> httpx.Response:
    return pages.post("/theme", data={"theme": theme, "next": page}, headers=headers, follow_redirects=False)


@pytest.fixture(autouse=True)
def no_cookies(pages: httpx.Client) -> None:
    """Every test begins as a browser that never chose a theme."""
    pages.cookies.clear()


@pytest.mark.parametrize("theme", THEMES)
def test_the_page_comes_in_the_theme_of_the_cookie(pages: httpx.Client, theme: str) -> None:
    answer = choose(pages, theme, "/workshops/1?lang=en")
    assert (answer.status_code, answer.headers["location"]) == (303, "/workshops/1?lang=en")
    page = pages.get("/health").text
    assert media(page) == THEMES[theme]
    assert re.findall(r'<body [^>]*data-theme="(\w+)"', page) == [theme]
    pressed = re.findall(r'value="(\w+)" aria-pressed="true"', page)
    assert pressed == [theme]


def test_the_cookie_is_kept_from_scripts_and_other_sites(pages: httpx.Client) -> None:
    told = choose(pages, "dark").headers["set-cookie"]
    assert told.startswith("chejian_theme=dark;")
    assert {"HttpOnly", "SameSite=lax", "Max-Age=31536000", "Path=/"} <= set(told.split("; "))
    assert (
        "Max-Age=0" in choose(pages, "system").headers["set-cookie"]
    )  # nothing is kept of who goes with the system


@pytest.mark.parametrize("value", HOSTILE)
def test_a_theme_that_is_none_is_refused_and_ignored(pages: httpx.Client, value: str) -> None:
    refused = choose(pages, value)
    assert refused.status_code == 422
    assert "set-cookie" not in refused.headers
    page = pages.get("/health", headers={"Cookie": f"chejian_theme={value.replace(';', '%3B')}"}).text
    assert media(page) == SYSTEM
    assert 'data-theme="system"' in page
    assert "alert(1)" not in page


@pytest.mark.parametrize(
    "elsewhere", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example"]
)
def test_it_leads_back_to_pages_of_ours_only(pages: httpx.Client, elsewhere: str) -> None:
    assert choose(pages, "dark", elsewhere).headers["location"] == "/"


def test_no_link_and_no_other_site_changes_it(pages: httpx.Client) -> None:
    linked = pages.get("/health", params={"theme": "dark"})
    assert "set-cookie" not in linked.headers
    assert media(linked.text) == SYSTEM
    assert pages.get("/theme", params={"theme": "dark"}).status_code == 405
    with httpx.Client(base_url=pages.base_url) as browser:  # without a token, as browsers are
        for origin in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elsewhere.example"}):
            refused = browser.post("/theme", data={"theme": "dark", "next": "/login"}, headers=origin)
            assert refused.status_code == 403
            assert "set-cookie" not in refused.headers
        own = choose(browser, "dark", "/login", **{"Sec-Fetch-Site": "same-origin"})
        assert (own.status_code, own.headers["location"]) == (303, "/login")
        assert media(browser.get("/login").text) == "screen"  # before anybody logs in, too


@pytest.fixture
def browser_page(pages: httpx.Client, chromium: Browser) -> Iterator[Page]:
    context = context_of(pages, chromium)
    page = context.new_page()
    yield page
    context.close()


def context_of(pages: httpx.Client, chromium: Browser, theme: str | None = None) -> BrowserContext:
    """A browser that has chosen `theme`, on a system that is set to dark."""
    context = chromium.new_context(
        base_url=str(pages.base_url), extra_http_headers=key_of(pages), viewport=WIDE, color_scheme="dark"
    )
    if theme:
        context.add_cookies([{"name": "chejian_theme", "value": theme, "url": str(pages.base_url)}])
    return context


def ground(page: Page) -> str:
    return str(page.evaluate("getComputedStyle(document.documentElement).backgroundColor"))


def rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*(int(colour[i : i + 2], 16) for i in (1, 3, 5)))


def charts_in(page: Page, scheme: str) -> str:
    """Charts of the page, once they are drawn in the text colour of `scheme`: a browser tells scripts of a new scheme
    with its next frame."""
    page.wait_for_function(f"(text) => {DRAWN}.includes(text)", arg=PALETTES[scheme]["text"])
    return str(page.evaluate(DRAWN))


@pytest.mark.system
@pytest.mark.browser
def test_charts_follow_the_system_and_paper_is_light(browser_page: Page) -> None:
    page = browser_page
    for path in ("/workshops/1", "/equipment/5/diagnosis"):
        page.emulate_media(color_scheme="dark")
        show(page, path)
        page.wait_for_selector(".chart svg")
        seen: dict[str, str] = {}
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            assert ground(page) == rgb(PALETTES[scheme]["page"])
            drawn = charts_in(page, scheme)
            other = "light" if scheme == "dark" else "dark"
            for name in ("text", "text-muted", "line-1", "panel"):
                assert PALETTES[other][name] not in drawn, (path, scheme, name)
            assert seen.setdefault(scheme, drawn).count("<path") == drawn.count("<path")
        page.evaluate(
            f"addEventListener('beforeprint', () => {{ document.body.dataset.printed = {DRAWN}; }})"
        )
        page.pdf(print_background=True)
        printed = page.get_attribute("body", "data-printed")
        assert printed is not None
        assert PALETTES["light"]["text"] in printed
        assert PALETTES["dark"]["text"] not in printed
        charts_in(page, "dark")  # and back on the screen
        page.emulate_media(media="print")
        assert ground(page) == rgb(PALETTES["light"]["page"])
        page.emulate_media(media="screen")


@pytest.mark.system
@pytest.mark.browser
def test_the_control_works_without_a_script(pages: httpx.Client, chromium: Browser) -> None:
    context = chromium.new_context(
        base_url=str(pages.base_url), color_scheme="light", java_script_enabled=False
    )
    page = context.new_page()
    page.goto("/login?lang=en")
    for name, colour in (("Dark", "dark"), ("As the system", "light"), ("Dark", "dark"), ("Light", "light")):
        page.get_by_role("button", name=name).click()
        assert page.get_by_role("button", name=name).get_attribute("aria-pressed") == "true"
        assert page.url.endswith("/login?lang=en")
        scheme = page.locator("html").evaluate("(e) => getComputedStyle(e).colorScheme")
        assert scheme == colour
    context.close()


@pytest.mark.system
@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_chosen_theme_holds_on_every_board(pages: httpx.Client, chromium: Browser, theme: str) -> None:
    """What a theme does to contrast, `axe.violations` looks at on every page: here it follows the system."""
    context = context_of(pages, chromium, theme)
    page = context.new_page()
    for path in BOARDS:
        show(page, path)
        assert ground(page) == rgb(PALETTES[theme]["page"])  # whatever the system is set to
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert violations(page, TAGS) == []
    context.close()
