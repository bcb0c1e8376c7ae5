"""Targets against the plan's line: what was observed, what the registry counts, and what the engine makes of it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from chejian_analytics.assessment.programme import (
    Basis,
    EnergyYear,
    Evaluation,
    IntensityPath,
    Kind,
    Observation,
    Target,
    evaluate,
    intensity,
)
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.db.programme import ProgrammeEnergy, ProgrammeObservation
from chejian_cloud.errors import ConflictError
from chejian_cloud.programme import repository
from chejian_cloud.programme import schemas as out
from chejian_cloud.programme.plans import Programme

_COUNTED = {"T1.workshops": "workshop", "T1.lines": "line"}
"""Target that is counted in the registry -> kind of its entries."""
_INTENSITY = "T2"
"""Target that is chained from the years of energy and value added."""
_COUNT_SOURCE = ("本平台项目台账", "registry of the programme")
_CHAIN_SOURCE = ("由各年能耗和增加值增速链乘", "chained from energy and growth of each year")
_BASIS_NOTE: Mapping[str, tuple[str, str]] = {
    "equal": ("电力按等价值折标", "electricity by equal value"),
    "equivalent": ("电力按当量值折标", "electricity by equivalent value"),
}


def counts(target: str) -> bool:
    """Whether a target is counted in the registry."""
    return target in _COUNTED


def targets_of(session: Session, programme: Programme, on: date) -> list[out.TargetOut]:
    """Every target with where it stands on a day."""
    return targets_on(session, programme, [on])[0]


def targets_on(session: Session, programme: Programme, days: Sequence[date]) -> list[list[out.TargetOut]]:
    """`targets_of` of each of some days, from one look at what is kept."""
    plan, last = programme.plan, max(days)
    kept = _Kept(
        repository.observations(session, plan.id, last),
        repository.counted(session, plan.region),
        repository.energy_years(session, plan.id, last.year),
    )
    return [_targets(plan.targets, kept, on) for on in days]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept of the targets of a plan: entered by people, entries that count, years of energy; up to some day."""

    entered: Sequence[ProgrammeObservation]
    counted: Sequence[RowMapping]
    years: Sequence[ProgrammeEnergy]


def _targets(targets: Sequence[Target], kept: _Kept, on: date) -> list[out.TargetOut]:
    entered = [row for row in kept.entered if row.day <= on]
    seen = {
        name: [_entered(each) for each in rows] for name, rows in groupby(entered, lambda row: row.target)
    }
    for target in targets:
        if target.id in _COUNTED:
            seen[target.id] = _counted(kept.counted, target, on)
        elif target.id == _INTENSITY:
            seen[target.id] = _chained(kept.years, target, on) or seen.get(target.id, [])
    return [_told(target, seen.get(target.id, []), on) for target in targets]


def _entered(row: object) -> out.ObservationOut:
    return out.ObservationOut.model_validate(
        {
            **{name: getattr(row, name) for name in ("day", "value", "completeness")},
            **{f"{name}_{tag}": getattr(row, name) for name in ("source", "note") for tag in ("zh", "en")},
            "measured": 0.0,
            "derived": False,
        }
    )


def _counted(counted: Sequence[RowMapping], target: Target, on: date) -> list[out.ObservationOut]:
    """Recognised entries on each day on which one more counts, on the last day of the base year, and on the day asked for."""
    kind, start = _COUNTED[target.id], date(target.base_year, 12, 31)
    rows = [r for r in counted if r["kind"] == kind]
    if not rows:
        return []
    days = sorted({start, on, *(r["day"] for r in rows if start < r["day"] <= on)} if on >= start else set())
    return [
        _count(
            day,
            [r["entries"] for r in rows if r["day"] <= day],
            [r["registered"] for r in rows if r["day"] <= day],
        )
        for day in days
    ]


def _count(day: date, entries: Sequence[int], registered: Sequence[int]) -> out.ObservationOut:
    number = sum(entries)
    return out.ObservationOut(
        day=day,
        value=number,
        completeness=1.0,
        measured=sum(registered) / number if number else 0.0,
        source_zh=_COUNT_SOURCE[0],
        source_en=_COUNT_SOURCE[1],
        note_zh="",
        note_en="",
        derived=True,
    )


def _chained(years: Sequence[ProgrammeEnergy], target: Target, on: date) -> list[out.ObservationOut]:
    last = on.year if (on.month, on.day) == (12, 31) else on.year - 1
    rows = [r for r in years if target.base_year <= r.year <= last]
    path = chain(rows)
    if path is None:
        return []
    return [
        out.ObservationOut(
            day=date(year, 12, 31),
            value=value - 1,
            completeness=1.0,
            measured=0.0,
            source_zh=f"{_CHAIN_SOURCE[0]}；{row.source}",
            source_en=f"{_CHAIN_SOURCE[1]}; {row.source}",
            note_zh=_BASIS_NOTE[row.basis][0],
            note_en=_BASIS_NOTE[row.basis][1],
            derived=True,
        )
        for row, year, value in zip(rows[1:], path.years[1:], path.intensity[1:], strict=True)
    ]


def chain(rows: Sequence[ProgrammeEnergy]) -> IntensityPath | None:
    """Chain years; None for fewer than two.

    Raises:
        ConflictError: a year is missing between others, or the basis changes.
    """
    if len(rows) < 2:  # noqa: PLR2004 - a change takes two
        return None
    years = [EnergyYear(year=r.year, energy=r.energy, growth=r.growth, basis=Basis(r.basis)) for r in rows]
    try:
        return intensity(years)
    except ValueError as error:
        raise ConflictError(f"the stored years can't be chained: {error}") from error


def energy_years(session: Session, programme: Programme) -> list[out.EnergyYearOut]:
    """The years that intensity is chained from.

    Raises:
        ConflictError: they can't be chained.
    """
    rows = repository.energy_years(session, programme.plan.id, date.max.year)
    path = chain(rows)
    return [
        out.EnergyYearOut(
            year=row.year,
            energy=row.energy,
            growth=row.growth,
            basis=row.basis,
            source=row.source,
            intensity=path.intensity[i] if path else None,
            change=path.yearly[i - 1] if path and i else None,
        )
        for i, row in enumerate(rows)
    ]


def _told(target: Target, seen: list[out.ObservationOut], on: date) -> out.TargetOut:
    target, source = _with_baseline(target, seen)
    observed = [
        Observation(day=o.day, value=o.value, completeness=o.completeness, measured=o.measured) for o in seen
    ]
    found = evaluate(target, observed, on=on)
    last = max((o.day for o in observed), default=None)
    names = (
        *(
            "id",
            "name_zh",
            "name_en",
            "phrase",
            "unit",
            "up",
            "base_year",
            "baseline",
            "due_year",
            "value",
            "upper",
        ),
        *("method_zh", "method_en", "data_zh", "data_en", "source_zh", "source_en", "confidence"),
        *("note_zh", "note_en"),
    )
    return out.TargetOut(
        **{name: getattr(target, name) for name in names},
        kind=target.kind.value,
        baseline_source_zh=source[0],
        baseline_source_en=source[1],
        status=found.status.value,
        reasons=[out.ReasonOut(why=r.why.value, value=r.value, limit=r.limit) for r in found.reasons],
        observed=found.value,
        observed_on=last,
        planned=found.planned,
        progress=found.progress,
        projected=found.projected,
        required=found.required,
        line=list(_line(target)),
        observations=seen,
    )


def _with_baseline(target: Target, seen: Sequence[out.ObservationOut]) -> tuple[Target, tuple[str, str]]:
    """The target with its baseline and 出处 and source of it: the plan's, else what was observed on the last day of the base year."""
    if target.baseline is not None:
        return target, (target.source_zh, target.source_en)
    start = date(target.base_year, 12, 31)
    first = next((o for o in seen if o.day == start), None)
    if first is None or target.kind in {Kind.CHANGE, Kind.RATE, Kind.PROJECT}:
        return target, ("", "")
    return replace(target, baseline=first.value), (first.source_zh, first.source_en)


def _line(target: Target) -> Iterator[out.PointOut]:
    """The plan's line at the end of each year; nothing where there is none."""
    for year in range(target.base_year, target.due_year + 1):
        day = date(year, 12, 31)
        found: Evaluation = evaluate(target, [Observation(day=day, value=0.0)], on=day)
        if found.planned is not None:
            yield out.PointOut(day=day, value=found.planned)
