"""Findings: what the named diagnoses of a machine come to, under its alarm budget.

Windows repeat what they found; people need it once. So the diagnoses of the last weeks are folded in the order of their
time by `alarm_budget.enforce`: an alarm of a machine is its part with its signal; what is probable and beyond the budget
waits, visibly. Nothing of it is stored, so late diagnoses change it as if they had always been there.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby

from chejian_analytics.diagnosis.process.alarm_budget import Alarm, Candidate, Decision, enforce
from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.diagnosis.finding_schemas import FindingOut
from chejian_cloud.registry.scope import Scope

LOOK_BACK = timedelta(days=21)
"""Three weeks: the budget counts one, and an alarm that was not seen for one is over."""
MOST_ROWS = 50_000
"""Diagnoses that are folded at most, the newest: hourly verdicts on a hundred machines that all have a fault."""

_NAMED = text("""
SELECT * FROM (
  SELECT d.diagnosis_id, d.equipment_id, e.code, w.workshop_id, w.code AS workshop, s.name AS signal, d.time, d.method,
         d.part, d.confidence, d.score,
         (SELECT NULLIF(l.answer, 'withdrawn') FROM app.diagnosis_label l
           WHERE l.diagnosis_id = d.diagnosis_id ORDER BY l.label_id DESC LIMIT 1) AS answer
    FROM app.equipment e JOIN app.workshop w USING (workshop_id)
   CROSS JOIN LATERAL (SELECT * FROM app.diagnosis x
                        WHERE x.equipment_id = e.equipment_id AND x.part IS NOT NULL AND x.time >= :since OFFSET 0) d
   CROSS JOIN LATERAL (SELECT x.name FROM telemetry.series x WHERE x.series_id = d.series_id OFFSET 0) s
   WHERE (CAST(:workshop_id AS int) IS NULL OR e.workshop_id = :workshop_id)
     AND (CAST(:line_id AS int) IS NULL OR e.line_id = :line_id)
   ORDER BY d.time DESC LIMIT :most) k
 ORDER BY time, diagnosis_id
""")


def findings(session: Session, scope: Scope, now: datetime) -> list[FindingOut]:
    """What is found at present, by machine and part, the newest first; held-back ones too."""
    values = {
        "since": now - LOOK_BACK,
        "workshop_id": scope.workshop_id,
        "line_id": scope.line_id,
        "most": MOST_ROWS,
    }
    rows = session.execute(_NAMED, values).mappings().all()
    alarms, why, newest, counts = fold(rows)
    now_us = to_us(now)
    alarms, _ = enforce(alarms, (), now_us)
    out = [_finding(alarm, why, newest, counts) for alarm in alarms]
    return sorted(out, key=lambda f: (f.last, f.code, f.part), reverse=True)


Key = tuple[str, str]


def fold(
    rows: Iterable[RowMapping],
) -> tuple[tuple[Alarm, ...], dict[Key, Decision], dict[Key, RowMapping], dict[Key, int]]:
    """Alarms, the last decision that was made on each, its newest diagnosis, and how often it was named.

    Args:
        rows: named diagnoses in order of time.
    """
    state: tuple[Alarm, ...] = ()
    why: dict[Key, Decision] = {}
    newest: dict[Key, RowMapping] = {}
    counts: dict[Key, int] = {}
    for time, group in groupby(rows, key=lambda row: row["time"]):
        own = list(group)
        for row in own:
            key = _key(row)
            newest[key] = row
            counts[key] = counts.get(key, 0) + 1
        state, decisions = enforce(state, map(_candidate, own), to_us(time))
        for decision in decisions:
            if decision.outcome != "known":
                why[decision.candidate.machine, decision.candidate.part] = decision
    return state, why, newest, counts


def _key(row: RowMapping) -> Key:
    return str(row["equipment_id"]), f"{row['part']} {row['signal']}"


def _candidate(row: RowMapping) -> Candidate:
    machine, part = _key(row)
    score = row["score"] if row["score"] and row["score"] > 0 else 1e-9
    return Candidate(machine, part, to_us(row["time"]), score, row["confidence"] == "confirmed")


def _finding(
    alarm: Alarm, why: dict[Key, Decision], newest: dict[Key, RowMapping], counts: dict[Key, int]
) -> FindingOut:
    key = alarm.machine, alarm.part
    row = newest[key]
    return FindingOut.model_validate(
        {
            **row,
            "first": from_us(alarm.first_us),
            "last": from_us(alarm.last_us),
            "times": counts[key],
            "raised": None if alarm.raised_us is None else from_us(alarm.raised_us),
            "reason": why[key].reason,
            "needs_look": alarm.raised_us is not None and row["answer"] is None,
        }
    )
