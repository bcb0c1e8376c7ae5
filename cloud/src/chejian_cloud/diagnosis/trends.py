"""Windows over time: trends, waterfalls, and the baselines that they are held against."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

from chejian_analytics.diagnosis.severity import LIMITS_MM_S, Group, Support
from sqlalchemy.orm import Session

from chejian_cloud.db.app import Bearing
from chejian_cloud.db.diagnosis import DiagnosisBaseline
from chejian_cloud.diagnosis import levels, trend_repository
from chejian_cloud.diagnosis.baselines import HealthyWindow, Place, active, freeze_windows, times_of
from chejian_cloud.diagnosis.methods import by_id, orders_of
from chejian_cloud.diagnosis.schemas import BaselineIn, BaselineOut, TrendOut, WaterfallOut, WindowOut
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.paging import Part
from chejian_cloud.registry.service import require_equipment

LEAST_WINDOWS = 10
"""Windows of a baseline; with fewer a standard deviation is worth nothing."""
MOST_WINDOWS = 1000
"""Windows of a baseline that a request may freeze; 399 give the accepted false-alarm rate."""
ENVELOPE, VELOCITY = "envelope", "velocity"
_UNITS = {ENVELOPE: "nat over background", VELOCITY: "dB over 0.0001 mm/s"}
_STEPS = {ENVELOPE: levels.ENVELOPE_STEP, VELOCITY: levels.VELOCITY_STEP_DB}


def trend_of(
    session: Session, equipment_id: int, period: TimeRange, *, signal: str | None, limit: int
) -> TrendOut:
    """What the windows of a signal measured.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: when no bearing hears such a signal.
    """
    bearing, place, unit = _place(session, equipment_id, signal)
    rows = trend_repository.windows(session, place.series, period.start, period.end, limit)
    group, support = bearing.zone_group, bearing.support
    limits = None
    if group is not None:
        limits = list(LIMITS_MM_S[cast("Group", group), cast("Support", support)])
    newest: dict[str, BaselineOut] = {}
    for baseline in _described(
        session, place, trend_repository.baselines(session, equipment_id, place.signal)
    ):
        if baseline.active:
            newest.setdefault(baseline.method, baseline.model_copy(update={"content": {}}))
    return TrendOut(
        signal=place.signal,
        unit=unit,
        limits=limits,
        zone_group=group,
        support=support,
        windows=[WindowOut.model_validate(row) for row in reversed(rows)],
        baselines=list(newest.values()),
    )


def waterfall_of(
    session: Session, equipment_id: int, period: TimeRange, *, signal: str | None, kind: str, most: int
) -> WaterfallOut:
    """Spectra of a signal over time, see `trend_of`."""
    if kind not in _UNITS:
        raise InvalidValueError("kind", kind, ", ".join(_UNITS))
    bearing, place, _ = _place(session, equipment_id, signal)
    rows = trend_repository.levels(
        session, place.series, period.start, period.end, velocity=kind == VELOCITY, most=most
    )
    return WaterfallOut(
        signal=place.signal,
        kind=kind,
        unit=_UNITS[kind],
        order_step=levels.ORDER_STEP,
        level_step=_STEPS[kind],
        orders=orders_of(bearing),
        times=[row["time"] for row in rows],
        levels=[list(row["levels"]) for row in rows],
    )


def baselines_of(session: Session, equipment_id: int, signal: str | None, part: Part) -> list[BaselineOut]:
    """Frozen baselines of an equipment, newest first.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    require_equipment(session, equipment_id)
    out: list[BaselineOut] = []
    rows = trend_repository.baselines(session, equipment_id, signal)
    for name in dict.fromkeys(row.signal for row in rows):
        own = [row for row in rows if row.signal == name]
        out += _described(session, Place(equipment_id, name, ()), own)
    last = (
        part.after[0] if part.after else None
    )  # what a baseline tells depends on the later ones: cut at the end
    behind = [b for b in out if last is None or b.baseline_id < last]
    return sorted(behind, key=lambda b: b.baseline_id, reverse=True)[: part.limit]


def freeze(session: Session, equipment_id: int, body: BaselineIn) -> list[BaselineOut]:
    """Freeze baselines of all methods from windows that an engineer vouches for.

    Raises:
        NotFoundError: when the equipment is not registered.
        InvalidValueError: for a signal that no bearing hears, a wrong span, or too few or too many readable windows.
    """
    if body.start >= body.end:
        raise InvalidValueError(
            "start", body.start.isoformat(), f"a time before the end ({body.end.isoformat()})"
        )
    _, place, _ = _place(session, equipment_id, body.signal)
    rows = trend_repository.readable(session, place.series, body.start, body.end, MOST_WINDOWS + 1)
    if not LEAST_WINDOWS <= len(rows) <= MOST_WINDOWS:
        allowed = f"a span with {LEAST_WINDOWS} to {MOST_WINDOWS} readable windows"
        raise InvalidValueError("start", f"{len(rows)} windows", allowed)
    said: dict[str, Any] = {"automatic": False, "user_name": body.user_name, "comment": body.comment}
    windows = [HealthyWindow(row["series_id"], row["time"], row["rpm"], row["bearing"]) for row in rows]
    begins = None if body.valid_from is None else body.valid_from.astimezone(UTC)
    ids = freeze_windows(session, place, windows, said=said, valid_from=begins)
    session.flush()
    made = [
        b for b in trend_repository.baselines(session, equipment_id, place.signal) if b.baseline_id in ids
    ]
    return _described(session, place, made)


def _described(session: Session, place: Place, rows: Sequence[DiagnosisBaseline]) -> list[BaselineOut]:
    now = datetime.now(UTC)
    out: list[BaselineOut] = []
    for row in rows:
        reader = by_id(row.method)
        current = None if reader is None else active(session, place, reader, now, row.rpm_lo)
        columns = {
            name: getattr(row, name) for name in BaselineOut.model_fields if name not in ("active", "windows")
        }
        is_active = current is not None and current.baseline_id == row.baseline_id
        if reader is None:  # of process methods: the newest holds
            is_active = bool(row.content) and all(b.method != row.method for b in out)
        out.append(BaselineOut.model_validate({**columns, "active": is_active, "windows": times_of(row)}))
    return out


def _place(session: Session, equipment_id: int, signal: str | None) -> tuple[Bearing, Place, str]:
    require_equipment(session, equipment_id)
    known = trend_repository.bearings(session, equipment_id)
    bearing = next((b for b in known if signal in (None, b.signal)), None)
    if bearing is None:
        allowed = ", ".join(b.signal for b in known) or "none: no bearing of this equipment is registered"
        raise InvalidValueError("signal", signal, allowed)
    found = trend_repository.series(session, equipment_id, bearing.signal)
    place = Place(equipment_id, bearing.signal, tuple(row.series_id for row in found))
    return bearing, place, found[-1].unit if found else ""
