"""Entries of the programme: who sees and who keeps which, and what one workshop stands on."""

import io
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from tests.cloud.programme.conftest import People

ENTRY = {
    "enterprise_id": 1,
    "kind": "line",
    "code": "L1",
    "name_zh": "机加线",
    "name_en": "Machining line",
    "city_code": "230100",
    "sector": "power",
    "industry": "discrete",
    "status": "building",
    "investment": 1_000_000,
    "workshop_id": 1,
    "line_id": 1,
}
CHANGE = {key: value for key, value in ENTRY.items() if key not in ("enterprise_id", "kind", "code")}


def ids(found: Any) -> list[int]:
    return [each["programme_entry_id"] for each in found]


async def test_the_province_sees_all_a_city_its_own_an_enterprise_itself(people: People) -> None:
    for who, seen in (("province", [1, 2, 3]), ("harbin", [1]), ("first", [1]), ("second", [2, 3])):
        assert ids(await people.ask(who, "GET", "/entries")) == seen
        assert {r["programme_entry_id"] for r in await people.ask(who, "GET", "/ranking")} == set(seen)
        for entry in (1, 2, 3):
            status = 200 if entry in seen else 404
            await people.ask(who, "GET", f"/entries/{entry}", status)
            await people.ask(who, "GET", f"/entries/{entry}/evidence", status)
        cities = {c["code"]: c for c in await people.ask(who, "GET", "/cities")}
        assert sum(c["workshops"] for c in cities.values()) == len(seen)
        assert cities["230100"]["recognised"] == (1 in seen)
        heard = await people.ask(who, "GET", "/reporting")
        assert set(ids(heard)) == set(seen) - {3}
        narrowed = await people.ask(who, "GET", "/entries", params={"city": "230200", "status": "planned"})
        assert ids(narrowed) == [entry for entry in seen if entry == 3]


async def test_the_province_keeps_entries_and_nobody_else(people: People) -> None:
    made = await people.ask("province", "POST", "/entries", 201, json=ENTRY)
    key = made["programme_entry_id"]
    assert (made["investment"], made["milestones"]) == (1_000_000, [])
    assert made["changed_by"].startswith("tests-province")
    await people.ask("province", "POST", "/entries", 409, json=ENTRY)
    for who in ("harbin", "first"):
        await people.ask(who, "POST", "/entries", 403, json={**ENTRY, "code": "L2"})
        await people.ask(who, "PUT", f"/entries/{key}", 403, json=CHANGE)
    for wrong, status in (
        ({"city_code": "110100"}, 422),
        ({"sector": "ships"}, 422),
        ({"status": "recognised"}, 422),  # from when?
        ({"counts_from": "2020-01-01"}, 422),
        ({"workshop_id": 2}, 404),  # another enterprise's
        ({"workshop_id": None}, 422),  # a line is of its workshop
        ({"enterprise_id": 99}, 404),
    ):
        await people.ask("province", "POST", "/entries", status, json={**ENTRY, "code": "L3", **wrong})
    answer = await people.send("province", "GET", f"/entries/{key}")
    seen = {"If-Match": answer.headers["etag"]}
    people.keys["careful"] = {**people.keys["province"], **seen}
    recognised = {**CHANGE, "status": "recognised", "counts_from": "2020-01-01"}
    changed = await people.ask("careful", "PUT", f"/entries/{key}", json=recognised)
    assert (changed["status"], changed["counts_from"]) == ("recognised", "2020-01-01")
    await people.ask("careful", "PUT", f"/entries/{key}", 412, json=CHANGE)
    step = f"/entries/{key}/milestones/contract"
    changed = await people.ask("province", "PUT", step, json={"due_on": "2020-01-31"})
    assert changed["milestones"] == [
        {"kind": "contract", "due_on": "2020-01-31", "reached_on": None, "overdue": True}
    ]
    changed = await people.ask(
        "province", "PUT", step, json={"due_on": "2020-01-31", "reached_on": "2020-03-01"}
    )
    assert changed["milestones"][0]["overdue"] is False
    assert (await people.ask("province", "PUT", step, json={}))["milestones"] == []
    await people.ask("province", "PUT", f"/entries/{key}/milestones/party", 422, json={})


async def test_pages_of_entries_and_of_the_ranking_are_the_list(people: People) -> None:
    for path in ("/entries", "/ranking"):
        whole = await people.ask("province", "GET", path)
        answer = await people.send("province", "GET", path, params={"limit": 2})
        rest = await people.client.get(answer.links["next"]["url"], headers=people.keys["province"])
        assert [*answer.json(), *rest.json()] == whole
        assert "next" not in rest.links


async def test_one_workshop_is_told_with_what_speaks_against_it(people: People) -> None:
    heard = datetime.now(UTC) - timedelta(days=9)
    with psycopg.connect(people.dsn) as connection:
        connection.execute(
            "INSERT INTO telemetry.node (group_id, edge_node, online, last_seen, sequence_gaps, rebirths_asked)"
            " SELECT DISTINCT group_id, edge_node, false, %s::timestamptz, 0, 0 FROM app.equipment_feed"
            " WHERE group_id = 'hlj-demo'",
            [heard],
        )
    found = await people.ask("province", "GET", "/entries/1/evidence")
    assert found["standing"] == "at risk"
    assert [(c["kind"], c["milestone"]) for c in found["concerns"]] == [
        ("overdue", "gbt23001_certified"),
        ("stale", None),
    ]
    assert 9 < found["concerns"][1]["value"] < 9.1
    assert found["reporting"]["machines"] == 2
    assert (found["oee"], found["energy"], found["assessments"]) == (None, None, [])
    never = (await people.ask("province", "GET", "/reporting"))[0]
    assert (never["programme_entry_id"], never["last_seen"], never["stale"]) == (2, None, True)
    cities = {c["code"]: c for c in await people.ask("province", "GET", "/cities")}
    assert (cities["230100"]["stale"], cities["230100"]["reporting"]) == (1, 0)


async def test_an_enterprises_assessment_shows_its_steps_of_certification(people: People) -> None:
    start = {"standard": "gbt23020-2013", "industry": "discrete"}
    forms = {}
    for who, enterprise in (("first", 1), ("second", 2)):
        body = {**start, "enterprise_id": enterprise}
        made = await people.client.post("/api/v1/assessments", json=body, headers=people.keys[who])
        forms[who] = f"/api/v1/assessments/{made.json()['assessment_id']}"
    due = {"programme_entry_id": 1, "kind": "gbt23001_certified", "due_on": "2020-01-31"}

    async def steps(who: str) -> Any:
        return (await people.client.get(forms[who], headers=people.keys[who])).json()["certification"]

    assert await steps("first") == [{**due, "reached_on": None, "overdue": True}]
    assert await steps("second") == []
    for kind, reached in (("gbt23001_certified", "2020-03-01"), ("gbt23001_started", "2019-01-01")):
        body = {"due_on": "2020-01-31", "reached_on": reached}
        await people.ask("province", "PUT", f"/entries/1/milestones/{kind}", json=body)
    found = await steps("first")
    assert [(each["kind"], each["reached_on"]) for each in found] == [
        ("gbt23001_started", "2019-01-01"),
        ("gbt23001_certified", "2020-03-01"),
    ]
    assert not any(each["overdue"] for each in found)
    book = await people.client.get(f"{forms['first']}/report", headers=people.keys["first"])
    with zipfile.ZipFile(io.BytesIO(book.content)) as parts:
        told = parts.read("xl/sharedStrings.xml").decode()
    for words in ("gbt23001_certified", "2020-03-01", "a list of key characteristics"):
        assert words in told
