"""Queries of data health."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, Integer, Row, RowMapping, cast, func, select, true
from sqlalchemy.orm import Session

from chejian_cloud.db import telemetry as t
from chejian_cloud.db.app import Dirty, Equipment, KpiValue
from chejian_cloud.db.diagnosis import DiagnosisTask
from chejian_cloud.registry.scope import Scope

_HOUR: Final = timedelta(hours=1)


def nodes(session: Session) -> Sequence[RowMapping]:
    """All edge nodes, by group and name."""
    return session.execute(select(t.node).order_by(t.node.c.group_id, t.node.c.edge_node)).mappings().all()


def ledgers(session: Session) -> Sequence[RowMapping]:
    """All buffers of all nodes, by their announcement, newest first."""
    order = (t.ledger.c.node_id, t.ledger.c.announced_at.desc().nulls_last(), t.ledger.c.ledger_id)
    return session.execute(select(t.ledger).order_by(*order)).mappings().all()


def dead_letters_by_node(session: Session) -> dict[int | None, int]:
    """Number of dead letters of each node; None: the node is not known."""
    d = t.dead_letter.c
    rows = session.execute(select(d.node_id, func.count()).group_by(d.node_id)).all()
    return {node: int(count) for node, count in rows}


def newest_dead_letters(session: Session, node_ids: Collection[int], limit: int) -> Sequence[RowMapping]:
    """The newest dead letters of each of some nodes, without their payload."""
    d = t.dead_letter.c
    node = func.unnest(cast(list(node_ids), ARRAY(Integer))).table_valued("node_id").render_derived()
    newest = (
        select(d.node_id, d.dead_letter_id, d.received, d.topic, d.batch, d.samples, d.reason)
        .where(d.node_id == node.c.node_id)
        .order_by(d.received.desc())
        .limit(limit)
        .lateral()
    )
    return session.execute(select(newest).select_from(node).join(newest, true())).mappings().all()


def waiting(session: Session) -> tuple[int, int]:
    """Number of dirty marks of both schemas, and of waveforms without their diagnosis."""
    marks = (
        select(func.count()).select_from(t.dirty).scalar_subquery()
        + select(func.count()).select_from(Dirty).scalar_subquery()
    )
    tasks = select(func.count()).where(DiagnosisTask.time <= func.now()).scalar_subquery()
    row = session.execute(select(marks, tasks)).one()
    return int(row[0]), int(row[1])


def machines(session: Session, scope: Scope, types: Collection[str]) -> Sequence[Equipment]:
    """Equipment of a scope that is of one of `types`, by code."""
    statement = select(Equipment).where(Equipment.type.in_(types)).order_by(Equipment.code)
    if scope.workshop_id is not None:
        statement = statement.where(Equipment.workshop_id == scope.workshop_id)
    if scope.line_id is not None:
        statement = statement.where(Equipment.line_id == scope.line_id)
    return session.scalars(statement).all()


def hours(
    session: Session, equipment_ids: Sequence[int], lo: datetime, hi: datetime
) -> Sequence[Row[*tuple[Any, ...]]]:
    """Hours that overlap [lo, hi), by start: equipment, known and missing planned busy time [us], and what is told of each."""
    k = KpiValue.__table__.c
    statement = (
        select(k.equipment_id, k.busy_us, k.no_data_us, k.start, k.end, k.completeness, k.provisional)
        .where(
            k.equipment_id.in_(equipment_ids),
            k.kpi == "oee",
            k.window_kind == "hour",
            k.end > lo,
            k.start > lo - _HOUR,
            k.start < hi,
        )
        .order_by(k.start)
    )
    return session.execute(statement).all()


def workshop_hours(session: Session, lo: datetime, hi: datetime) -> Sequence[Row[Any]]:
    """Workshop, start, end, known and missing planned busy time [us] of the hours that overlap [lo, hi), by start."""
    k = KpiValue
    hour = (  # OFFSET 0: by machine, so that a caller of one enterprise reads its own hours only
        select(k.start, k.end, k.busy_us, k.no_data_us, k.provisional)
        .where(
            k.equipment_id == Equipment.equipment_id,
            k.kpi == "oee",
            k.window_kind == "hour",
            k.end > lo,
            k.start > lo - _HOUR,
            k.start < hi,
        )
        .offset(0)
        .lateral("hour")
    ).c
    statement = (
        select(
            Equipment.workshop_id,
            hour.start,
            hour.end,
            cast(func.sum(hour.busy_us), BigInteger).label("known_us"),
            cast(func.sum(hour.no_data_us), BigInteger).label("missing_us"),
            func.bool_or(hour.provisional).label("provisional"),
        )
        .group_by(Equipment.workshop_id, hour.start, hour.end)
        .order_by(hour.start)
    )
    return session.execute(statement).all()
