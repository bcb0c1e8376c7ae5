"""A person in front of headless Chromium: the button, the provider's page, the console, and out again through the provider."""

import pytest
from playwright.sync_api import ConsoleMessage, expect, sync_playwright

from tests.cloud.access.oidc.conftest import Site, Walk
from tests.cloud.console.axe import violations
from tests.fixtures.browsers import launch

pytestmark = [pytest.mark.browser, pytest.mark.system]


def test_in_by_the_button_and_out_through_the_provider(site: Site, walk: Walk) -> None:
    site.provider.log_in_as("chromium-1", "/engineers", page=True)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        page = browser.new_page()
        told: list[str] = []

        def listen(message: ConsoleMessage) -> None:
            if message.type == "error" and message.location["url"].startswith(site.base):
                told.append(message.text)

        page.on("console", listen)
        for language in ("en", "zh"):
            page.goto(f"{site.base}/login?problem=unknown&lang={language}")
            assert violations(page) == []
        page.goto(f"{site.base}/password")  # leads to the log-in, and back afterwards
        page.get_by_role("link", name="使用示范企业统一身份认证登录").click()
        page.get_by_role("button", name="李明").click()
        page.wait_for_url(f"{site.base}/password")
        expect(page.get_by_role("link", name="李明")).to_be_visible()
        page.route("**/plant/logout?*", lambda route: route.abort("aborted"))
        page.get_by_role("button", name="退出登录").click()
        expect(page.get_by_role("heading", name="已退出登录")).to_be_visible()
        assert violations(page) == []
        page.unroute("**/plant/logout?*")
        page.get_by_role("link", name="立即前往").click()
        page.wait_for_url(f"{site.base}/login")
        page.goto(f"{site.base}/login/plant/return?state=x&code=y")
        expect(page.get_by_role("alert")).to_contain_text("请重新登录")
        page.get_by_role("link", name="English").click()
        expect(page.get_by_role("alert")).to_contain_text("Please log in again")
        assert told == []
        browser.close()
