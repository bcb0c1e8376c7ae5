"""The registry in a real browser: a table is imported with its errors told, and nodes are added, moved and contested."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.cloud.conftest import _build_seeded
from tests.cloud.console.axe import violations
from tests.cloud.console.conftest import fresh_page, served
from tests.cloud.plant_rows import PlantRows
from tests.cloud.registry.table_files import XLSX, csv, excel
from tests.fixtures.browsers import WAIT_MS, ready
from tests.fixtures.fix_postgres import DatabaseServer

pytestmark = [pytest.mark.browser, pytest.mark.system]
NEW = {"workshop": "HRB-W1", "line": "L1", "code": "CNC-02", "name_zh": "二号机", "type": "数控加工中心"}
WRONG = {**NEW, "code": "CNC/3", "type": "机器", "position": "第一"}
expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="module")
def site(postgres_server: DatabaseServer) -> Iterator[httpx.Client]:
    url = postgres_server.create(template=postgres_server.template("cloud seeded", _build_seeded))
    plant = PlantRows(url)
    plant.add_device("CNC-07", "cnc_machining_centre")
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE telemetry.device SET equipment_type = 'cnc_machining_centre' WHERE name = 'CNC-07'"
        )
        connection.execute(
            "INSERT INTO telemetry.settled_value (series_id, time, value, quality) VALUES (%s, now(), 3, 192)",
            (plant.series("CNC-07", "State/MachineState"),),
        )
    with served(url) as client:
        yield client
    postgres_server.drop(url)


@pytest.fixture
def page(context: BrowserContext, site: httpx.Client) -> Iterator[Page]:
    page = fresh_page(context, site)
    page.set_default_timeout(WAIT_MS)
    complaints: list[str] = []
    page.on("pageerror", lambda e: complaints.append(str(e)))
    yield page
    page.close()
    assert complaints == []


def show(page: Page, path: str) -> None:
    page.goto(path)
    ready(page)


def choose(page: Page, name: str, data: bytes) -> None:
    kind = XLSX if name.endswith("xlsx") else "text/csv"
    page.set_input_files("#file", {"name": name, "mimeType": kind, "buffer": data})
    page.click("#check")


def test_a_table_is_checked_corrected_and_stored(page: Page, site: httpx.Client) -> None:
    show(page, "/registry/import?lang=zh")
    expect(page.locator("#store")).to_be_disabled()
    choose(page, "台账.xlsx", excel([NEW, WRONG]))
    expect(page.locator("#said")).to_have_text("3 处错误，没有写入任何内容。请在文件中改正后重新检查。")
    cells = [row.inner_text().split("\t") for row in page.locator("#list tbody tr").all()]
    assert [(row, column, value) for row, column, value, _ in cells] == [
        ("3", "设备编号", "CNC/3"),
        ("3", "设备类型", "机器"),
        ("3", "工位顺序", "第一"),
    ]
    assert "0 至 32767 的整数" in cells[2][3]
    expect(page.locator("#store")).to_be_disabled()
    assert violations(page) == []
    choose(page, "registry.csv", csv([NEW], encoding="gb18030"))
    expect(page.locator("#list tbody tr")).to_have_count(1)
    expect(page.locator("#list tbody tr")).to_have_text("2CNC-02新设备二号机")
    page.click("#store")
    expect(page.locator("#said")).to_have_text("已写入：新增设备 1 台，更改 0 台，0 小时将重算。")
    expect(page.locator("#store")).to_be_disabled()
    assert site.get("/api/v1/equipment", params={"code": "CNC-02"}).json()[0]["line"] == "L1"
    with page.expect_download() as download:
        page.locator("main a", has_text="Excel").click()
    assert download.value.suggested_filename == "chejian-registry.xlsx"


def test_a_line_is_added_and_equipment_moved_to_it(page: Page, site: httpx.Client) -> None:
    show(page, "/registry?lang=en")
    page.locator("#tree .pick", has_text="Add a line").first.click()
    page.fill("#code", "L7")
    page.fill("#name_zh", "七线")
    page.keyboard.press("Enter")
    expect(page.locator("#tree")).to_contain_text("L7 七线 (0)")
    page.locator("#tree summary", has_text="L1 ").click()
    page.locator("#tree .pick", has_text="Edit CNC-01").click()
    expect(page.locator("#code")).to_be_hidden()
    assert violations(page) == []
    page.select_option("#line", label="HRB-W1 / L7 七线")
    page.locator("#edit-form button[type=submit]").click()
    expect(page.locator("#said")).to_contain_text("Stored")
    assert site.get("/api/v1/equipment/1").json()["line"] == "L7"


def test_an_edit_that_comes_too_late_is_told_and_shows_what_is_stored(page: Page, site: httpx.Client) -> None:
    show(page, "/registry?lang=zh")
    page.locator("#tree .pick", has_text="编辑 HRB-W1").click()
    body = {"name_zh": "他人所改", "city_code": "230100", "calendar": "HRB-2S", "user_name": "li"}
    site.put("/api/v1/workshops/1", json=body).raise_for_status()
    page.fill("#name_zh", "我的名称")
    page.locator("#edit-form button[type=submit]").click()
    expect(page.locator("#error")).to_contain_text("已被他人更改，没有保存")
    expect(page.locator("#name_zh")).to_have_value("他人所改")
    page.fill("#name_zh", "我的名称")
    page.locator("#edit-form button[type=submit]").click()
    expect(page.locator("#said")).to_contain_text("已保存")
    assert site.get("/api/v1/workshops").json()[0]["name_zh"] == "我的名称"
    page.fill("#city_code", "23")
    page.locator("#edit-form button[type=submit]").click()
    assert page.evaluate("document.querySelector('#city_code').validity.patternMismatch")


def test_a_device_that_was_born_is_connected_and_its_data_are_seen(page: Page, site: httpx.Client) -> None:
    show(page, "/registry/devices?lang=zh")
    expect(page.locator("#devices-meta")).to_have_text("3 个采集设备，1 个未对应")
    page.check("#only-new")
    expect(page.locator("#devices tbody tr")).to_have_count(1)
    expect(page.locator("#devices tbody tr")).to_contain_text("正在入库")
    page.locator("#devices .pick", has_text="HRB-W1/CNC-07").click()
    expect(page.locator("#map-what")).to_contain_text("类型 cnc_machining_centre")
    expect(page.locator("#metrics tbody tr", has_text="State/MachineState")).to_contain_text("3")
    expect(page.locator("#code")).to_have_value("CNC-07")
    assert violations(page) == []
    page.fill("#name_zh", "七号加工中心")
    page.click("#map-form button[type=submit]")
    expect(page.locator("#said")).to_contain_text("HRB-W1/CNC-07 已对应")
    expect(page.locator("#devices")).to_contain_text("全部采集设备都已对应")
    (made,) = site.get("/api/v1/equipment", params={"code": "CNC-07"}).json()
    assert (made["name_zh"], made["type"], made["line"]) == ("七号加工中心", "cnc_machining_centre", "L1")
    page.click("#disconnect")
    expect(page.locator("#said")).to_contain_text("已取消对应")
    expect(page.locator("#devices tbody")).to_contain_text("未对应")
