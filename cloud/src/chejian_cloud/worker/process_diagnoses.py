"""Diagnosing the process channels of an equipment at each full hour, over the 24 hours before.

A verdict is a pure function of the samples and states of its window and of a baseline that is frozen from the first hours
of running. What a change can touch is noted with the KPIs (a note names the equipment's first measured series and the
hour) and worked off oldest first, so that the baseline is there before what it judges.
"""

import dataclasses
from datetime import datetime
from typing import Any

from chejian_analytics.diagnosis.process import (
    PROCESS_METHODS,
    ProcessBaseline,
    ProcessDiagnosis,
    baseline_from,
    diagnose_process,
    freeze_process,
    process_change,
)
from sqlalchemy import delete, insert, select, text
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from chejian_cloud.clock import HOUR_US, from_us, to_us
from chejian_cloud.db.diagnosis import Diagnosis, DiagnosisBaseline
from chejian_cloud.diagnosis.methods import finite, version_of
from chejian_cloud.energy.carriers import METER_TYPES
from chejian_cloud.worker.process_inputs import ProcessInputs
from chejian_cloud.worker.setup import Setup, load_setup

WINDOW_US = 24 * HOUR_US
"""[us] A day: slow faults show, and every shift is in it."""
BASELINE = "process"
"""Method that the baselines of all process methods stand under: they read one and the same."""
_VERSIONS = {**{m.id: m.version for m in PROCESS_METHODS}, process_change.METHOD: process_change.VERSION}
VERSION = "; ".join(f"{name} {version}" for name, version in _VERSIONS.items())
_METHODS = list(_VERSIONS)

_NOTE = text("""
INSERT INTO app.diagnosis_task (series_id, time, equipment_id)
SELECT :series_id, t, :equipment_id FROM generate_series(CAST(:lo AS timestamptz), :hi, interval '1 hour') t
ON CONFLICT DO NOTHING
""")
_OLDEST = text("""
SELECT k.series_id, k.time, k.equipment_id FROM app.diagnosis_task k JOIN telemetry.series s USING (series_id)
 WHERE s.kind <> 'waveform' AND k.time <= :now ORDER BY k.time, k.series_id LIMIT 1 FOR UPDATE OF k SKIP LOCKED
""")
_DONE = text("DELETE FROM app.diagnosis_task WHERE series_id = :series_id AND time = :time")


def plan_process(session: Session, setup: Setup, lo_us: int, hi_us: int, now_us: int) -> None:
    """Note the full hours whose windows a change in [lo, hi] touches, the end of the running hour among them."""
    series_id = _key_series(session, setup)
    first = lo_us // HOUR_US * HOUR_US + HOUR_US
    last = min(hi_us + WINDOW_US, now_us + HOUR_US) // HOUR_US * HOUR_US
    if series_id is not None and first <= last:
        _note(session, setup.equipment_id, series_id, first, last)


def diagnose_process_next(session: Session, now: datetime) -> str | None:
    """Judge the oldest noted hour of an equipment, store what is named and delete the note.

    Returns:
        "named" or "none"; None when nothing waits.
    """
    task = session.execute(_OLDEST, {"now": now}).one_or_none()
    if task is None:
        return None
    session.execute(_DONE, {"series_id": task.series_id, "time": task.time})
    setup = load_setup(session, task.equipment_id)
    inputs = ProcessInputs(session, setup)
    if not inputs.series:
        return "none"
    at_us = to_us(task.time)
    row = _baseline(session, inputs, at_us, to_us(now))
    named: list[ProcessDiagnosis] = []
    start_us = at_us - WINDOW_US
    if row is not None and to_us(row.valid_from) < at_us:
        start_us = max(start_us, to_us(row.valid_from))
        found = diagnose_process(inputs.window(start_us, at_us), _loaded(row))
        named = [verdict for verdict in found if verdict.part is not None]
    _store(session, inputs, task.time, named, {"computed_at": now, "row": row, "start_us": start_us})
    return "named" if named else "none"


def _key_series(session: Session, setup: Setup) -> int | None:
    if setup.type in METER_TYPES:
        return None
    return min(
        (s.series_id for own in ProcessInputs(session, setup).series.values() for s in own), default=None
    )


def _note(session: Session, equipment_id: int, series_id: int, first_us: int, last_us: int) -> None:
    values = {"equipment_id": equipment_id, "series_id": series_id}
    session.execute(_NOTE, {**values, "lo": from_us(first_us), "hi": from_us(last_us)})


def _loaded(row: DiagnosisBaseline) -> ProcessBaseline:
    return baseline_from({"version": row.version, **row.content})


def _baseline(session: Session, inputs: ProcessInputs, at_us: int, now_us: int) -> DiagnosisBaseline | None:
    """The automatic baseline that holds at an hour, frozen anew where this hour changes it.

    It is made of everything from the first value to the first full hour at which a channel is known well enough.
    """
    equipment_id = inputs.setup.equipment_id
    known = session.scalars(
        select(DiagnosisBaseline)
        .filter_by(equipment_id=equipment_id, signal="", method=BASELINE, method_version=VERSION)
        .order_by(DiagnosisBaseline.baseline_id.desc())
        .limit(1)
    ).one_or_none()
    holds = known if known is not None and known.content else None
    first_us = inputs.first_us()
    if first_us is None or first_us >= at_us or (holds is not None and to_us(holds.valid_from) < at_us):
        return holds
    frozen = freeze_process([inputs.window(first_us, at_us)], "new")
    content = finite(dataclasses.asdict(frozen)) if frozen.channels else {}
    content.pop("version", None)
    windows = [[0, first_us], [0, at_us]] if content else []
    if holds is None and not content:
        return None
    if holds is not None and not content and to_us(holds.valid_from) > at_us:
        return holds  # not known yet at this hour, as before
    version = version_of(content, [first_us, at_us], automatic=True)
    if holds is not None and holds.version == version:
        return holds
    made = session.scalars(
        insert(DiagnosisBaseline)
        .values(
            equipment_id=equipment_id,
            signal="",
            method=BASELINE,
            method_version=VERSION,
            version=version,
            automatic=True,
            windows=windows,
            content=content,
            rpm_lo=0.0,
            rpm_hi=0.0,
            valid_from=from_us(at_us),
            user_name="",
            comment="",
        )
        .returning(DiagnosisBaseline)
    ).one()
    key = _key_series(session, inputs.setup)
    last_us = now_us // HOUR_US * HOUR_US
    if key is not None and at_us + HOUR_US <= last_us:
        _note(session, equipment_id, key, at_us + HOUR_US, last_us)
    return made if content else None


def _store(
    session: Session,
    inputs: ProcessInputs,
    time: datetime,
    named: list[ProcessDiagnosis],
    said: dict[str, Any],
) -> None:
    """The named verdicts of an hour; those that were named before and are no more go."""
    known = inputs.series
    whole = _key_series(session, inputs.setup)  # a verdict on the equipment as a whole names no channel
    keep = [
        (known[verdict.channel][-1].series_id if verdict.channel else whole, verdict.method)
        for verdict in named
    ]
    rows = session.execute(
        select(Diagnosis.diagnosis_id, Diagnosis.series_id, Diagnosis.method).where(
            Diagnosis.equipment_id == inputs.setup.equipment_id,
            Diagnosis.time == time,
            Diagnosis.method.in_(_METHODS),
        )
    )
    gone = [row.diagnosis_id for row in rows if (row.series_id, row.method) not in keep]
    _withdraw(session, gone)
    baseline = said["row"]
    for (series_id, method), verdict in zip(keep, named, strict=True):
        key = {"series_id": series_id, "time": time, "method": method}
        values = {
            "equipment_id": inputs.setup.equipment_id,
            "method_version": verdict.version,
            "part": verdict.part,
            "confidence": verdict.confidence,
            "reason": verdict.reason,
            "score": finite(float(verdict.score)),
            "nominal_rpm": None,
            "bearing": {},
            "evidence": {
                **finite(dataclasses.asdict(verdict)),
                "start_us": said["start_us"],
                "end_us": to_us(time),
            },
            "computed_at": said["computed_at"],
            "baseline_id": None if baseline is None else baseline.baseline_id,
        }
        statement = upsert(Diagnosis).values(**key, **values)
        session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


_ANSWERED = text("""
SELECT diagnosis_id FROM app.diagnosis_label WHERE diagnosis_id = ANY(:ids)
UNION SELECT diagnosis_id FROM app.maintenance_order WHERE diagnosis_id = ANY(:ids)
""")


def _withdraw(session: Session, ids: list[int]) -> None:
    """Take diagnoses back that no longer hold; one that people answered, or ordered work for, stays, as nothing found."""
    if not ids:
        return
    answered = set(session.scalars(_ANSWERED, {"ids": ids}))
    session.execute(delete(Diagnosis).where(Diagnosis.diagnosis_id.in_(set(ids) - answered)))
    session.execute(
        Diagnosis.__table__.update()  # type: ignore[attr-defined] # a table, typed as FromClause
        .where(Diagnosis.diagnosis_id.in_(answered))
        .values(part=None, confidence="none", score=None)
    )
