"""Ideal cycles of an equipment (PRI): dated facts; an edit touches the time from its date to the next one's."""

from datetime import UTC, datetime, timedelta

from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db.app import Equipment, IdealCycle, Product
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.jsontypes import Moment, Out, Time
from chejian_cloud.marks import mark
from chejian_cloud.reasons.schemas import In, UserName
from chejian_cloud.registry.service import require_equipment

_MICROSECOND = timedelta(microseconds=1)


class CycleIn(In):
    """Planned run time per item of a product, from a time on."""

    product: str = Field(examples=["SHAFT-A"])
    seconds: float = Field(ge=1e-6, lt=1e9, examples=[60.0], description="[s], to the microsecond")
    valid_from: Time
    user_name: UserName


class CycleOut(Out):
    """An ideal cycle."""

    product: str
    seconds: float
    valid_from: Moment


def cycles_of(session: Session, equipment_id: int) -> list[CycleOut]:
    """Ideal cycles of an equipment, by product and date.

    Raises:
        NotFoundError: when it is not registered.
    """
    require_equipment(session, equipment_id)
    statement = (
        select(Product.code, IdealCycle.cycle_us, IdealCycle.valid_from)
        .join(Product, Product.product_id == IdealCycle.product_id)
        .where(IdealCycle.equipment_id == equipment_id)
        .order_by(Product.code, IdealCycle.valid_from)
    )
    return [
        CycleOut(product=code, seconds=cycle_us / 1_000_000, valid_from=valid_from)
        for code, cycle_us, valid_from in session.execute(statement)
    ]


def lock(session: Session, equipment_id: int) -> None:
    """Let edits of the equipment's cycles follow one another; machines' data don't wait.

    Raises:
        NotFoundError: when it is not registered.
    """
    if session.get(Equipment, equipment_id, with_for_update={"key_share": True}) is None:
        raise NotFoundError("equipment", "equipment_id", equipment_id)


def put_cycle(session: Session, equipment_id: int, body: CycleIn) -> int:
    """Store an ideal cycle; one of the same product and date is replaced.

    Returns:
        Number of hours that are computed anew.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: when its enterprise has no such product.
    """
    product = _product(session, equipment_id, body.product)
    valid_from = body.valid_from.astimezone(UTC)
    key = {"equipment_id": equipment_id, "product_id": product.product_id, "valid_from": valid_from}
    row = session.scalars(select(IdealCycle).filter_by(**key)).one_or_none()
    cycle_us = round(body.seconds * 1_000_000)
    if row is not None and row.cycle_us == cycle_us:
        return 0
    if row is None:
        session.add(IdealCycle(**key, cycle_us=cycle_us))
    else:
        row.cycle_us = cycle_us
    return _mark(session, equipment_id, product, valid_from, f"{body.seconds:g} s by {body.user_name}")


def delete_cycle(session: Session, equipment_id: int, code: str, valid_from: datetime, user: str) -> int:
    """Take an ideal cycle out; the one before holds on.

    Raises:
        NotFoundError: when there is none of this product and date.
    """
    product = _product(session, equipment_id, code)
    key = {"equipment_id": equipment_id, "product_id": product.product_id, "valid_from": valid_from}
    row = session.scalars(select(IdealCycle).filter_by(**key)).one_or_none()
    if row is None:
        raise NotFoundError("ideal cycle", "valid_from", valid_from.isoformat())
    session.delete(row)
    return _mark(session, equipment_id, product, valid_from, f"deleted by {user}")


def _product(session: Session, equipment_id: int, code: str) -> Product:
    require_equipment(session, equipment_id)
    enterprise = session.get_one(Equipment, equipment_id).enterprise_id
    own = session.scalars(select(Product).filter_by(enterprise_id=enterprise).order_by(Product.code)).all()
    found = next((p for p in own if p.code == code), None)
    if found is None:
        known = ", ".join(p.code for p in own[:20])
        raise InvalidValueError("product", code, known or "a registered product; there is none")
    return found


def _mark(session: Session, equipment_id: int, product: Product, valid_from: datetime, what: str) -> int:
    session.flush()
    later = session.scalars(
        select(IdealCycle.valid_from)
        .filter_by(equipment_id=equipment_id, product_id=product.product_id)
        .where(IdealCycle.valid_from > valid_from)
        .order_by(IdealCycle.valid_from)
        .limit(1)
    ).one_or_none()
    return mark(
        session,
        reason=f"ideal cycle of {product.code} from {valid_from.isoformat()}: {what}",
        lo=valid_from,
        hi=None if later is None else later - _MICROSECOND,
        equipment_ids=[equipment_id],
        samples=False,
    )
