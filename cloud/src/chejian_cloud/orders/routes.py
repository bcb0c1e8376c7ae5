"""HTTP routes of orders and inspection results."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response

from chejian_cloud.db.engine import ReadSession, WriteSession
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.jsontypes import From, To, time_range
from chejian_cloud.kpi.export import as_file
from chejian_cloud.once import Once
from chejian_cloud.orders import results, service
from chejian_cloud.orders.files import HEAD, table
from chejian_cloud.orders.result_schemas import OrderResultOut
from chejian_cloud.orders.schemas import (
    InspectionIn,
    InspectionOut,
    OrderOut,
    OrdersIn,
    StoredOut,
    WithdrawIn,
)
from chejian_cloud.paging import Page, paging
from chejian_cloud.reasons.schemas import UserName
from chejian_cloud.registry.routes import EquipmentId
from chejian_cloud.registry.scope import InScope

router = APIRouter(tags=["orders"])

DEFAULT = timedelta(hours=24)
LONGEST = timedelta(days=7)
"""A week of orders, each of which is read from samples."""
OrdersPage = Annotated[
    Page,
    Depends(paging({"equipment": str, "planned_start": datetime, "order_id": int}, default=1000, most=5000)),
]
InspectionsPage = Annotated[
    Page, Depends(paging({"time": datetime, "inspection_id": int}, default=1000, most=5000))
]
_EXAMPLE = (
    "code,equipment,product,quantity,planned_start,planned_end\n"
    "MO-20260302-01,CNC-01,SHAFT-A,400,2026-03-02 08:00,2026-03-02 12:00\n"
)
OrderId = Annotated[int, Path(ge=1, le=2**31 - 1, examples=[1])]


@router.get("/orders")
def get_orders(
    session: ReadSession,
    page: OrdersPage,
    scope: InScope,
    equipment_id: Annotated[
        int | None, Query(ge=1, le=2**31 - 1, description="Only this equipment's.")
    ] = None,
    start: From = None,
    end: To = None,
) -> list[OrderOut]:
    """Orders whose planned or actual time overlaps a range (default: the last 24 hours)."""
    return page.cut(
        service.orders_of(session, equipment_id, scope, time_range(start, end, default=DEFAULT), page.part)
    )


@router.get("/orders/results")
def get_results(
    request: Request,
    session: ReadSession,
    scope: InScope,
    start: From = None,
    end: To = None,
) -> list[OrderResultOut]:
    """Orders planned against actual, with the KPIs by order (default: of the last 24 hours; at most a week)."""
    period = time_range(start, end, default=DEFAULT, longest=LONGEST)
    return results.results_in(session, request.app.state.settings, scope, period)


@router.get("/orders/results/file", response_class=Response)
def get_results_file(
    request: Request,
    session: ReadSession,
    scope: InScope,
    start: From = None,
    end: To = None,
    form: Annotated[str, Query(alias="format", description="csv or xlsx")] = "csv",
) -> Response:
    """Orders planned against actual as a file (default: CSV of the last 24 hours; at most a week)."""
    period = time_range(start, end, default=DEFAULT, longest=LONGEST)
    rows = table(results.results_in(session, request.app.state.settings, scope, period))
    stem = f"orders-{period.start:%Y%m%d}-{period.end:%Y%m%d}"
    body, media_type, headers = as_file(form, stem, rows, HEAD)
    return Response(body, media_type=media_type, headers=headers)


@router.put("/orders")
def put_orders(session: WriteSession, body: OrdersIn) -> StoredOut:
    """Store orders, all or none; known ones (by equipment and code) are replaced."""
    return service.store_orders(session, body)


@router.post("/orders/import")
def post_orders(
    session: WriteSession,
    once: Once,
    data: Annotated[
        bytes,
        Body(media_type="text/csv", description="UTF-8 or GB18030, with a header line.", examples=[_EXAMPLE]),
    ],
    user_name: Annotated[UserName, Query()],
    content_type: Annotated[str, Header()] = "",
) -> StoredOut:
    """Store the orders of a CSV file, all or none; every wrong value is answered with its row and column."""
    if content_type.split(";")[0].strip().lower() != "text/csv":  # a foreign page can't send this one unasked
        raise InvalidValueError("content-type", content_type, "text/csv")
    return once.do(session, lambda: service.import_orders(session, data, user_name))


@router.delete("/orders/{order_id}", status_code=204)
def delete_order(session: WriteSession, order_id: OrderId) -> None:
    """Delete an order."""
    service.delete_order(session, order_id)


@router.get("/equipment/{equipment_id}/inspections")
def get_inspections(
    session: ReadSession,
    page: InspectionsPage,
    equipment_id: EquipmentId,
    start: From = None,
    end: To = None,
) -> list[InspectionOut]:
    """Inspection results of items made in a range (default: the last 24 hours), newest first."""
    period = time_range(start, end, default=DEFAULT)
    return page.cut(service.inspections_of(session, equipment_id, period, page.part))


@router.post("/equipment/{equipment_id}/inspections", status_code=201)
def post_inspection(session: WriteSession, once: Once, equipment_id: EquipmentId, body: InspectionIn) -> int:
    """Record items that an inspection moved; answers the id."""
    return once.do(session, lambda: service.inspect(session, equipment_id, body))


@router.post("/inspections/{inspection_id}/withdraw", status_code=204)
def post_withdraw(
    session: WriteSession,
    inspection_id: Annotated[int, Path(ge=1, le=2**63 - 1, examples=[1])],
    body: WithdrawIn,
) -> None:
    """Take an inspection result back; it stays on record."""
    service.withdraw(session, inspection_id, body.user_name)
