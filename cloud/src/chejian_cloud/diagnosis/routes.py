"""HTTP routes of diagnoses."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from chejian_cloud.db.engine import ReadSession
from chejian_cloud.diagnosis import service
from chejian_cloud.diagnosis.schemas import DiagnosisDetail, DiagnosisOut, SpectrumOut, VelocityOut
from chejian_cloud.jsontypes import Time
from chejian_cloud.paging import Page, paging
from chejian_cloud.registry.routes import EquipmentId

router = APIRouter(tags=["diagnosis"])

DiagnosesPage = Annotated[Page, Depends(paging({"time": datetime, "diagnosis_id": int}))]
DiagnosisId = Annotated[int, Path(ge=1, le=2**63 - 1, examples=[1])]


@router.get("/equipment/{equipment_id}/diagnoses")
def get_diagnoses(
    session: ReadSession,
    page: DiagnosesPage,
    equipment_id: EquipmentId,
    before: Annotated[Time | None, Query(description="Only of waveforms before this time.")] = None,
    method: Annotated[str | None, Query(max_length=64, description="Only of this method.")] = None,
) -> list[DiagnosisOut]:
    """Diagnoses of an equipment, newest first."""
    return page.cut(service.newest_of(session, equipment_id, page.part, before, method))


@router.get("/diagnoses/{diagnosis_id}")
def get_diagnosis(session: ReadSession, diagnosis_id: DiagnosisId) -> DiagnosisDetail:
    """One diagnosis with its evidence."""
    return service.describe(session, diagnosis_id)


@router.get("/diagnoses/{diagnosis_id}/spectrum")
def get_spectrum(
    session: ReadSession,
    diagnosis_id: DiagnosisId,
    max_hz: Annotated[float, Query(gt=0, le=50_000, description="Last frequency [Hz].")] = 600.0,
    max_points: Annotated[int, Query(ge=100, le=20_000)] = 3000,
) -> SpectrumOut:
    """Squared envelope spectrum, its background, and where each part's lines are expected."""
    return service.spectrum_of(session, diagnosis_id, max_hz, max_points)


@router.get("/diagnoses/{diagnosis_id}/velocity-spectrum")
def get_velocity(
    session: ReadSession,
    diagnosis_id: DiagnosisId,
    max_points: Annotated[int, Query(ge=100, le=20_000)] = 3000,
) -> VelocityOut:
    """Velocity spectrum of the window, with the places of the first shaft orders and of twice the mains."""
    return service.velocity_of(session, diagnosis_id, max_points)
