"""Frozen baselines: which one judges a window, and how a new one comes to be.

A baseline is never changed. An engineer's choice of windows replaces the automatic one; the newest that begins before a
window judges it. So a verdict depends on the stored windows and on people's choices, never on the order of arrival.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, insert, select, text
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.db.diagnosis import DiagnosisBaseline
from chejian_cloud.diagnosis.methods import (
    WINDOW_METHODS,
    Frozen,
    Given,
    WindowMethod,
    signal_of,
    version_of,
)
from chejian_cloud.diagnosis.repository import waveform

SPEED_SHARE = 0.05
"""A baseline judges windows of its own windows' speeds, and this share beyond: orders of a shaft follow its speed."""
JUST_AFTER = timedelta(microseconds=1)

_ACTIVE = text("""
SELECT baseline_id, version, content, rpm_lo, rpm_hi FROM (
  (SELECT 0 AS rank, b.* FROM app.diagnosis_baseline b
    WHERE equipment_id = :equipment_id AND signal = :signal AND method = :method AND method_version = ANY(:versions)
      AND NOT automatic AND valid_from <= :time ORDER BY baseline_id DESC LIMIT 1)
  UNION ALL
  (SELECT 1, b.* FROM app.diagnosis_baseline b
    WHERE equipment_id = :equipment_id AND signal = :signal AND method = :method AND method_version = ANY(:versions)
      AND automatic ORDER BY baseline_id DESC LIMIT 1)) k
 WHERE valid_from <= :time ORDER BY rank LIMIT 1
""")
_NOTE = text("""
INSERT INTO app.diagnosis_task (series_id, time, equipment_id)
SELECT series_id, time, equipment_id FROM app.vibration_window
 WHERE series_id = ANY(:series) AND time >= :lo
ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a baseline belongs.

    Attributes:
        equipment_id: of the machine.
        signal: name of the waveform signal.
        series: ids of its series.
    """

    equipment_id: int
    signal: str
    series: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class HealthyWindow:
    """A stored window that a baseline is made of."""

    series_id: int
    time: datetime
    rpm: float
    bearing: dict[str, Any]


def active(
    session: Session, place: Place, reader: WindowMethod, time: datetime, rpm: float | None
) -> Frozen | None:
    """The baseline that judges a window; None: cold start."""
    values = {**_key(place, reader), "versions": reader.method.baseline_versions, "time": time}
    row = session.execute(_ACTIVE, values).mappings().one_or_none()
    if row is None or rpm is None or not row["content"]:
        return None
    if not row["rpm_lo"] * (1 - SPEED_SHARE) <= rpm <= row["rpm_hi"] * (1 + SPEED_SHARE):
        return None
    return Frozen(row["baseline_id"], row["version"], row["content"])


def newest(
    session: Session, place: Place, reader: WindowMethod, *, automatic: bool
) -> DiagnosisBaseline | None:
    """The newest baseline that people, or the worker, froze and that judges windows of this version."""
    statement = (
        select(DiagnosisBaseline)
        .filter_by(**_key(place, reader), automatic=automatic)
        .where(DiagnosisBaseline.method_version.in_(reader.method.baseline_versions))
        .order_by(DiagnosisBaseline.baseline_id.desc())
        .limit(1)
    )
    return session.scalars(statement).one_or_none()


def freeze_windows(
    session: Session,
    place: Place,
    windows: Sequence[HealthyWindow],
    *,
    readers: Sequence[WindowMethod] = WINDOW_METHODS,
    said: dict[str, Any],
    valid_from: datetime | None = None,
) -> list[int]:
    """Freeze one baseline for each method from stored windows, and note the windows that it judges anew.

    Args:
        session: in a transaction.
        place: of the windows.
        windows: in order of time, at least one; those whose waveform is gone or unreadable add nothing.
        readers: methods.
        said: columns automatic, user_name and comment.
        valid_from: first time that is judged; just after the last window unless given.

    Returns:
        Ids of the new rows.
    """
    results: dict[str, list[Any]] = {reader.method.id: [] for reader in readers}
    used: list[HealthyWindow] = []
    for window in windows:
        stored = waveform(session, window.series_id, window.time)
        if stored is None:
            continue
        given = Given(stored["sample_rate"], window.rpm, window.bearing)
        signal = signal_of(stored["data"])
        found = {reader.method.id: reader.run(signal, window.rpm, given) for reader in readers}
        used.append(window)
        for name, result in found.items():
            results[name].append(result)
    if not used:
        return []
    begins = valid_from or used[-1].time + JUST_AFTER
    made = []
    for reader in readers:
        content = reader.freeze(results[reader.method.id])
        row = {
            "content": dict(content),
            "rpm_lo": min(w.rpm for w in used),
            "rpm_hi": max(w.rpm for w in used),
        }
        made.append(_add(session, place, reader, used, {**row, **said, "valid_from": begins}))
    _judge_anew(session, place, begins)
    return made


def withdraw(session: Session, place: Place, old: DiagnosisBaseline, reader: WindowMethod) -> None:
    """An automatic baseline whose windows are no longer the first healthy ones ends by an empty one."""
    row = {"content": {}, "rpm_lo": old.rpm_lo, "rpm_hi": old.rpm_hi, "valid_from": old.valid_from}
    _add(session, place, reader, (), {**row, "automatic": True, "user_name": "", "comment": ""})
    _judge_anew(session, place, old.valid_from)


def _judge_anew(session: Session, place: Place, lo: datetime) -> None:
    session.execute(_NOTE, {"series": list(place.series), "lo": lo})


def _add(
    session: Session,
    place: Place,
    reader: WindowMethod,
    windows: Sequence[HealthyWindow],
    columns: dict[str, Any],
) -> int:
    times = [to_us(w.time) for w in windows]
    statement = (
        insert(DiagnosisBaseline)
        .values(
            equipment_id=place.equipment_id,
            signal=place.signal,
            method=reader.method.id,
            method_version=reader.method.version,
            version=version_of(columns["content"], times, automatic=columns["automatic"]),
            windows=[[w.series_id, time] for w, time in zip(windows, times, strict=True)],
            **columns,
        )
        .returning(DiagnosisBaseline.baseline_id)
    )
    return int(session.scalars(statement).one())


def _key(place: Place, reader: WindowMethod) -> dict[str, Any]:
    return {"equipment_id": place.equipment_id, "signal": place.signal, "method": reader.method.id}


def times_of(baseline: DiagnosisBaseline | RowMapping) -> list[datetime]:
    """Times of the windows that a baseline was made of."""
    return [from_us(int(time)) for _, time in baseline.windows]
