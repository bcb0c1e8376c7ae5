"""The pages as they come from the server, on a database with a day's data."""

import json
from collections.abc import Callable

import httpx
import numpy as np
import psycopg
import pytest
from chejian_cloud.console.language import catalogue

from tests.cloud.console.conftest import served
from tests.cloud.console.plant import FAULTS, MACHINES, SAMPLE_RATE, vibration

MTS_01 = 5  # equipment_id, in the order of MACHINES
PAGES = {
    "/": "page.overview",
    "/workshops/1": "page.workshop",
    "/workshops/3": "page.workshop",
    "/wallboard": "page.wallboard",
    "/workshops/1/wallboard": "page.wallboard",
    "/lines/1": "page.line",
    "/lines/3": "page.line",
    "/orders": "page.orders",
    "/lines/1/orders": "page.orders",
    "/workshops/2/orders": "page.orders",
    "/workshops/2/energy": "page.energy",
    "/workshops/2/meters": "page.meters",
    "/meters/13": "page.meters",
    "/assessments": "page.assessments",
    "/programme": "page.programme",
    "/reports": "page.reports",
    "/health": "page.health",
    "/health?workshop_id=2": "page.health",
    "/registry": "page.registry",
    "/registry/devices": "page.registry_devices",
    "/registry/import": "page.registry_import",
    f"/equipment/{MTS_01}": "page.equipment",
    f"/equipment/{MTS_01}/diagnosis": "page.diagnosis",
    f"/equipment/{MTS_01}/life-cycle": "page.life_cycle",
}
LANGUAGES = {"zh": "zh-CN", "en": "en"}
_BY_SCRIPT = {
    "/reports",
    "/health",
    "/orders",
    "/assessments",
    "/programme",
    "/registry",
    "/registry/devices",
    "/registry/import",
}
"""Names come into these by script only."""
HOSTILE = """<script>alert('1')</script>"><img src=x onerror=alert(2)> {{ 7 * 7 }}"""


@pytest.fixture(autouse=True)
def no_cookies(pages: httpx.Client) -> None:
    """Every test begins as a browser that never chose a language."""
    pages.cookies.clear()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("short", LANGUAGES)
def test_every_page_in_both_languages(pages: httpx.Client, path: str, short: str) -> None:
    answer = pages.get(httpx.URL(path).copy_merge_params({"lang": short}))
    texts = catalogue(LANGUAGES[short])
    assert answer.status_code == 200
    assert f'<html lang="{LANGUAGES[short]}">' in answer.text
    assert texts[PAGES[path]] in answer.text
    assert f"{texts['brand']}</title>" in answer.text
    assert "{{" not in answer.text


def test_pages_name_machines_in_their_language(pages: httpx.Client) -> None:
    chinese, english = (pages.get("/workshops/1", params={"lang": lang}).text for lang in ("zh", "en"))
    for number, (code, _, _, zh, en) in enumerate(MACHINES, start=1):
        assert f'href="/equipment/{number}">{code}</a>' in chinese
        assert zh in chinese
        assert zh not in english
        assert en in english


def test_language_is_chinese_until_chosen_and_then_kept(pages: httpx.Client) -> None:
    assert '<html lang="zh-CN">' in pages.get("/", headers={"Accept-Language": "en"}).text
    asked = pages.get("/", params={"lang": "en"})
    assert "HttpOnly" in asked.headers["set-cookie"]
    kept = pages.get("/health")
    assert '<html lang="en">' in kept.text
    assert "set-cookie" not in kept.headers
    assert '<html lang="en">' in pages.get("/", params={"lang": "tlh"}).text  # unknown: as if not asked
    assert '<html lang="zh-CN">' in pages.get("/", params={"lang": "zh"}).text
    assert '<html lang="zh-CN">' in pages.get("/").text


@pytest.mark.parametrize("path", [*PAGES, "/equipment/999", "/console/foreign"])
def test_nothing_may_come_from_elsewhere(pages: httpx.Client, path: str) -> None:
    answer = pages.get(path)
    policy = {p.split()[0]: p.split()[1:] for p in answer.headers["content-security-policy"].split(";")}
    assert policy["default-src"] == ["'self'"]
    assert policy["object-src"] == ["'none'"]
    assert not {"script-src", "style-src", "connect-src"} & set(policy)  # default-src holds for them
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert " style=" not in answer.text
    assert "<script>" not in answer.text


@pytest.mark.parametrize(("short", "back"), [("zh", "返回总览"), ("en", "Back to the overview")])
@pytest.mark.parametrize(
    ("path", "what"),
    [
        ("/equipment/999", "equipment_id = 999"),
        ("/equipment/999/diagnosis", "equipment_id = 999"),
        ("/lines/999", "line_id = 999"),
        ("/lines/999/orders", "line_id = 999"),
        ("/workshops/999", "workshop_id = 999"),
        ("/workshops/999/orders", "workshop_id = 999"),
        ("/health?workshop_id=999", "workshop_id = 999"),
    ],
)
def test_a_place_that_is_not_there(pages: httpx.Client, path: str, what: str, short: str, back: str) -> None:
    answer = pages.get(httpx.URL(path).copy_merge_params({"lang": short}))
    assert answer.status_code == 404
    assert back in answer.text
    assert what in answer.text


def test_hostile_names_are_text(make_database: Callable[..., str], console_template: str) -> None:
    dsn = make_database(template=console_template)
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE app.equipment SET name_zh = %s, name_en = %s", (HOSTILE, HOSTILE))
        connection.execute("UPDATE app.line SET name_zh = %s", (HOSTILE,))
        connection.execute("UPDATE app.workshop SET name_zh = %s", (HOSTILE,))
        connection.execute("UPDATE telemetry.device SET name = %s WHERE name = 'boiler'", (HOSTILE,))
    with served(dsn) as client:
        for path in [path for path in PAGES if path not in _BY_SCRIPT] + [
            "/lines/1",
            "/console/foreign",
        ]:
            text = client.get(path).text
            assert "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;&#34;&gt;&lt;img" in text, path
            assert "<script>alert" not in text, path
            assert "<img" not in text, path
            assert "{{ 7 * 7 }}" in text, path


def test_foreign_nodes_are_listed_with_their_units(pages: httpx.Client) -> None:
    text = pages.get("/console/foreign").text
    assert "&lt;b&gt;Flue&lt;/b&gt;" in text
    assert "visitors / ignition-7" in text
    assert "143.25" in text
    assert "HRB-W1" not in text


def test_the_raw_window_can_be_checked_by_anyone(pages: httpx.Client) -> None:
    oldest = pages.get(f"/api/v1/equipment/{MTS_01}/diagnoses").json()[-1]["diagnosis_id"]
    answer = pages.get(f"/diagnoses/{oldest}/waveform.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    lines = answer.text.splitlines()
    assert lines[2:4] == [f"# sample_rate_hz,{SAMPLE_RATE:.0f}", "value"]
    stored = np.array(lines[4:], dtype=np.float32)
    order = FAULTS[-1][1]
    assert np.array_equal(stored, vibration(order, 5 + len(FAULTS) - 1))
    assert pages.get("/diagnoses/999999/waveform.csv").status_code == 404


def test_texts_for_the_browser(pages: httpx.Client) -> None:
    for tag in LANGUAGES.values():
        assert pages.get(f"/console/texts/{tag}.json").json() == dict(catalogue(tag))
    unknown = pages.get("/console/texts/tlh.json")
    assert unknown.status_code == 404
    assert "zh-CN, en" in json.loads(unknown.text)["detail"]


def test_a_silent_database_is_told_and_asked_again() -> None:
    with served(
        "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1", {"Cookie": "chejian_session=x"}
    ) as client:
        answer = client.get("/", params={"lang": "en"})
    assert answer.status_code == 503
    assert answer.headers["refresh"] == answer.headers["retry-after"] == "5"
    assert catalogue("en")["page.unavailable"] in answer.text


@pytest.mark.parametrize(
    ("path", "leads_to"),
    [
        ("/at/hlj-demo/equipment/MTS-01", f"/equipment/{MTS_01}"),
        ("/at/hlj-demo/equipment/MTS-01?page=diagnosis", f"/equipment/{MTS_01}/diagnosis"),
        ("/at/hlj-demo/equipment/MTS-01?page=stops", f"/equipment/{MTS_01}/stops"),
        ("/at/hlj-demo/workshops/HRB-W1?page=oee", "/workshops/1/oee"),
        ("/at/hlj-demo/workshops/HRB-W1", "/workshops/1"),
    ],
)
def test_codes_lead_to_pages(pages: httpx.Client, path: str, leads_to: str) -> None:
    answer = pages.get(path, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (307, leads_to)
    assert pages.get(leads_to).status_code == 200


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/at/hlj-demo/equipment/NONE-1", 404),
        ("/at/other/equipment/MTS-01", 404),
        ("/at/hlj-demo/workshops/MTS-01", 404),
        ("/at/hlj-demo/equipment/MTS-01?page=https://elsewhere.example", 422),
    ],
)
def test_codes_of_nothing_lead_nowhere(pages: httpx.Client, path: str, status: int) -> None:
    assert pages.get(path, follow_redirects=False).status_code == status
