"""Diagnosing waveforms: what has to be diagnosed is noted with the KPIs, and worked off in small pieces afterwards."""

import json
from datetime import datetime
from typing import Any, cast

import numpy as np
from chejian_analytics.diagnosis.severity import Group, Support, severity
from chejian_contract.signals import Role, SignalKind
from sqlalchemy import RowMapping, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us
from chejian_cloud.db import telemetry as t
from chejian_cloud.db.app import Bearing
from chejian_cloud.db.diagnosis import Diagnosis, DiagnosisTask, VibrationWindow
from chejian_cloud.diagnosis import levels
from chejian_cloud.diagnosis.baselines import Place, active
from chejian_cloud.diagnosis.methods import (
    BEARING,
    SHAFT,
    WINDOW_METHODS,
    Given,
    finite,
    given_of,
    judge,
    signal_of,
)
from chejian_cloud.diagnosis.repository import waveform
from chejian_cloud.worker.first_windows import refresh
from chejian_cloud.worker.inputs import READABLE
from chejian_cloud.worker.setup import Setup, load_setup

SPEED_TOLERANCE_US = 1_000_000
"""[us] A speed that is stamped this much after a waveform's first value still belongs to it: both are written together,
but each at its own source time."""
CHAIN = "; ".join(
    [*(f"{m.method.id} {m.method.version}" for m in WINDOW_METHODS), f"levels {levels.VERSION}"]
)
"""Names all that reads a window; where a window was read by another one, it is read again."""

_SPEED = """
SELECT p.value FROM telemetry.sample p
 WHERE p.series_id = ANY(:speed) AND p.time <= {time} + make_interval(secs => :tolerance)
   AND p.quality = ANY(:readable) AND p.value < 'Infinity'
 ORDER BY p.time DESC, p.series_id DESC LIMIT 1
"""
_SPEED_AT = text(_SPEED.format(time="CAST(:time AS timestamptz)"))
_PLAN = text(f"""
INSERT INTO app.diagnosis_task (series_id, time, equipment_id)
SELECT w.series_id, w.time, :equipment_id
  FROM telemetry.waveform w
  LEFT JOIN app.vibration_window d ON d.series_id = w.series_id AND d.time = w.time
 WHERE w.series_id = ANY(:series)
   AND w.time >= CAST(:lo AS timestamptz) - make_interval(secs => :tolerance)
   AND w.time <= COALESCE((SELECT p.time FROM telemetry.sample p WHERE p.series_id = ANY(:speed) AND p.time > :hi
                            ORDER BY p.time LIMIT 1), 'infinity')
   AND (d.series_id IS NULL OR d.chain <> :chain OR d.bearing <> CAST(:bearing AS jsonb)
        OR d.nominal_rpm IS DISTINCT FROM ({_SPEED.format(time="w.time")}))
ON CONFLICT DO NOTHING
""")  # noqa: S608 - the text put in is the constant above


def plan(session: Session, setup: Setup, lo_us: int, hi_us: int) -> None:
    """Note the waveforms that were not read yet, or with another speed, bearing or method version.

    Looks at what a change in [lo_us, hi_us] can touch: the waveforms in it, and those up to the next speed sample.
    """
    for bearing in setup.bearings:
        series = setup.waveforms.get(bearing.signal, [])
        if series:
            values = {
                "equipment_id": setup.equipment_id,
                "series": series,
                "speed": setup.of(Role.ROTATIONAL_SPEED),
                "lo": from_us(lo_us),
                "hi": from_us(hi_us),
                "tolerance": SPEED_TOLERANCE_US / 1e6,
                "readable": READABLE,
                "chain": CHAIN,
                "bearing": json.dumps(_all_given(bearing)),
            }
            session.execute(_PLAN, values)


def diagnose_next(session: Session, now: datetime) -> str | None:
    """Read the oldest noted waveform by every method, store the results and delete the note.

    The oldest first, so that a baseline is there before the windows that are judged by it.

    Returns:
        The confidence of the bearing's diagnosis ("gone" when waveform or bearing are no more); None when nothing waits.
    """
    oldest = (
        select(DiagnosisTask)
        .join(t.series, t.series.c.series_id == DiagnosisTask.series_id)
        .where(t.series.c.kind == SignalKind.WAVEFORM.value)
        .order_by(DiagnosisTask.time)
        .limit(1)
    )
    task = session.scalars(oldest.with_for_update(skip_locked=True, of=DiagnosisTask)).one_or_none()
    if task is None:
        return None
    key = {"series_id": task.series_id, "time": task.time}
    session.execute(
        delete(DiagnosisTask).where(
            DiagnosisTask.series_id == task.series_id, DiagnosisTask.time == task.time
        )
    )
    setup = load_setup(session, task.equipment_id)
    stored = waveform(session, task.series_id, task.time)
    bearing = next((b for b in setup.bearings if task.series_id in setup.waveforms.get(b.signal, [])), None)
    if stored is None or bearing is None:
        return "gone"
    place = Place(setup.equipment_id, bearing.signal, tuple(setup.waveforms[bearing.signal]))
    rpm = _speed_at(session, setup, task.time)
    results = {}
    for reader in WINDOW_METHODS:
        baseline = active(session, place, reader, task.time, rpm)
        given = Given(stored["sample_rate"], rpm, given_of(bearing), baseline)
        results[reader.method.id] = judge(reader, stored["data"], given)
        values = {
            "equipment_id": task.equipment_id,
            "method_version": reader.method.version,
            "nominal_rpm": rpm,
            "bearing": given_of(bearing),
            "baseline_id": baseline and baseline.baseline_id,
            "computed_at": now,
            **results[reader.method.id],
        }
        _store(session, Diagnosis, {**key, "method": reader.method.id}, values)
    unit = next(s.unit for s in setup.all_series if s.series_id == task.series_id)
    figures = _figures(stored, bearing, rpm, unit, results)
    _store(session, VibrationWindow, key, {"equipment_id": task.equipment_id, **figures})
    refresh(session, place, task.time)
    return str(results[BEARING.method.id]["confidence"])


def _speed_at(session: Session, setup: Setup, time: datetime) -> float | None:
    values = {
        "speed": setup.of(Role.ROTATIONAL_SPEED),
        "time": time,
        "tolerance": SPEED_TOLERANCE_US / 1e6,
        "readable": READABLE,
    }
    rpm: float | None = session.scalar(_SPEED_AT, values)
    return rpm


def _store(session: Session, table: type[Any], key: dict[str, Any], values: dict[str, Any]) -> None:
    statement = insert(table).values(**key, **values)
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


def _all_given(bearing: Bearing) -> dict[str, Any]:
    """What a window's figures depend on; a change of one makes it be read again."""
    return {**given_of(bearing), "zone_group": bearing.zone_group, "support": bearing.support}


def _figures(
    stored: RowMapping, bearing: Bearing, rpm: float | None, unit: str, results: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """Columns of `VibrationWindow`; what can't be measured is NULL or empty."""
    evidence = {method: result["evidence"] for method, result in results.items()}
    told = evidence[BEARING.method.id]
    features = told.get("features") or {}
    readable = bool(told.get("speed_quality")) and rpm is not None
    figures: dict[str, Any] = {
        "chain": CHAIN,
        "nominal_rpm": rpm,
        "bearing": _all_given(bearing),
        "shaft_hz": told["shaft_hz"] if readable else None,
        **{name: features.get(name) for name in ("rms", "peak", "kurtosis")},
        "parts": {e["part"]: e["score"] for e in told.get("explanations", ())},
        "orders": {
            i["name"].removeprefix("order_"): i["value"]
            for i in evidence[SHAFT.method.id].get("indicators", ())
        },
        **dict.fromkeys(("velocity_mm_s", "zone")),
        **dict.fromkeys(("envelope", "velocity"), b""),
    }
    if not readable:
        return figures
    signal, rate, shaft_hz = signal_of(stored["data"]), stored["sample_rate"], told["shaft_hz"]
    figures["envelope"] = levels.envelope_levels(signal, rate, shaft_hz)
    if unit in levels.GRAVITIES:
        acceleration = signal / levels.GRAVITIES[unit]
        group, support = bearing.zone_group or 2, bearing.support or "rigid"
        graded = severity(
            acceleration,
            sample_rate=rate,
            rpm=float(cast("float", rpm)),
            group=cast("Group", group),
            support=cast("Support", support),
        )
        figures["velocity_mm_s"] = finite(graded.velocity_mm_s)
        figures["zone"] = graded.zone if bearing.zone_group is not None else None
        figures["velocity"] = levels.velocity_levels(np.asarray(acceleration), rate, shaft_hz)
    return figures
