"""How OEE and electricity per item moved since the baseline: by workshop, and of many together."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Final

from chejian_analytics.assessment import Month, Window, trend
from chejian_analytics.assessment.trends import Trend
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.programme import figures, repository
from chejian_cloud.programme import schemas as out

SPAN: Final = 36
"""[months] What trends look back on, before the month of the day that is asked for; project default."""
_MONTHS: Final = 3
"""Of the baseline, and of the recent window; fewer where there are fewer than twice as many."""
_UNITS: Final[Mapping[str, str]] = {"oee": "1", "energy": "Wh per item"}
_INDEX: Final = "index"
"""Unit of electricity over many workshops: used / what their baselines would have used for the same items."""


def by_workshop(
    session: Session, indicator: str, on: date, where: Mapping[str, Any]
) -> list[out.TrendRowOut]:
    """Workshops with what is told of them, best first: OEE by what it gained, electricity by what it saved.

    Raises:
        InvalidValueError: there is no such indicator.
    """
    known = {each["programme_entry_id"]: each for each in repository.entries(session, kind="workshop")}
    rows = [
        out.TrendRowOut(
            **moved(indicator, months).model_dump(),
            **{n: known[entry][n] for n in ("code", "name_zh", "name_en", "city_code", "sector")},
            programme_entry_id=entry,
        )
        for entry, months in asked(session, indicator, on, where).items()
    ]
    sign = -1 if indicator == "oee" else 1
    measure = "difference" if indicator == "oee" else "relative"

    def place(row: out.TrendRowOut) -> tuple[bool, float, int]:
        gained = getattr(row, measure)
        return gained is None, 0.0 if gained is None else sign * gained, row.programme_entry_id

    return sorted(rows, key=place)


def together(
    session: Session, indicator: str, on: date, where: Mapping[str, Any], span: int = SPAN
) -> out.MovedOut:
    """Many workshops as one: OEE of sums, electricity as an index over each workshop's own baseline.

    Args:
        session: of the caller.
        indicator: one of `figures.INDICATORS`.
        on: last day.
        where: which workshops.
        span: [months] to look back on.

    Raises:
        InvalidValueError: there is no such indicator.
    """
    return as_one(indicator, asked(session, indicator, on, where, span).values())


def as_one(indicator: str, workshops: Iterable[list[Month]]) -> out.MovedOut:
    """Months of many workshops as those of one, see `together`."""
    series = workshops if indicator == "oee" else filter(None, map(_against_baseline, workshops))
    return moved(indicator, _summed(series), unit=_UNITS["oee"] if indicator == "oee" else _INDEX)


def asked(
    session: Session, indicator: str, on: date, where: Mapping[str, Any], span: int = SPAN
) -> dict[int, list[Month]]:
    """Months by workshop.

    Raises:
        InvalidValueError: there is no such indicator.
    """
    if indicator not in figures.INDICATORS:
        raise InvalidValueError("indicator", indicator, ", ".join(figures.INDICATORS))
    found: dict[int, list[Month]] = defaultdict(list)
    for row in figures.months(session, indicator, _since(on, span), on, dict(where)):
        found[row["programme_entry_id"]].append(_month(row))
    return dict(found)


def recent(workshops: Mapping[int, list[Month]], on: date, span: int) -> dict[int, list[Month]]:
    """Of what `asked` tells of a longer time, what it would tell of `span` months."""
    since_us = to_us(figures.begin_of(_since(on, span)))
    kept = {key: [m for m in months if m.window.start_us >= since_us] for key, months in workshops.items()}
    return {key: months for key, months in kept.items() if months}


def _since(on: date, span: int) -> date:
    """First day of the month that many before a day's."""
    year, month = divmod(on.year * 12 + on.month - 1 - span, 12)
    return date(year, month + 1, 1)


def _month(row: RowMapping) -> Month:
    return Month(
        window=Window(to_us(row["start"]), to_us(row["end"])),
        numerator=row["numerator"],
        denominator=row["denominator"],
        covered_us=row["covered_us"],
        due_us=row["due_us"],
    )


def _against_baseline(months: list[Month]) -> list[Month]:
    """The same months with what the baseline would have used in place of items; [] where there is no baseline."""
    base = _trend("energy", months)
    value = base.baseline.value if base else None
    if not value:
        return []
    return [
        Month(
            window=m.window,
            numerator=m.numerator,
            denominator=round(m.denominator * value),
            covered_us=m.covered_us,
            due_us=m.due_us,
        )
        for m in months
    ]


def _summed(workshops: Iterable[Sequence[Month]]) -> list[Month]:
    sums: dict[Window, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for months in workshops:
        for m in months:
            kept = sums[m.window]
            for i, value in enumerate((m.numerator, m.denominator, m.covered_us, m.due_us)):
                kept[i] += value
    return [
        Month(window=window, numerator=n, denominator=d, covered_us=c, due_us=due)
        for window, (n, d, c, due) in sums.items()
    ]


def _trend(indicator: str, months: Sequence[Month]) -> Trend | None:
    size = min(_MONTHS, len(months) // 2)
    return trend(indicator, _UNITS[indicator], months, baseline=size, recent=size) if size else None


def moved(indicator: str, months: Sequence[Month], unit: str = "") -> out.MovedOut:
    """How months moved; figures are null where there are fewer than two."""
    found, size = _trend(indicator, months), min(_MONTHS, len(months) // 2)
    return out.MovedOut(
        indicator=indicator,
        unit=unit or _UNITS[indicator],
        baseline=_float(found.baseline.value) if found else None,
        recent=_float(found.recent.value) if found else None,
        difference=_float(found.difference) if found else None,
        relative=_float(found.relative) if found else None,
        direction=found.direction if found else 0,
        completeness=float(found.recent.completeness) if found else None,
        baseline_months=size,
        recent_months=size,
        months=[
            out.MonthOut(
                start=from_us(m.window.start_us),
                value=m.numerator / m.denominator if m.denominator > 0 else None,
                completeness=m.covered_us / m.due_us if m.due_us > 0 else None,
            )
            for m in sorted(months, key=lambda m: m.window.start_us)
        ],
    )


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
