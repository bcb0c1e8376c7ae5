"""How bad, since when and for how long: severity of a window, and the course of what its verdict rests on.

Both are computed when they are asked for, of what the windows up to this one measured; nothing of it is stored, so late
windows change it as if they had always been there.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

import numpy as np
from chejian_analytics.diagnosis import Course
from chejian_analytics.diagnosis import course_of as fit_course
from chejian_analytics.diagnosis.life import SERIOUS_POWER_RATIO
from chejian_analytics.diagnosis.severity import LIMITS_MM_S, Group, Support
from sqlalchemy import ColumnElement, Float, RowMapping, Select, func, select
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.db.app import Bearing
from chejian_cloud.db.diagnosis import Diagnosis, DiagnosisBaseline, VibrationWindow
from chejian_cloud.diagnosis import repository, trend_repository
from chejian_cloud.diagnosis.baselines import SPEED_SHARE, times_of
from chejian_cloud.diagnosis.methods import BEARING, SHAFT
from chejian_cloud.diagnosis.schemas import CourseOut, SeverityOut

MOST_WINDOWS = 5000
"""Windows that a course is read from, the newest; more are beyond what a line says."""
VELOCITY = "velocity"


def severity_of(session: Session, diagnosis: Diagnosis, bearing: Bearing | None) -> SeverityOut | None:
    """Velocity and zone of the window behind a diagnosis; None where no velocity was measured."""
    window = repository.window(session, diagnosis.series_id, diagnosis.time)
    if window is None or window.velocity_mm_s is None:
        return None
    return SeverityOut(
        velocity_mm_s=window.velocity_mm_s,
        zone=window.zone,
        limits=None if bearing is None else _limits(bearing),
        zone_group=bearing.zone_group if bearing else None,
        support=bearing.support if bearing else None,
    )


def course_of(
    session: Session, diagnosis: Diagnosis, bearing: Bearing | None, *, serial: str | None
) -> CourseOut | None:
    """Course of what a verdict rests on, up to its window; None where it names nothing that has one."""
    indicator = _indicator(diagnosis)
    if indicator is None or bearing is None:
        return None
    baseline = session.get(DiagnosisBaseline, diagnosis.baseline_id) if diagnosis.baseline_id else None
    if baseline is None:
        return _none(indicator, bearing, "no_baseline")
    if serial is not None:
        return _none(indicator, bearing, "other_part_each_window")
    healthy, later = _rows(session, diagnosis, bearing, baseline, indicator)
    if not healthy:
        return _none(indicator, bearing, "baseline_too_short")
    limit = _limit(indicator, bearing, [row["value"] for row in healthy])
    values = np.array([row["value"] for row in (*healthy, *later)], dtype=np.float64)
    first = to_us(healthy[0]["time"])
    times = np.array([(to_us(row["time"]) - first) / 86_400e6 for row in (*healthy, *later)])
    found = fit_course(times, values, len(healthy), limit)
    onset = None if found.onset is None else from_us(first + round(float(times[found.onset]) * 86_400e6))
    return _told(indicator, bearing, found, onset, len(later))


def _indicator(diagnosis: Diagnosis) -> str | None:
    if diagnosis.part is None:
        return None
    if diagnosis.method == BEARING.method.id:
        return diagnosis.part
    return VELOCITY if diagnosis.method == SHAFT.method.id else None


def _limits(bearing: Bearing) -> list[float] | None:
    if bearing.zone_group is None:
        return None
    return list(LIMITS_MM_S[cast("Group", bearing.zone_group), cast("Support", bearing.support)])


def _limit_is(indicator: str, bearing: Bearing) -> str:
    return "zone_d" if indicator == VELOCITY and bearing.zone_group is not None else "serious_change"


def _limit(indicator: str, bearing: Bearing, healthy: Sequence[float]) -> float:
    limits = _limits(bearing)
    if indicator == VELOCITY and limits is not None:
        return math.log(limits[-1])
    # Lines' levels are powers, velocity is an amplitude.
    change = SERIOUS_POWER_RATIO / 2.0 if indicator == VELOCITY else SERIOUS_POWER_RATIO
    return float(np.mean(healthy)) + change


def _rows(
    session: Session, diagnosis: Diagnosis, bearing: Bearing, baseline: DiagnosisBaseline, indicator: str
) -> tuple[list[RowMapping], list[RowMapping]]:
    """Time and value of the baseline's windows, and of those after it at its speeds, oldest first, one for each time."""
    w = VibrationWindow
    value: ColumnElement[float] = w.parts[indicator].astext.cast(Float)
    if indicator == VELOCITY:
        value = func.ln(func.nullif(w.velocity_mm_s, 0))
    ids = [row.series_id for row in trend_repository.series(session, diagnosis.equipment_id, bearing.signal)]
    times = times_of(baseline)
    slowest, fastest = baseline.rpm_lo * (1 - SPEED_SHARE), baseline.rpm_hi * (1 + SPEED_SHARE)
    windows = (
        select(w.time, value.label("value"))
        .where(w.series_id.in_(ids), w.time <= diagnosis.time, value.is_not(None))
        .order_by(w.time.desc(), w.series_id.desc())
    )
    later = windows.where(w.time > max(times), w.nominal_rpm.between(slowest, fastest)).limit(MOST_WINDOWS)
    return _oldest_first(session, windows.where(w.time.in_(times))), _oldest_first(session, later)


def _oldest_first(session: Session, statement: Select[datetime, float]) -> list[RowMapping]:
    found = {row["time"]: row for row in session.execute(statement).mappings()}
    return [found[time] for time in sorted(found)]


def _none(indicator: str, bearing: Bearing, reason: str) -> CourseOut:
    return CourseOut(
        indicator=indicator,
        windows=0,
        onset=None,
        growth_per_day=0.0,
        limit=None,
        limit_is=_limit_is(indicator, bearing),
        low_days=None,
        best_days=None,
        high_days=None,
        reason=reason,
    )


def _told(indicator: str, bearing: Bearing, found: Course, onset: datetime | None, windows: int) -> CourseOut:
    life: Mapping[str, float | None] = dict.fromkeys(("low_days", "best_days", "high_days"))
    if found.life is not None:
        life = {"low_days": found.life.low, "best_days": found.life.best, "high_days": found.life.high}
    return CourseOut.model_validate(
        {
            **_none(indicator, bearing, "").model_dump(),
            **life,
            "windows": windows,
            "onset": onset,
            "growth_per_day": found.growth,
            "limit": found.limit,
            "reason": found.reason,
        }
    )
