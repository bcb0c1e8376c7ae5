"""Queries of measured windows and baselines."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, RowMapping, select, text, true
from sqlalchemy.orm import Session

from chejian_cloud.db.app import Bearing, EquipmentFeed
from chejian_cloud.db.diagnosis import DiagnosisBaseline, VibrationWindow
from chejian_cloud.diagnosis.methods import BEARING
from chejian_cloud.series.repository import fed_series

_COUNT = text("""
SELECT count(*) FROM app.vibration_window
 WHERE series_id = ANY(:series) AND time >= :lo AND time < :hi AND length(CASE WHEN :velocity THEN velocity ELSE envelope END) > 0
""")
_LEVELS = text("""
SELECT time, levels FROM (
  SELECT time, CASE WHEN :velocity THEN velocity ELSE envelope END AS levels,
         row_number() OVER (ORDER BY time DESC) - 1 AS place
    FROM app.vibration_window
   WHERE series_id = ANY(:series) AND time >= :lo AND time < :hi
     AND length(CASE WHEN :velocity THEN velocity ELSE envelope END) > 0) k
 WHERE place % :every = 0 ORDER BY time
""")
_READABLE = text("""
SELECT w.series_id, w.time, w.nominal_rpm AS rpm, w.bearing
  FROM app.vibration_window w
  JOIN app.diagnosis d ON d.series_id = w.series_id AND d.time = w.time AND d.method = :method
 WHERE w.series_id = ANY(:series) AND w.time >= :lo AND w.time < :hi AND d.confidence <> 'cannot_tell'
 ORDER BY w.time, w.series_id LIMIT :limit
""")


def bearings(session: Session, equipment_id: int) -> Sequence[Bearing]:
    """Bearings of an equipment, by position."""
    return session.scalars(
        select(Bearing).filter_by(equipment_id=equipment_id).order_by(Bearing.position)
    ).all()


def series(session: Session, equipment_id: int, signal: str) -> Sequence[Row[int, str]]:
    """Ids and units of the series of a signal of an equipment."""
    node, device, fed = fed_series()
    statement = (
        select(fed.c.series_id, fed.c.unit)
        .select_from(EquipmentFeed)
        .join(node, true())
        .join(device, true())
        .join(fed, true())
        .where(EquipmentFeed.equipment_id == equipment_id, fed.c.name == signal)
        .order_by(fed.c.series_id)
    )
    return session.execute(statement).all()


def windows(
    session: Session, ids: Sequence[int], lo: datetime, hi: datetime, limit: int
) -> Sequence[VibrationWindow]:
    """Measured windows of some series in [lo, hi), newest first."""
    w = VibrationWindow
    statement = (
        select(w)
        .where(w.series_id.in_(ids), w.time >= lo, w.time < hi)
        .order_by(w.time.desc(), w.series_id)
        .limit(limit)
    )
    return session.scalars(statement).all()


def levels(
    session: Session, ids: Sequence[int], lo: datetime, hi: datetime, *, velocity: bool, most: int
) -> Sequence[RowMapping]:
    """Spectra of at most `most` windows spread evenly over those of [lo, hi), oldest first; the newest is among them."""
    values = {"series": list(ids), "lo": lo, "hi": hi, "velocity": velocity}
    every = -(-int(session.scalar(_COUNT, values) or 0) // most) or 1
    return session.execute(_LEVELS, {**values, "every": every}).mappings().all()


def readable(
    session: Session, ids: Sequence[int], lo: datetime, hi: datetime, limit: int
) -> Sequence[RowMapping]:
    """Windows in [lo, hi) that the bearing method could read."""
    values = {"series": list(ids), "lo": lo, "hi": hi, "limit": limit, "method": BEARING.method.id}
    return session.execute(_READABLE, values).mappings().all()


def baselines(session: Session, equipment_id: int, signal: str | None) -> Sequence[DiagnosisBaseline]:
    """Baselines of an equipment (of one signal), newest first."""
    statement = select(DiagnosisBaseline).filter_by(equipment_id=equipment_id)
    if signal is not None:
        statement = statement.filter_by(signal=signal)
    return session.scalars(statement.order_by(DiagnosisBaseline.baseline_id.desc())).all()
