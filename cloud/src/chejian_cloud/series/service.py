"""Signals and samples of series, bounded so that one request can't read a year of raw data."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
from chejian_contract.signals import SignalKind
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.db.arrays import Samples, read_samples
from chejian_cloud.db.engine import raw_connection
from chejian_cloud.db.rollups import has_hours, has_minutes
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.registry.scope import Scope
from chejian_cloud.registry.service import machines_of, require_equipment
from chejian_cloud.series import repository
from chejian_cloud.series.decimate import min_max
from chejian_cloud.series.files import About, Format
from chejian_cloud.series.schemas import BucketsOut, LastValue, LatestOut, SamplesOut, SignalOut

LONGEST = timedelta(days=31)
"""A month of raw samples; beyond it the KPIs and boards have aggregates."""
MAX_RAW = 3_000_000
"""Samples read for one answer: one a second over a month, about 70 MB of arrays."""
MINUTES = timedelta(days=7)
"""Longest range by minutes: about 10,000 of them, as many as hours in the longest range of results."""
_COLUMNS = ("time", "samples", "good", "known_us", "mean", "minimum", "maximum", "increment")
_TEXT_DATATYPES = frozenset({12, 14, 15})
"""Sparkplug's String, Text and UUID."""


def signals_of(session: Session, equipment_id: int) -> list[SignalOut]:
    """Signals of an equipment with their newest values.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    require_equipment(session, equipment_id)
    return [SignalOut(**row, last=_last(row)) for row in repository.signals(session, equipment_id)]


def latest_in(session: Session, scope: Scope) -> list[LatestOut]:
    """Newest sample and product of every machine of a scope.

    Raises:
        NotFoundError: when the workshop or the line is not registered.
    """
    ids = [m.equipment_id for m in machines_of(session, scope)]
    found = {equipment: (seen, product) for equipment, seen, product in repository.latest(session, ids)}
    return [
        LatestOut(equipment_id=i, seen=seen, product=product)
        for i in ids
        for seen, product in [found.get(i, (None, None))]
    ]


def samples_of(session: Session, series_id: int, period: TimeRange, max_points: int) -> SamplesOut:
    """Samples of a series in a range; numbers are decimated to `max_points`, texts and waveforms cut to the first so many.

    Raises:
        NotFoundError: when there is no such series.
        InvalidValueError: when the range holds more than `MAX_RAW` samples.
    """
    row = _require(session, series_id)
    read = _listed if row["kind"] == SignalKind.WAVEFORM or row["datatype"] in _TEXT_DATATYPES else _numbers
    return SamplesOut(
        **_head(row), start=period.start, end=period.end, **read(session, row, period, max_points)
    )


def buckets_of(session: Session, series_id: int, width: str, period: TimeRange) -> BucketsOut:
    """Stored rollups of a series whose buckets begin in a range; those that have ended.

    Raises:
        NotFoundError: when there is no such series.
        InvalidValueError: when it has no rollups of that width, or the range is too long for it.
    """
    row = _require(session, series_id)
    if not has_hours(row["datatype"], row["kind"]):
        raise InvalidValueError("series_id", series_id, "a series of numbers that are no states")
    if width == "1m" and not has_minutes(row["datatype"], row["kind"], row["role"]):
        raise InvalidValueError("width", width, "1h: only a series with a role has minutes")
    if width == "1m" and period.end - period.start > MINUTES:
        raise InvalidValueError(
            "from", period.start.isoformat(), f"at most {MINUTES.days} days before 'to' for width 1m"
        )
    rows = repository.buckets(session, width, series_id, period.start, period.end)
    columns: dict[str, Any] = {name: [each[name] for each in rows] for name in _COLUMNS}
    return BucketsOut(**_head(row), width=width, start=period.start, end=period.end, **columns)


def file_of(session: Session, series_id: int, period: TimeRange, form: Format) -> Iterator[bytes]:
    """All samples of a series of numbers in a range as a file, in parts; what is not usable has no value.

    Raises:
        NotFoundError: when there is no such series.
        InvalidValueError: when it holds no numbers, or the range more than `MAX_RAW` samples.
    """
    row = _require(session, series_id)
    if row["kind"] == SignalKind.WAVEFORM or row["datatype"] in _TEXT_DATATYPES:
        raise InvalidValueError("series_id", series_id, "a series of numbers")
    return form.parts(_read(session, row, period), About(series_id, row["name"], row["unit"]))


def _require(session: Session, series_id: int) -> RowMapping:
    row = repository.series(session, series_id)
    if row is None:
        raise NotFoundError("series", "series_id", series_id)
    return row


def _head(row: RowMapping) -> dict[str, Any]:
    return {name: row[name] for name in ("series_id", "name", "unit", "kind")}


def _last(row: RowMapping) -> LastValue | None:
    if row["last_time"] is None:
        return None
    return LastValue(
        time=row["last_time"], value=row["last_value"], text=row["last_text"], quality=row["last_quality"]
    )


def _numbers(session: Session, row: RowMapping, period: TimeRange, max_points: int) -> dict[str, Any]:
    lo, hi = to_us(period.start), to_us(period.end)
    found = _read(session, row, period)
    total = int(found.times_us.size)
    usable = found.usable()
    keep = min_max(found.times_us, usable, lo, hi, max_points)
    values = [float(v) if np.isfinite(v) else None for v in usable[keep]]
    return {
        "total": total,
        "decimated": keep.size < total,
        "time": [from_us(t) for t in found.times_us[keep].tolist()],
        "value": values,
        "quality": found.quality[keep].tolist(),
    }


def _read(session: Session, row: RowMapping, period: TimeRange) -> Samples:
    lo, hi = to_us(period.start), to_us(period.end)
    found = read_samples(raw_connection(session), [row["series_id"]], lo, hi, limit=MAX_RAW + 1)
    if found.times_us.size > MAX_RAW:
        raise InvalidValueError("to", period.end.isoformat(), f"a range that holds at most {MAX_RAW} samples")
    return found


def _listed(session: Session, row: RowMapping, period: TimeRange, max_points: int) -> dict[str, Any]:
    read = repository.waveforms if row["kind"] == SignalKind.WAVEFORM else repository.texts
    rows = read(session, row["series_id"], period.start, period.end, max_points)
    columns = [list(column) for column in zip(*rows, strict=True)] or [[], [], []]
    times, values, quality = columns
    return {"total": len(rows), "decimated": False, "time": times, "value": values, "quality": quality}
