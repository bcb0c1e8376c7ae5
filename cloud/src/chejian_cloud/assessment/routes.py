"""HTTP routes of assessments."""

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response

from chejian_cloud.access.routes import CallerIs
from chejian_cloud.assessment import filling, forms, report, review, service
from chejian_cloud.assessment.schemas import (
    AnswersIn,
    AssessmentOut,
    BenchmarkOut,
    ChangeOut,
    FormOut,
    LockIn,
    Name,
    ResultOut,
    RevisionOut,
    Sha,
    StandardOut,
    StartIn,
    SubmitIn,
    VerdictIn,
)
from chejian_cloud.clock import utc_now
from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.once import Once
from chejian_cloud.paging import Page, paging
from chejian_cloud.registry.scope import MAX_ID

router = APIRouter(tags=["assessment"])

AssessmentId = Annotated[int, Path(ge=1, le=MAX_ID, examples=[1])]
AttachmentId = Annotated[int, Path(ge=1, le=MAX_ID, examples=[1])]
AssessmentsPage = Annotated[Page, Depends(paging({"assessment_id": int}, most=500))]
Revision = Annotated[int, Path(ge=1, le=MAX_ID, examples=[1])]


@router.get("/assessment-standards")
def get_standards() -> list[StandardOut]:
    """All standards at hand, with what their numbers rest on."""
    return service.standards()


@router.get("/assessments")
def get_assessments(
    session: ReadSession,
    page: AssessmentsPage,
    standard: Annotated[str | None, Query(max_length=64)] = None,
) -> list[AssessmentOut]:
    """Forms with what was submitted last, newest first."""
    return page.cut(service.listed(session, standard, page.part))


@router.post("/assessments", status_code=201)
def post_assessment(session: WriteSession, caller: CallerIs, once: Once, body: StartIn) -> FormOut:
    """Start a form, pre-filled with what telemetry measures."""

    def begun() -> FormOut:
        key = filling.start(session, body, caller.display_name, utc_now())
        return service.form_of(session, key)

    return once.do(session, begun)


@router.get("/assessments/{assessment_id}")
def get_assessment(session: ReadSession, assessment_id: AssessmentId) -> FormOut:
    """A form with its answers, evidence, contradictions and steps."""
    return service.form_of(session, assessment_id)


@router.put("/assessments/{assessment_id}/answers")
def put_answers(
    session: WriteSession, caller: CallerIs, assessment_id: AssessmentId, body: AnswersIn
) -> FormOut:
    """Save some answers; 409 where somebody else changed the form since it was read."""
    args = (body.lock, body.answers, body.not_applicable)
    filling.save(session, assessment_id, *args, caller.display_name, utc_now())
    return service.form_of(session, assessment_id)


@router.post("/assessments/{assessment_id}/evidence")
def post_evidence(
    session: WriteSession, caller: CallerIs, assessment_id: AssessmentId, body: LockIn
) -> FormOut:
    """Measure again, over the last 30 days."""
    filling.measure_again(session, assessment_id, body.lock, caller.display_name, utc_now())
    return service.form_of(session, assessment_id)


@router.post("/assessments/{assessment_id}/attachments", status_code=201)
def post_attachment(
    session: WriteSession,
    caller: CallerIs,
    assessment_id: AssessmentId,
    name: Annotated[Name, Query(examples=["evidence.pdf"])],
    content: Annotated[bytes, Body(media_type="application/octet-stream")],
    sha256: Annotated[Sha | None, Query(description="Of the content as it was sent.")] = None,
) -> str:
    """Add a document (PDF, PNG, JPEG, office); answers its SHA-256, by which answers name it."""
    document = (name, content, sha256)
    return filling.attach(session, assessment_id, document, caller.display_name, utc_now())


@router.get("/assessments/{assessment_id}/attachments/{attachment_id}", response_class=Response)
def get_attachment(
    session: ReadSession, assessment_id: AssessmentId, attachment_id: AttachmentId
) -> Response:
    """A document of a form; it is saved, never opened in the page."""
    found = forms.attachment_of(session, assessment_id, attachment_id)
    headers = {"Content-Disposition": f'attachment; filename="attachment-{attachment_id}"'}
    return Response(bytes(found.content), media_type=found.media_type, headers=headers)


@router.get("/assessments/{assessment_id}/result")
def get_result(session: ReadSession, assessment_id: AssessmentId) -> ResultOut:
    """Scores, level, radar, gaps, and what would lead to the next level."""
    return service.result_of(session, assessment_id)


@router.post("/assessments/{assessment_id}/submit")
def post_submit(
    request: Request, session: WriteSession, caller: CallerIs, assessment_id: AssessmentId, body: SubmitIn
) -> FormOut:
    """Freeze answers, evidence and result, and hand them to the city."""
    kept = review.submit(session, assessment_id, body, caller.display_name, utc_now())
    line = request.state.line  # the journal keeps the hash apart from the content
    more = {"sha256": kept.sha256, "revision": kept.revision}
    request.state.line = replace(line, target={**line.target, **more}, enterprise_id=kept.enterprise_id)
    session.flush()
    return service.form_of(session, assessment_id)


@router.post("/assessments/{assessment_id}/review")
def post_review(
    session: WriteSession, caller: CallerIs, assessment_id: AssessmentId, body: VerdictIn
) -> FormOut:
    """The city passes a submitted form on to the province, or returns it."""
    review.judge(session, assessment_id, body, caller.display_name, utc_now(), step="review")
    session.flush()
    return service.form_of(session, assessment_id)


@router.post("/assessments/{assessment_id}/approval")
def post_approval(
    session: WriteSession, caller: CallerIs, assessment_id: AssessmentId, body: VerdictIn
) -> FormOut:
    """The province approves a reviewed form, or returns it."""
    review.judge(session, assessment_id, body, caller.display_name, utc_now(), step="approve")
    session.flush()
    return service.form_of(session, assessment_id)


@router.get("/assessments/{assessment_id}/revisions")
def get_revisions(session: ReadSession, assessment_id: AssessmentId) -> list[RevisionOut]:
    """What was submitted, and whether it is still as it was."""
    return review.revisions(session, assessment_id)


@router.get("/assessments/{assessment_id}/revisions/{revision}", response_class=Response)
def get_revision(session: ReadSession, assessment_id: AssessmentId, revision: Revision) -> Response:
    """What was submitted, byte for byte: its SHA-256 is that of the list."""
    content = review.document_of(session, assessment_id, revision)
    return Response(content, media_type="application/json")


@router.get("/assessments/{assessment_id}/revisions/{revision}/changes")
def get_changes(
    session: ReadSession,
    assessment_id: AssessmentId,
    revision: Revision,
    since: Annotated[int, Query(ge=1, le=MAX_ID)] = 1,
) -> list[ChangeOut]:
    """Where a revision differs from an earlier one (default: the first)."""
    return review.differences(session, assessment_id, since, revision)


@router.get("/assessments/{assessment_id}/benchmark")
def get_benchmark(session: ReadSession, assessment_id: AssessmentId) -> BenchmarkOut:
    """Quartiles of other enterprises' approved totals; nothing where they are too few to stay unknown."""
    return review.benchmark(session, assessment_id)


@router.get("/assessments/{assessment_id}/report", response_class=Response)
def get_report(session: ReadSession, assessment_id: AssessmentId) -> Response:
    """The report as an Excel file: result, items, gaps, evidence with queries, steps."""
    content = report.as_xlsx(
        service.form_of(session, assessment_id),
        service.result_of(session, assessment_id),
        review.revisions(session, assessment_id),
        review.benchmark(session, assessment_id),
    )
    headers = {"Content-Disposition": f'attachment; filename="assessment-{assessment_id}.xlsx"'}
    return Response(content, media_type=report.MEDIA_TYPE, headers=headers)
