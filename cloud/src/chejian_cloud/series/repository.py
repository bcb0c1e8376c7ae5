"""Queries of series and texts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chejian_contract.signals import Role
from sqlalchemy import Row, RowMapping, and_, func, select, text, true
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import LateralFromClause

from chejian_cloud.db import telemetry as t
from chejian_cloud.db.app import EquipmentFeed
from chejian_cloud.db.rollups import HOUR_TABLE, MINUTE_TABLE

FEED_OF_NODE = and_(
    t.node.c.group_id == EquipmentFeed.group_id, t.node.c.edge_node == EquipmentFeed.edge_node
)
FEED_OF_DEVICE = and_(FEED_OF_NODE, t.device.c.name == EquipmentFeed.device)
"""Joins a telemetry device (with its node) to the equipment that it feeds."""

_BUCKETS = """
SELECT bucket AS time, samples, good, known_us, mean, minimum, maximum, increment FROM scoped.{}_by_series
 WHERE series_id = :series_id AND bucket >= :lo AND bucket < :hi ORDER BY bucket
"""
WIDTHS = {"1m": text(_BUCKETS.format(MINUTE_TABLE)), "1h": text(_BUCKETS.format(HOUR_TABLE))}
"""Widths of buckets, and the statement that reads those of a series."""


def newest() -> LateralFromClause:
    """Newest value of the row of `telemetry.series` beside it; to be joined with `true()`.

    For requests the newest values are behind a security barrier, into which a join's condition does not reach: the server would
    look all series of the province up for those of one machine. OFFSET 0 keeps this from becoming such a join.
    """
    found = select(t.last_value).where(t.last_value.c.series_id == t.series.c.series_id).offset(0)
    return found.lateral("newest")


def signals(session: Session, equipment_id: int) -> Sequence[RowMapping]:
    """Series of all devices that feed an equipment, with their last values; by name, retired ones last."""
    found = newest()
    last = found.c
    statement = (
        select(
            *(
                t.series.c[n]
                for n in ("series_id", "name", "unit", "quantity", "kind", "role", "sample_rate", "retired")
            ),
            last.time.label("last_time"),
            last.value.label("last_value"),
            last.text.label("last_text"),
            last.quality.label("last_quality"),
        )
        .join(t.device, t.device.c.device_id == t.series.c.device_id)
        .join(t.node, t.node.c.node_id == t.device.c.node_id)
        .join(EquipmentFeed, FEED_OF_DEVICE)
        .outerjoin(found, true())
        .where(EquipmentFeed.equipment_id == equipment_id)
        .order_by(t.series.c.retired, t.series.c.name, t.series.c.series_id)
    )
    return session.execute(statement).mappings().all()


def latest(session: Session, equipment_ids: Sequence[int]) -> Sequence[Row[int, datetime | None, str | None]]:
    """Equipment, newest source time of its signals, and the newest text of its product signal."""
    found = newest()
    last, product = found.c, t.series.c.role == Role.PRODUCT.value
    statement = (
        select(
            EquipmentFeed.equipment_id,
            func.max(last.time),
            func.max(last.text).filter(product, ~t.series.c.retired),
        )
        .join(t.node, FEED_OF_NODE)
        .join(t.device, and_(t.device.c.node_id == t.node.c.node_id, FEED_OF_DEVICE))
        .join(t.series, t.series.c.device_id == t.device.c.device_id)
        .join(found, true())
        .where(EquipmentFeed.equipment_id.in_(equipment_ids))
        .group_by(EquipmentFeed.equipment_id)
    )
    return session.execute(statement).all()


def series(session: Session, series_id: int) -> RowMapping | None:
    """One series, None when there is none."""
    return session.execute(select(t.series).where(t.series.c.series_id == series_id)).mappings().one_or_none()


def buckets(session: Session, width: str, series_id: int, lo: datetime, hi: datetime) -> Sequence[RowMapping]:
    """Rollups of a series that begin in [lo, hi), by time; `width` is a key of `WIDTHS`."""
    values = {"series_id": series_id, "lo": lo, "hi": hi}
    return session.execute(WIDTHS[width], values).mappings().all()


def texts(session: Session, series_id: int, lo: datetime, hi: datetime, limit: int) -> Sequence[Row[Any]]:
    """Time, value and quality of text samples in [lo, hi), by time."""
    return _range(session, t.text_sample.c, t.text_sample.c.value, series_id, lo, hi, limit)


def waveforms(session: Session, series_id: int, lo: datetime, hi: datetime, limit: int) -> Sequence[Row[Any]]:
    """Time, number of values and quality of waveforms that start in [lo, hi), by time."""
    size = func.octet_length(t.waveform.c.data) / 4
    return _range(session, t.waveform.c, size, series_id, lo, hi, limit)


def _range(
    session: Session, columns: Any, value: Any, series_id: int, lo: datetime, hi: datetime, limit: int
) -> Sequence[Row[Any]]:
    statement = (
        select(columns.time, value, columns.quality)
        .where(columns.series_id == series_id, columns.time >= lo, columns.time < hi)
        .order_by(columns.time)
        .limit(limit)
    )
    return session.execute(statement).all()
