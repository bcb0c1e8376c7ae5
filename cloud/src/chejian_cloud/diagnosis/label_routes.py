"""HTTP routes of labels."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.diagnosis import labels
from chejian_cloud.diagnosis.label_schemas import LabelIn, LabelOut, PrecisionOut
from chejian_cloud.diagnosis.routes import DiagnosisId
from chejian_cloud.kpi.export import as_csv
from chejian_cloud.once import Once
from chejian_cloud.paging import Page, paging
from chejian_cloud.registry.scope import InScope

router = APIRouter(tags=["diagnosis"])

LabelsPage = Annotated[Page, Depends(paging({"label_id": int}))]


@router.get("/diagnoses/{diagnosis_id}/labels")
def get_labels(session: ReadSession, page: LabelsPage, diagnosis_id: DiagnosisId) -> list[LabelOut]:
    """Engineers' answers to a diagnosis, newest first; the newest holds."""
    return page.cut(labels.labels_of(session, diagnosis_id, page.part))


@router.post("/diagnoses/{diagnosis_id}/labels", status_code=201)
def post_label(session: WriteSession, once: Once, diagnosis_id: DiagnosisId, body: LabelIn) -> LabelOut:
    """Confirm or reject a diagnosis, or take the newest answer back."""
    return once.do(session, lambda: labels.add(session, diagnosis_id, body))


@router.get("/diagnosis-precision")
def get_precision(session: ReadSession, scope: InScope) -> list[PrecisionOut]:
    """How often each method was right at each workshop, by the answers that hold."""
    return labels.precision(session, scope)


@router.get("/diagnosis-labels/file", response_class=Response)
def get_file(session: ReadSession, scope: InScope) -> Response:
    """All answers of a workshop or a line (default: everywhere) as CSV."""
    return Response(
        as_csv(labels.table(session, scope), labels.HEAD),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="diagnosis-labels.csv"'},
    )
