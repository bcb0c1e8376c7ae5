"""HTTP routes of PDF reports."""

from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Request, Response

from chejian_cloud.assessment import review, service
from chejian_cloud.assessment.routes import AssessmentId
from chejian_cloud.console.language import language_of
from chejian_cloud.db.engine import ReadSession
from chejian_cloud.jsontypes import Time
from chejian_cloud.programme.bulletin import bulletin
from chejian_cloud.programme.routes import InForce, MonthName
from chejian_cloud.registry.scope import InScope
from chejian_cloud.reports.assessment_pdf import assessment_report
from chejian_cloud.reports.bulletin_pdf import bulletin_report
from chejian_cloud.reports.file import MEDIA_TYPE, as_pdf
from chejian_cloud.reports.production import KINDS, production
from chejian_cloud.reports.production_pdf import production_report

router = APIRouter(tags=["reports"])

Language = Annotated[Literal["zh", "en"], Query(description="Language of the report.")]
PDF: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
}
"""OpenAPI entry of a route that answers a report."""


def tag_of(language: str) -> str:
    """Tag of a language that the query names."""
    found = language_of(language)
    assert found is not None  # noqa: S101 - FastAPI has checked it
    return found


@router.get("/reports/production", response_class=Response, responses=PDF)
def get_production(
    request: Request,
    session: ReadSession,
    scope: InScope,
    start: Annotated[Time, Query(description="Start of the window; of a month any time in it.")],
    window: Annotated[str, Query(max_length=16, description=", ".join(KINDS))] = "shift",
    lang: Language = "zh",
) -> Response:
    """Production report of a workshop or a line: OEE and its parts, losses, stops with reasons, counts, energy; as PDF."""
    settings = request.app.state.settings
    found = production(session, settings, scope, window=window, start=start)
    body = production_report(found, tag_of(lang)).pdf(settings.report_font)
    place = "line" if found.where.line else "workshop"
    key = found.where.line.line_id if found.where.line else found.where.workshop.workshop_id
    return as_pdf(f"production-{place}-{key}-{window}-{found.period.start:%Y%m%d%H%M}", body)


@router.get("/reports/assessments/{assessment_id}", response_class=Response, responses=PDF)
def get_assessment(
    request: Request, session: ReadSession, assessment_id: AssessmentId, lang: Language = "zh"
) -> Response:
    """The report of an assessment: level, radar, beside others, gaps and advice, evidence, steps; as PDF."""
    report = assessment_report(
        service.form_of(session, assessment_id),
        service.result_of(session, assessment_id),
        review.revisions(session, assessment_id),
        review.benchmark(session, assessment_id),
        tag_of(lang),
    )
    return as_pdf(f"assessment-{assessment_id}", report.pdf(request.app.state.settings.report_font))


@router.get("/reports/bulletin", response_class=Response, responses=PDF)
def get_bulletin(
    request: Request, session: ReadSession, programme: InForce, month: MonthName = None, lang: Language = "zh"
) -> Response:
    """The programme's monthly bulletin: counts against the plan, cities, moves of the ranking, who is at risk; as PDF."""
    found = bulletin(session, programme, month)
    report = bulletin_report(found, programme.places, tag_of(lang))
    return as_pdf(f"bulletin-{found.month}", report.pdf(request.app.state.settings.report_font))
