"""Pages of regions in a browser: values typed with their source, errors told, two tabs, files, both languages."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest
from chejian_cloud.access.permissions import Role
from playwright.sync_api import Browser, FilePayload, expect

from tests.cloud.console.axe import violations
from tests.cloud.console.conftest import key_of, served
from tests.cloud.keys import bearer
from tests.cloud.regions.conftest import CLASSES
from tests.fixtures.browsers import ready

pytestmark = [pytest.mark.browser, pytest.mark.system]
PATHS = ("/regions", "/regions/1")
NATIONAL = "item,value,source,confidence\nkey_process_nc,55.3%,gazette 2022,A\nplatform,0.3,gazette 2022,B\n"
BASE = "/api/v1/regional-assessments"
CONTROLLED = """
INSERT INTO app.key_process (enterprise_id, workshop_id, code, name_zh, name_en, controlled)
SELECT enterprise_id, workshop_id, 'K1', '粗车', 'Roughing', true FROM app.workshop WHERE workshop_id = 1
"""


@pytest.fixture
def site(make_database: Callable[..., str], console_template: str) -> Iterator[httpx.Client]:
    """The province's; one workshop of an enterprise has submitted a form this year."""
    dsn = make_database(template=console_template)
    with psycopg.connect(dsn) as connection:
        connection.execute(CONTROLLED)
        code = connection.execute(
            "SELECT e.code FROM app.workshop w JOIN app.enterprise e USING (enterprise_id) WHERE w.workshop_id = 1"
        ).fetchone()
    assert code is not None
    with served(dsn, bearer(dsn, Role.PROVINCE, "230000")) as client:
        own = {"headers": bearer(dsn, Role.ENGINEER, code[0])}
        start = {"standard": "gbt37393-2019", "workshop_id": 1, "industry": "discrete"}
        form = client.post("/api/v1/assessments", json=start, **own).json()  # type: ignore[arg-type] # headers only
        path = f"/api/v1/assessments/{form['assessment_id']}/submit"
        client.post(path, json={"lock": form["lock"]}, **own).raise_for_status()  # type: ignore[arg-type]
        yield client


def test_a_province_fills_a_year_in_and_two_tabs_do_not_overwrite_each_other(
    site: httpx.Client, chromium: Browser
) -> None:
    wrong: list[Any] = []
    with chromium.new_context(extra_http_headers=key_of(site)) as context:
        page, other = context.new_page(), context.new_page()
        for each in (page, other):
            each.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(f"{site.base_url}/regions?lang=zh")
        ready(page)
        page.select_option("#standard", "regional-index-2015")
        page.select_option("#region", "230000")
        page.fill("#year", "2015")
        page.get_by_role("button", name="新建").click()
        page.wait_for_url("**/regions/1")
        ready(page)
        other.goto(f"{site.base_url}/regions/1?lang=zh")
        ready(other)
        for name, value in zip(("基础环境", "工业应用", "应用效益"), CLASSES.values(), strict=True):
            page.get_by_label(f"{name}: 数值").fill(value)
        page.get_by_role("button", name="保存", exact=True).click()
        page.locator("#wrong").get_by_text("document, table or page").first.wait_for()
        for name in ("基础环境", "工业应用", "应用效益"):
            page.get_by_label(f"{name}: 来源").fill("蓝皮书 2015")
            page.get_by_label(f"{name}: 可信度").select_option("A")
        page.get_by_role("button", name="保存", exact=True).click()
        page.get_by_text("已保存。").wait_for()
        assert page.inner_text("#result .big") == "76.50"

        other.get_by_label("应用效益: 数值").fill("99")
        other.get_by_label("应用效益: 来源").fill("另一份")
        other.get_by_role("button", name="保存", exact=True).click()
        other.get_by_text("另一标签页修改").wait_for()
        assert site.get(f"{BASE}/1").json()["result"]["total"] == 76.5
        assert other.get_by_label("应用效益: 数值").input_value() == "99"  # still there, to be looked over
        assert other.get_by_label("基础环境: 数值").input_value() == "80.2"
        assert violations(page) == []
        page.fill("#comment", "按公布值")
        page.get_by_role("button", name="提交").click()
        page.locator("#steps").get_by_text("原样").wait_for()
        assert page.locator("#save").is_hidden()
        page.goto(f"{site.base_url}/regions?lang=en")
        ready(page)
        row = page.locator("#comparison tbody tr", has=page.get_by_role("link", name="Heilongjiang"))
        assert "76.50" in row.inner_text()
        assert "98.80" in page.inner_text("#comparison")  # Guangdong, as published
        assert violations(page) == []
        for form, first in (("csv", b"\xef\xbb\xbfregion,"), ("xlsx", b"PK")):
            assert site.get(str(page.get_attribute(f"#{form}", "href"))).content.startswith(first)
        assert "[object" not in page.inner_text("main")
        assert wrong == []


def test_measured_stands_beside_declared_and_a_file_tells_every_error(
    site: httpx.Client, chromium: Browser
) -> None:
    end = datetime.fromisoformat(site.get("/api/v1/assessments/1").json()["window_end"])
    year = (end - timedelta(seconds=1)).astimezone(ZoneInfo("Asia/Shanghai")).year
    asked = {"standard": "national-indicators", "region": "230000", "year": year}
    form = site.post(BASE, json=asked).json()
    with chromium.new_context(extra_http_headers=key_of(site)) as context:
        page = context.new_page()
        page.goto(f"{site.base_url}/regions/{form['region_assessment_id']}?lang=en")
        ready(page)

        def send(content: str) -> None:
            file: FilePayload = {"name": "v.csv", "mimeType": "text/csv", "buffer": content.encode()}
            page.set_input_files("#file", file)
            page.locator("#import-form button").click()

        send(NATIONAL.replace("55.3%", "much").replace("B\n", "E\n"))
        expect(page.locator("#wrong tbody tr")).to_have_count(2)
        send(NATIONAL)
        page.get_by_text("Imported 2 rows, 2 items changed.").wait_for()
        assert page.get_by_label("Key processes under numerical control: Value").input_value() == "55.3"
        row = page.locator(
            "#values tr", has=page.get_by_label("Key processes under numerical control: Value")
        )
        told = row.inner_text()
        assert "Measured 100.0 %" in told
        assert "1 of" in told
        assert "nothing from the platform" in page.inner_text("#values")
        row.get_by_text("Which enterprises").click()
        row.get_by_role("link").first.click()
        page.wait_for_url("**/assessments/1*")
        page.go_back()
        ready(page)
        assert violations(page) == []
        assert "NaN" not in page.inner_text("main")
