"""HTTP routes of life-cycle files: name plate, parts and maintenance orders of an equipment."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from chejian_cloud.clock import utc_now
from chejian_cloud.conditional import SeenBefore
from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.lifecycle import commissioning, orders, parts, repository, service
from chejian_cloud.lifecycle.schemas import (
    CommissioningIn,
    CommissioningOut,
    LifeCycleOut,
    MaintenanceOrderChange,
    MaintenanceOrderIn,
    MaintenanceOrderOut,
    PartIn,
    PartOut,
    RemovalIn,
    State,
)
from chejian_cloud.once import Once
from chejian_cloud.orders.schemas import WithdrawIn
from chejian_cloud.paging import Page, paging
from chejian_cloud.registry.routes import EquipmentId
from chejian_cloud.registry.scope import MAX_ID

router = APIRouter(tags=["life cycle"])

PartId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of the part.", examples=[1])]
OrderId = Annotated[int, Path(ge=1, le=MAX_ID, description="Id of the maintenance order.", examples=[1])]
PartsPage = Annotated[Page, Depends(paging({"fitted_at": datetime, "part_id": int}))]
OrdersPage = Annotated[Page, Depends(paging({"opened_at": datetime, "maintenance_order_id": int}))]


@router.get("/equipment/{equipment_id}/life-cycle")
def get_life_cycle(session: ReadSession, equipment_id: EquipmentId) -> LifeCycleOut:
    """Life-cycle file: name plate, run hours, parts with theirs, maintenance orders, diagnoses that named a fault."""
    return service.life_cycle_of(session, equipment_id)


@router.put("/equipment/{equipment_id}/life-cycle/commissioning")
def put_commissioning(
    session: WriteSession, seen: SeenBefore, equipment_id: EquipmentId, body: CommissioningIn
) -> CommissioningOut:
    """Store name plate and days of service; the `etag` of what the life-cycle file tells is taken as `If-Match`."""
    return commissioning.put(session, equipment_id, body, seen, utc_now())


@router.get("/equipment/{equipment_id}/parts")
def get_parts(session: ReadSession, page: PartsPage, equipment_id: EquipmentId) -> list[PartOut]:
    """All parts that are or were in the machine, withdrawn entries too, that fitted last first."""
    return page.cut(parts.parts_of(session, equipment_id, page.part))


@router.post("/equipment/{equipment_id}/parts", status_code=201)
def post_part(session: WriteSession, once: Once, equipment_id: EquipmentId, body: PartIn) -> int:
    """Record a part that was fitted; answers its id."""
    return once.do(session, lambda: parts.fit(session, equipment_id, body, utc_now()))


@router.post("/equipment/{equipment_id}/parts/{part_id}/removal", status_code=204)
def post_removal(session: WriteSession, equipment_id: EquipmentId, part_id: PartId, body: RemovalIn) -> None:
    """Record that a part was taken out."""
    parts.remove(session, equipment_id, part_id, body, utc_now())


@router.post("/equipment/{equipment_id}/parts/{part_id}/withdraw", status_code=204)
def post_withdraw(
    session: WriteSession, equipment_id: EquipmentId, part_id: PartId, body: WithdrawIn
) -> None:
    """Take a part back that was entered by mistake; it stays on record."""
    parts.withdraw(session, equipment_id, part_id, body.user_name, utc_now())


@router.get("/equipment/{equipment_id}/maintenance-orders")
def get_orders(
    session: ReadSession,
    page: OrdersPage,
    equipment_id: EquipmentId,
    state: Annotated[State | None, Query(description="Only in this state.")] = None,
) -> list[MaintenanceOrderOut]:
    """Maintenance orders of an equipment, that opened last first."""
    states = (*repository.OPEN, *repository.CLOSED) if state is None else (state,)
    return page.cut(orders.orders_of(session, equipment_id, states, page.part))


@router.post("/equipment/{equipment_id}/maintenance-orders", status_code=201)
def post_order(
    session: WriteSession, once: Once, equipment_id: EquipmentId, body: MaintenanceOrderIn
) -> MaintenanceOrderOut:
    """Open a maintenance order, of a diagnosis where it follows from one."""
    return once.do(session, lambda: orders.add(session, equipment_id, body, utc_now()))


@router.patch("/maintenance-orders/{maintenance_order_id}")
def patch_order(
    session: WriteSession, seen: SeenBefore, maintenance_order_id: OrderId, body: MaintenanceOrderChange
) -> MaintenanceOrderOut:
    """Change an order that is not closed, or take it to its next state; its `etag` is taken as `If-Match`."""
    return orders.change(session, maintenance_order_id, body, seen, utc_now())
