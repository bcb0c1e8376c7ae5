"""Explaining stops through the API: what is stored, what is answered, what is marked, what is refused."""

from datetime import datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from chejian_cloud.db.migrate import migrate

from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import MINUTE, T0, Bench, after, rows

RANGE = {"from": after().isoformat(), "to": after(hours=2).isoformat()}


def at(minutes: float) -> str:
    return after(minutes=minutes).isoformat()


def a_stop(begin: int, end: int, state: int = 3, until: int = 120) -> list[Row]:
    """A machine that produces for two hours, and stands in [begin, end) [min]."""
    return [
        ("State/MachineState", T0 + i * MINUTE // 2, state if begin <= i / 2 < end else 1)
        for i in range(2 * until)
    ]


async def post(api: httpx.AsyncClient, what: str, body: dict[str, Any], status: int = 201) -> Any:
    answer = await api.post(f"/api/v1/equipment/1/stop-reasons/{what}", json={"user_name": "李工", **body})
    assert answer.status_code == status, answer.text
    return answer.json()


async def stops(api: httpx.AsyncClient, **params: Any) -> list[tuple[float, float, str | None, str, bool]]:
    answer = await api.get("/api/v1/equipment/1/stops", params=RANGE | params)
    assert answer.status_code == 200, answer.text
    return [
        (_minutes(s["start"]), _minutes(s["end"]), s["reason"], s["comment"], s["needs_reason"])
        for s in answer.json()
    ]


def _minutes(text: str) -> float:
    return (datetime.fromisoformat(text) - after()) / timedelta(minutes=1)


@pytest.fixture
def stopped(plant: PlantRows) -> PlantRows:
    plant.write("CNC-01", a_stop(30, 60))
    with Bench(plant.dsn, after(hours=2)) as bench:
        bench.settle()
    return plant


async def test_the_standard_tree_is_there_and_keeps_what_people_changed(
    api: httpx.AsyncClient, plant: PlantRows
) -> None:
    tree = {r["code"]: r for r in (await api.get("/api/v1/reasons")).json()}
    assert tree["supply.material"]["loss"] == "starved"
    assert tree["breakdown.electrical"]["category"] == "ADET"
    assert tree["planned.meeting"]["category"] == "PDT"
    assert (tree["setup"]["leaf"], tree["setup.tool"]["leaf"]) == (False, True)
    assert all(r["name_zh"] and r["name_en"] for r in tree.values())
    with psycopg.connect(plant.dsn) as connection:
        connection.execute("UPDATE app.reason SET name_zh = '断刀' WHERE code = 'breakdown.tool'")
        connection.execute("DELETE FROM app.reason WHERE code = 'minor.jam'")
    migrate(plant.dsn)
    after_it = {r["code"]: r for r in (await api.get("/api/v1/reasons")).json()}
    assert after_it["breakdown.tool"]["name_zh"] == "断刀"
    assert after_it.keys() == tree.keys()


async def test_assign_split_comment_undo(api: httpx.AsyncClient, stopped: PlantRows) -> None:
    assert await stops(api) == [(30, 60, None, "", True)]
    whole = {"start": at(30), "end": at(60)}
    first = await post(api, "assign", {**whole, "reason": "breakdown.electrical", "comment": "跳闸"})
    assert await stops(api) == [(30, 60, "breakdown.electrical", "跳闸", False)]
    await post(
        api,
        "split",
        {
            "start": at(30),
            "parts": [
                {"end": at(40), "reason": "breakdown.electrical"},
                {"end": at(60), "reason": "organisation.maintenance", "comment": "等电工"},
            ],
        },
    )
    assert await stops(api) == [
        (30, 40, "breakdown.electrical", "跳闸", False),
        (40, 60, "organisation.maintenance", "等电工", False),
    ]
    await post(api, "comment", {"start": at(50), "end": at(60), "comment": "已修好"})
    assert [s[3] for s in await stops(api)] == ["跳闸", "等电工", "已修好"]
    await post(api, "undo", {})
    await post(api, "undo", {})
    assert await stops(api) == [(30, 60, "breakdown.electrical", "跳闸", False)]
    await post(api, "assign", {**whole, "reason": None})
    assert await stops(api) == [(30, 60, None, "跳闸", True)]
    await post(api, "undo", {"change_id": first})
    assert await stops(api, unexplained=True) == [(30, 60, None, "", True)]
    lines = (await api.get("/api/v1/equipment/1/stop-reasons", params=RANGE)).json()
    assert [line["kind"] for line in lines] == [
        "undo",
        "assign",
        "undo",
        "undo",
        "comment",
        "split",
        "assign",
    ]
    assert {line["user_name"] for line in lines} == {"李工"}
    assert lines[-1]["undone_by"] == lines[0]["change_id"]


async def test_an_open_reason_ends_when_the_machine_produces(
    api: httpx.AsyncClient, stopped: PlantRows
) -> None:
    await post(api, "assign", {"start": at(45), "end": None, "reason": "supply.energy"})
    assert [s[:3] for s in await stops(api)] == [(30, 45, None), (45, 60, "supply.energy")]


async def test_an_edit_marks_the_hours_that_it_is_about_and_no_rollups(
    api: httpx.AsyncClient, stopped: PlantRows
) -> None:
    await post(api, "assign", {"start": at(30), "end": at(60), "reason": "supply.energy"})
    found = rows(stopped.dsn, "SELECT equipment_id, hour, samples, reason FROM app.dirty")
    assert [(r["equipment_id"], r["hour"], r["samples"]) for r in found] == [(1, after(), False)]
    assert "李工" in found[0]["reason"]


async def test_needs_reason_lists_the_longest_first(api: httpx.AsyncClient, plant: PlantRows) -> None:
    plant.write("CNC-01", a_stop(30, 40))
    plant.write("MTS-01", a_stop(20, 50, state=7))
    with Bench(plant.dsn, after(hours=2)) as bench:
        bench.settle()
    found = (await api.get("/api/v1/needs-reason", params=RANGE)).json()
    assert [(s["equipment_id"], s["state_name"]) for s in found][:2] == [(2, "IDLE"), (1, "FAULT")]
    long = (await api.get("/api/v1/needs-reason", params=RANGE | {"minor": "900"})).json()
    assert [s["equipment_id"] for s in long] == [2]
    assert (await api.get("/api/v1/needs-reason", params=RANGE | {"workshop": "none"})).json() == []


async def test_starved_and_set_up_explain_themselves(api: httpx.AsyncClient, plant: PlantRows) -> None:
    plant.write("CNC-01", a_stop(30, 60, state=5))
    with Bench(plant.dsn, after(hours=2)) as bench:
        bench.settle()
    assert [s[4] for s in await stops(api)] == [False]


@pytest.mark.parametrize(
    ("what", "body", "key", "allowed"),
    [
        ("assign", {"start": at(5), "end": at(3), "reason": None}, "end", "later than the start"),
        ("assign", {"start": at(5), "end": at(9), "reason": "joy"}, "reason", "breakdown.electrical"),
        ("assign", {"start": at(5), "end": at(9), "reason": "breakdown"}, "reason", "breakdown.electrical"),
        ("assign", {"start": at(0), "end": at(60 * 24 * 40), "reason": None}, "start", "31 days"),
        (
            "assign",
            {"start": "2099-01-01T00:00:00Z", "end": None, "reason": None},
            "start",
            "not later than now",
        ),
        (
            "assign",
            {"start": at(1), "end": at(9), "reason": None, "user_name": " "},
            "user_name",
            "at least 1",
        ),
        ("comment", {"start": at(1), "end": at(9), "comment": ""}, "comment", "at least 1"),
        ("split", {"start": at(1), "parts": [{"end": at(9), "reason": None}]}, "parts", "at least 2"),
        (
            "split",
            {"start": at(1), "parts": [{"end": at(9), "reason": None}, {"end": at(8), "reason": None}]},
            "parts.1.end",
            "later than the start",
        ),
    ],
)
async def test_what_is_refused_is_named(
    api: httpx.AsyncClient, what: str, body: dict[str, Any], key: str, allowed: str
) -> None:
    problem = await post(api, what, body, status=422)
    assert problem["key"] == key
    assert allowed in problem["allowed"]
    assert (await api.get("/api/v1/equipment/1/stop-reasons", params=RANGE)).json() == []


async def test_undo_knows_what_can_be_undone(api: httpx.AsyncClient, stopped: PlantRows) -> None:
    assert (await post(api, "undo", {}, status=404))["detail"] == "no change with change_id = None"
    made = await post(api, "assign", {"start": at(30), "end": at(60), "reason": "supply.energy"})
    undone = await post(api, "undo", {"change_id": made})
    assert "not undone already" in (await post(api, "undo", {"change_id": made}, status=422))["allowed"]
    assert "no undoing" in (await post(api, "undo", {"change_id": undone}, status=422))["allowed"]
    with (
        psycopg.connect(stopped.dsn) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="only grows"),
    ):
        connection.execute("DELETE FROM app.stop_reason")


async def test_a_foreign_page_can_not_edit_with_a_plain_form(api: httpx.AsyncClient) -> None:
    body = '{"start": "2026-03-02T00:00:00Z", "end": null, "reason": null, "user_name": "x"}'
    answer = await api.post(
        "/api/v1/equipment/1/stop-reasons/assign", content=body, headers={"content-type": "text/plain"}
    )
    assert answer.status_code == 422
