"""Write docs/kpis.md from the registry of KPIs, the state and mode tables, the rotations and the holiday files.

python -m tools.gen_kpi_docs            write the page
python -m tools.gen_kpi_docs --check    compare with what is there
"""

import ast
import inspect
import sys
from collections.abc import Iterable
from itertools import pairwise

from chejian_analytics.kpi import (
    CATEGORY_OF_LOSS,
    INDICATORS,
    MISSING,
    WATERFALL,
    Flag,
    Kpi,
    Loss,
    rotation_patterns,
)
from chejian_analytics.kpi.holidays import holiday_year, known_years
from chejian_analytics.kpi.losses import LOSS_IN_ORDER, LOSS_OF_STATE, LOSS_WITHOUT_ORDER
from chejian_contract.states import MODE_MAPS, STATE_MAPS, STATE_UNDER_MODE, MachineState, OperationMode

from tools.generated_page import write_or_check
from tools.tracked import ROOT

PAGE = ROOT / "docs" / "kpis.md"
_PAGE = """\
# KPIs and the time model

Written by `python -m tools.gen_kpi_docs` from the code; do not edit. How the numbers are checked:
[OEE conformance](oee-conformance.md).

Formulas are those of ISO 22400-2:2014 in its symbols. Confidence: A read in a source text (for paid standards a secondary
one), B from memory but corroborated, C from memory only: verify against the printed page before relying on it, D disputed.
Values are quotients of sums: a longer window, a line or a workshop adds numerators and denominators and divides again.
A value beyond its range is shown as it is and flagged, never clamped. "Stored" KPIs are kept for every hour, shift and day;
the other window KPIs follow from the same stored terms (`chejian_analytics.kpi.WINDOW_KPIS`). The API tells those of
windows, lines and inspections on KPI sheets (`/api/v1/kpis/sheet`), those of orders with `/api/v1/orders/results`, energy with
`/api/v1/energy`. Those of a characteristic are functions of the library only: nothing delivers measured values with tolerance
limits yet.

## KPIs that are computed

| id | 名称 | name | formula | unit | range | better | of | clause | confidence | version | signals | needs |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
{kpis}

## KPIs of the standard that need what is not there yet

| id | 名称 | name | formula | clause | needs ... |
|---|---|---|---|---|---|
{missing}

## Where time goes

Each microsecond of the calendar is in exactly one class, and each class in one category of ISO 22400-2. The loss waterfall
({waterfall}) sums to calendar time exactly; `speed` is negative where the ideal cycle is too long.

| class | category | meaning |
|---|---|---|
{losses}

A state means, in planned busy time:

| state | orders not known | while an order is in work | orders known, none in work |
|---|---|---|---|
{states}

An operation mode changes the state first: {modes}. Then a stop reason may change the class of known time in which nothing
is produced, and the calendar wins over all: outside the shifts `not_scheduled`, in planned stops `planned_stop` or
`planned_maintenance`, with or without data. Missing data is `no_data` and nothing else.

A minor stop is an unbroken run of FAULT and STOPPED up to a threshold, a changeover a run of waiting up to a threshold that
touches a change of product (`TimeRules`). A failure (FE) is counted where it begins, minor stops are none.

## Flags

| flag | meaning |
|---|---|
{flags}

## Native codes

Configurations name a map or give a table of their own.

| map | codes |
|---|---|
{maps}

## Rotations

| id | 名称 | name | shifts | crews | cycle (0 rest) |
|---|---|---|---|---|---|
{rotations}

## Public holidays

One file per country and year in `analytics/src/chejian_analytics/kpi/holidays`; in a year without a file the weekdays
decide, and `ShiftCalendar.unknown_holiday_years` tells.

| year | days off | adjusted working days (调休) | source | confidence |
|---|---|---|---|---|
{holidays}
"""


def page() -> str:
    """Text of the page."""
    return _PAGE.format(
        kpis=_rows(map(_kpi, INDICATORS)),
        missing=_rows(
            (f"`{m.id}`", m.name_zh, m.name_en, f"`{m.formula}`", m.clause, m.needs) for m in MISSING
        ),
        waterfall=", ".join(WATERFALL),
        losses=_rows((f"`{x.value}`", CATEGORY_OF_LOSS[x].value, _meaning(Loss, x.name)) for x in Loss),
        states=_rows(
            (
                s.name,
                LOSS_OF_STATE[s].value,
                LOSS_IN_ORDER.get(s, LOSS_OF_STATE[s]).value,
                LOSS_WITHOUT_ORDER.get(s, LOSS_OF_STATE[s]).value,
            )
            for s in MachineState
        ),
        modes="; ".join(_mode(m) for m in OperationMode if STATE_UNDER_MODE[m]),
        flags=_rows((f"`{f.value}`", _meaning(Flag, f.name)) for f in Flag),
        maps=_rows(
            (f"{kind} `{name}`", ", ".join(f"{code} {member.name}" for code, member in codes.items()))
            for kind, maps in (("state", STATE_MAPS), ("mode", MODE_MAPS))
            for name, codes in maps.items()
        ),
        rotations=_rows(
            (
                f"`{p.id}`",
                p.name_zh,
                p.name_en,
                str(p.shifts),
                str(len(p.offsets)),
                " ".join(map(str, p.cycle)),
            )
            for p in rotation_patterns().values()
        ),
        holidays=_rows(_holidays("CN")),
    )


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)


def _kpi(kpi: Kpi[object]) -> tuple[str, ...]:
    lower = "-inf" if kpi.lower is None else f"{kpi.lower:g}"
    upper = "inf" if kpi.upper is None else f"{kpi.upper:g}"
    return (
        f"`{kpi.id}`" + (" (stored)" if kpi.stored else ""),
        kpi.name_zh,
        kpi.name_en,
        f"`{kpi.formula}`",
        kpi.unit,
        f"{lower} .. {upper}",
        kpi.trend.value,
        kpi.scope.value,
        kpi.clause,
        kpi.confidence,
        kpi.formula_version,
        ", ".join(role.value for role in kpi.inputs),
        ", ".join(kpi.needs),
    )


def _meaning(owner: type, name: str) -> str:
    """Docstring below an enum member, read from the source."""
    body = ast.parse(inspect.getsource(owner)).body[0]
    found = ""
    if not isinstance(body, ast.ClassDef):
        raise TypeError(f"{owner.__name__} is no class")
    for before, node in pairwise(body.body):
        target = before.targets[0] if isinstance(before, ast.Assign) else None
        if isinstance(target, ast.Name) and target.id == name and isinstance(node, ast.Expr):
            found = " ".join(str(ast.literal_eval(node.value)).split())
    return found


def _mode(mode: OperationMode) -> str:
    changes = STATE_UNDER_MODE[mode]
    names = ", ".join(s.name for s in changes)
    return f"{mode.name} makes {next(iter(changes.values())).name} of {names}"


def _holidays(country: str) -> Iterable[tuple[str, ...]]:
    for year in known_years(country):
        table = holiday_year(country, year)
        if table is not None:
            days = ", ".join(
                f"{h.name_zh} {h.first:%m-%d}" + (f" .. {h.last:%m-%d}" if h.last != h.first else "")
                for h in table.holidays
            )
            worked = ", ".join(f"{d:%m-%d}" for d in sorted(table.workdays))
            yield f"{country} {year}", days, worked, table.source, table.confidence


def main() -> int:
    """Write or compare; the exit status is 1 when the page is out of date."""
    return write_or_check(page(), PAGE, module="tools.gen_kpi_docs", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
