"""The API: `create_app` puts routers, health pages, errors, headers and the console together."""

import importlib.util
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any

from chejian_contract.health import Metrics
from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import BaseRoute

import chejian_cloud.access.routes as access_routes
import chejian_cloud.assessment.routes as assessment_routes
import chejian_cloud.calendar.routes as calendar_routes
import chejian_cloud.diagnosis.routes as diagnosis_routes
import chejian_cloud.energy.routes as energy_routes
import chejian_cloud.health.routes as health_routes
import chejian_cloud.kpi.reports as report_routes
import chejian_cloud.kpi.routes as kpi_routes
import chejian_cloud.lifecycle.routes as lifecycle_routes
import chejian_cloud.lines.routes as lines_routes
import chejian_cloud.orders.routes as orders_routes
import chejian_cloud.programme.routes as programme_routes
import chejian_cloud.reasons.routes as reasons_routes
import chejian_cloud.regions.routes as regions_routes
import chejian_cloud.registry.routes as registry_routes
import chejian_cloud.reports.routes as pdf_routes
import chejian_cloud.series.routes as series_routes
import chejian_cloud.states.routes as states_routes
import chejian_cloud.stream.routes as stream_routes
from chejian_cloud import openapi, problems, process_pages
from chejian_cloud.access.authorize import authorize
from chejian_cloud.access.policy import bind
from chejian_cloud.branches import branches
from chejian_cloud.conditional import EntityTags
from chejian_cloud.config import API_PREFIX, Settings
from chejian_cloud.db.engine import STATEMENT_TIMEOUT_MS, make_engine
from chejian_cloud.diagnosis import finding_routes, label_routes, trend_routes, waveform_request_routes
from chejian_cloud.energy import tariff_routes
from chejian_cloud.programme import plans, scenarios
from chejian_cloud.programme.outlines import load_outlines
from chejian_cloud.registry import device_routes, edit_routes, import_routes, product_routes
from chejian_cloud.reports import schedule_routes
from chejian_cloud.security import BodyLimits, SecurityHeaders
from chejian_cloud.storable import refuse_unstorable
from chejian_cloud.stream.service import OverviewStream

log = logging.getLogger(__name__)

_SUBJECTS = (
    access_routes,
    registry_routes,
    device_routes,
    edit_routes,
    import_routes,
    product_routes,
    calendar_routes,
    series_routes,
    states_routes,
    kpi_routes,
    energy_routes,
    tariff_routes,
    report_routes,
    pdf_routes,
    schedule_routes,
    lines_routes,
    orders_routes,
    reasons_routes,
    diagnosis_routes,
    finding_routes,
    label_routes,
    trend_routes,
    waveform_request_routes,
    lifecycle_routes,
    health_routes,
    stream_routes,
    assessment_routes,
    programme_routes,
    regions_routes,
    scenarios,
)

_GATES = (Depends(refuse_unstorable), Depends(authorize))
"""What every request passes first."""


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with app.state.stream:
        yield
    app.state.engine.dispose()


def create_app(settings: Settings) -> FastAPI:
    """Build the API and, where the package holds it, the console. Opens no connection before the first request.

    The console is `chejian_cloud.console`; its `mount(app)` adds pages and static files.
    """
    app = FastAPI(
        title=openapi.TITLE,
        openapi_url=f"{API_PREFIX}/openapi.json",
        docs_url=None,  # their pages load scripts from the internet
        redoc_url=None,
        lifespan=_lifespan,
        dependencies=_GATES,
    )
    app.state.settings = settings
    app.state.programme = plans.load(settings.programme_plan)
    app.state.programme_map = load_outlines(settings.programme_map, app.state.programme.places)
    app.state.metrics = Metrics()
    app.state.engine = make_engine(
        settings.dsn,
        application="chejian-cloud api",
        statement_timeout_ms=STATEMENT_TIMEOUT_MS,
        scoped=True,
    )
    app.state.stream = OverviewStream(app.state.engine, hold=settings.hold, metrics=app.state.metrics)
    problems.install(app)
    app.router.routes.extend(_routes())
    routers = [("", process_pages.router), *((API_PREFIX, subject.router) for subject in _SUBJECTS)]
    if importlib.util.find_spec("chejian_cloud.console") is not None:
        console = importlib.import_module("chejian_cloud.console")
        routers += [("", router) for router in console.mount(app)]
    app.state.policy = bind(routers)
    app.openapi = _document  # type: ignore[method-assign] # FastAPI has it so
    app.add_middleware(process_pages.RequestMetrics, metrics=app.state.metrics)
    app.add_middleware(EntityTags)
    app.add_middleware(BodyLimits)
    app.add_middleware(SecurityHeaders)
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """The routes of the API. They hold no state, and building them is most of an app: those of one process share them."""
    every = APIRouter(dependencies=_GATES)
    every.include_router(process_pages.router)
    for branch in branches((subject.router for subject in _SUBJECTS), API_PREFIX):
        every.include_router(branch, prefix=API_PREFIX, responses=dict(problems.RESPONSES))
    return tuple(every.routes)


@cache
def _document() -> dict[str, Any]:
    """The OpenAPI document of the API, which the apps of one process share, like its routes."""
    return openapi.document(_routes())
