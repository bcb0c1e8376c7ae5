"""Queries of life-cycle files."""

from collections.abc import Sequence

from sqlalchemy import RowMapping, func, select, text
from sqlalchemy.orm import Session

from chejian_cloud.db.diagnosis import Diagnosis
from chejian_cloud.db.lifecycle import FittedPart, MaintenanceOrder
from chejian_cloud.paging import Part

OPEN = ("opened", "in_work")
CLOSED = ("done", "cancelled")
_NAMED = text("""
SELECT d.diagnosis_id, d.time, s.name AS signal, d.method, d.part, d.confidence,
       NULLIF(l.answer, 'withdrawn') AS answer, CASE WHEN l.answer <> 'withdrawn' THEN l.user_name END AS answered_by
  FROM (SELECT * FROM app.diagnosis x WHERE x.equipment_id = :equipment_id AND x.part IS NOT NULL
         ORDER BY x.time DESC, x.diagnosis_id DESC LIMIT :most) d
  -- OFFSET 0: as a join, requests would read all series behind their security barrier
 CROSS JOIN LATERAL (SELECT x.name FROM telemetry.series x WHERE x.series_id = d.series_id OFFSET 0) s
  LEFT JOIN LATERAL (SELECT n.answer, n.user_name FROM app.diagnosis_label n WHERE n.diagnosis_id = d.diagnosis_id
                      ORDER BY n.label_id DESC LIMIT 1) l ON true
 ORDER BY d.time DESC, d.diagnosis_id DESC
""")


def parts(session: Session, equipment_id: int, part: Part) -> Sequence[FittedPart]:
    """Parts of an equipment, withdrawn ones too, that fitted last first."""
    statement = select(FittedPart).filter_by(equipment_id=equipment_id)
    return session.scalars(
        part.of(statement, FittedPart.fitted_at, FittedPart.part_id, descending=True)
    ).all()


def fitted(session: Session, equipment_id: int, most: int) -> Sequence[FittedPart]:
    """Parts that are in the machine, that fitted last first."""
    p = FittedPart
    return session.scalars(
        select(p)
        .where(p.equipment_id == equipment_id, p.removed_at.is_(None), p.withdrawn_at.is_(None))
        .order_by(p.fitted_at.desc(), p.part_id.desc())
        .limit(most)
    ).all()


def removed(session: Session, equipment_id: int, most: int) -> Sequence[FittedPart]:
    """Parts that were taken out, the last one first."""
    p = FittedPart
    return session.scalars(
        select(p)
        .where(p.equipment_id == equipment_id, p.removed_at.is_not(None), p.withdrawn_at.is_(None))
        .order_by(p.removed_at.desc(), p.part_id.desc())
        .limit(most)
    ).all()


def orders(
    session: Session, equipment_id: int, states: Sequence[str], part: Part
) -> Sequence[MaintenanceOrder]:
    """Maintenance orders of an equipment in some states, that opened last first."""
    o = MaintenanceOrder
    statement = select(o).where(o.equipment_id == equipment_id, o.state.in_(states))
    return session.scalars(part.of(statement, o.opened_at, o.maintenance_order_id, descending=True)).all()


def count_open(session: Session, equipment_id: int) -> int:
    """How many orders of an equipment are not closed."""
    o = MaintenanceOrder
    statement = select(func.count()).select_from(o)
    return session.scalar(statement.where(o.equipment_id == equipment_id, o.state.in_(OPEN))) or 0


def parts_of_orders(session: Session, order_ids: Sequence[int]) -> Sequence[FittedPart]:
    """Parts that were fitted or taken out in the work of some orders, by id."""
    p = FittedPart
    return session.scalars(
        select(p)
        .where((p.fitted_under.in_(order_ids)) | (p.removed_under.in_(order_ids)), p.withdrawn_at.is_(None))
        .order_by(p.part_id)
    ).all()


def machine_of_diagnosis(session: Session, diagnosis_id: int) -> int | None:
    """Equipment that a diagnosis is of; None where there is none, or it is somebody else's."""
    return session.scalar(select(Diagnosis.equipment_id).filter_by(diagnosis_id=diagnosis_id))


def named(session: Session, equipment_id: int, most: int) -> Sequence[RowMapping]:
    """Diagnoses of an equipment that named a fault, the newest first, with the answer that holds."""
    return session.execute(_NAMED, {"equipment_id": equipment_id, "most": most}).mappings().all()
