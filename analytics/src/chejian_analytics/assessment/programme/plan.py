"""A programme's plan as data: targets with baseline and method, and the figures that they rest on."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files

from chejian_analytics.assessment.canonical import digest
from chejian_analytics.assessment.definition import CONFIDENCE
from chejian_analytics.assessment.problems import DataFileError, Problem, Table

_GREAT = 10**12
"""Bound of figures, only to catch slips."""


class Kind(StrEnum):
    """What a target's number is, and so how the plan line runs."""

    COUNT = "count"
    """Cumulative count; the line is straight from the baseline."""
    AMOUNT = "amount"
    """A sum of money or a capacity a year; the line is straight from the baseline."""
    CHANGE = "change"
    """Change of a quotient since the baseline, -0.18 for -18 %; the line is a constant yearly rate."""
    RATE = "rate"
    """Mean yearly growth since the baseline; the line is the rate itself."""
    LEVEL = "level"
    """A ratio to be reached; the line is straight from the baseline where there is one."""
    TREND = "trend"
    """A direction without a number."""
    PROJECT = "project"
    """A capacity to be built; it is there or not, and no line runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One target.

    Attributes:
        id: as in the project's list of targets.
        name_zh: 中文名称.
        name_en: English name.
        phrase: words of the plan.
        kind: what the number is.
        unit: of baseline, target and observations.
        up: whether more is better.
        base_year: end of it is the start of the plan line.
        baseline: value then; None: not given.
        due_year: end of it is when the target is due.
        value: to be reached; None: the plan gives no number.
        upper: end of a range that the plan gives; None: none.
        method_zh: 观测方法.
        method_en: how an observation is made.
        data_zh: 数据来源单位.
        data_en: who has the numbers.
        source_zh: 出处.
        source_en: of the target.
        confidence: a key of `CONFIDENCE`.
        note_zh: 读者须知.
        note_en: what a reader has to know.
    """

    id: str
    name_zh: str
    name_en: str
    phrase: str
    kind: Kind
    unit: str
    up: bool
    base_year: int
    baseline: float | None
    due_year: int
    value: float | None
    upper: float | None
    method_zh: str
    method_en: str
    data_zh: str
    data_en: str
    source_zh: str
    source_en: str
    confidence: str
    note_zh: str
    note_en: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A figure that the plan states.

    Attributes:
        id: stable key.
        phrase: words of the plan.
        value: in `unit`; a percentage is a fraction.
        unit: "1" for ratios.
    """

    id: str
    phrase: str
    value: float
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """An arithmetic check between figures.

    Attributes:
        id: stable key.
        name_zh: 中文名称.
        name_en: English name.
        method: key of `METHODS`.
        of: ids of figures, or numbers, in the order that the method takes them.
        stated: what the plan states; None: it states nothing, the check derives.
        within: half a unit of the last stated place.
    """

    id: str
    name_zh: str
    name_en: str
    method: str
    of: tuple[str, ...]
    stated: float | None
    within: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A programme's plan.

    Attributes:
        id: stable key.
        version: of the file.
        name_zh: 中文名称.
        name_en: English name.
        region: code of GB/T 2260.
        source_zh: 文件.
        source_en: the document.
        targets: in the order of the file.
        figures: by id.
        checks: in the order of the file.
        digest: SHA-256 of the file's content.
    """

    id: str
    version: str
    name_zh: str
    name_en: str
    region: str
    source_zh: str
    source_en: str
    targets: tuple[Target, ...]
    figures: Mapping[str, Figure]
    checks: tuple[Check, ...]
    digest: str

    def target(self, name: str) -> Target:
        """A target by its id.

        Raises:
            KeyError: there is none; names those that are.
        """
        for each in self.targets:
            if each.id == name:
                return each
        raise KeyError(f"no target {name!r}; there are {', '.join(t.id for t in self.targets)}")


@cache
def load_plan(name: str = "heilongjiang-2020") -> Plan:
    """A plan of the package.

    Raises:
        DataFileError: lists everything that is wrong with the file.
    """
    file = f"{name}.toml"
    return read_plan((files(__package__) / "plans" / file).read_text(encoding="utf-8"), file)


def read_plan(text: str, file: str) -> Plan:
    """A plan from the text of a file.

    Raises:
        DataFileError: lists everything that is wrong with file, key, value and what is allowed.
    """
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise DataFileError([Problem(file, "(file)", str(error), "TOML")]) from error
    problems: list[Problem] = []
    table = Table(file, "", data, problems)
    table.integer("schema", 1, 1)
    source = table.both("source")
    base_year, due_year = table.integer("base_year", 1990, 2100), table.integer("due_year", 1990, 2100)
    figures = [_figure(each) for each in table.tables("figure")]
    plan = Plan(
        id=table.text("id"),
        version=table.text("version"),
        name_zh=table.text("name_zh"),
        name_en=table.text("name_en"),
        region=table.text("region"),
        source_zh=source[0],
        source_en=source[1],
        targets=tuple(_target(each, source, base_year, due_year) for each in table.tables("target")),
        figures={figure.id: figure for figure in figures},
        checks=tuple(_check(each, {figure.id for figure in figures}) for each in table.tables("check")),
        digest=digest(data) if not problems else "",
    )
    table.close()
    ids = [target.id for target in plan.targets]
    problems += [
        Problem(file, "target.id", repr(name), "each once")
        for name in sorted(set(ids))
        if ids.count(name) > 1
    ]
    if problems:
        raise DataFileError(problems)
    return plan


def _number(table: Table, key: str) -> float | None:
    found = table.number(key, -_GREAT, _GREAT)
    return None if found is None else float(found)


def _target(table: Table, source: tuple[str, str], base_year: int, due_year: int) -> Target:
    method, data = table.both("method"), table.both("data")
    source, note = table.both("source", default=source), table.both("note", default=("", ""))
    target = Target(
        id=table.text("id"),
        name_zh=table.text("name_zh"),
        name_en=table.text("name_en"),
        phrase=table.text("phrase"),
        kind=Kind(table.choice("kind", tuple(Kind))),
        unit=table.text("unit"),
        up=table.choice("better", ("up", "down")) == "up",
        base_year=table.integer("base_year", 1990, 2100, default=base_year),
        baseline=_number(table, "baseline"),
        due_year=table.integer("due_year", 1990, 2100, default=due_year),
        value=_number(table, "value"),
        upper=_number(table, "upper"),
        method_zh=method[0],
        method_en=method[1],
        data_zh=data[0],
        data_en=data[1],
        source_zh=source[0],
        source_en=source[1],
        confidence=table.choice("confidence", tuple(CONFIDENCE), default="A"),
        note_zh=note[0],
        note_en=note[1],
    )
    if (target.value is None) != (target.kind is Kind.TREND):
        table.wrong("value", "a number, or none where kind is trend")
    if target.base_year >= target.due_year:
        table.wrong("due_year", f"a year after {target.base_year}", target.due_year)
    table.close()
    return target


def _figure(table: Table) -> Figure:
    figure = Figure(
        id=table.text("id"),
        phrase=table.text("phrase"),
        value=float(table.needed("value", -_GREAT, _GREAT)),
        unit=table.text("unit"),
    )
    table.close()
    return figure


def _check(table: Table, known: set[str]) -> Check:
    check = Check(
        id=table.text("id"),
        name_zh=table.text("name_zh"),
        name_en=table.text("name_en"),
        method=table.choice("method", tuple(METHODS)),
        of=table.words("of"),
        stated=_number(table, "stated"),
        within=_number(table, "within") or 0.0,
    )
    if wrong := [name for name in check.of if name not in known and not _is_number(name)]:
        table.wrong("of", f"numbers as texts, or figures: {', '.join(sorted(known))}", wrong)
    if check.method in METHODS and METHODS[check.method].count not in {0, len(check.of)}:
        table.wrong("of", f"{METHODS[check.method].count} figures for {check.method}")
    if check.stated is not None and not check.within:
        table.wrong("within", "half a unit of the last stated place")
    table.close()
    return check


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Formula:
    """A method of checking.

    Attributes:
        count: figures that it takes; 0: any number.
        text: the formula for people.
        function: of the figures.
    """

    count: int
    text: str
    function: Callable[..., float]


METHODS: Mapping[str, Formula] = {
    "share": Formula(2, "a / b", lambda a, b: a / b),
    "whole": Formula(2, "a / b", lambda part, share: part / share),
    "sum": Formula(0, "a + b + ...", lambda *parts: sum(parts)),
    "difference": Formula(2, "a - b", lambda a, b: a - b),
    "growth_from_increment": Formula(2, "b / (a - b)", lambda total, added: added / (total - added)),
    "before_change": Formula(2, "a / (1 + b)", lambda now, change: now / (1 + change)),
    "implied_growth": Formula(
        2, "(1 + a) / (1 + b) - 1", lambda energy, change: (1 + energy) / (1 + change) - 1
    ),
    "implied_annual_growth": Formula(
        3,
        "((1 + a) / (1 + b))^(1 / c) - 1",
        lambda energy, change, years: ((1 + energy) / (1 + change)) ** (1 / years) - 1,
    ),
    "annual_rate": Formula(2, "(1 + a)^(1 / b) - 1", lambda change, years: (1 + change) ** (1 / years) - 1),
    "energy_cap": Formula(
        4,
        "a · (1 + b)^c · (1 + d)",
        lambda energy, growth, years, change: energy * (1 + growth) ** years * (1 + change),
    ),
    "cap_change": Formula(
        3, "(1 + a)^b · (1 + c) - 1", lambda growth, years, change: (1 + growth) ** years * (1 + change) - 1
    ),
}
"""How figures are checked against each other."""
