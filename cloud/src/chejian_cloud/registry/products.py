"""Products of an enterprise: what equipment makes, by the code that the product signal says. Codes stay."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field
from sqlalchemy import ColumnElement, RowMapping, Select, func, select, text
from sqlalchemy.orm import Session

from chejian_cloud.conditional import Seen
from chejian_cloud.db.app import Enterprise, Equipment, IdealCycle, Product
from chejian_cloud.db.production import ProductionOrder
from chejian_cloud.errors import ConflictError, NotFoundError
from chejian_cloud.jsontypes import Moment, Out
from chejian_cloud.marks import lock_registry
from chejian_cloud.paging import Part
from chejian_cloud.registry.edit_schemas import NamesIn, NewIn

_MOST_NAMED = 10
"""Machines that a refusal names."""
_TOLD_BY = text("""
SELECT e.code FROM app.equipment e
 WHERE e.enterprise_id = :enterprise_id AND EXISTS (
       SELECT FROM app.equipment_feed f
         JOIN telemetry.node n ON n.group_id = f.group_id AND n.edge_node = f.edge_node
         JOIN telemetry.device d ON d.node_id = n.node_id AND d.name = f.device
         JOIN telemetry.series s ON s.device_id = d.device_id AND s.role = 'product'
         JOIN telemetry.text_sample t ON t.series_id = s.series_id AND t.value = :code
        WHERE f.equipment_id = e.equipment_id)
 ORDER BY e.code
""")


class ProductIn(NamesIn):
    """Names of a product, and who gives them."""


class NewProductIn(NewIn):
    """A new product; the code is what the product signal says."""


class ProductOut(Out):
    """A product of an enterprise."""

    product_id: int = Field(examples=[1])
    enterprise: str = Field(examples=["hlj-demo"], description="Code of the enterprise.")
    code: str = Field(examples=["SHAFT-A"], description="What the product signal says.")
    name_zh: str = Field(examples=["主轴 A"])
    name_en: str = Field(examples=["Shaft A"])
    cycles: int = Field(examples=[2], description="Ideal cycles that are stored of it.")


class ProductCycle(Out):
    """Planned run time per item (PRI) on a machine, from a time until the next one of the same machine."""

    equipment_id: int = Field(examples=[1])
    equipment: str = Field(examples=["CNC-01"])
    seconds: float = Field(examples=[60.0], description="[s]")
    valid_from: Moment


class ProductDetail(ProductOut):
    """A product with its ideal cycles, by machine and date."""

    ideal_cycles: list[ProductCycle]


def list_products(session: Session, enterprise: str | None, part: Part) -> list[ProductOut]:
    """Products by enterprise and code."""
    statement = _products() if enterprise is None else _products(Enterprise.code == enterprise)
    rows = session.execute(part.of(statement, Enterprise.code, Product.code)).mappings()
    return [ProductOut.model_validate(row) for row in rows]


def describe(session: Session, product_id: int) -> ProductDetail:
    """One product.

    Raises:
        NotFoundError: there is none.
    """
    row: RowMapping | None = (
        session.execute(_products(Product.product_id == product_id)).mappings().one_or_none()
    )
    if row is None:
        raise NotFoundError("product", "product_id", product_id)
    statement = (
        select(Equipment.equipment_id, Equipment.code, IdealCycle.cycle_us, IdealCycle.valid_from)
        .join(IdealCycle, IdealCycle.equipment_id == Equipment.equipment_id)
        .where(IdealCycle.product_id == product_id)
        .order_by(Equipment.code, IdealCycle.valid_from)
    )
    cycles = [
        ProductCycle(equipment_id=key, equipment=code, seconds=cycle_us / 1_000_000, valid_from=valid_from)
        for key, code, cycle_us, valid_from in session.execute(statement)
    ]
    return ProductDetail(**row, ideal_cycles=cycles)


def add(session: Session, enterprise: str, body: NewProductIn) -> int:
    """Add a product to an enterprise; answers its id.

    Raises:
        NotFoundError: there is no such enterprise.
        ConflictError: the code is taken.
    """
    lock_registry(session)
    owner = session.scalars(select(Enterprise).filter_by(code=enterprise)).one_or_none()
    if owner is None:
        raise NotFoundError("enterprise", "enterprise", enterprise)
    key = {"enterprise_id": owner.enterprise_id, "code": body.code}
    if session.scalars(select(Product).filter_by(**key)).first() is not None:
        raise ConflictError(f"code: {body.code!r} is taken by another product")
    row = Product(**key, name_zh=body.name_zh, name_en=body.name_en)
    session.add(row)
    session.flush()
    return row.product_id


def rename(session: Session, product_id: int, body: ProductIn, seen: Seen) -> None:
    """Rename a product.

    Raises:
        NotFoundError: there is none.
        ChangedSinceError: it is not what the editor has seen.
    """
    row = _locked(session, product_id)
    seen.check(lambda: describe(session, product_id))
    row.name_zh, row.name_en = body.name_zh, body.name_en


def delete(session: Session, product_id: int, seen: Seen) -> None:
    """Take out a product that nothing names.

    Raises:
        NotFoundError: there is none.
        ChangedSinceError: it is not what the editor has seen.
        ConflictError: orders, ideal cycles or a machine's product signal name it; says which.
    """
    row = _locked(session, product_id)
    seen.check(lambda: describe(session, product_id))
    if naming := _naming(session, row):
        raise ConflictError(f"product {row.code!r} is named by {'; '.join(naming)}")
    session.delete(row)


def _naming(session: Session, row: Product) -> list[str]:
    """What names a product."""
    statement = (
        select(ProductionOrder.code)
        .filter_by(product_id=row.product_id)
        .order_by(ProductionOrder.code, ProductionOrder.order_id)
    )
    machines = (
        select(Equipment.code)
        .join(IdealCycle, IdealCycle.equipment_id == Equipment.equipment_id)
        .where(IdealCycle.product_id == row.product_id)
        .order_by(Equipment.code)
        .distinct()
    )
    told = session.scalars(_TOLD_BY, {"enterprise_id": row.enterprise_id, "code": row.code})
    found = {
        "orders": session.scalars(statement).all(),
        "ideal cycles of": session.scalars(machines).all(),
        "counts of": told.all(),
    }
    return [f"{what} {_listed(codes)}" for what, codes in found.items() if codes]


def _listed(codes: Sequence[str]) -> str:
    more = f" and {len(codes) - _MOST_NAMED} more" if len(codes) > _MOST_NAMED else ""
    return ", ".join(codes[:_MOST_NAMED]) + more


def _products(*conditions: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    cycles = (
        select(func.count())
        .select_from(IdealCycle)
        .where(IdealCycle.product_id == Product.product_id)
        .scalar_subquery()
    )
    return (
        select(
            Product.product_id,
            Enterprise.code.label("enterprise"),
            Product.code,
            Product.name_zh,
            Product.name_en,
            cycles.label("cycles"),
        )
        .join(Enterprise, Enterprise.enterprise_id == Product.enterprise_id)
        .where(*conditions)
    )


def _locked(session: Session, product_id: int) -> Product:
    found = session.get(Product, product_id, with_for_update=True)
    if found is None:
        raise NotFoundError("product", "product_id", product_id)
    return found
