"""From rows of the database to machines at this moment, and to workshops in short."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from chejian_analytics.kpi import Flag, rollup_terms
from chejian_contract.states import MachineState
from sqlalchemy import RowMapping

from chejian_cloud.kpi.stored import result_of, terms_of
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
_OF_SHIFT = (*_RATIOS, "completeness", "produced", "good", "scrap", "apt_us", "ideal_us")
_OF_MACHINE = (
    "equipment_id",
    "code",
    "name_zh",
    "name_en",
    "type",
    "workshop_id",
    "workshop",
    "line_id",
    "line",
    "online",
)
"""What is told of a machine as the database has it."""
_UNCOUNTED = frozenset({Flag.NO_COUNTS, Flag.NO_IDEAL_CYCLE, Flag.NO_QUALITY_COUNTS})
"""With one of these an OEE is undefined, and so would be every sum that holds it."""
_FLAGS = frozenset(flag.value for flag in Flag)
_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine at this moment.

    Attributes:
        row: of the database, see `repository.overview`.
        state: number of MachineState; 0: no data.
        since: when that began, None: never seen.
    """

    row: RowMapping
    state: int
    since: datetime | None

    def now(self) -> EquipmentNow:
        """What is told of it."""
        row, known = self.row, self.state != 0
        return EquipmentNow(
            **{name: row[name] for name in _OF_MACHINE},
            state=self.state,
            state_name=state_name(self.state),
            category=row["category"] if known else NO_DATA,
            since=self.since,
            shift=_shift(row),
            diagnosis=_diagnosis(row),
        )


def machine(row: RowMapping, oldest: datetime) -> Machine:
    """A machine from its row; a state that ended before `oldest` is no data any more."""
    end = row["state_end"]
    state = 0 if end is None or end < oldest else row["state"] or 0
    return Machine(row, state, row["state_start"] if state else end)


def _shift(row: RowMapping) -> ShiftKpis | None:
    if row["shift_start"] is None:
        return None
    found = result_of(row["inputs"], _known_flags(row))
    return ShiftKpis(
        start=row["shift_start"],
        end=row["shift_end"],
        provisional=row["provisional"],
        flags=row["flags"],
        **{name: getattr(found, name) for name in _OF_SHIFT},
    )


def _known_flags(row: RowMapping) -> list[str]:
    return [flag for flag in row["flags"] if flag in _FLAGS]


def _diagnosis(row: RowMapping) -> NewestDiagnosis | None:
    if row["diagnosis_id"] is None:
        return None
    names = ("diagnosis_id", "part", "confidence", "score")
    return NewestDiagnosis(time=row["diagnosis_time"], **{name: row[name] for name in names})


def summarize(workshop_id: int, code: str, machines: Sequence[Machine]) -> WorkshopNow:
    """A workshop in short, from all its machines."""
    faults, silent = _longest_first(machines, MachineState.FAULT), _longest_first(machines, 0)
    damaged = [m for m in machines if m.row["diagnosis_id"] is not None and m.row["part"]]
    damaged.sort(key=lambda m: m.row["diagnosis_time"] or _NEVER, reverse=True)
    return WorkshopNow(
        workshop_id=workshop_id,
        code=code,
        machines=len(machines),
        online=sum(m.row["online"] for m in machines),
        states=dict(Counter(m.state for m in machines)),
        shift=_workshop_shift(machines),
        faults=[_mention(m) for m in faults[:MOST_NAMED]],
        fault_count=len(faults),
        silent=[_mention(m) for m in silent[:MOST_NAMED]],
        silent_count=len(silent),
        diagnoses=[_damage(m) for m in damaged[:MOST_NAMED]],
        diagnosis_count=len(damaged),
    )


def _longest_first(machines: Sequence[Machine], state: int) -> list[Machine]:
    return sorted((m for m in machines if m.state == state), key=lambda m: m.since or _NEVER)


def _mention(one: Machine) -> MachineMention:
    return MachineMention(**_named(one), since=one.since)


def _damage(one: Machine) -> DiagnosisMention:
    found = {name: one.row[name] for name in ("diagnosis_id", "part", "confidence")}
    return DiagnosisMention(**_named(one), **found, since=one.row["diagnosis_time"])


def _named(one: Machine) -> dict[str, Any]:
    return {name: one.row[name] for name in ("equipment_id", "code", "name_zh", "name_en")}


def _workshop_shift(machines: Sequence[Machine]) -> WorkshopShift | None:
    """OEE of the newest shift over the machines whose OEE is defined, or of which nothing is known yet."""
    rows = [m.row for m in machines if m.row["shift_start"] is not None]
    if not rows:
        return None
    newest = max(row["shift_start"] for row in rows)
    shifts = [row for row in rows if row["shift_start"] == newest]
    parts = [row for row in shifts if _counts_in(row)]
    head = {
        "start": newest,
        "end": shifts[0]["shift_end"],
        "provisional": any(row["provisional"] for row in shifts),
    }
    if not parts:
        empty = dict.fromkeys((*_RATIOS, "completeness"))
        return WorkshopShift.model_validate(head | empty | {"flags": [], "machines": 0})
    total = rollup_terms([terms_of(row["inputs"]) for row in parts], [_known_flags(row) for row in parts])
    ratios = {name: getattr(total, name) for name in _RATIOS}
    rest = {"completeness": total.completeness, "flags": list(total.flags), "machines": len(parts)}
    return WorkshopShift.model_validate(head | ratios | rest)


def _counts_in(row: RowMapping) -> bool:
    """Whether a machine belongs into the sum; one without any known time tells of missing data only."""
    return not row["busy_us"] or _UNCOUNTED.isdisjoint(row["flags"])
