"""Which permission each route asks for: one table.

A route without a rule stops the start-up, and so does a rule without a route. A rule of a route that hands out a file, or takes one in, is in `EXPORTS` as well: its use is a line of the audit journal.
Changes are journalled without being named here (`chejian_cloud.db.engine.write_session`).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from fastapi import APIRouter
from fastapi.routing import APIRoute

from chejian_cloud.access.permissions import Permission
from chejian_cloud.config import API_PREFIX

_ROUTES: Final[Mapping[Permission, tuple[str, ...]]] = {
    Permission.PUBLIC: (
        "GET /healthz",
        "GET /readyz",
        "GET /metrics",  # counts of requests by route; nothing of a plant
        "GET /console/texts/{language}.json",
        "GET /login",
        "POST /login",
        "GET /login/{provider}",
        "GET /login/{provider}/return",
        "GET /link",
        "POST /link",
        "POST /theme",  # of the browser that sends it
    ),
    Permission.SELF: (
        "POST /logout",
        "GET /password",
        "POST /password",
        "GET /api/v1/me",
    ),
    Permission.READ: (
        "GET /",
        "GET /api/v1/assessment-standards",
        "GET /api/v1/assessments",
        "GET /api/v1/assessments/{assessment_id}",
        "GET /api/v1/assessments/{assessment_id}/attachments/{attachment_id}",
        "GET /api/v1/assessments/{assessment_id}/benchmark",
        "GET /api/v1/assessments/{assessment_id}/report",
        "GET /api/v1/assessments/{assessment_id}/result",
        "GET /api/v1/assessments/{assessment_id}/revisions",
        "GET /api/v1/assessments/{assessment_id}/revisions/{revision}",
        "GET /api/v1/assessments/{assessment_id}/revisions/{revision}/changes",
        "GET /api/v1/calendars",
        "GET /api/v1/calendars/{calendar_id}",
        "GET /api/v1/completeness",
        "GET /api/v1/data-health",
        "GET /api/v1/devices",
        "GET /api/v1/devices/{device_id}/metrics",
        "GET /api/v1/diagnoses/{diagnosis_id}",
        "GET /api/v1/diagnoses/{diagnosis_id}/labels",
        "GET /api/v1/diagnoses/{diagnosis_id}/recompute",
        "GET /api/v1/diagnoses/{diagnosis_id}/spectrum",
        "GET /api/v1/diagnoses/{diagnosis_id}/velocity-spectrum",
        "GET /api/v1/diagnosis-labels/file",
        "GET /api/v1/diagnosis-findings",
        "GET /api/v1/diagnosis-precision",
        "GET /api/v1/energy/factors",
        "GET /api/v1/energy/shares/{by}",
        "GET /api/v1/energy/values",
        "GET /api/v1/equipment",
        "GET /api/v1/equipment/{equipment_id}",
        "GET /api/v1/equipment/{equipment_id}/baselines",
        "GET /api/v1/equipment/{equipment_id}/counters",
        "GET /api/v1/equipment/{equipment_id}/diagnoses",
        "GET /api/v1/equipment/{equipment_id}/energy",
        "GET /api/v1/equipment/{equipment_id}/energy/{by}",
        "GET /api/v1/equipment/{equipment_id}/ideal-cycles",
        "GET /api/v1/equipment/{equipment_id}/inspections",
        "GET /api/v1/equipment/{equipment_id}/kpi-revisions",
        "GET /api/v1/equipment/{equipment_id}/kpis",
        "GET /api/v1/equipment/{equipment_id}/kpis/explain",
        "GET /api/v1/equipment/{equipment_id}/kpis/sheet",
        "GET /api/v1/equipment/{equipment_id}/life-cycle",
        "GET /api/v1/equipment/{equipment_id}/losses",
        "GET /api/v1/equipment/{equipment_id}/maintenance-orders",
        "GET /api/v1/equipment/{equipment_id}/parts",
        "GET /api/v1/equipment/{equipment_id}/shifts",
        "GET /api/v1/equipment/{equipment_id}/signals",
        "GET /api/v1/equipment/{equipment_id}/states",
        "GET /api/v1/equipment/{equipment_id}/stop-reasons",
        "GET /api/v1/equipment/{equipment_id}/stops",
        "GET /api/v1/equipment/{equipment_id}/vibration",
        "GET /api/v1/equipment/{equipment_id}/waterfall",
        "GET /api/v1/equipment/{equipment_id}/waveform-requests",
        "GET /api/v1/kpi-values",
        "GET /api/v1/kpi-values/file",
        "GET /api/v1/kpis",
        "GET /api/v1/kpis/sheet",
        "GET /api/v1/latest",
        "GET /api/v1/lines/{line_id}/energy",
        "GET /api/v1/lines/{line_id}/output",
        "GET /api/v1/losses",
        "GET /api/v1/meters",
        "GET /api/v1/needs-reason",
        "GET /api/v1/orders",
        "GET /api/v1/orders/results",
        "GET /api/v1/orders/results/file",
        "GET /api/v1/organisations",
        "GET /api/v1/overview",
        "GET /api/v1/products",
        "GET /api/v1/products/{product_id}",
        "GET /api/v1/programme",
        "GET /api/v1/programme/bulletin",
        "GET /api/v1/programme/cities",
        "GET /api/v1/programme/distribution",
        "GET /api/v1/programme/energy-years",
        "GET /api/v1/programme/entries",
        "GET /api/v1/programme/entries/{entry_id}",
        "GET /api/v1/programme/entries/{entry_id}/evidence",
        "GET /api/v1/programme/map",
        "GET /api/v1/programme/ranking",
        "GET /api/v1/programme/ranking/file",
        "GET /api/v1/programme/reporting",
        "GET /api/v1/programme/scenarios/count",
        "GET /api/v1/programme/scenarios/intensity",
        "GET /api/v1/programme/scenarios/sectors",
        "GET /api/v1/programme/targets",
        "GET /api/v1/programme/trends/{indicator}",
        "GET /api/v1/programme/trends/{indicator}/workshops",
        "GET /api/v1/reasons",
        "GET /api/v1/regional-assessments",
        "GET /api/v1/regional-assessments/{region_assessment_id}",
        "GET /api/v1/regional-assessments/{region_assessment_id}/file",
        "GET /api/v1/regional-assessments/{region_assessment_id}/revisions",
        "GET /api/v1/regional-assessments/{region_assessment_id}/revisions/{revision}",
        "GET /api/v1/regional-comparison",
        "GET /api/v1/regional-comparison/file",
        "GET /api/v1/regions",
        "GET /api/v1/report-schedules",
        "GET /api/v1/reports/assessments/{assessment_id}",
        "GET /api/v1/reports/bulletin",
        "GET /api/v1/reports/production",
        "GET /api/v1/series/{series_id}/samples",
        "GET /api/v1/series/{series_id}/samples/buckets",
        "GET /api/v1/series/{series_id}/samples/file",
        "GET /api/v1/states",
        "GET /api/v1/stored-reports",
        "GET /api/v1/stored-reports/{report_id}/file",
        "GET /api/v1/stream",
        "GET /api/v1/enterprises/{enterprise}/tariffs/{carrier}/{valid_from}",
        "GET /api/v1/tariffs",
        "GET /api/v1/workshop-completeness",
        "GET /api/v1/workshops",
        "GET /api/v1/workshops-energy",
        "GET /api/v1/workshops-now",
        "GET /api/v1/workshops/{workshop_id}/energy",
        "GET /api/v1/workshops/{workshop_id}/energy/cost",
        "GET /api/v1/workshops/{workshop_id}/shifts",
        "GET /assessments",
        "GET /assessments/{assessment_id}",
        "GET /at/{enterprise}/equipment/{code}",
        "GET /at/{enterprise}/workshops/{workshop}",
        "GET /console/foreign",
        "GET /diagnoses/{diagnosis_id}/waveform.csv",
        "GET /equipment/{equipment_id}",
        "GET /equipment/{equipment_id}/diagnosis",
        "GET /equipment/{equipment_id}/explain",
        "GET /equipment/{equipment_id}/life-cycle",
        "GET /equipment/{equipment_id}/oee",
        "GET /equipment/{equipment_id}/stops",
        "GET /health",
        "GET /lines/{line_id}",
        "GET /lines/{line_id}/oee",
        "GET /lines/{line_id}/orders",
        "GET /meters/{equipment_id}",
        "GET /orders",
        "GET /programme",
        "GET /programme/entries/{entry_id}",
        "GET /regions",
        "GET /regions/{region_assessment_id}",
        "GET /reports",
        "GET /wallboard",
        "GET /workshops/{workshop_id}",
        "GET /workshops/{workshop_id}/energy",
        "GET /workshops/{workshop_id}/meters",
        "GET /workshops/{workshop_id}/oee",
        "GET /workshops/{workshop_id}/orders",
        "GET /workshops/{workshop_id}/wallboard",
    ),
    Permission.OPERATE: (
        "DELETE /api/v1/counter-replacements/{replacement_id}",
        "POST /api/v1/equipment/{equipment_id}/counters/{role}/replacements",
        "POST /api/v1/equipment/{equipment_id}/inspections",
        "POST /api/v1/equipment/{equipment_id}/maintenance-orders",
        "POST /api/v1/equipment/{equipment_id}/parts",
        "POST /api/v1/equipment/{equipment_id}/parts/{part_id}/removal",
        "POST /api/v1/equipment/{equipment_id}/parts/{part_id}/withdraw",
        "POST /api/v1/equipment/{equipment_id}/stop-reasons/assign",
        "POST /api/v1/equipment/{equipment_id}/stop-reasons/comment",
        "POST /api/v1/equipment/{equipment_id}/stop-reasons/split",
        "POST /api/v1/equipment/{equipment_id}/stop-reasons/undo",
        "POST /api/v1/inspections/{inspection_id}/withdraw",
        "PATCH /api/v1/maintenance-orders/{maintenance_order_id}",
    ),
    Permission.ENGINEER: (
        "DELETE /api/v1/calendars/{calendar_id}/days/{day}",
        "PUT /api/v1/calendars/{calendar_id}/days/{day}",
        "POST /api/v1/calendars/{calendar_id}/spans",
        "DELETE /api/v1/calendars/{calendar_id}/spans/{span_id}",
        "DELETE /api/v1/calendars/{calendar_id}/versions/{valid_from}",
        "PUT /api/v1/calendars/{calendar_id}/versions/{valid_from}",
        "POST /api/v1/diagnoses/{diagnosis_id}/labels",
        "POST /api/v1/equipment/{equipment_id}/baselines",
        "POST /api/v1/equipment/{equipment_id}/waveform-requests",
        "PUT /api/v1/equipment/{equipment_id}/counters/{role}",
        "PUT /api/v1/equipment/{equipment_id}/life-cycle/commissioning",
        "DELETE /api/v1/equipment/{equipment_id}/ideal-cycles",
        "PUT /api/v1/equipment/{equipment_id}/ideal-cycles",
        "PUT /api/v1/orders",
        "POST /api/v1/orders/import",
        "DELETE /api/v1/equipment/{equipment_id}/feeds",
        "POST /api/v1/equipment/{equipment_id}/feeds",
        "GET /api/v1/registry",
        "PUT /api/v1/enterprises/{enterprise}",
        "POST /api/v1/enterprises/{enterprise}/workshops",
        "PUT /api/v1/workshops/{workshop_id}",
        "POST /api/v1/workshops/{workshop_id}/lines",
        "PUT /api/v1/lines/{line_id}",
        "POST /api/v1/enterprises/{enterprise}/products",
        "DELETE /api/v1/enterprises/{enterprise}/tariffs/{carrier}/{valid_from}",
        "PUT /api/v1/enterprises/{enterprise}/tariffs/{carrier}/{valid_from}",
        "DELETE /api/v1/products/{product_id}",
        "PUT /api/v1/products/{product_id}",
        "POST /api/v1/lines/{line_id}/equipment",
        "PUT /api/v1/equipment/{equipment_id}",
        "GET /api/v1/registry/imports/template",
        "POST /api/v1/registry/imports",
        "POST /api/v1/registry/imports/preview",
        "POST /api/v1/report-schedules",
        "DELETE /api/v1/report-schedules/{schedule_id}",
        "PUT /api/v1/report-schedules/{schedule_id}",
        "POST /api/v1/stored-reports/{report_id}/retry",
        "GET /registry",
        "GET /registry/devices",
        "GET /registry/import",
        "DELETE /api/v1/orders/{order_id}",
    ),
    Permission.ASSESS: (
        "POST /api/v1/assessments",
        "PUT /api/v1/assessments/{assessment_id}/answers",
        "POST /api/v1/assessments/{assessment_id}/attachments",
        "POST /api/v1/assessments/{assessment_id}/evidence",
        "POST /api/v1/assessments/{assessment_id}/submit",
    ),
    Permission.REVIEW: ("POST /api/v1/assessments/{assessment_id}/review",),
    Permission.APPROVE: (
        "POST /api/v1/assessments/{assessment_id}/approval",
        "PUT /api/v1/programme/energy-years/{year}",
        "POST /api/v1/programme/entries",
        "PUT /api/v1/programme/entries/{entry_id}",
        "PUT /api/v1/programme/entries/{entry_id}/milestones/{kind}",
        "PUT /api/v1/programme/targets/{target}/observations/{day}",
    ),
    Permission.REGION: (
        "POST /api/v1/regional-assessments",
        "POST /api/v1/regional-assessments/{region_assessment_id}/import",
        "POST /api/v1/regional-assessments/{region_assessment_id}/reopen",
        "POST /api/v1/regional-assessments/{region_assessment_id}/submit",
        "PUT /api/v1/regional-assessments/{region_assessment_id}/values",
    ),
    Permission.ACCOUNTS: (
        "GET /accounts",
        "POST /accounts",
        "POST /accounts/{account_id}",
        "GET /api/v1/accounts",
        "POST /api/v1/accounts",
        "GET /api/v1/accounts/{account_id}",
        "PATCH /api/v1/accounts/{account_id}",
        "PUT /api/v1/accounts/{account_id}/memberships",
        "PUT /api/v1/accounts/{account_id}/identity",
        "DELETE /api/v1/accounts/{account_id}/identity",
        "POST /api/v1/accounts/{account_id}/link",
        "GET /api/v1/accounts/{account_id}/tokens",
        "POST /api/v1/accounts/{account_id}/tokens",
        "DELETE /api/v1/tokens/{token_id}",
    ),
    Permission.AUDIT: ("GET /api/v1/audit",),
    Permission.PLATFORM: (
        "POST /api/v1/enterprises",
        "GET /api/v1/identity-providers",
        "PUT /api/v1/identity-providers/{provider}",
    ),
}
RULES: Final[Mapping[str, Permission]] = {
    route: permission for permission, routes in _ROUTES.items() for route in routes
}
EXPORTS: Final = frozenset(
    {
        "GET /api/v1/assessments/{assessment_id}/attachments/{attachment_id}",
        "GET /api/v1/assessments/{assessment_id}/report",
        "GET /api/v1/assessments/{assessment_id}/revisions/{revision}",
        "GET /api/v1/diagnosis-labels/file",
        "GET /api/v1/kpi-values/file",
        "GET /api/v1/orders/results/file",
        "GET /api/v1/programme/ranking/file",
        "GET /api/v1/regional-assessments/{region_assessment_id}/file",
        "GET /api/v1/regional-assessments/{region_assessment_id}/revisions/{revision}",
        "GET /api/v1/regional-comparison/file",
        "GET /api/v1/reports/assessments/{assessment_id}",
        "GET /api/v1/reports/bulletin",
        "GET /api/v1/reports/production",
        "GET /api/v1/series/{series_id}/samples/file",
        "GET /api/v1/stored-reports/{report_id}/file",
        "GET /diagnoses/{diagnosis_id}/waveform.csv",
    }
)

Bound = Mapping[tuple[Callable[..., Any], str], tuple[str, Permission]]
"""(function, method) -> route and what it asks for."""


class PolicyError(RuntimeError):
    """Routes and rules don't fit; names both."""


def bind(routers: Iterable[tuple[str, APIRouter]]) -> Bound:
    """Find the rule of every route.

    Args:
        routers: with the prefix that each is included with.

    Raises:
        PolicyError: a route has no rule, or a rule no route.
    """
    bound: dict[tuple[Callable[..., Any], str], tuple[str, Permission]] = {}
    missing: list[str] = []
    for prefix, router in routers:
        for route in router.routes:
            if not isinstance(route, APIRoute):
                missing.append(f"{prefix} {route!r} (only plain routes can have a rule)")
                continue
            for method in sorted(route.methods or ()):
                name = f"{method} {prefix}{route.path}"
                if name in RULES:
                    bound[route.endpoint, method] = (name, RULES[name])
                else:
                    missing.append(name)
    unused = set(RULES) - {name for name, _ in bound.values()}
    if missing:
        raise PolicyError(f"routes without a rule in chejian_cloud/access/policy.py: {', '.join(missing)}")
    if unused:
        raise PolicyError(
            f"rules of chejian_cloud/access/policy.py without a route: {', '.join(sorted(unused))}"
        )
    return bound


def below_api(route: str) -> bool:
    """Whether a route or path is of the API, which answers problem documents and never pages."""
    return f"{route.rsplit(' ', maxsplit=1)[-1]}/".startswith(f"{API_PREFIX}/")
