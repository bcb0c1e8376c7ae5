"""From a form that telemetry filled in to an approved one, with what people send by mistake and with bad intent."""

import hashlib
import io
import zipfile

import psycopg
import pytest

from tests.cloud.assessment.conftest import BASE, People

START = {"standard": "gbt37393-2019", "workshop_id": 1, "industry": "discrete"}


async def test_a_form_goes_from_telemetry_to_approval(people: People, seeded: str) -> None:
    form = await people.ask("enterprise", "POST", "", 201, json=START)
    items = {item["id"]: item for item in form["items"]}
    assert (items["digital_share"]["given"], items["digital_share"]["basis"]) == (["1"], "measured")
    assert items["auto_data_share"]["given"] == ["0"]
    assert form["lock"] == 1

    said = {
        "lock": 1,
        "answers": [{"item": "auto_data_share", "given": ["0.95"]}, {"item": "mes", "given": ["1"]}],
    }
    form = await people.ask("enterprise", "PUT", "/1/answers", json=said)
    assert form["lock"] == 2
    found = form["contradictions_now"][0]
    assert (found["item"], found["declared"], found["measured"], found["over_declared"]) == (
        "auto_data_share", 0.95, 0.0, True)  # fmt: skip
    late = await people.ask("enterprise", "PUT", "/1/answers", 409, json=said)
    assert "somebody changed the form meanwhile" in late["detail"]
    wrong = {"lock": 2, "answers": [{"item": "mes", "given": ["0.5"]}, {"item": "network", "given": ["3"]}]}
    refused = await people.ask("enterprise", "PUT", "/1/answers", 422, json=wrong)
    assert [(e["row"], e["column"]) for e in refused["errors"]] == [(1, "mes"), (2, "network")]
    result = await people.ask("enterprise", "GET", "/1/result")
    assert result["levels"][0]["id"] is None
    assert {gap["subject"] for gap in result["gaps"]} >= {"network", "safety_security"}
    assert {move["item"] for move in result["advice"][0]["moves"]} == {
        gap["subject"] for gap in result["gaps"]
    }

    form = await people.ask("enterprise", "POST", "/1/submit", json={"lock": 2})
    assert (form["state"], form["contradictions"]) == ("submitted", 1)
    await people.ask("enterprise", "PUT", "/1/answers", 409, json={**said, "lock": 3})
    await people.ask("province", "POST", "/1/approval", 409, json={"lock": 3, "verdict": "pass"})
    await people.ask("city", "POST", "/1/review", 422, json={"lock": 3, "verdict": "return"})
    back = {"lock": 3, "verdict": "return", "comment": "自动采集率与实测不符", "due_on": "2027-01-31"}
    form = await people.ask("city", "POST", "/1/review", json=back)
    assert (form["state"], form["revision"], form["due_on"]) == ("returned", 2, "2027-01-31")

    mended = {"lock": 4, "answers": [{"item": "auto_data_share", "measured": True}]}
    await people.ask("enterprise", "PUT", "/1/answers", json=mended)
    form = await people.ask("enterprise", "POST", "/1/submit", json={"lock": 5, "comment": "已改为实测"})
    assert form["contradictions"] == 0
    await people.ask("city", "POST", "/1/review", json={"lock": 6, "verdict": "pass"})
    form = await people.ask("province", "POST", "/1/approval", json={"lock": 7, "verdict": "pass"})
    assert form["state"] == "approved"
    kinds = [event["kind"] for event in form["events"]]
    assert kinds == ["start", "submit", "return", "submit", "review", "approve"]

    changes = await people.ask("province", "GET", "/1/revisions/2/changes")
    found = {(c["part"], c["key"], c["field"]): (c["before"], c["after"]) for c in changes}
    assert found["answers", "auto_data_share", "values/0"] == ("0.95", "0")
    assert found["answers", "auto_data_share", "basis"] == ("declared", "measured")
    assert {key for part, key, _ in found if part == "answers"} == {"auto_data_share"}
    with psycopg.connect(seeded) as connection:
        lines = connection.execute(
            "SELECT target ->> 'sha256' FROM app.audit WHERE action LIKE '%/submit'"
        ).fetchall()
    told = await people.ask("enterprise", "GET", "/1/revisions")
    assert [line for (line,) in lines] == [each["sha256"] for each in told]
    content = await people.client.get(f"{BASE}/1/revisions/1", headers=people.keys["city"])
    assert hashlib.sha256(content.content).hexdigest() == told[0]["sha256"]


async def test_the_report_is_a_workbook_with_both_numbers_and_no_formula(people: People, seeded: str) -> None:
    with psycopg.connect(seeded) as connection:
        connection.execute("UPDATE app.workshop SET name_zh = '=HYPERLINK(1)'")
    await people.ask("enterprise", "POST", "", 201, json=START)
    said = {"lock": 1, "answers": [{"item": "auto_data_share", "given": ["0.95"]}]}
    await people.ask("enterprise", "PUT", "/1/answers", json=said)
    await people.ask("enterprise", "POST", "/1/submit", json={"lock": 2})
    got = await people.client.get(f"{BASE}/1/report", headers=people.keys["city"])
    with zipfile.ZipFile(io.BytesIO(got.content)) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/sheet")]
        texts = book.read("xl/sharedStrings.xml").decode()
        assert not any(b"<f>" in book.read(name) for name in sheets)
    assert len(sheets) == 6
    assert "=HYPERLINK(1)" in texts
    assert "申报 declared 0.95, 实测 measured 0" in texts
    assert (await people.ask("enterprise", "GET", "/1/revisions"))[0]["sha256"] in texts


async def test_a_standard_that_cannot_be_computed_is_refused(people: People) -> None:
    for change, key in (
        ({"standard": "gbt39117-2020", "enterprise_id": 1, "industry": "process"}, "industry"),
        ({"standard": "regional-index-2015", "enterprise_id": 1}, "standard"),
        ({"standard": "gbt23020-2013", "workshop_id": 1}, "enterprise_id"),
    ):
        refused = await people.ask("enterprise", "POST", "", 422, json={"industry": "discrete", **change})
        assert refused["key"] == key
    await people.ask("enterprise", "POST", "", 404, json={**START, "standard": "nothing"})


async def test_a_form_whose_standard_is_not_installed_says_so(people: People, seeded: str) -> None:
    form = await people.ask("enterprise", "POST", "", 201, json=START)
    with psycopg.connect(seeded) as connection:
        connection.execute("UPDATE app.assessment SET standard_version = '0'")
    for path in ("", "/result"):
        told = await people.ask("enterprise", "GET", f"/{form['assessment_id']}{path}", 503)
        assert told["detail"].startswith("no standard 'gbt37393-2019' 0; there are ")


async def test_forms_are_told_in_pages_that_newcomers_do_not_shift(people: People) -> None:
    for _ in range(5):
        await people.ask("enterprise", "POST", "", 201, json=START)
    told, path = [], "?limit=2"
    while path:
        answer = await people.client.get(BASE + path, headers=people.keys["city"])
        told.append([each["assessment_id"] for each in answer.json()])
        following = answer.links.get("next")
        path = following["url"].removeprefix(BASE) if following else ""
        if len(told) == 1:
            await people.ask("enterprise", "POST", "", 201, json=START)
    assert told == [[5, 4], [3, 2], [1]]
    for wrong in ("?cursor=zzz", "?limit=501", "?limit=0"):
        await people.ask("city", "GET", wrong, 422)


@pytest.mark.parametrize(("due", "late"), [("2020-01-01", True), ("2099-01-01", False), (None, False)])
async def test_a_submission_after_its_deadline_stays_flagged(
    people: People, due: str | None, late: bool
) -> None:
    form = await people.ask("enterprise", "POST", "", 201, json={**START, "due_on": due})
    assert form["late"] is late  # it is still open, and the day is over
    form = await people.ask("enterprise", "POST", "/1/submit", json={"lock": 1})
    assert (form["late"], form["events"][-1]["late"]) == (late, late)
    assert form["events"][0]["late"] is False
    back = {"lock": 2, "verdict": "return", "comment": "?", "due_on": "2098-01-01"}
    form = await people.ask("city", "POST", "/1/review", json=back)
    assert form["late"] is False  # a new deadline
    form = await people.ask("enterprise", "POST", "/1/submit", json={"lock": 3})
    assert [e["late"] for e in form["events"] if e["kind"] == "submit"] == [late, False]
    assert (await people.ask("city", "GET", ""))[0]["late"] is False
