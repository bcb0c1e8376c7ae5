"""What Grafana makes of a statement before PostgreSQL sees it: variables, intervals, macros.

Written from the documented and observed behaviour of the PostgreSQL datasource of Grafana 11 to 13, so that every statement of
a board can be tried without Grafana. The order is Grafana's: variables and `$__interval` first, macros with arguments last.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

MAX_POINTS = 1000
"""Width of a panel in points, from which `$__interval` follows."""
_LADDER = (
    (10, 1), (15, 10), (35, 20), (75, 50), (150, 100), (350, 200), (750, 500), (1_500, 1_000), (3_500, 2_000),
    (7_500, 5_000), (12_500, 10_000), (17_500, 15_000), (25_000, 20_000), (45_000, 30_000), (90_000, 60_000),
    (210_000, 120_000), (450_000, 300_000), (750_000, 600_000), (1_050_000, 900_000), (1_500_000, 1_200_000),
    (2_700_000, 1_800_000), (5_400_000, 3_600_000), (9_000_000, 7_200_000), (16_200_000, 10_800_000),
    (32_400_000, 21_600_000), (86_400_000, 43_200_000), (604_800_000, 86_400_000), (1_814_400_000, 604_800_000),
    (3_628_800_000, 2_592_000_000),
)  # fmt: skip
"""[ms] Below the first of a pair the interval is the second; beyond all of them a year."""
_YEAR_MS = 31_536_000_000
_UNITS = (("y", _YEAR_MS), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1))
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d|w|M|y)")
_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
    "d": 86_400.0,
    "w": 604_800.0,
}
_CALENDAR = {"M": 2_592_000.0, "y": 31_536_000.0}
_MACRO = re.compile(r"\$([_a-zA-Z0-9]+)\(([^)]*)\)")
"""The arguments end at the first closing parenthesis, whatever stands in between."""
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::(\w+))?\}|(\w+))")


class MacroError(ValueError):
    """A statement that Grafana would refuse."""


@dataclass(frozen=True, slots=True)
class TimeRange:
    """The board's range.

    Attributes:
        start: included; aware.
        end: included; aware.
    """

    start: datetime
    end: datetime


def interval_ms(span: TimeRange, *, points: int = MAX_POINTS, least_ms: int = 10_000) -> int:
    """`$__interval_ms` of a range: its length over the points, on Grafana's ladder, not below `least_ms` [ms]."""
    raw = (span.end - span.start).total_seconds() * 1000 / points
    rounded = next((step for below, step in _LADDER if raw < below), _YEAR_MS)
    return max(rounded, least_ms)


def interval_text(milliseconds: int) -> str:
    """`$__interval`: in the largest unit that divides it."""
    unit, size = next((u, s) for u, s in _UNITS if milliseconds % s == 0)
    return f"{milliseconds // size}{unit}"


def seconds_of(text: str) -> float:
    """Length of an interval like `90s`, `1h30m` or `1d` [s].

    Raises:
        MacroError: for anything else, and for 0.
    """
    parts = _DURATION.findall(text)
    if not parts or "".join(n + u for n, u in parts) != text:
        raise MacroError(f"interval {text!r}: a duration like 30s, 5m, 1h30m or 1d is allowed")
    total = sum(float(n) * {**_SECONDS, **_CALENDAR}[u] for n, u in parts)
    if total <= 0:
        raise MacroError(f"interval {text!r}: more than 0 is allowed")
    return total


def expand(
    statement: str,
    span: TimeRange,
    variables: Mapping[str, str | Sequence[str]],
    *,
    timescale: bool = False,
    least_ms: int = 10_000,
) -> str:
    """The statement as PostgreSQL gets it.

    Args:
        statement: of a panel, variable, annotation or alert rule.
        span: the board's range.
        variables: name -> value; a sequence for one that takes several, or all. A text stands as it is, its quotes doubled;
            the values of a sequence are quoted and joined by commas. `raw:` in front of a text: nothing is doubled.
        timescale: whether the datasource is told that the server has TimescaleDB.
        least_ms: the datasource's `timeInterval` [ms].

    Raises:
        MacroError: for an unknown macro or variable, wrong arguments or a wrong interval.
    """
    step = interval_ms(span, least_ms=least_ms)
    text = _substitute(statement, variables)
    text = text.replace("$__interval_ms", str(step)).replace("$__interval", interval_text(step))
    text = text.replace("$__unixEpochFrom()", str(_epoch(span.start))).replace(
        "$__unixEpochTo()", str(_epoch(span.end))
    )
    out, at = [], 0
    for match in _MACRO.finditer(text):
        if match.start() < at:
            continue
        name, given = match[1], [a.strip() for a in match[2].split(",")]
        end = match.end()
        if name in ("__timeGroup", "__unixEpochGroup") and text[end : end + 1] == ",":
            name += "Alias"
        out += [text[at : match.start()], _macro(name, given, span, timescale=timescale)]
        at = end
    return "".join([*out, text[at:]])


def _substitute(statement: str, variables: Mapping[str, str | Sequence[str]]) -> str:
    def replace(match: re.Match[str]) -> str:
        name = match[1] or match[3]
        if name.startswith("__"):
            return match[0]
        if name not in variables:
            raise MacroError(f"variable ${name}: one of {', '.join(sorted(variables)) or 'none'} is allowed")
        return _formatted(variables[name], match[2] or "")

    return _VARIABLE.sub(replace, statement)


def _formatted(value: str | Sequence[str], form: str) -> str:
    if isinstance(value, str):
        if value.startswith("raw:"):
            return value.removeprefix("raw:")
        if form == "raw":
            return value
        return _quoted(value) if form == "sqlstring" else value.replace("'", "''")
    return ",".join(value if form == "raw" else map(_quoted, value))


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def _nanoseconds(moment: datetime) -> int:
    return _epoch(moment) * 1_000_000_000 + moment.microsecond * 1_000


def _stamp(moment: datetime) -> str:
    utc = moment.astimezone(UTC)
    fraction = f".{utc.microsecond:06d}".rstrip("0") if utc.microsecond else ""
    return f"'{utc:%Y-%m-%dT%H:%M:%S}{fraction}Z'"


def _macro(name: str, given: Sequence[str], span: TimeRange, *, timescale: bool) -> str:
    if name in ("__timeGroup", "__timeGroupAlias", "__unixEpochGroup", "__unixEpochGroupAlias"):
        return _group(name, given, timescale=timescale)
    known = _MACROS.get(name)
    if known is None:
        raise MacroError(f"macro ${name}: one of {', '.join('$' + m for m in sorted(_MACROS))} is allowed")
    needs_column, make = known
    if needs_column and not given[0]:
        raise MacroError(f"macro ${name}: a column is missing")
    return make(given[0], span)


def _group(name: str, given: Sequence[str], *, timescale: bool) -> str:
    if len(given) < 2 or not given[0]:  # noqa: PLR2004 - column and interval
        raise MacroError(f"macro ${name}: column and interval are needed, e.g. ${name}(time, '5m')")
    column, seconds = given[0], seconds_of(given[1].strip("'\""))
    whole = f"{seconds:g}" if seconds == int(seconds) else repr(seconds)
    if name.startswith("__unixEpoch"):
        text = f"floor(({column})/{whole})*{whole}"
    elif timescale:
        text = f"time_bucket('{seconds:.3f}s',{column})"
    else:
        text = f"floor(extract(epoch from {column})/{whole})*{whole}"
    return text + (' AS "time"' if name.endswith("Alias") else "")


_MACROS: Mapping[str, tuple[bool, Callable[[str, TimeRange], str]]] = {
    "__time": (True, lambda c, _: f'{c} AS "time"'),
    "__timeEpoch": (True, lambda c, _: f'extract(epoch from {c}) as "time"'),
    "__timeFilter": (True, lambda c, r: f"{c} BETWEEN {_stamp(r.start)} AND {_stamp(r.end)}"),
    "__timeFrom": (False, lambda _, r: _stamp(r.start)),
    "__timeTo": (False, lambda _, r: _stamp(r.end)),
    "__unixEpochFilter": (True, lambda c, r: f"{c} >= {_epoch(r.start)} AND {c} <= {_epoch(r.end)}"),
    "__unixEpochNanoFilter": (
        True,
        lambda c, r: f"{c} >= {_nanoseconds(r.start)} AND {c} <= {_nanoseconds(r.end)}",
    ),
    "__unixEpochNanoFrom": (False, lambda _, r: str(_nanoseconds(r.start))),
    "__unixEpochNanoTo": (False, lambda _, r: str(_nanoseconds(r.end))),
}
"""Name -> whether it needs a column, and what it becomes; the groups stand apart."""
