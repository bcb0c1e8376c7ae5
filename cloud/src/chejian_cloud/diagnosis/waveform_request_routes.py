"""HTTP routes of waveform requests."""

from typing import Annotated

from fastapi import APIRouter, Depends

from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.diagnosis import waveform_requests
from chejian_cloud.diagnosis.waveform_request_schemas import WaveformRequestIn, WaveformRequestOut
from chejian_cloud.once import Once
from chejian_cloud.paging import Page, paging
from chejian_cloud.registry.routes import EquipmentId

router = APIRouter(tags=["diagnosis"])

RequestsPage = Annotated[Page, Depends(paging({"request_id": int}))]


@router.get("/equipment/{equipment_id}/waveform-requests")
def get_requests(
    session: ReadSession, page: RequestsPage, equipment_id: EquipmentId
) -> list[WaveformRequestOut]:
    """Waveforms that were asked for, newest first, and which window came."""
    return page.cut(waveform_requests.requests_of(session, equipment_id, page.part))


@router.post(
    "/equipment/{equipment_id}/waveform-requests",
    status_code=201,
    responses={429: {"description": "This machine was asked too often in this hour; see `Retry-After`."}},
)
def post_request(
    session: WriteSession, once: Once, equipment_id: EquipmentId, body: WaveformRequestIn
) -> WaveformRequestOut:
    """Ask the machine's edge for the next window of its waveforms. Nothing is written to the machine."""
    return once.do(session, lambda: waveform_requests.ask(session, equipment_id, body))
