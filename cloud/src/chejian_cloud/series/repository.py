"""Queries of series and texts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from chejian_contract.signals import Role
from sqlalchemy import ColumnElement, FromClause, Row, RowMapping, and_, func, select, text, true
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import LateralFromClause

from chejian_cloud.db import telemetry as t
from chejian_cloud.db.app import EquipmentFeed
from chejian_cloud.db.rollups import HOUR_TABLE, MINUTE_TABLE

_BUCKETS = """
SELECT bucket AS time, samples, good, known_us, mean, minimum, maximum, increment FROM scoped.{}_by_series
 WHERE series_id = :series_id AND bucket >= :lo AND bucket < :hi ORDER BY bucket
"""
WIDTHS = {"1m": text(_BUCKETS.format(MINUTE_TABLE)), "1h": text(_BUCKETS.format(HOUR_TABLE))}
"""Widths of buckets, and the statement that reads those of a series."""


def newest(series: FromClause = t.series) -> LateralFromClause:
    """Newest value of the row of `telemetry.series`, or of what holds its columns, beside it; to be joined with `true()`."""
    return _beside(t.last_value, t.last_value.c.series_id == series.c.series_id, "newest")


def fed_series() -> tuple[LateralFromClause, LateralFromClause, LateralFromClause]:
    """Node, device and series that feed the equipment of the row of `EquipmentFeed` beside them; each to be joined with `true()`."""
    feed, n, d = EquipmentFeed, t.node.c, t.device.c
    node = _beside(t.node, and_(n.group_id == feed.group_id, n.edge_node == feed.edge_node), "fed_node")
    device = _beside(t.device, and_(d.node_id == node.c.node_id, d.name == feed.device), "fed_device")
    return node, device, _beside(t.series, t.series.c.device_id == device.c.device_id, "fed_series")


def _beside(table: FromClause, condition: ColumnElement[bool], name: str) -> LateralFromClause:
    """Rows of a table of `telemetry` for one row before it.

    For requests these tables are behind a security barrier, into which a join's condition does not reach: the server would read
    all series of the province for those of one machine. OFFSET 0 keeps this from becoming such a join.
    """
    return select(table).where(condition).offset(0).lateral(name)


def signals(session: Session, equipment_id: int) -> Sequence[RowMapping]:
    """Series of all devices that feed an equipment, with their last values; by name, retired ones last."""
    node, device, of_machine = fed_series()
    found = newest(of_machine)
    own, last = of_machine.c, found.c
    statement = (
        select(
            *(
                own[n]
                for n in ("series_id", "name", "unit", "quantity", "kind", "role", "sample_rate", "retired")
            ),
            last.time.label("last_time"),
            last.value.label("last_value"),
            last.text.label("last_text"),
            last.quality.label("last_quality"),
        )
        .select_from(EquipmentFeed)
        .join(node, true())
        .join(device, true())
        .join(of_machine, true())
        .outerjoin(found, true())
        .where(EquipmentFeed.equipment_id == equipment_id)
        .order_by(own.retired, own.name, own.series_id)
    )
    return session.execute(statement).mappings().all()


def latest(session: Session, equipment_ids: Sequence[int]) -> Sequence[Row[int, datetime | None, str | None]]:
    """Equipment, newest source time of its signals, and the newest text of its product signal."""
    node, device, of_machine = fed_series()
    found = newest(of_machine)
    last, product = found.c, of_machine.c.role == Role.PRODUCT.value
    statement = (
        select(
            EquipmentFeed.equipment_id,
            func.max(last.time),
            func.max(last.text).filter(product, ~of_machine.c.retired),
        )
        .select_from(EquipmentFeed)
        .join(node, true())
        .join(device, true())
        .join(of_machine, true())
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
