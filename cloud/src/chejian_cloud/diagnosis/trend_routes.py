"""HTTP routes of trends, waterfalls, baselines and recomputation of verdicts."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.diagnosis import trends
from chejian_cloud.diagnosis.recompute import recompute
from chejian_cloud.diagnosis.routes import DiagnosisId
from chejian_cloud.diagnosis.schemas import BaselineIn, BaselineOut, RecomputedOut, TrendOut, WaterfallOut
from chejian_cloud.jsontypes import From, To, time_range
from chejian_cloud.once import Once
from chejian_cloud.paging import Page, paging
from chejian_cloud.registry.routes import EquipmentId

router = APIRouter(tags=["diagnosis"])

BaselinesPage = Annotated[Page, Depends(paging({"baseline_id": int}))]

DEFAULT = timedelta(days=7)
Signal = Annotated[
    str | None, Query(max_length=200, description="Waveform signal; default: the first bearing's.")
]


@router.get("/equipment/{equipment_id}/vibration")
def get_trend(
    session: ReadSession,
    equipment_id: EquipmentId,
    signal: Signal = None,
    start: From = None,
    end: To = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 2000,
) -> TrendOut:
    """What the windows of a signal measured (default: in the last 7 days), with zones and baselines."""
    period = time_range(start, end, default=DEFAULT)
    return trends.trend_of(session, equipment_id, period, signal=signal, limit=limit)


@router.get("/equipment/{equipment_id}/waterfall")
def get_waterfall(
    session: ReadSession,
    equipment_id: EquipmentId,
    signal: Signal = None,
    kind: Annotated[str, Query(max_length=16, description="envelope or velocity")] = "envelope",
    start: From = None,
    end: To = None,
    most: Annotated[
        int, Query(ge=1, le=500, description="Most windows; spread evenly over the range.")
    ] = 120,
) -> WaterfallOut:
    """Spectra of a signal over time (default: the last 7 days), by order of shaft speed."""
    period = time_range(start, end, default=DEFAULT)
    return trends.waterfall_of(session, equipment_id, period, signal=signal, kind=kind, most=most)


@router.get("/equipment/{equipment_id}/baselines")
def get_baselines(
    session: ReadSession, page: BaselinesPage, equipment_id: EquipmentId, signal: Signal = None
) -> list[BaselineOut]:
    """Frozen baselines of an equipment, newest first."""
    return page.cut(trends.baselines_of(session, equipment_id, signal, page.part))


@router.post("/equipment/{equipment_id}/baselines", status_code=201)
def post_baseline(
    session: WriteSession, once: Once, equipment_id: EquipmentId, body: BaselineIn
) -> list[BaselineOut]:
    """Freeze new baselines from windows that an engineer vouches for; what they judge is judged anew."""
    return once.do(session, lambda: trends.freeze(session, equipment_id, body))


@router.get("/diagnoses/{diagnosis_id}/recompute")
def get_recomputed(session: ReadSession, diagnosis_id: DiagnosisId) -> RecomputedOut:
    """Compute a verdict again from its stored window, speed, bearing and baseline, and compare every number."""
    return recompute(session, diagnosis_id)
