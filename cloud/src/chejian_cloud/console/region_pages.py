"""Pages of assessments of regions."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from chejian_cloud.console.pages import render, render_missing
from chejian_cloud.db.engine import ReadSession
from chejian_cloud.errors import NotFoundError
from chejian_cloud.regions import forms
from chejian_cloud.regions.routes import FormId

router = APIRouter(include_in_schema=False)


@router.get("/regions")
def regions(request: Request) -> Response:
    """Page: forms of the regions that the caller oversees, the start of a new one, and regions and years side by side."""
    return render(request, "regions")


@router.get("/regions/{region_assessment_id}")
def region(request: Request, session: ReadSession, region_assessment_id: FormId) -> Response:
    """Page: one form: index, values with their sources, what the platform measured, steps."""
    try:
        forms.require(session, region_assessment_id)
    except NotFoundError as error:
        return render_missing(request, str(error))
    return render(request, "region", region_assessment_id=region_assessment_id)
