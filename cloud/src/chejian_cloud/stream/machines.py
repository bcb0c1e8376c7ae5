"""From rows of the database to machines at this moment, and to workshops in short."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from chejian_analytics.kpi import Flag, OeeResult, OeeTerms, oee, rollup
from chejian_contract.states import MachineState
from sqlalchemy import RowMapping

from chejian_cloud.states.service import NO_DATA, state_name
from chejian_cloud.stream.schemas import (
    DiagnosisMention,
    EquipmentNow,
    MachineMention,
    NewestDiagnosis,
    ShiftKpis,
    WorkshopNow,
    WorkshopShift,
)

MOST_NAMED = 5
"""Machines that the overview of a workshop names of each kind; the count tells of the others."""
_RATIOS = ("oee", "availability", "effectiveness", "quality_ratio")
"""KPIs of the shift that an overview shows."""
_TERMS = tuple(field.name for field in fields(OeeTerms))
_UNCOUNTED = frozenset({Flag.NO_COUNTS, Flag.NO_IDEAL_CYCLE, Flag.NO_QUALITY_COUNTS})
"""With one of these an OEE is undefined, and so would be every sum that holds it."""
_FLAGS = frozenset(flag.value for flag in Flag)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine at this moment, and the terms of its shift's OEE (None without a shift)."""

    now: EquipmentNow
    oee: OeeResult | None


def machine(row: RowMapping, oldest: datetime) -> Machine:
    """A machine from its row; a state that ended before `oldest` is no data any more."""
    silent = row["state_end"] is None or row["state_end"] < oldest
    known = row["state"] is not None and not silent
    names = [name for name in EquipmentNow.model_fields if name in row and name not in {"state", "category"}]
    shift = _terms(row)
    now = EquipmentNow(
        **{name: row[name] for name in names},
        state=row["state"] if known else 0,
        state_name=state_name(row["state"]) if known else NO_DATA,
        category=row["category"] if known else NO_DATA,
        since=row["state_start"] if known else row["state_end"],
        shift=_shift(row, shift),
        diagnosis=_diagnosis(row),
    )
    return Machine(now, shift)


def _shift(row: RowMapping, found: OeeResult | None) -> ShiftKpis | None:
    if found is None:
        return None
    names = (*_RATIOS, "completeness", "produced", "good", "scrap", "apt_us", "ideal_us")
    return ShiftKpis(
        start=row["shift_start"],
        end=row["shift_end"],
        provisional=row["provisional"],
        flags=row["flags"],
        **{name: getattr(found, name) for name in names},
    )


def _terms(row: RowMapping) -> OeeResult | None:
    if row["shift_start"] is None:
        return None
    terms = {name: row["inputs"][name] for name in _TERMS if name in row["inputs"]}
    return oee(OeeTerms(**terms), _known_flags(row["flags"]))


def _known_flags(flags: Sequence[str]) -> list[str]:
    return [flag for flag in flags if flag in _FLAGS]


def _diagnosis(row: RowMapping) -> NewestDiagnosis | None:
    if row["diagnosis_id"] is None:
        return None
    names = ("diagnosis_id", "part", "confidence", "score")
    return NewestDiagnosis(time=row["diagnosis_time"], **{name: row[name] for name in names})


def summarize(workshop_id: int, code: str, machines: Sequence[Machine]) -> WorkshopNow:
    """A workshop in short, from all its machines."""
    now = [m.now for m in machines]
    counts: dict[int, int] = {}
    for one in now:
        counts[one.state] = counts.get(one.state, 0) + 1
    faults = [_mention(m) for m in _longest_first(now, MachineState.FAULT)]
    silent = [_mention(m) for m in _longest_first(now, 0)]
    damaged = [_damage(m, m.diagnosis) for m in now if m.diagnosis is not None and m.diagnosis.part]
    damaged.sort(key=lambda d: d.since or _NEVER, reverse=True)
    return WorkshopNow(
        workshop_id=workshop_id,
        code=code,
        machines=len(now),
        online=sum(m.online for m in now),
        states=counts,
        shift=_workshop_shift(machines),
        faults=faults[:MOST_NAMED],
        fault_count=len(faults),
        silent=silent[:MOST_NAMED],
        silent_count=len(silent),
        diagnoses=damaged[:MOST_NAMED],
        diagnosis_count=len(damaged),
    )


def _longest_first(machines: Sequence[EquipmentNow], state: int) -> list[EquipmentNow]:
    return sorted((m for m in machines if m.state == state), key=lambda m: m.since or _NEVER)


def _mention(one: EquipmentNow) -> MachineMention:
    return MachineMention.model_validate(one)


def _damage(one: EquipmentNow, found: NewestDiagnosis) -> DiagnosisMention:
    return DiagnosisMention(
        **MachineMention.model_validate(one).model_dump(exclude={"since"}),
        since=found.time,
        diagnosis_id=found.diagnosis_id,
        part=found.part or "",
        confidence=found.confidence,
    )


def _workshop_shift(machines: Sequence[Machine]) -> WorkshopShift | None:
    """OEE of the newest shift over the machines whose OEE is defined, or of which nothing is known yet."""
    starts = [m.now.shift.start for m in machines if m.now.shift is not None]
    if not starts:
        return None
    newest = max(starts)
    shifts = [
        (m.now.shift, m.oee) for m in machines if m.now.shift is not None and m.now.shift.start == newest
    ]
    parts = [part for _, part in shifts if part is not None and _counts_in(part)]
    first = shifts[0][0]
    head = {"start": newest, "end": first.end, "provisional": any(s.provisional for s, _ in shifts)}
    if not parts:
        empty = dict.fromkeys((*_RATIOS, "completeness"))
        return WorkshopShift.model_validate(head | empty | {"flags": [], "machines": 0})
    total = rollup(parts)
    ratios = {name: getattr(total, name) for name in _RATIOS}
    rest = {"completeness": total.completeness, "flags": list(total.flags), "machines": len(parts)}
    return WorkshopShift.model_validate(head | ratios | rest)


def _counts_in(part: OeeResult) -> bool:
    """Whether a machine belongs into the sum; one without any known time tells of missing data only."""
    return part.busy_us == 0 or not _UNCOUNTED.intersection(part.flags)
