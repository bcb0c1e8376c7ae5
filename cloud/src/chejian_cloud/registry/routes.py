"""HTTP routes of the registry."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Response

from chejian_cloud.conditional import Check, SeenBefore, tagged
from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.jsontypes import Time
from chejian_cloud.once import Once
from chejian_cloud.paging import Page, paging
from chejian_cloud.reasons.schemas import UserName
from chejian_cloud.registry import counters, cycles, service
from chejian_cloud.registry.counters import CounterOut, CounterRole, ReplacementIn, RuleIn
from chejian_cloud.registry.cycles import CycleIn, CycleOut
from chejian_cloud.registry.schemas import EquipmentDetail, EquipmentOut, WorkshopOut
from chejian_cloud.registry.scope import MAX_ID, InScope

router = APIRouter(tags=["registry"])

WorkshopId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of the workshop.", examples=[1])]
LineId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of the line.", examples=[1])]
EquipmentPage = Annotated[
    Page,
    Depends(
        paging({"enterprise": str, "workshop": str, "line": str, "position": int, "code": str}, default=1000)
    ),
]
EquipmentId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of the equipment.", examples=[1])]


@router.get("/workshops")
def get_workshops(session: ReadSession) -> list[WorkshopOut]:
    """All workshops with their lines."""
    return service.list_workshops(session)


@router.get("/equipment")
def get_equipment_list(
    session: ReadSession,
    page: EquipmentPage,
    scope: InScope,
    code: Annotated[
        str | None, Query(max_length=64, description="Only this code.", examples=["CNC-01"])
    ] = None,
    workshop: Annotated[str | None, Query(max_length=64, description="Only this workshop's.")] = None,
) -> list[EquipmentOut]:
    """Equipment by workshop, line and place in the flow."""
    found = service.list_equipment(session, code=code, workshop=workshop, scope=scope, part=page.part)
    return page.cut(found)


@router.get("/equipment/{equipment_id}")
def get_equipment(session: ReadSession, equipment_id: EquipmentId) -> EquipmentDetail:
    """One equipment with its feeds and bearings."""
    return service.describe_equipment(session, equipment_id)


@router.get("/equipment/{equipment_id}/ideal-cycles")
def get_cycles(session: ReadSession, response: Response, equipment_id: EquipmentId) -> list[CycleOut]:
    """Ideal cycles of an equipment, by product and date; the ETag is what edits take as `If-Match`."""
    return tagged(response, cycles.cycles_of(session, equipment_id))


def _unchanged(session: WriteSession, seen: SeenBefore, equipment_id: EquipmentId) -> Check:
    return seen.unchanged(
        lambda: cycles.lock(session, equipment_id), lambda: cycles.cycles_of(session, equipment_id)
    )


Unchanged = Annotated[Check, Depends(_unchanged)]


@router.put("/equipment/{equipment_id}/ideal-cycles")
def put_cycle(session: WriteSession, unchanged: Unchanged, equipment_id: EquipmentId, body: CycleIn) -> int:
    """Store an ideal cycle from a time on; answers how many hours are computed anew."""
    unchanged()
    return cycles.put_cycle(session, equipment_id, body)


@router.delete("/equipment/{equipment_id}/ideal-cycles")
def delete_cycle(
    session: WriteSession,
    unchanged: Unchanged,
    equipment_id: EquipmentId,
    product: Annotated[str, Query(max_length=100, examples=["SHAFT-A"])],
    valid_from: Annotated[Time, Query()],
    user_name: Annotated[UserName, Query()],
) -> int:
    """Take an ideal cycle out; answers how many hours are computed anew."""
    unchanged()
    return cycles.delete_cycle(session, equipment_id, product, valid_from, user_name)


@router.get("/equipment/{equipment_id}/counters")
def get_counters(session: ReadSession, equipment_id: EquipmentId) -> list[CounterOut]:
    """How the counters of an equipment are read: where they wrap, their bounds, their replacements."""
    return counters.counters_of(session, equipment_id)


@router.put("/equipment/{equipment_id}/counters/{role}")
def put_counter(session: WriteSession, equipment_id: EquipmentId, role: CounterRole, body: RuleIn) -> int:
    """Say where a counter wraps and how fast it can rise; answers how many hours are computed anew."""
    return counters.put_rule(session, equipment_id, role, body)


@router.post("/equipment/{equipment_id}/counters/{role}/replacements", status_code=201)
def post_replacement(
    session: WriteSession, once: Once, equipment_id: EquipmentId, role: CounterRole, body: ReplacementIn
) -> int:
    """Record that a counter was replaced or set by hand; answers the id."""
    return once.do(session, lambda: counters.replace(session, equipment_id, role, body))


@router.delete("/counter-replacements/{replacement_id}", status_code=204)
def delete_replacement(
    session: WriteSession,
    replacement_id: Annotated[int, Path(ge=1, le=MAX_ID, description="Id of the replacement.", examples=[1])],
    user_name: Annotated[UserName, Query()],
) -> None:
    """Take a replacement of a counter back."""
    counters.delete_replacement(session, replacement_id, user_name)
