"""Life-cycle files through the API: name plate, parts, maintenance orders, and what is refused."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from chejian_cloud.access.permissions import Role
from chejian_contract.states import MachineState

from tests.cloud.keys import bearer
from tests.cloud.lifecycle.conftest import Interval
from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import after

WHO = {"user_name": "王工"}
HOUR = timedelta(hours=1)
Ran = Callable[[Iterable[Interval]], None]


def ago(hours: float) -> str:
    return (datetime.now(UTC) - hours * HOUR).isoformat()


async def fit(api: httpx.AsyncClient, machine: str, **more: Any) -> httpx.Response:
    return await api.post(f"{machine}/parts", json={"name": "主轴轴承", **more, **WHO})


async def open_order(api: httpx.AsyncClient, machine: str, **more: Any) -> Any:
    body = {"kind": "corrective", "title": "主轴异响", **more, **WHO}
    answer = await api.post(f"{machine}/maintenance-orders", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def advance(
    api: httpx.AsyncClient, order: Any, *, tag: str | None = None, **body: Any
) -> httpx.Response:
    headers = {} if tag is None else {"If-Match": tag}
    path = f"/api/v1/maintenance-orders/{order['maintenance_order_id']}"
    return await api.patch(path, json=body | WHO, headers=headers)


async def file_of(api: httpx.AsyncClient, machine: str) -> Any:
    answer = await api.get(f"{machine}/life-cycle")
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_machine_that_nobody_told_anything_of_has_an_empty_file(
    api: httpx.AsyncClient, machine: str
) -> None:
    told = await file_of(api, machine)
    assert told.pop("equipment_id") == 1
    plate = told.pop("commissioning")
    assert (plate["manufacturer"], plate["commissioned_on"], plate["changed_at"]) == ("", None, None)
    assert told.pop("run_hours") is None
    assert set(map(str, told.values())) == {"[]"}
    assert (await api.get("/api/v1/equipment/4711/life-cycle")).status_code == 404


async def test_run_hours_count_from_the_day_of_commissioning_of_its_workshop(
    api: httpx.AsyncClient, machine: str, ran: Ran
) -> None:
    begin = datetime(2026, 3, 1, 16, tzinfo=UTC)  # midnight of 2 March in Shanghai
    ran(
        [
            (begin - 5 * HOUR, begin + 2 * HOUR, MachineState.PRODUCING),
            (begin + 2 * HOUR, begin + 3 * HOUR, MachineState.SETUP),
            (begin + 3 * HOUR, begin + 4 * HOUR, MachineState.OFF),
        ]
    )
    before = (await file_of(api, machine))["run_hours"]
    assert (before["producing_hours"], before["powered_hours"], before["from_commissioning"]) == (7, 8, False)
    assert before["since"] == "2026-03-01T11:00:00.000+00:00"

    body = {
        "manufacturer": "沈阳机床",
        "commissioned_on": "2026-03-02",
        "decommissioned_on": "2026-03-02",
        **WHO,
    }
    made = await api.put(f"{machine}/life-cycle/commissioning", json=body)
    assert made.status_code == 200, made.text
    told = await file_of(api, machine)
    assert told["commissioning"] == made.json()
    assert told["run_hours"] == {
        "producing_hours": 2,
        "powered_hours": 3,
        "completeness": 4 / 24,
        "since": "2026-03-01T16:00:00.000+00:00",
        "until": "2026-03-02T16:00:00.000+00:00",
        "from_commissioning": True,
    }


async def test_run_hours_of_a_part_count_while_it_was_fitted(
    api: httpx.AsyncClient, machine: str, ran: Ran
) -> None:
    ran([(after(), after(hours=8), MachineState.PRODUCING)])
    old = (await fit(api, machine, fitted_at=after(hours=1).isoformat())).json()
    removed = {"removed_at": after(hours=4).isoformat(), "remark": "剥落", **WHO}
    assert (await api.post(f"{machine}/parts/{old}/removal", json=removed)).status_code == 204
    new = (await fit(api, machine, fitted_at=after(hours=4).isoformat())).json()
    told = await file_of(api, machine)
    (gone,), (there,) = told["removed_parts"], told["parts"]
    assert (gone["part_id"], gone["removal_remark"], gone["removed_by"]) == (old, "剥落", "王工")
    assert gone["hours"] == {"producing_hours": 3, "powered_hours": 3, "completeness": 1}
    assert (there["part_id"], there["hours"]["producing_hours"]) == (new, 4)
    assert 0 < there["hours"]["completeness"] < 0.1, "of months, four hours are known"


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("commissioned_on", {"commissioned_on": "2199-01-01"}),
        ("decommissioned_on", {"commissioned_on": "2026-03-02", "decommissioned_on": "2199-01-01"}),
        ("decommissioned_on", {"commissioned_on": "2026-03-02", "decommissioned_on": "2026-03-01"}),
        ("decommissioned_on", {"decommissioned_on": "2026-03-01"}),
    ],
)
async def test_days_that_cannot_be_are_refused(
    api: httpx.AsyncClient, machine: str, key: str, body: dict[str, str]
) -> None:
    answer = await api.put(f"{machine}/life-cycle/commissioning", json=body | WHO)
    assert (answer.status_code, answer.json()["key"]) == (422, key)
    assert (await file_of(api, machine))["commissioning"]["changed_at"] is None


async def test_a_name_plate_that_changed_meanwhile_is_not_overwritten(
    api: httpx.AsyncClient, machine: str
) -> None:
    seen = (await file_of(api, machine))["commissioning"]["etag"]
    path, match = f"{machine}/life-cycle/commissioning", {"If-Match": seen}
    first = await api.put(path, json={"model": "VMC850", **WHO}, headers=match)
    assert first.status_code == 200
    second = await api.put(path, json={"model": "VMC1000", **WHO}, headers=match)
    assert second.status_code == 412
    assert (await file_of(api, machine))["commissioning"]["model"] == "VMC850"
    third = await api.put(path, json={"model": "VMC1000", **WHO}, headers={"If-Match": first.json()["etag"]})
    assert (third.status_code, third.json()["model"]) == (200, "VMC1000")


async def test_a_part_is_taken_out_once_and_not_before_it_was_fitted(
    api: httpx.AsyncClient, machine: str
) -> None:
    part = (await fit(api, machine, serial_number="S-1", fitted_at=ago(2))).json()
    path = f"{machine}/parts/{part}/removal"
    for when in (ago(3), ago(-1)):
        early = await api.post(path, json={"removed_at": when, **WHO})
        assert (early.status_code, early.json()["key"]) == (422, "removed_at")
    assert (await fit(api, machine, serial_number="S-1")).status_code == 409, "it is in the machine already"
    assert (await fit(api, machine, fitted_at=ago(-1))).json()["key"] == "fitted_at"
    assert (await api.post(path, json=WHO)).status_code == 204
    assert (await api.post(path, json=WHO)).status_code == 409
    assert (await fit(api, machine, serial_number="S-1")).status_code == 201, "it was mended and came back"
    assert (await api.post("/api/v1/equipment/2/parts/1/removal", json=WHO)).status_code == 404


async def test_a_part_that_was_entered_by_mistake_is_withdrawn_and_stays_on_record(
    api: httpx.AsyncClient, machine: str
) -> None:
    part = (await fit(api, machine)).json()
    path = f"{machine}/parts/{part}"
    assert (await api.post(f"{path}/withdraw", json=WHO)).status_code == 204
    assert (await file_of(api, machine))["parts"] == []
    (kept,) = (await api.get(f"{machine}/parts")).json()
    assert (kept["part_id"], kept["withdrawn_by"]) == (part, "王工")
    for again in ("withdraw", "removal"):
        assert (await api.post(f"{path}/{again}", json=WHO)).status_code == 409


async def test_an_order_is_opened_worked_on_and_done(api: httpx.AsyncClient, machine: str) -> None:
    order = await open_order(api, machine, opened_at=ago(3))
    assert (order["state"], order["opened_by"], order["started_at"]) == ("opened", "王工", None)
    begun = (await advance(api, order, state="in_work", at=ago(2))).json()
    assert (begun["state"], begun["started_by"], begun["closed_at"]) == ("in_work", "王工", None)
    key = order["maintenance_order_id"]
    new = (await fit(api, machine, maintenance_order_id=key)).json()
    done = await advance(api, order, state="done", found="外圈剥落", tag=begun["etag"])
    assert done.status_code == 200, done.text
    told = await file_of(api, machine)
    assert (told["open_orders"], told["closed_orders"]) == ([], [done.json()])
    assert (done.json()["found"], done.json()["parts_fitted"], done.json()["parts_removed"]) == (
        "外圈剥落",
        [new],
        [],
    )
    removal = {"maintenance_order_id": key, **WHO}
    assert (await api.post(f"{machine}/parts/{new}/removal", json=removal)).status_code == 204
    (kept,) = (await api.get(f"{machine}/maintenance-orders", params={"state": "done"})).json()
    assert kept["parts_removed"] == [new]
    assert (await advance(api, order, found="?")).status_code == 409, "what is closed stays as it is"


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        ((), "done"),
        ((), "opened"),
        (("in_work",), "in_work"),
        (("in_work",), "opened"),
    ],
)
async def test_states_follow_one_another(
    api: httpx.AsyncClient, machine: str, steps: tuple[str, ...], wrong: str
) -> None:
    order = await open_order(api, machine)
    for state in steps:
        assert (await advance(api, order, state=state)).status_code == 200
    refused = await advance(api, order, state=wrong)
    assert (refused.status_code, refused.json()["key"]) == (422, "state")
    assert (await advance(api, order, state="cancelled")).json()["state"] == "cancelled"
    for state in ("opened", "in_work", "done", "cancelled"):
        assert (await advance(api, order, state=state)).status_code == 409


async def test_times_of_an_order_follow_one_another(api: httpx.AsyncClient, machine: str) -> None:
    order = await open_order(api, machine, opened_at=ago(3))
    for when in (ago(4), ago(-1)):
        assert (await advance(api, order, state="in_work", at=when)).json()["key"] == "at"
    assert (await advance(api, order, at=ago(1))).json()["key"] == "at"
    assert (await advance(api, order, state="in_work", at=ago(2))).status_code == 200
    assert (await advance(api, order, state="done", at=ago(2.5))).json()["key"] == "at"
    late = await api.post(
        f"{machine}/maintenance-orders",
        json={"kind": "inspection", "title": "x", "opened_at": ago(-1), **WHO},
    )
    assert (late.status_code, late.json()["key"]) == (422, "opened_at")


async def test_an_order_that_changed_meanwhile_is_not_overwritten(
    api: httpx.AsyncClient, machine: str
) -> None:
    order = await open_order(api, machine)
    assert (await advance(api, order, title="主轴轴承", tag=order["etag"])).status_code == 200
    assert (await advance(api, order, state="in_work", tag=order["etag"])).status_code == 412
    (now,) = (await file_of(api, machine))["open_orders"]
    assert (now["title"], now["state"]) == ("主轴轴承", "opened")


async def test_parts_are_changed_under_orders_that_are_worked_on(
    api: httpx.AsyncClient, machine: str
) -> None:
    order = await open_order(api, machine)
    key = order["maintenance_order_id"]
    refused = await fit(api, machine, maintenance_order_id=key)
    assert (refused.status_code, refused.json()["key"]) == (422, "maintenance_order_id")
    await advance(api, order, state="in_work")
    assert (await fit(api, "/api/v1/equipment/2", maintenance_order_id=key)).status_code == 422
    assert (await fit(api, machine, maintenance_order_id=key)).status_code == 201


@pytest.fixture
def diagnoses(plant: PlantRows) -> list[int]:
    """Diagnoses of MTS-01: the first names the outer race, the second nothing, the third the inner race."""
    series = plant.series("MTS-01", "Vibration/DriveEnd")
    with psycopg.connect(plant.dsn) as connection:
        rows = [
            connection.execute(
                "INSERT INTO app.diagnosis (equipment_id, series_id, time, method, method_version, part, confidence,"
                " bearing, evidence, computed_at) VALUES (2, %s, %s, 'bearing_envelope', '5', %s, 'probable', '{}', '{}',"
                " now()) RETURNING diagnosis_id",
                (series, after(minutes=i), part),
            ).fetchone()
            for i, part in enumerate(("outer_race", None, "inner_race"))
        ]
    return [row[0] for row in rows if row is not None]


async def test_an_order_follows_from_a_diagnosis_of_its_own_machine(
    api: httpx.AsyncClient, machine: str, diagnoses: list[int]
) -> None:
    order = await open_order(api, "/api/v1/equipment/2", diagnosis_id=diagnoses[0])
    assert order["diagnosis_id"] == diagnoses[0]
    for wrong in (diagnoses[0], 4711):
        body = {"kind": "corrective", "title": "x", "diagnosis_id": wrong, **WHO}
        refused = await api.post(f"{machine}/maintenance-orders", json=body)
        assert (refused.status_code, refused.json()["key"]) == (422, "diagnosis_id")
    assert (await api.get(f"{machine}/maintenance-orders")).json() == []


async def test_the_file_tells_diagnoses_that_named_a_fault_with_the_answer_that_holds(
    api: httpx.AsyncClient, machine: str, diagnoses: list[int]
) -> None:
    labels = f"/api/v1/diagnoses/{diagnoses[0]}/labels"
    for said in ("rejected", "confirmed"):
        await api.post(labels, json={"answer": said, **WHO})
    told = (await file_of(api, "/api/v1/equipment/2"))["diagnoses"]
    assert [(d["diagnosis_id"], d["part"], d["answer"], d["answered_by"]) for d in told] == [
        (diagnoses[2], "inner_race", None, None),
        (diagnoses[0], "outer_race", "confirmed", "王工"),
    ]
    await api.post(labels, json={"answer": "withdrawn", **WHO})
    told = (await file_of(api, "/api/v1/equipment/2"))["diagnoses"]
    assert (told[1]["answer"], told[1]["answered_by"]) == (None, None)
    assert (await file_of(api, machine))["diagnoses"] == []


async def test_sent_twice_with_its_key_is_done_once(api: httpx.AsyncClient, machine: str) -> None:
    key = {"Idempotency-Key": "k-1"}
    for path, body in (
        ("parts", {"name": "皮带", **WHO}),
        ("maintenance-orders", {"kind": "preventive", "title": "换油", **WHO}),
    ):
        answers = [await api.post(f"{machine}/{path}", json=body, headers=key) for _ in range(2)]
        assert [a.status_code for a in answers] == [201, 201]
        assert answers[0].json() == answers[1].json()
        assert len((await api.get(f"{machine}/{path}")).json()) == 1


async def test_lists_come_by_pages(api: httpx.AsyncClient, machine: str) -> None:
    for hours in (3, 1, 2):
        await fit(api, machine, fitted_at=ago(hours), place=str(hours))
        await open_order(api, machine, opened_at=ago(hours), title=str(hours))
    for path, name in (("parts", "place"), ("maintenance-orders", "title")):
        first = await api.get(f"{machine}/{path}", params={"limit": 2})
        rest = await api.get(first.links["next"]["url"])
        assert [x[name] for x in (*first.json(), *rest.json())] == ["1", "2", "3"]
        assert "next" not in rest.links


async def test_every_edit_is_journalled_with_who_and_what(
    api: httpx.AsyncClient, machine: str, plant: PlantRows
) -> None:
    await api.put(f"{machine}/life-cycle/commissioning", json={"model": "VMC850", **WHO})
    part = (await fit(api, machine)).json()
    await api.post(f"{machine}/parts/{part}/withdraw", json=WHO)
    await advance(api, await open_order(api, machine), state="in_work")
    with psycopg.connect(plant.dsn) as connection:
        rows = connection.execute(
            "SELECT action, target -> 'body' ->> 'user_name' FROM app.audit WHERE action ~ 'life-cycle|parts|maintenance'"
            " ORDER BY audit_id"
        ).fetchall()
    base = "/api/v1/equipment/{equipment_id}"
    assert rows == [
        (f"PUT {base}/life-cycle/commissioning", "王工"),
        (f"POST {base}/parts", "王工"),
        (f"POST {base}/parts/{{part_id}}/withdraw", "王工"),
        (f"POST {base}/maintenance-orders", "王工"),
        ("PATCH /api/v1/maintenance-orders/{maintenance_order_id}", "王工"),
    ]


async def test_operators_keep_parts_and_orders_and_engineers_the_name_plate(
    api: httpx.AsyncClient, machine: str, plant: PlantRows
) -> None:
    allowed = {}
    for role in (Role.VIEWER, Role.OPERATOR, Role.ENGINEER):
        key = bearer(plant.dsn, role, "hlj-demo")
        tries = (
            await api.get(f"{machine}/life-cycle", headers=key),
            await api.post(f"{machine}/parts", json={"name": "皮带", **WHO}, headers=key),
            await api.put(f"{machine}/life-cycle/commissioning", json=WHO, headers=key),
        )
        allowed[role] = [answer.status_code for answer in tries]
    assert allowed == {
        Role.VIEWER: [200, 403, 403],
        Role.OPERATOR: [200, 201, 403],
        Role.ENGINEER: [200, 201, 200],
    }
