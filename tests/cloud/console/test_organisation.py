"""Enterprise, workshop, line, equipment: answers for each scope, and the way through the pages."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from chejian_cloud.clock import utc_now

from tests.cloud.console.conftest import served
from tests.cloud.console.plant import DAIRY, MACHINES, fill
from tests.fixtures.fix_postgres import DatabaseServer


@pytest.fixture(scope="module")
def pages(postgres_server: DatabaseServer) -> Iterator[httpx.Client]:
    """A client in front of a plant that stands as of now: states that are told live age within a minute."""
    url = postgres_server.create()
    fill(url, utc_now())
    with served(url) as client:
        yield client
    postgres_server.drop(url)


@pytest.fixture(scope="module")
def workshops(pages: httpx.Client) -> dict[str, dict[str, Any]]:
    """All workshops in short, by code."""
    return {w["code"]: w for w in pages.get("/api/v1/workshops-now").json()["workshops"]}


def machines(pages: httpx.Client, **scope: int) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = pages.get("/api/v1/overview", params=scope).json()["equipment"]
    return answer


def ids(pages: httpx.Client) -> dict[str, int]:
    return {w["code"]: w["workshop_id"] for w in pages.get("/api/v1/workshops").json()}


def test_machines_stand_in_the_order_of_their_flow(pages: httpx.Client) -> None:
    found = machines(pages, workshop_id=ids(pages)["QQR-W1"])
    assert [m["code"] for m in found] == [code for code, *_ in DAIRY]
    assert [m["code"] for m in found] != sorted(m["code"] for m in found)
    assert len(machines(pages)) == len(MACHINES + DAIRY)
    assert machines(pages, workshop_id=ids(pages)["JMS-W1"]) == []


def test_a_workshop_counts_its_machines(pages: httpx.Client, workshops: dict[str, dict[str, Any]]) -> None:
    for code, workshop in workshops.items():
        inside = machines(pages, workshop_id=ids(pages)[code])
        states = Counter(m["state"] for m in inside)
        assert {int(k): v for k, v in workshop["states"].items()} == states
        assert workshop["machines"] == sum(states.values())
        assert workshop["online"] == sum(m["online"] for m in inside)
        assert workshop["fault_count"] == states[3]
        assert workshop["silent_count"] == states[0]
    assert workshops["HRB-W1"]["machines"] == len(MACHINES)
    assert workshops["JMS-W1"]["shift"] is None


def test_faults_and_damages_are_named(workshops: dict[str, dict[str, Any]]) -> None:
    harbin = workshops["HRB-W1"]
    assert [m["code"] for m in harbin["faults"]] == ["CNC-02"]
    assert {(m["code"], m["part"]) for m in harbin["diagnoses"]} == {
        ("MTS-01", "outer_race"),
        ("MTS-02", "outer_race"),
    }
    assert workshops["QQR-W1"]["faults"] == workshops["QQR-W1"]["diagnoses"] == []


def test_oee_of_a_workshop_is_added_then_divided(
    pages: httpx.Client, workshops: dict[str, dict[str, Any]]
) -> None:
    for code in ("HRB-W1", "QQR-W1"):
        shift = workshops[code]["shift"]
        parameters = {
            "workshop_id": ids(pages)[code],
            "kpi": "oee",
            "window": "shift",
            "from": shift["start"],
        }
        rows = pages.get("/api/v1/kpi-values", params=parameters).json()
        terms = [
            value["inputs"] for row in rows for value in row["values"] if value["start"] == shift["start"]
        ]
        busy = sum(t["apt_us"] + t["aust_us"] + t["adet_us"] + t["adot_us"] for t in terms)
        assert shift["machines"] == len(terms) == workshops[code]["machines"]
        assert shift["oee"] == sum(t["effective_us"] for t in terms) / busy
        assert shift["completeness"] == busy / (busy + sum(t["no_data_us"] for t in terms))


@pytest.mark.parametrize("path", ["/states", "/kpi-values", "/latest"])
def test_a_scope_answers_for_each_of_its_machines(pages: httpx.Client, path: str) -> None:
    line = next(m["line_id"] for m in machines(pages) if m["line"] == "T1")
    rows = pages.get(f"/api/v1{path}", params={"line_id": line}).json()
    assert [row["equipment_id"] for row in rows] == [m["equipment_id"] for m in machines(pages, line_id=line)]
    assert len(rows) == 2
    unknown = pages.get(f"/api/v1{path}", params={"line_id": 999})
    assert unknown.status_code == 404
    assert unknown.json()["detail"] == "no line with line_id = 999"
    wrong = pages.get(f"/api/v1{path}", params={"workshop_id": 0})
    assert wrong.status_code == 422


def test_many_machines_say_what_each_says_alone(pages: httpx.Client) -> None:
    scope = {"workshop_id": ids(pages)["HRB-W1"]}
    first = pages.get("/api/v1/overview", params=scope).json()["equipment"][0]
    end = first["since"]
    span = {"from": f"{end[:11]}00:00:00Z", "to": end}
    for many, alone, part in (("states", "states", "intervals"), ("kpi-values", "kpis", "values")):
        rows = pages.get(f"/api/v1/{many}", params=scope | span).json()
        for row in rows:
            own = pages.get(f"/api/v1/equipment/{row['equipment_id']}/{alone}", params=span).json()
            assert row[part] == own
        assert any(row[part] for row in rows)


def test_the_newest_product_and_sample_are_told(pages: httpx.Client) -> None:
    rows = pages.get("/api/v1/latest", params={"workshop_id": ids(pages)["HRB-W1"]}).json()
    assert {row["product"] for row in rows} == {"SHAFT-A"}
    assert all(row["seen"] for row in rows)


def test_completeness_of_workshops(pages: httpx.Client) -> None:
    rows = {row["code"]: row for row in pages.get("/api/v1/workshop-completeness").json()}
    assert rows["JMS-W1"]["hours"] == []
    for code in ("HRB-W1", "QQR-W1"):
        own = pages.get("/api/v1/completeness", params={"workshop_id": ids(pages)[code]}).json()
        assert len(rows[code]["hours"]) == max(len(row["hours"]) for row in own)
        for hour in rows[code]["hours"]:
            shares = [h["completeness"] for row in own for h in row["hours"] if h["start"] == hour["start"]]
            known = [share for share in shares if share is not None]
            if not known:  # an hour that no shift covers
                assert hour["completeness"] is None
                continue
            assert min(known) - 1e-12 <= hour["completeness"] <= max(known) + 1e-12
    shares = [hour["completeness"] for hour in rows["HRB-W1"]["hours"]]
    assert min(share for share in shares if share is not None) < 1


def test_shifts_of_a_workshop(pages: httpx.Client) -> None:
    answer = pages.get("/api/v1/workshops/1/shifts").json()
    assert {w["code"] for w in answer if w["kind"] == "shift"} == {"A", "B"}
    assert pages.get("/api/v1/workshops/999/shifts").status_code == 404


def test_workshops_are_streamed(pages: httpx.Client, workshops: dict[str, dict[str, Any]]) -> None:
    with pages.stream("GET", "/api/v1/stream", params={"view": "workshops"}) as answer:
        lines = answer.iter_lines()
        event = next(line for line in lines if line.startswith("event: "))
        data = next(line for line in lines if line.startswith("data: "))
    assert event == "event: workshops"
    told = json.loads(data.removeprefix("data: "))["workshops"]
    assert {w["code"]: w["machines"] for w in told} == {c: w["machines"] for c, w in workshops.items()}


def test_a_line_is_streamed_alone(pages: httpx.Client) -> None:
    line = next(m["line_id"] for m in machines(pages) if m["line"] == "P1")
    with pages.stream("GET", "/api/v1/stream", params={"line_id": line}) as answer:
        data = next(line for line in answer.iter_lines() if line.startswith("data: "))
    assert {m["line"] for m in json.loads(data.removeprefix("data: "))["equipment"]} == {"P1"}


def test_breadcrumbs_lead_up_and_aside(pages: httpx.Client) -> None:
    text = pages.get("/equipment/3", params={"lang": "en"}).text
    crumbs = text[text.index('<nav class="crumbs"') : text.index('<nav class="tabs"')]
    links = re.findall(r'href="([^"]+)"( aria-current="true")?', crumbs)
    main = [href for href, _ in links]
    assert main[0] == "/#enterprise-hlj-demo"
    assert {"/workshops/1", "/workshops/2", "/workshops/3", "/lines/1", "/lines/2"} <= set(main)
    assert ("/equipment/3", ' aria-current="true"') in links
    assert "/equipment/4" in main
    assert "/equipment/5" not in main  # stands on another line
    overview = pages.get("/").text
    assert 'id="enterprise-hlj-demo"' in overview
    assert 'class="crumbs"' not in overview


def test_output_of_a_line_is_what_its_machines_count(pages: httpx.Client) -> None:
    line = next(m["line_id"] for m in machines(pages) if m["line"] == "P1")
    output = pages.get(f"/api/v1/lines/{line}/output").json()
    assert output["registered"] is False
    assert [m["code"] for m in output["machines"]] == [code for code, *_ in DAIRY]
    assert {m["counts"] for m in output["machines"]} == {"good"}
    hour = output["hours"][-3]
    counted = 0.0
    for machine in output["machines"]:
        signals = pages.get(f"/api/v1/equipment/{machine['equipment_id']}/signals").json()
        series = next(s["series_id"] for s in signals if s["role"] == "good_count")
        span = {"from": output["hours"][-5]["start"], "to": hour["end"], "max_points": 20_000}
        points = pages.get(f"/api/v1/series/{series}/samples", params=span).json()
        before = [v for t, v in zip(points["time"], points["value"], strict=True) if t < hour["start"]]
        counted += points["value"][-1] - before[-1]
    assert hour["products"] == {"SHAFT-A": counted}
    assert output["hours"][-1]["provisional"] is True
    assert pages.get("/api/v1/lines/999/output").status_code == 404
