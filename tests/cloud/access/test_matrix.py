"""Every route of the OpenAPI x every role x own and foreign organisation."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx
import pytest
from chejian_cloud.access.permissions import GRANTS, PLACE, Permission, Role
from chejian_cloud.access.policy import RULES, PolicyError, bind
from chejian_cloud.app import create_app
from chejian_cloud.config import API_PREFIX, Settings
from fastapi import APIRouter

from tests.cloud.keys import bearer

pytestmark = pytest.mark.long
SPAN = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-01T01:00:00Z"}
WHO = {"user_name": "li"}
ENTRY = {
    "name_zh": "车间",
    "name_en": "Workshop",
    "city_code": "230100",
    "sector": "power",
    "industry": "discrete",
    "status": "running",
}
WORKSHOP = {"name_zh": "车间", "city_code": "230100", "calendar": "HRB-2S", **WHO}
MACHINE = {"name_zh": "机", "type": "cnc_machining_centre", **WHO}
BODIES: dict[str, Mapping[str, Any]] = {
    "PUT /api/v1/calendars/{calendar_id}/versions/{valid_from}": {
        "shifts": [{"code": "A", "name_zh": "白", "name_en": "Day", "start": "08:00", "end": "20:00"}],
        **WHO,
    },
    "PUT /api/v1/calendars/{calendar_id}/days/{day}": {"shifts": [], **WHO},
    "POST /api/v1/calendars/{calendar_id}/spans": {**SPAN, "kind": "closed", **WHO},
    "PUT /api/v1/equipment/{equipment_id}/ideal-cycles": {
        "product": "SHAFT-A",
        "seconds": 80,
        "valid_from": "2026-01-01T00:00:00Z",
        **WHO,
    },
    "PUT /api/v1/equipment/{equipment_id}/counters/{role}": {"modulus": 65536, **WHO},
    "POST /api/v1/equipment/{equipment_id}/counters/{role}/replacements": {"time": SPAN["start"], **WHO},
    "POST /api/v1/equipment/{equipment_id}/inspections": {"time": SPAN["start"], "scrap": 1, **WHO},
    "POST /api/v1/inspections/{inspection_id}/withdraw": WHO,
    "PUT /api/v1/equipment/{equipment_id}/life-cycle/commissioning": {"commissioned_on": "2025-06-01", **WHO},
    "POST /api/v1/equipment/{equipment_id}/parts": {"name": "bearing", "maintenance_order_id": 1, **WHO},
    "POST /api/v1/equipment/{equipment_id}/parts/{part_id}/removal": WHO,
    "POST /api/v1/equipment/{equipment_id}/parts/{part_id}/withdraw": WHO,
    "POST /api/v1/equipment/{equipment_id}/maintenance-orders": {"kind": "corrective", "title": "x", **WHO},
    "PATCH /api/v1/maintenance-orders/{maintenance_order_id}": {"state": "done", **WHO},
    "POST /api/v1/equipment/{equipment_id}/stop-reasons/assign": {**SPAN, "reason": None, **WHO},
    "POST /api/v1/equipment/{equipment_id}/stop-reasons/comment": {**SPAN, "comment": "x", **WHO},
    "POST /api/v1/equipment/{equipment_id}/stop-reasons/split": {
        "start": SPAN["start"],
        "parts": [{"end": "2026-01-01T00:30:00Z", "reason": None}, {"end": SPAN["end"], "reason": None}],
        **WHO,
    },
    "POST /api/v1/equipment/{equipment_id}/stop-reasons/undo": WHO,
    "POST /api/v1/equipment/{equipment_id}/baselines": {**SPAN, "signal": "Vibration/DriveEnd", **WHO},
    "POST /api/v1/diagnoses/{diagnosis_id}/labels": {"answer": "confirmed", **WHO},
    "POST /api/v1/equipment/{equipment_id}/waveform-requests": {"comment": "it whistles", **WHO},
    "PUT /api/v1/orders": {
        "orders": [
            {
                "code": "MO-9",
                "equipment": "CNC-01",
                "product": "SHAFT-A",
                "quantity": 5,
                "planned_start": SPAN["start"],
                "planned_end": SPAN["end"],
            }
        ],
        **WHO,
    },
    "POST /api/v1/enterprises": {"code": "NEW-E", "name_zh": "新企业", **WHO},
    "PUT /api/v1/enterprises/{enterprise}": {"name_zh": "企业", **WHO},
    "POST /api/v1/enterprises/{enterprise}/workshops": {"code": "NEW-W", **WORKSHOP},
    "PUT /api/v1/workshops/{workshop_id}": WORKSHOP,
    "POST /api/v1/workshops/{workshop_id}/lines": {"code": "NEW-L", "name_zh": "新线", **WHO},
    "PUT /api/v1/lines/{line_id}": {"name_zh": "线", **WHO},
    "POST /api/v1/lines/{line_id}/equipment": {"code": "NEW-M", **MACHINE},
    "POST /api/v1/equipment/{equipment_id}/feeds": {"node": "HRB-W1", "device": "NEW-M", **WHO},
    "PUT /api/v1/equipment/{equipment_id}": {**MACHINE, "position": 1, "line_id": 1},
    "POST /api/v1/enterprises/{enterprise}/products": {"code": "NEW-P", "name_zh": "新产品", **WHO},
    "PUT /api/v1/products/{product_id}": {"name_zh": "产品", **WHO},
    "PUT /api/v1/enterprises/{enterprise}/tariffs/{carrier}/{valid_from}": {
        "prices": {"flat": "0.65"},
        **WHO,
    },
    "POST /api/v1/report-schedules": {"workshop_id": 1, "window": "shift", **WHO},
    "PUT /api/v1/report-schedules/{schedule_id}": {"active": False, **WHO},
    "PATCH /api/v1/accounts/{account_id}": {"display_name": "x"},
    "PUT /api/v1/accounts/{account_id}/memberships": {"roles": [{"role": "viewer", "organisation_id": 15}]},
    "POST /api/v1/accounts": {
        "name": "new",
        "display_name": "x",
        "roles": [{"role": "viewer", "organisation_id": 15}],
    },
    "POST /api/v1/assessments": {"standard": "gbt37393-2019", "workshop_id": 1, "industry": "discrete"},
    "PUT /api/v1/assessments/{assessment_id}/answers": {"lock": 5, "answers": []},
    "POST /api/v1/assessments/{assessment_id}/evidence": {"lock": 5},
    "POST /api/v1/assessments/{assessment_id}/submit": {"lock": 5},
    "POST /api/v1/assessments/{assessment_id}/review": {"lock": 5, "verdict": "pass"},
    "POST /api/v1/assessments/{assessment_id}/approval": {"lock": 5, "verdict": "pass"},
    "POST /api/v1/programme/entries": {**ENTRY, "enterprise_id": 1, "kind": "line", "code": "L9"},
    "PUT /api/v1/programme/entries/{entry_id}": ENTRY,
    "PUT /api/v1/programme/entries/{entry_id}/milestones/{kind}": {"due_on": "2027-01-31"},
    "PUT /api/v1/programme/targets/{target}/observations/{day}": {"value": 250, "source": "list"},
    "PUT /api/v1/programme/energy-years/{year}": {
        "energy": 4975,
        "growth": 0,
        "basis": "equal",
        "source": "statistics",
    },
    "POST /api/v1/regional-assessments": {"standard": "penetration", "region": "230100", "year": 2021},
    "PUT /api/v1/regional-assessments/{region_assessment_id}/values": {"lock": 1, "values": []},
    "POST /api/v1/regional-assessments/{region_assessment_id}/submit": {"lock": 1},
    "POST /api/v1/regional-assessments/{region_assessment_id}/reopen": {"lock": 1, "comment": "?"},
    "PUT /api/v1/accounts/{account_id}/identity": {"provider": "nobody", "subject": "x"},
    "PUT /api/v1/identity-providers/{provider}": {
        "name_zh": "统一身份认证",
        "name_en": "SSO",
        "issuer": "https://sso.example.com",
        "client_id": "chejian",
        "level": "enterprise",
        "organisation": "hlj-demo",
    },
    "POST /api/v1/accounts/{account_id}/tokens": {"label": "x", "permissions": ["read"], "days": 1},
}
"""A body that is right, so that only access can be refused; organisation 15 is `hlj-demo`."""
VALUES = {
    "by": "states",
    "valid_from": "2026-02-01",
    "day": "2026-02-02",
    "kpi": "oee",
    "revision": "1",
    "indicator": "oee",
    "kind": "accepted",
    "target": "T4",
    "year": "2019",
    "role": "good_count",
    "enterprise": "hlj-demo",
    "carrier": "electricity",
    "provider": "plant",
}
ABSENT = "987654"
QUERY = {
    "DELETE /api/v1/equipment/{equipment_id}/feeds": {"node": "HRB-W1", "device": "CNC-01"},
    "GET /api/v1/reports/production": {"workshop_id": "1", "window": "hour", "start": SPAN["start"]},
    "GET /api/v1/equipment/{equipment_id}/kpis/explain": {
        "kpi": "oee",
        "window": "hour",
        "start": SPAN["start"],
    },
    "DELETE /api/v1/equipment/{equipment_id}/ideal-cycles": {
        "product": "SHAFT-A",
        "valid_from": "2027-01-01T00:00:00Z",
    },
    "GET /api/v1/regional-comparison": {"standard": "penetration"},
    "GET /api/v1/regional-comparison/file": {"standard": "penetration"},
    "GET /api/v1/programme/scenarios/count": {"now": "62", "target": "100", "years": "2", "pace": "15"},
    "GET /api/v1/programme/scenarios/intensity": {
        "energy": "4975",
        "energy_growth": "-0.02",
        "value_added_growth": "0.05",
    },
    "GET /api/v1/programme/scenarios/sectors": {
        "sector": "food",
        "energy": "9",
        "value_added": "8",
        "growth": "0.1",
        "saving": "-0.1",
    },
}
ENDLESS = "GET /api/v1/stream"
"""Its refusals are tried here; what it tells is that of /overview and /workshops-now."""
OWN = ("hlj-demo", "230100", "230000")
OTHER = ("qqh-other", "230200", None)
NAMES = re.compile(r"hlj-demo|HRB-|CNC-01|MTS-01|SHAFT-A|MO-1\b")
"""What only the first enterprise has."""


@cache
def forms() -> dict[str, list[str]]:
    """Every route of the document, and the forms of its file where it has several."""
    app = create_app(Settings(dsn="postgresql://nobody@127.0.0.1:1/nothing"))
    return {
        f"{method.upper()} {path}": [
            form
            for parameter in route.get("parameters", ())
            if parameter["name"] == "format"
            for form in parameter["schema"].get("enum", ())
        ]
        for path, methods in sorted(app.openapi()["paths"].items())
        for method, route in methods.items()
    }


ROUTES = sorted(route for route in RULES if f" {API_PREFIX}/" in route)


async def ask(
    client: httpx.AsyncClient, route: str, key: Mapping[str, str], *, own_id: str = "1", form: str = ""
) -> httpx.Response:
    method, template = route.split(" ")
    path = re.sub(r"\{(\w+)\}", lambda m: VALUES.get(m[1], own_id), template)
    query = {**QUERY.get(route, {}), **({} if method in ("GET", "PATCH") else WHO)}
    query |= {"format": form} if form else {}
    if route in BODIES:
        return await client.request(method, path, json=BODIES[route], params=QUERY.get(route), headers=key)
    if route.endswith("/orders/import"):
        csv = "code,equipment,product,quantity,planned_start,planned_end\nMO-8,CNC-01,SHAFT-A,5,2026-01-01T00:00:00Z,2026-01-01T01:00:00Z\n"
        headers = {**key, "Content-Type": "text/csv"}
        return await client.request(method, path, content=csv, params=WHO, headers=headers)
    if route.endswith("/attachments"):
        return await client.request(method, path, content=b"%PDF-1.7", params={"name": "x.pdf"}, headers=key)
    if "/regional-assessments/" in route and route.endswith("/import"):
        csv = "item,value,source,confidence\nerp,0.7,survey,C\n"
        headers = {**key, "Content-Type": "text/csv"}
        return await client.request(method, path, content=csv, params={"lock": 1}, headers=headers)
    if "/registry/imports" in route and method == "POST":
        csv = "workshop,line,code,name_zh,type\nHRB-W1,L1,NEW-1,新机,heavy_lathe\n"
        headers = {**key, "Content-Type": "text/csv"}
        where = {"enterprise": "hlj-demo", **WHO}
        return await client.request(method, path, content=csv, params=where, headers=headers)
    return await client.request(method, path, params=query, headers=key)


def key_of(dsn: str, role: Role, places: tuple[str | None, ...]) -> dict[str, str]:
    kind = PLACE[role]
    code = {"enterprise": places[0], "city": places[1], "province": places[2], None: None}[kind]
    return bearer(dsn, role, code)


def has_id(route: str) -> bool:
    return bool(re.search(r"\{\w+_id\}", route))


def test_every_route_has_a_rule_and_every_write_a_body_to_be_tried_with() -> None:
    assert set(forms()) == set(ROUTES)
    bare = {r for r in ROUTES if r.split()[0] in ("PUT", "POST", "PATCH")} - set(BODIES)
    assert bare == {
        "POST /api/v1/orders/import",
        "POST /api/v1/accounts/{account_id}/link",
        "POST /api/v1/assessments/{assessment_id}/attachments",
        "POST /api/v1/stored-reports/{report_id}/retry",
        "POST /api/v1/registry/imports",
        "POST /api/v1/registry/imports/preview",
        "POST /api/v1/regional-assessments/{region_assessment_id}/import",
    }


def test_a_route_without_a_rule_stops_the_start() -> None:
    router = APIRouter()
    router.get("/forgotten")(lambda: None)
    with pytest.raises(PolicyError, match=r"without a rule.*GET /api/v1/forgotten"):
        bind([(API_PREFIX, router)])
    with pytest.raises(PolicyError, match="without a route"):
        bind([])


async def test_nobody_gets_in_without_a_key(site: httpx.AsyncClient) -> None:
    for route in ROUTES:
        for key in ({}, {"Authorization": "Bearer chj_wrong"}, {"Cookie": "chejian_session=wrong"}):
            answer = await ask(site, route, {"Sec-Fetch-Site": "same-origin", **key})
            assert answer.status_code == 401, (route, key)
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"].startswith("Bearer")
            assert not NAMES.search(answer.text)


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_may_what_it_grants_at_its_place(site: httpx.AsyncClient, two: str, role: Role) -> None:
    bearer(two, Role.VIEWER, "hlj-demo")  # account 1 with token 1, for others to administer
    key = key_of(two, role, OWN)
    for route in ROUTES:
        permission = RULES[route]
        allowed = permission in GRANTS[role]
        if route == ENDLESS and allowed:
            continue
        answer = await ask(site, route, key)
        assert (answer.status_code == 403) is not allowed or permission is Permission.ACCOUNTS, (
            route,
            answer.text,
        )
        assert answer.status_code not in (401, 405, 500), (route, answer.text)
        if not allowed:
            assert not NAMES.search(answer.text)


@pytest.mark.parametrize("role", [Role.ENTERPRISE_ADMIN, Role.ENGINEER, Role.CITY])
async def test_what_is_foreign_looks_like_what_is_not_there(
    site: httpx.AsyncClient, two: str, role: Role
) -> None:
    key = key_of(two, role, OTHER)
    own_account = bearer(two, Role.VIEWER, "hlj-demo")  # account 2 is of the first enterprise
    assert (await site.get("/api/v1/me", headers=own_account)).status_code == 200
    for route in ROUTES:
        if RULES[route] not in GRANTS[role] or route == ENDLESS or RULES[route] is Permission.SELF:
            continue
        first = "2" if "{account_id}" in route or "{token_id}" in route else "1"
        foreign = await ask(site, route, key, own_id=first)
        assert foreign.status_code != 500, (route, foreign.text)
        if has_id(route):
            absent = await ask(site, route, key, own_id=ABSENT)
            assert foreign.status_code == absent.status_code, (route, foreign.text, absent.text)
            assert foreign.status_code >= 400, (route, foreign.text)
            assert "detail" in foreign.json(), route
            assert foreign.text.replace(first, "#") == absent.text.replace(ABSENT, "#").replace(first, "#"), (
                route
            )
        elif route.split()[0] != "GET":
            assert foreign.status_code >= 400, (route, foreign.text)
        else:
            assert not NAMES.search(foreign.text), (route, foreign.text)


async def test_a_file_is_found_by_its_own_only_in_each_of_its_forms(
    site: httpx.AsyncClient, two: str
) -> None:
    files = {(route, form) for route in ROUTES if has_id(route) for form in forms()[route]}
    assert {form for route, form in files if "/samples/" in route} == {"csv", "arrow"}
    own, other = key_of(two, Role.PLATFORM_ADMIN, OWN), key_of(two, Role.VIEWER, OTHER)
    for route, form in files:
        assert (await ask(site, route, own, form=form)).status_code == 200, (route, form)
        foreign = await ask(site, route, other, form=form)
        assert foreign.status_code == 404, (route, form)
        assert not NAMES.search(foreign.text), (route, form)


async def test_own_things_are_found(site: httpx.AsyncClient, two: str) -> None:
    key = key_of(two, Role.VIEWER, OWN)
    seen = {}
    for route in ROUTES:
        if RULES[route] is Permission.READ and route != ENDLESS and has_id(route):
            seen[route] = (await ask(site, route, key)).status_code
    missing = {route for route, status in seen.items() if status != 200}
    assert missing == {
        "GET /api/v1/equipment/{equipment_id}/kpis/explain",  # nothing computed here
        "GET /api/v1/equipment/{equipment_id}/kpis/sheet",
        "GET /api/v1/diagnoses/{diagnosis_id}/spectrum",  # no waveform here
        "GET /api/v1/diagnoses/{diagnosis_id}/velocity-spectrum",
        "GET /api/v1/diagnoses/{diagnosis_id}/recompute",
        "GET /api/v1/equipment/{equipment_id}/vibration",
        "GET /api/v1/equipment/{equipment_id}/waterfall",
        "GET /api/v1/regional-assessments/{region_assessment_id}",  # of those who oversee the region
        "GET /api/v1/regional-assessments/{region_assessment_id}/file",
        "GET /api/v1/regional-assessments/{region_assessment_id}/revisions",
        "GET /api/v1/regional-assessments/{region_assessment_id}/revisions/{revision}",
        "GET /api/v1/series/{series_id}/samples/buckets",  # states have none
        "GET /api/v1/stored-reports/{report_id}/file",  # none is due here
    }
