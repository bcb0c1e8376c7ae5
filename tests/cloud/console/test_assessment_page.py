"""The page of an assessment in a browser: both numbers of a contradiction, answers saved as they are typed, no errors."""

from collections.abc import Callable
from typing import Any

import pytest
from chejian_cloud.access.permissions import Role
from playwright.sync_api import Browser, FilePayload, Route, expect

from tests.cloud.console.axe import violations
from tests.cloud.console.conftest import key_of, served
from tests.cloud.keys import bearer
from tests.fixtures.browsers import ready

pytestmark = [pytest.mark.browser, pytest.mark.system]
PDF = b"%PDF-1.7 contract"
PATHS = ("/assessments", "/assessments/1")
START = {"standard": "gbt37393-2019", "workshop_id": 1, "industry": "discrete"}
OUTBOX = "chejian outbox"
SAID = {"zh": "申报 95.0 % 高于实测", "en": "declared 95.0 %, above the measured"}


def test_an_enterprise_fills_a_form_in_and_sees_what_telemetry_says(
    make_database: Callable[..., str], console_template: str, chromium: Browser
) -> None:
    dsn = make_database(template=console_template)
    with served(dsn, bearer(dsn, Role.ENTERPRISE_ADMIN, "hlj-demo")) as site:
        form = site.post("/api/v1/assessments", json=START).json()
        path = f"/api/v1/assessments/{form['assessment_id']}"
        wrong: list[Any] = []
        page = chromium.new_page(extra_http_headers=key_of(site))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.goto(f"{site.base_url}/assessments/{form['assessment_id']}?lang=zh")
        ready(page)
        assert violations(page) == []
        page.get_by_role("button", name="改为申报").nth(1).click()
        field = page.get_by_label("生产数据自动采集率")
        field.fill("95")
        field.press("Tab")
        page.get_by_text(SAID["zh"]).wait_for()
        page.get_by_label("制造执行系统或同类系统").select_option("1")
        page.get_by_text("已保存：制造执行系统或同类系统").wait_for()
        items = {item["id"]: item for item in site.get(path).json()["items"]}
        assert (items["auto_data_share"]["given"], items["auto_data_share"]["basis"]) == (
            ["0.95"],
            "declared",
        )
        assert items["mes"]["given"] == ["1"]
        page.goto(f"{site.base_url}/assessments/{form['assessment_id']}?lang=en")
        page.get_by_text(SAID["en"]).wait_for()
        page.get_by_role("button", name="Submit").click()
        page.get_by_text("Submitted; the content is frozen.").wait_for()
        assert page.locator("#act").is_hidden()
        assert "[object" not in page.inner_text("main")
        page.goto(f"{site.base_url}/assessments?lang=zh")
        ready(page)
        page.get_by_text("待市级审核").wait_for()
        assert violations(page) == []
        assert wrong == []
        page.close()


def test_no_answer_is_lost_and_what_happened_is_shown(
    make_database: Callable[..., str], console_template: str, chromium: Browser
) -> None:
    dsn = make_database(template=console_template)
    with served(dsn, bearer(dsn, Role.ENTERPRISE_ADMIN, "hlj-demo")) as site:
        site.post("/api/v1/assessments", json={**START, "due_on": "2020-01-31"})
        path = "/api/v1/assessments/1"

        def given(item: str) -> list[str]:
            return next(i["given"] for i in site.get(path).json()["items"] if i["id"] == item)

        def supports(item: str) -> list[str]:
            found = next(i for i in site.get(path).json()["items"] if i["id"] == item)
            return [each["name"] for each in found["attachments"]]

        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page = chromium.new_page(extra_http_headers=key_of(site))
        unsaved = page.locator("#items").get_by_text("尚未保存")
        page.goto(f"{site.base_url}/assessments/1?lang=zh")
        ready(page)
        page.locator("#subtitle").get_by_text("逾期").wait_for()
        document: FilePayload = {"name": "合同.pdf", "mimeType": "application/pdf", "buffer": PDF}
        page.set_input_files("#document-files", document)
        page.get_by_role("button", name="上传").click()
        page.get_by_text("已添加：合同.pdf").wait_for()
        page.get_by_label("制造执行系统或同类系统").select_option("1")
        page.get_by_text("已保存：制造执行系统或同类系统").wait_for()
        page.locator("[data-key='documents mes summary']").click()
        page.get_by_role("checkbox", name="合同.pdf").check()
        page.locator("#items").get_by_text("申报并附材料").wait_for()

        page.route("**/answers", hold, times=1)
        with page.expect_request("**/answers"):
            page.get_by_label("制造执行系统或同类系统").select_option("0")
        page.get_by_label("制造执行系统或同类系统").select_option("1")  # while "no" is on its way
        unsaved.wait_for()
        held[0].continue_()
        unsaved.wait_for(state="hidden")
        assert given("mes") == ["1"]
        assert supports("mes") == ["合同.pdf"]  # another answer keeps its documents

        page.context.set_offline(True)
        page.get_by_label("制造执行系统或同类系统").select_option("0")
        unsaved.wait_for()
        assert given("mes") == ["1"]
        page.context.set_offline(False)
        unsaved.wait_for(state="hidden")
        page.get_by_text("已保存：制造执行系统或同类系统").wait_for()
        assert given("mes") == ["0"]

        lock = site.get(path).json()["lock"]
        theirs = {"lock": lock, "answers": [{"item": "mes", "given": ["1"]}]}
        assert site.put(f"{path}/answers", json=theirs).status_code == 200
        page.get_by_label("制造执行系统或同类系统").select_option("")
        page.get_by_text("另一标签页已改为“是”").wait_for()
        assert given("mes") == ["1"]
        page.get_by_role("button", name="用他人的").click()
        page.get_by_text("另一标签页已改为“是”").wait_for(state="hidden")
        assert given("mes") == ["1"]

        page.route("**/answers", lambda route: route.abort())
        page.get_by_label("制造执行系统或同类系统").select_option("0")
        unsaved.wait_for()
        keys = page.evaluate("Object.keys(localStorage).filter((key) => key.includes('outbox'))")
        account = page.get_attribute("#assessment", "data-account")
        assert [key.partition(" tab ")[0] for key in keys] == [f"{OUTBOX} assessment 1 of account {account}"]
        page.goto("about:blank")  # what waits is kept by the browser
        page.unroute("**/answers")
        theirs = {"lock": site.get(path).json()["lock"], "answers": [{"item": "mes", "given": []}]}
        assert site.put(f"{path}/answers", json=theirs).status_code == 200
        page.goto(f"{site.base_url}/assessments/1?lang=zh")
        page.get_by_text("您的答案是“否”").wait_for()
        assert given("mes") == []
        page.get_by_role("button", name="用我的").click()
        page.get_by_text("您的答案是“否”").wait_for(state="hidden")
        unsaved.wait_for(state="hidden")
        assert given("mes") == ["0"]
        page.get_by_role("button", name="提交").click()
        page.locator("#steps").get_by_text("逾期").wait_for()
        assert page.locator("#add-document").is_hidden()
        assert page.locator("#versions").is_hidden()
        page.get_by_text("企业太少，不公布").first.wait_for()
        assert violations(page) == []
        page.close()


def test_two_tabs_of_one_form_keep_their_answers_apart(
    make_database: Callable[..., str], console_template: str, chromium: Browser
) -> None:
    dsn = make_database(template=console_template)
    with (
        served(dsn, bearer(dsn, Role.ENTERPRISE_ADMIN, "hlj-demo")) as site,
        chromium.new_context(extra_http_headers=key_of(site)) as context,
    ):
        site.post("/api/v1/assessments", json=START)

        def given(item: str) -> list[str]:
            items = site.get("/api/v1/assessments/1").json()["items"]
            return next(i["given"] for i in items if i["id"] == item)

        mes, network = "制造执行系统或同类系统", "车间互联网络"
        first, second = context.new_page(), context.new_page()
        for page in (first, second):
            page.goto(f"{site.base_url}/assessments/1?lang=zh")
            ready(page)
        context.route("**/answers", lambda route: route.abort())
        first.get_by_label(mes).select_option("1")
        second.get_by_label(mes).select_option("0")
        second.get_by_label(network).select_option("1")
        expect(first.locator("#items").get_by_text("尚未保存")).to_have_count(1)
        expect(second.locator("#items").get_by_text("尚未保存")).to_have_count(2)
        keys = first.evaluate(f"Object.keys(localStorage).filter((key) => key.startsWith('{OUTBOX}'))")
        assert len(keys) == 2
        context.unroute("**/answers")
        first.evaluate("dispatchEvent(new Event('online'))")
        first.get_by_text(f"已保存：{mes}").wait_for()
        second.evaluate("dispatchEvent(new Event('online'))")
        second.get_by_text(f"已保存：{network}").wait_for()
        second.get_by_text("另一标签页已改为“是”，您的答案是“否”").wait_for()
        assert (given("mes"), given("network")) == (["1"], ["1"])  # nothing was written over unseen
        second.get_by_role("button", name="用我的").click()
        second.get_by_text(f"已保存：{mes}").wait_for()
        assert given("mes") == ["0"]

        context.route("**/answers", lambda route: route.abort())
        second.get_by_label(network).select_option("0")
        second.locator("#items").get_by_text("尚未保存").wait_for()
        second.close()
        context.unroute("**/answers")
        first.reload()  # takes over what the closed tab left
        first.get_by_text(f"已保存：{network}").wait_for()
        assert given("network") == ["0"]
        assert first.evaluate(f"Object.keys(localStorage).filter((key) => key.startsWith('{OUTBOX}'))") == []
