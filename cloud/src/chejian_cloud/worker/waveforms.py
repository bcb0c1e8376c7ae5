"""Diagnosing waveforms: what has to be diagnosed is noted with the KPIs, and worked off in small pieces afterwards."""

import dataclasses
import json
import logging
import math
from datetime import datetime
from typing import Any

import numpy as np
from chejian_analytics.diagnosis import METHODS, BearingOrders, Method
from chejian_contract.signals import Role
from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us
from chejian_cloud.db import telemetry as t
from chejian_cloud.db.app import Bearing
from chejian_cloud.db.diagnosis import Diagnosis, DiagnosisTask
from chejian_cloud.worker.inputs import READABLE
from chejian_cloud.worker.setup import Setup, load_setup

log = logging.getLogger(__name__)

BEARING_METHOD = next(m for m in METHODS if Role.VIBRATION_WAVEFORM in m.needs)
"""The method for waveforms with a registered bearing."""
SPEED_TOLERANCE_US = 1_000_000
"""[us] A speed that is stamped this much after a waveform's first value still belongs to it: both are written together,
but each at its own source time."""
CANNOT_TELL = "cannot_tell"
_ORDERS = ("bpfo", "bpfi", "ftf", "bsf2", "mains_hz")

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
  LEFT JOIN app.diagnosis d ON d.series_id = w.series_id AND d.time = w.time AND d.method = :method
 WHERE w.series_id = ANY(:series)
   AND w.time >= CAST(:lo AS timestamptz) - make_interval(secs => :tolerance)
   AND w.time <= COALESCE((SELECT p.time FROM telemetry.sample p WHERE p.series_id = ANY(:speed) AND p.time > :hi
                            ORDER BY p.time LIMIT 1), 'infinity')
   AND (d.diagnosis_id IS NULL OR d.method_version <> :version OR d.bearing <> CAST(:bearing AS jsonb)
        OR d.nominal_rpm IS DISTINCT FROM ({_SPEED.format(time="w.time")}))
ON CONFLICT DO NOTHING
""")  # noqa: S608 - the text put in is the constant above


def plan(session: Session, setup: Setup, lo_us: int, hi_us: int) -> None:
    """Note the waveforms whose diagnosis is missing or was made with another speed, bearing or method version.

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
                "method": BEARING_METHOD.id,
                "version": BEARING_METHOD.version,
                "bearing": json.dumps(_orders(bearing)),
            }
            session.execute(_PLAN, values)


def diagnose_next(session: Session, now: datetime) -> str | None:
    """Diagnose the newest noted waveform, store the result and delete the note.

    Returns:
        The confidence of the result ("gone" when waveform or bearing are no more); None when nothing waits.
    """
    newest = select(DiagnosisTask).order_by(DiagnosisTask.time.desc()).limit(1)
    task = session.scalars(newest.with_for_update(skip_locked=True)).one_or_none()
    if task is None:
        return None
    session.execute(
        delete(DiagnosisTask).where(
            DiagnosisTask.series_id == task.series_id, DiagnosisTask.time == task.time
        )
    )
    setup = load_setup(session, task.equipment_id)
    stored = session.execute(
        select(t.waveform)
        .where(t.waveform.c.series_id == task.series_id, t.waveform.c.time == task.time)
        .limit(1)
    ).one_or_none()
    bearing = next((b for b in setup.bearings if task.series_id in setup.waveforms.get(b.signal, [])), None)
    if stored is None or bearing is None:
        return "gone"
    rpm = session.scalar(
        _SPEED_AT,
        {
            "speed": setup.of(Role.ROTATIONAL_SPEED),
            "time": task.time,
            "tolerance": SPEED_TOLERANCE_US / 1e6,
            "readable": READABLE,
        },
    )
    result = run_method(BEARING_METHOD, stored.data, stored.sample_rate, rpm, bearing)
    key = {"series_id": task.series_id, "time": task.time, "method": BEARING_METHOD.id}
    values = {
        "equipment_id": task.equipment_id,
        "method_version": BEARING_METHOD.version,
        "nominal_rpm": rpm,
        "bearing": _orders(bearing),
        "computed_at": now,
        **result,
    }
    statement = insert(Diagnosis).values(**key, **values)
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))
    return str(result["confidence"])


def run_method(
    method: Method, data: bytes, sample_rate: float, rpm: float | None, bearing: Bearing
) -> dict[str, Any]:
    """Run a method on one stored block; whatever is wrong with the block becomes `cannot_tell` with a reason.

    Args:
        method: of `METHODS`.
        data: little-endian singles.
        sample_rate: [Hz].
        rpm: nominal shaft speed [1/min]; None when none was stored.
        bearing: that the signal hears.

    Returns:
        Columns part, confidence, reason, score and evidence of `Diagnosis`.
    """
    if rpm is None:
        return _cannot_tell("no_speed", "no rotational speed was stored at or before the waveform")
    try:
        signal = np.frombuffer(data, "<f4").astype(np.float64)
        orders = BearingOrders(
            bpfo=bearing.bpfo, bpfi=bearing.bpfi, ftf=bearing.ftf, bsf2=bearing.bsf2, name=bearing.designation
        )
        found = method.function(
            signal, sample_rate=sample_rate, nominal_rpm=rpm, bearing=orders, mains_hz=bearing.mains_hz
        )
    except Exception as error:  # noqa: BLE001 - a method's failure on one block must not stop the others; it is stored
        log.warning("diagnosis of a waveform of equipment %d failed: %s", bearing.equipment_id, error)
        return _cannot_tell("method_failed", f"{type(error).__name__}: {error}")
    evidence = _finite(dataclasses.asdict(found))
    return {
        "part": found.part,
        "confidence": found.confidence,
        "reason": found.reason,
        "score": _finite(float(found.score)),
        "evidence": evidence,
    }


def _cannot_tell(reason: str, detail: str) -> dict[str, Any]:
    return {
        "part": None,
        "confidence": CANNOT_TELL,
        "reason": reason,
        "score": None,
        "evidence": {"detail": detail},
    }


def _orders(bearing: Bearing) -> dict[str, float]:
    return {name: getattr(bearing, name) for name in _ORDERS}


def _finite(value: Any) -> Any:
    """The same structure for JSON: lists for tuples, null for numbers that are none."""
    if isinstance(value, dict):
        return {key: _finite(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
