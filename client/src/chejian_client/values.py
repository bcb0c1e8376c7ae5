"""What answers hold, as frozen values; what an answer tells beyond them is left out, so a newer service is read, too."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Generic, Self, TypeVar

_Value = TypeVar("_Value")


class Read:
    """Base of values that are read from JSON objects by the names of their fields."""

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """The value of a JSON object; its times are aware."""
        found = {}
        for field in fields(cls):  # type: ignore[arg-type] # each subclass is a dataclass
            value = told[field.name]
            is_time = isinstance(value, str) and "datetime" in str(field.type)
            found[field.name] = datetime.fromisoformat(value) if is_time else value
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Workshop(Read):
    """A digital workshop; `enterprise` and `calendar` are codes."""

    workshop_id: int
    enterprise: str
    code: str
    name_zh: str
    name_en: str
    timezone: str
    city_code: str
    calendar: str


@dataclass(frozen=True, slots=True)
class Equipment(Read):
    """A work unit; `enterprise`, `workshop` and `line` are codes, `machine` says whether it reports a state."""

    equipment_id: int
    code: str
    name_zh: str
    name_en: str
    type: str
    enterprise: str
    workshop_id: int
    workshop: str
    line_id: int
    line: str
    timezone: str
    machine: bool


@dataclass(frozen=True, slots=True)
class Signal(Read):
    """A signal of an equipment, and the series that holds its samples."""

    series_id: int
    name: str
    unit: str
    quantity: str
    kind: str
    role: str
    retired: bool


@dataclass(frozen=True, slots=True)
class KpiValue(Read):
    """One KPI in one window. `value` None: undefined, `flags` say why.

    Attributes:
        completeness: known part of the planned busy time, 0 to 1; None without planned time.
        provisional: whether the window is still open.
        inputs: times [us] and counts; of OEE only.
    """

    kpi: str
    window: str
    start: datetime
    end: datetime
    value: float | None
    completeness: float | None
    flags: list[str]
    formula_version: str
    provisional: bool
    inputs: Mapping[str, int | None]
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class Revision(Read):
    """A change of a closed window: what it was, what it is, and what asked for it."""

    kpi: str
    window: str
    start: datetime
    end: datetime
    old_value: float | None
    new_value: float | None
    revised_at: datetime
    cause: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """How a KPI came about.

    Attributes:
        value: that is explained.
        formula: of the KPI.
        clause: of its standard.
        terms: times [us] and counts.
        waterfall: step -> [us], in order; they sum to the effective time.
        reasons: code of a stop's reason ("": none was given) -> [us].
        agrees: whether the samples give the stored value; None: they are not kept any more.
    """

    value: KpiValue
    formula: str
    clause: str
    terms: Mapping[str, int | None]
    waterfall: Mapping[str, int]
    reasons: Mapping[str, int]
    agrees: bool | None

    @classmethod
    def of(cls, told: Mapping[str, Any]) -> Self:
        """The explanation of a JSON object."""
        return cls(
            value=KpiValue.of(told["value"]),
            formula=told["kpi"]["formula"],
            clause=told["kpi"]["clause"],
            terms=told["terms"],
            waterfall={step["name"]: step["us"] for step in told["waterfall"]},
            reasons={bar["code"]: bar["duration_us"] for bar in told["reasons"]},
            agrees=told["agrees"],
        )


@dataclass(frozen=True, slots=True)
class Event:
    """What a live view tells at a moment: `overview` has "equipment", `workshops` has "workshops"."""

    id: str
    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Tagged(Generic[_Value]):
    """A value with the ETag that its edits name."""

    value: _Value
    etag: str
