"""HTTP routes of registry edits. Edits of a node take its `etag` as `If-Match`; codes never change."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from chejian_cloud.conditional import SeenBefore, tagged
from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.once import Once
from chejian_cloud.registry import editing, tree
from chejian_cloud.registry.edit_schemas import (
    AddedOut,
    EquipmentIn,
    NamesIn,
    NewEquipmentIn,
    NewIn,
    NewWorkshopIn,
    RegistryOut,
    WorkshopIn,
)
from chejian_cloud.registry.routes import EquipmentId, LineId, WorkshopId

router = APIRouter(tags=["registry"])

EnterpriseCode = Annotated[
    str, Path(min_length=1, max_length=64, description="Code of the enterprise.", examples=["hlj-demo"])
]


@router.get("/registry")
def get_registry(
    session: ReadSession,
    response: Response,
    enterprise: Annotated[
        str, Query(min_length=1, max_length=64, description="Code of the enterprise.", examples=["hlj-demo"])
    ],
) -> RegistryOut:
    """The registry of an enterprise as a tree; each node has the ETag that its edit takes."""
    return tagged(response, tree.registry_of(session, enterprise))


@router.post("/enterprises", status_code=201)
def post_enterprise(session: WriteSession, once: Once, body: NewIn) -> AddedOut:
    """Add an enterprise."""
    return once.do(session, lambda: AddedOut(id=editing.add_enterprise(session, body)))


@router.put("/enterprises/{enterprise}", status_code=204)
def put_enterprise(
    session: WriteSession, seen: SeenBefore, enterprise: EnterpriseCode, body: NamesIn
) -> None:
    """Rename an enterprise."""
    editing.rename_enterprise(session, enterprise, body, seen)


@router.post("/enterprises/{enterprise}/workshops", status_code=201)
def post_workshop(
    session: WriteSession, once: Once, enterprise: EnterpriseCode, body: NewWorkshopIn
) -> AddedOut:
    """Add a workshop to an enterprise."""
    return once.do(session, lambda: AddedOut(id=editing.add_workshop(session, enterprise, body)))


@router.put("/workshops/{workshop_id}")
def put_workshop(session: WriteSession, seen: SeenBefore, workshop_id: WorkshopId, body: WorkshopIn) -> int:
    """Change a workshop; answers how many hours are computed anew."""
    return editing.edit_workshop(session, workshop_id, body, seen)


@router.post("/workshops/{workshop_id}/lines", status_code=201)
def post_line(session: WriteSession, once: Once, workshop_id: WorkshopId, body: NewIn) -> AddedOut:
    """Add a line to a workshop."""
    return once.do(session, lambda: AddedOut(id=editing.add_line(session, workshop_id, body)))


@router.put("/lines/{line_id}", status_code=204)
def put_line(session: WriteSession, seen: SeenBefore, line_id: LineId, body: NamesIn) -> None:
    """Rename a line."""
    editing.rename_line(session, line_id, body, seen)


@router.post("/lines/{line_id}/equipment", status_code=201)
def post_equipment(session: WriteSession, once: Once, line_id: LineId, body: NewEquipmentIn) -> AddedOut:
    """Add an equipment to a line."""
    return once.do(session, lambda: AddedOut(id=editing.add_equipment(session, line_id, body)))


@router.put("/equipment/{equipment_id}")
def put_equipment(
    session: WriteSession, seen: SeenBefore, equipment_id: EquipmentId, body: EquipmentIn
) -> int:
    """Change or move an equipment; answers how many hours are computed anew."""
    return editing.edit_equipment(session, equipment_id, body, seen)
