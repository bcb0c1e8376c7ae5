"""What people and programs write through the API, in an order in which each deed finds what it needs; every answer is kept.

The plant is that of `registry/harbin.good.toml` with a night of samples, so that the answers are the same in each run but for
the moments in which they are given.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

import httpx
import psycopg
from chejian_cloud.access.commands import make_token
from chejian_cloud.access.permissions import TOKEN_PERMISSIONS, Role
from chejian_cloud.clock import utc_now
from chejian_cloud.config import API_PREFIX, Settings
from chejian_cloud.db.engine import make_engine
from chejian_cloud.jobs.queue import Work
from chejian_cloud.jobs.queue import build as build_queue
from chejian_contract.health import Metrics

from tests.cloud.plant_rows import PlantRows
from tests.cloud.reasons.test_reasons_api import a_stop
from tests.cloud.worker.rounds import MINUTE, T0, Bench, after
from tests.cloud.worker.test_baselines import HISTORY, SPAN_HOURS, SPEED

Json = Any
WHO: Final = {"user_name": "王芳"}
SPAN: Final = {"start": after().isoformat(), "end": after(hours=SPAN_HOURS).isoformat()}
TABLE: Final = {"Content-Type": "text/csv"}
ASKERS: Final = {
    Role.PLATFORM_ADMIN: ("platform-office", None),
    Role.CITY: ("harbin-office", "230100"),
    Role.PROVINCE: ("province-office", "230000"),
}
"""Role -> name and place of the service account that asks in it."""


def build(dsn: str) -> None:
    """Two hours of a machine with a stop, and waveforms of a test stand, computed by the worker."""
    plant = PlantRows(dsn)
    plant.write("CNC-01", a_stop(30, 50))
    plant.write("CNC-01", [("Spindle/Temperature", T0 + i * MINUTE, 40 + i % 7 / 2) for i in range(120)])
    plant.write("MTS-01", [SPEED, *HISTORY])
    with Bench(dsn, after(hours=SPAN_HOURS)) as bench:
        bench.settle(diagnose=True)
    with psycopg.connect(dsn) as connection:
        connection.execute("UPDATE telemetry.device SET takes_requests = true WHERE name = 'MTS-01'")


class Scribe:
    """Asks routes and keeps the answers.

    Args:
        client: of the API.
        dsn: of its database.

    Attributes:
        told: JSON of the last answer of each route.
    """

    def __init__(self, client: httpx.Client, dsn: str) -> None:
        self._client, self.dsn = client, dsn
        self._keys = {
            role: f"Bearer {make_token(dsn, name, role, place, TOKEN_PERMISSIONS, days=1)}"
            for role, (name, place) in ASKERS.items()
        }
        self.told: dict[str, Json] = {}

    def ask(
        self,
        route: str,
        body: Mapping[str, Json] | str | bytes | None = None,
        *,
        by: Role = Role.PLATFORM_ADMIN,
        query: Mapping[str, Json] | None = None,
        **ids: Json,
    ) -> Json:
        """JSON of an answer, None where there is none.

        Args:
            route: method and path below the API.
            body: JSON, or the content of a file.
            by: who asks.
            query: parameters.
            ids: values of the places in the path.
        """
        told = self.look(route, body, by=by, query=query, **ids)
        if told is not None:
            method, path = route.split()
            self.told[f"{method} {API_PREFIX}{path}"] = told
        return told

    def look(
        self,
        route: str,
        body: Mapping[str, Json] | str | bytes | None = None,
        *,
        by: Role = Role.PLATFORM_ADMIN,
        query: Mapping[str, Json] | None = None,
        **ids: Json,
    ) -> Json:
        """The same, and it is not kept: what the demo shows better."""
        method, path = route.split()
        headers = {"Authorization": self._keys[by]}
        if isinstance(body, Mapping):
            given: dict[str, Json] = {"json": body}
        else:
            given = {"content": body}
            headers |= {} if body is None else TABLE
        url = API_PREFIX + path.format_map(ids)
        answer = self._client.request(method, url, params=query, headers=headers, **given)
        assert answer.is_success, (route, answer.status_code, answer.text)
        return answer.json() if answer.content else None


def all_deeds(scribe: Scribe) -> None:
    """Every write that is answered in JSON, and reads of what only writes bring about."""
    accounts(scribe)
    registry(scribe)
    calendar(scribe)
    equipment(scribe)
    production(scribe)
    reports(scribe)
    buckets(scribe)
    stops(scribe)
    diagnosis(scribe)
    life_cycle(scribe)
    assessment(scribe)
    programme(scribe)
    region(scribe)


def accounts(scribe: Scribe) -> None:
    (place,) = (o for o in scribe.look("GET /organisations") if o["code"] == "hlj-demo")
    roles = [{"role": "engineer", "organisation_id": place["organisation_id"]}]
    body = {"name": "zhang.san", "display_name": "张三", "roles": roles}
    person = scribe.ask("POST /accounts", body)["account_id"]
    scribe.ask("POST /accounts/{account_id}/link", account_id=person)
    service = next(a for a in scribe.look("GET /accounts") if a["kind"] == "service")
    token = {"label": "MES of workshop 1", "permissions": ["read", "operate"], "days": 365}
    scribe.ask("POST /accounts/{account_id}/tokens", token, account_id=service["account_id"])
    grant = {"value": "/chejian/engineers", "role": "engineer", "organisation": "hlj-demo"}
    provider = {
        "name_zh": "企业统一身份认证",
        "name_en": "Enterprise SSO",
        "client_id": "chejian",
        "issuer": "https://sso.example.com/realms/plant",
        "level": "enterprise",
        "organisation": "hlj-demo",
        "grants": [grant],
        "active": False,
    }
    scribe.ask("PUT /identity-providers/{provider}", provider, provider="plant")
    scribe.ask("GET /identity-providers")


def registry(scribe: Scribe) -> None:
    scribe.ask("POST /enterprises", {"code": "QQH-DAIRY", "name_zh": "齐齐哈尔乳业", **WHO})
    workshop = {"name_zh": "乳粉车间", "city_code": "230200", "calendar": "HRB-2S", **WHO}
    key = scribe.ask(
        "POST /enterprises/{enterprise}/workshops", {"code": "QQH-W1", **workshop}, enterprise="QQH-DAIRY"
    )["id"]
    scribe.ask("PUT /workshops/{workshop_id}", workshop, workshop_id=key)
    line = scribe.ask(
        "POST /workshops/{workshop_id}/lines", {"code": "P1", "name_zh": "乳粉线", **WHO}, workshop_id=key
    )["id"]
    machine = {"name_zh": "喷雾干燥塔", "type": "spray_dryer", **WHO}
    key = scribe.ask("POST /lines/{line_id}/equipment", {"code": "SPD-01", **machine}, line_id=line)["id"]
    scribe.ask("PUT /equipment/{equipment_id}", {**machine, "position": 1, "line_id": line}, equipment_id=key)
    product = {"code": "MILK-POWDER", "name_zh": "全脂乳粉", "name_en": "Whole milk powder", **WHO}
    scribe.ask("POST /enterprises/{enterprise}/products", product, enterprise="QQH-DAIRY")
    known = scribe.ask("GET /products", query={"enterprise": "hlj-demo"})
    scribe.ask("GET /products/{product_id}", product_id=known[0]["product_id"])
    clock = {"peak": ("08:00", "11:30"), "flat": ("11:30", "22:00"), "valley": ("22:00", "08:00")}
    periods = [{"start": start, "end": end, "band": band} for band, (start, end) in clock.items()]
    tariff: dict[str, Json] = {
        "prices": {"peak": "0.9750", "flat": "0.6500", "valley": "0.3250"},
        "remark": "示例电价",
    }
    tariff |= {"seasons": [{"periods": periods}], **WHO}
    own: dict[str, Json] = {"enterprise": "hlj-demo", "carrier": "electricity", "valid_from": "2026-01-01"}
    scribe.ask("PUT /enterprises/{enterprise}/tariffs/{carrier}/{valid_from}", tariff, **own)
    scribe.ask("GET /enterprises/{enterprise}/tariffs/{carrier}/{valid_from}", **own)
    scribe.ask("GET /tariffs", query={"enterprise": "hlj-demo"})
    table = "workshop,line,code,name_zh,type\nHRB-W1,L1,CNC-02,2号加工中心,cnc_machining_centre\n"
    query = {"enterprise": "hlj-demo", **WHO}
    scribe.ask("POST /registry/imports/preview", table, query={"enterprise": "hlj-demo"})
    scribe.ask("POST /registry/imports", table, query=query)
    made = next(m for m in scribe.look("GET /equipment") if m["code"] == "CNC-02")["equipment_id"]
    feed = {"node": "HRB-W1", "device": "CNC-02"}
    scribe.ask("POST /equipment/{equipment_id}/feeds", feed | WHO, equipment_id=made)
    scribe.ask("DELETE /equipment/{equipment_id}/feeds", query=feed | WHO, equipment_id=made)


def calendar(scribe: Scribe) -> None:
    key = scribe.look("GET /calendars")[0]["calendar_id"]
    shifts = [{"code": "A", "name_zh": "白班", "name_en": "Day", "start": "08:00", "end": "20:00"}]
    version: dict[str, Json] = {"calendar_id": key, "valid_from": "2026-04-01"}
    scribe.ask("PUT /calendars/{calendar_id}/versions/{valid_from}", {"shifts": shifts, **WHO}, **version)
    scribe.ask("DELETE /calendars/{calendar_id}/versions/{valid_from}", query=WHO, **version)
    day: dict[str, Json] = {"calendar_id": key, "day": "2026-10-01"}
    scribe.ask("PUT /calendars/{calendar_id}/days/{day}", {"shifts": [], **WHO}, **day)
    scribe.ask("DELETE /calendars/{calendar_id}/days/{day}", query=WHO, **day)
    span = {"start": "2026-07-01T00:00:00+08:00", "end": "2026-07-08T00:00:00+08:00", "kind": "closed"}
    made = scribe.ask("POST /calendars/{calendar_id}/spans", span | WHO, calendar_id=key)
    scribe.ask("DELETE /calendars/{calendar_id}/spans/{span_id}", query=WHO, calendar_id=key, span_id=made)


def equipment(scribe: Scribe) -> None:
    cycle = {"product": "SHAFT-A", "valid_from": "2026-03-01T00:00:00+08:00", **WHO}
    scribe.ask("PUT /equipment/{equipment_id}/ideal-cycles", {"seconds": 80, **cycle}, equipment_id=1)
    scribe.ask("DELETE /equipment/{equipment_id}/ideal-cycles", query=cycle, equipment_id=1)
    counter: dict[str, Json] = {"equipment_id": 1, "role": "good_count"}
    scribe.ask("PUT /equipment/{equipment_id}/counters/{role}", {"modulus": 65536, **WHO}, **counter)
    replaced = {"time": after(hours=1).isoformat(), **WHO}
    scribe.ask("POST /equipment/{equipment_id}/counters/{role}/replacements", replaced, **counter)


def production(scribe: Scribe) -> None:
    order = {"equipment": "CNC-01", "product": "SHAFT-A", "quantity": 400}
    order |= {"planned_start": SPAN["start"], "planned_end": SPAN["end"]}
    scribe.ask("PUT /orders", {"orders": [{"code": "MO-2026-118", **order}], **WHO})
    table = (
        "code,equipment,product,quantity,planned_start,planned_end\n"
        f"MO-2026-119,CNC-01,SHAFT-A,200,{SPAN['end']},{after(hours=9).isoformat()}\n"
    )
    scribe.ask("POST /orders/import", table, query=WHO)
    found = {"time": after(hours=1).isoformat(), "scrap": 2, "rework": 1, "comment": "圆度超差", **WHO}
    scribe.ask("POST /equipment/{equipment_id}/inspections", found, equipment_id=1)
    scribe.ask("GET /equipment/{equipment_id}/inspections", query=_range(), equipment_id=1)


def reports(scribe: Scribe) -> None:
    """Two days pass for the jobs, so that shifts have ended since the schedule was made."""
    schedule = {"workshop_id": 1, "window": "shift", "format": "xlsx", **WHO}
    scribe.ask("POST /report-schedules", schedule)
    engine = make_engine(scribe.dsn, application="tests", scoped=True)
    now = utc_now() + timedelta(days=2)
    work = Work(engine, Settings(dsn=scribe.dsn), Metrics(), lambda: now)
    build_queue(work)
    for enterprise, report in work.note():
        work.make(enterprise, report, last=True)
    engine.dispose()
    scribe.ask("GET /stored-reports")


def buckets(scribe: Scribe) -> None:
    signals = scribe.look("GET /equipment/{equipment_id}/signals", equipment_id=1)
    series = next(s["series_id"] for s in signals if s["name"] == "Spindle/Temperature")
    scribe.ask("GET /series/{series_id}/samples/buckets", query=_range(), series_id=series)


def stops(scribe: Scribe) -> None:
    def post(what: str, **body: Json) -> None:
        scribe.ask(f"POST /equipment/{{equipment_id}}/stop-reasons/{what}", body | WHO, equipment_id=1)

    stop = {"start": after(minutes=30).isoformat(), "end": after(minutes=50).isoformat()}
    post("assign", **stop, reason="breakdown.electrical")
    post("comment", **stop, comment="F2 更换")
    middle = after(minutes=40).isoformat()
    parts = [{"end": middle, "reason": "supply.energy"}, {"end": stop["end"], "reason": None}]
    post("split", start=stop["start"], parts=parts)
    post("undo")


def diagnosis(scribe: Scribe) -> None:
    found = scribe.look("GET /equipment/{equipment_id}/diagnoses", equipment_id=2)[0]["diagnosis_id"]
    scribe.ask("POST /diagnoses/{diagnosis_id}/labels", {"answer": "confirmed", **WHO}, diagnosis_id=found)
    body = {**SPAN, "signal": "Vibration/DriveEnd", **WHO}
    scribe.ask("POST /equipment/{equipment_id}/baselines", body, equipment_id=2)
    asked = {"comment": "有啸叫声", **WHO}
    scribe.ask("POST /equipment/{equipment_id}/waveform-requests", asked, equipment_id=2)
    scribe.ask("GET /equipment/{equipment_id}/waveform-requests", equipment_id=2)


def life_cycle(scribe: Scribe) -> None:
    """A test stand that was commissioned gets a new bearing, in the work of an order that follows from a diagnosis."""

    def ask(route: str, **body: Json) -> Json:
        return scribe.ask(route.replace(" ", " /equipment/{equipment_id}/"), body | WHO, equipment_id=2)

    plate = {"manufacturer": "哈尔滨电机厂", "model": "MTS-2", "serial_number": "2019-0417"}
    ask("PUT life-cycle/commissioning", commissioned_on="2026-03-01", **plate)
    found = scribe.look("GET /equipment/{equipment_id}/diagnoses", equipment_id=2)[0]["diagnosis_id"]
    old = ask("POST parts", code="6205-2RS", name="驱动端轴承", place="驱动端", fitted_at=SPAN["start"])
    order = ask(
        "POST maintenance-orders",
        kind="corrective",
        title="驱动端轴承异响",
        diagnosis_id=found,
        opened_at=after(hours=1).isoformat(),
    )["maintenance_order_id"]

    def advance(state: str, hours: float, **more: Json) -> None:
        body = {"state": state, "at": after(hours=hours).isoformat(), **more, **WHO}
        scribe.ask("PATCH /maintenance-orders/{maintenance_order_id}", body, maintenance_order_id=order)

    advance("in_work", 1.25)
    time = after(hours=1.5).isoformat()
    removal = {"removed_at": time, "remark": "外圈剥落", "maintenance_order_id": order, **WHO}
    scribe.ask("POST /equipment/{equipment_id}/parts/{part_id}/removal", removal, equipment_id=2, part_id=old)
    new = {"code": "6205-2RS", "name": "驱动端轴承", "place": "驱动端", "fitted_at": time}
    ask("POST parts", maintenance_order_id=order, **new)
    advance("done", 1.75, found="外圈剥落,已更换轴承")
    ask("POST maintenance-orders", kind="preventive", title="更换润滑脂")
    for what in ("life-cycle", "parts", "maintenance-orders"):
        scribe.ask(f"GET /equipment/{{equipment_id}}/{what}", equipment_id=2)


def assessment(scribe: Scribe) -> None:
    form: Json = scribe.ask(
        "POST /assessments", {"standard": "gbt37393-2019", "workshop_id": 1, "industry": "discrete"}
    )
    key = form["assessment_id"]

    def step(name: str, by: Role = Role.PLATFORM_ADMIN, method: str = "POST", **body: Json) -> None:
        nonlocal form
        route = f"{method} /assessments/{{assessment_id}}/{name}"
        form = scribe.ask(route, {"lock": form["lock"], **body}, by=by, assessment_id=key)

    scribe.ask(
        "POST /assessments/{assessment_id}/attachments",
        b"%PDF-1.7 of the MES",
        query={"name": "mes.pdf"},
        assessment_id=key,
    )
    answers = [{"item": "auto_data_share", "given": ["0.95"]}, {"item": "mes", "given": ["1"]}]
    step("answers", method="PUT", answers=answers)
    step("evidence")
    step("submit")
    step("review", Role.CITY, verdict="return", comment="自动采集率与实测不符", due_on="2027-01-31")
    step("answers", method="PUT", answers=[{"item": "auto_data_share", "measured": True}])
    step("submit", comment="已改为实测")
    step("review", Role.CITY, verdict="pass")
    step("approval", Role.PROVINCE, verdict="pass")
    scribe.ask("GET /assessments/{assessment_id}/revisions/{revision}/changes", assessment_id=key, revision=2)


def programme(scribe: Scribe) -> None:
    entry = {"name_zh": "机加线", "name_en": "Machining", "city_code": "230100", "sector": "power"}
    entry |= {"industry": "discrete", "status": "running"}
    made = scribe.ask(
        "POST /programme/entries",
        {**entry, "enterprise_id": 1, "kind": "line", "code": "L1"},
        by=Role.PROVINCE,
    )["programme_entry_id"]
    scribe.ask("PUT /programme/entries/{entry_id}", entry, by=Role.PROVINCE, entry_id=made)
    due = {"due_on": "2027-01-31"}
    scribe.ask(
        "PUT /programme/entries/{entry_id}/milestones/{kind}",
        due,
        by=Role.PROVINCE,
        entry_id=made,
        kind="accepted",
    )
    scribe.ask("GET /programme/map")


def region(scribe: Scribe) -> None:
    asked = {"standard": "penetration", "region": "230100", "year": 2021}
    form = scribe.ask("POST /regional-assessments", asked, by=Role.CITY)
    key = form["region_assessment_id"]

    def step(name: str, method: str = "POST", **body: Json) -> Json:
        route = f"{method} /regional-assessments/{{region_assessment_id}}/{name}"
        return scribe.ask(route, body, by=Role.CITY, region_assessment_id=key)

    value = {"item": "erp", "value": "0.7", "source": "survey", "confidence": "C"}
    form = step("values", "PUT", lock=form["lock"], values=[value])
    form = scribe.ask(
        "POST /regional-assessments/{region_assessment_id}/import",
        "item,value,source,confidence\nmes,0.45,survey,C\n",
        by=Role.CITY,
        query={"lock": form["lock"]},
        region_assessment_id=key,
    )["form"]
    form = step("submit", lock=form["lock"])
    step("reopen", lock=form["lock"], comment="one source was wrong")


def _range() -> dict[str, str]:
    return {"from": SPAN["start"], "to": SPAN["end"]}
