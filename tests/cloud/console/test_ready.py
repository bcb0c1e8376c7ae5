"""A page that never comes tells what it waits for, so that a failure in CI can be read."""

import pytest
from playwright.sync_api import Browser

from tests.fixtures import browsers

pytestmark = pytest.mark.browser
PAGE = """<body data-failed="refused"><script>console.error('no such signal'); fetch('http://page.test/slow')</script>"""


def test_what_a_page_waits_for_is_told(chromium: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browsers, "WAIT_MS", 500)
    page = chromium.new_page()
    page.route("http://page.test/slow", lambda _route: None)  # never answered
    page.route("http://page.test/", lambda route: route.fulfill(body=PAGE, content_type="text/html"))
    page.goto("http://page.test/")
    with pytest.raises(AssertionError) as told:
        browsers.ready(page)
    for part in (
        "http://page.test/ is not",
        "refused",
        "waits for ['http://page.test/slow']",
        "no such signal",
    ):
        assert part in str(told.value)
    page.close()
