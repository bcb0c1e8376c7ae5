"""Pages of assessments."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chejian_cloud.assessment import forms
from chejian_cloud.assessment.routes import AssessmentId
from chejian_cloud.console.pages import render, render_missing
from chejian_cloud.db.engine import ReadSession
from chejian_cloud.errors import NotFoundError

router = APIRouter(include_in_schema=False)


@router.get("/assessments")
def assessments(request: Request) -> Response:
    """Page: all assessments that the caller may see, and the start of a new one."""
    return render(request, "assessments")


@router.get("/assessments/{assessment_id}")
def assessment(request: Request, session: ReadSession, assessment_id: AssessmentId) -> Response:
    """Page: one assessment: answers, evidence, score, and its way through city and province."""
    try:
        forms.require(session, assessment_id)
    except NotFoundError as error:
        return render_missing(request, str(error))
    return render(request, "assessment", assessment_id=assessment_id)
