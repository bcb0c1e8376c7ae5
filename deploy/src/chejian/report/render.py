"""The report as text for people: what was measured beside what was true, then every check that fails."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from chejian.report.checks import Check, Report, WindowFigures

_MINUTE_US = 60_000_000


def render(report: Report) -> str:
    """Tables of machines, meters, energy per unit and faults; one figure stands where truth and measurement agree."""
    failed = [c for c in report.checks if not c.ok]
    verdict = "all checks hold" if report.ok else f"{len(failed)} of {len(report.checks)} checks fail"
    parts = [
        [f"{key}: {value}" for key, value in report.facts.items()],
        _table(_shifts(report.windows)),
        _table(_meters(report.windows)),
        _table(_faults(report)),
        _table(_summary(report.checks)),
        _table(_failures(failed)),
        [f"{len(report.checks)} checks over {len(report.windows)} windows: {verdict}"],
    ]
    return "\n\n".join("\n".join(lines) for lines in parts if lines)


def _shifts(windows: Sequence[WindowFigures]) -> Iterator[tuple[str, ...]]:
    """Machines by shift; times in minutes."""
    own = [w for w in windows if w.kind == "shift" and "oee" in w.truth]
    if own:
        head = ("complete", "OEE", "availability", "effectiveness", "quality", "produced", "good", "scrap")
        yield ("machine", "shift", "from (UTC)", *head, "APT", "AUST", "ADET", "ADOT", "planned stop")
    for window in own:
        ratios = ("completeness", "oee", "availability", "effectiveness", "quality_ratio")
        times = ("apt_us", "aust_us", "adet_us", "adot_us", "planned_stop_us")
        yield (
            *_who(window),
            *(_both(window, name, 4) for name in ratios),
            *(_both(window, name) for name in ("produced", "good", "scrap")),
            *(_both(window, name, 1, _MINUTE_US) for name in times),
        )


def _meters(windows: Sequence[WindowFigures]) -> Iterator[tuple[str, ...]]:
    """Meters by shift, with energy per unit where one machine stands behind the meter."""
    own = [w for w in windows if w.kind == "shift" and "amount" in w.truth]
    if own:
        yield ("meter", "shift", "from (UTC)", "amount", "unit", "complete", "good", "per unit")
    for window in own:
        yield (
            *_who(window),
            _both(window, "amount"),
            str(window.truth["unit"]),
            _both(window, "completeness", 4),
            _both(window, "output"),
            _both(window, "per_unit", 1),
        )


def _who(window: WindowFigures) -> tuple[str, str, str]:
    return window.subject, window.code, _time(window.start_ms)


def _time(time_ms: int | None) -> str:
    if time_ms is None:
        return ""
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%m-%d %H:%M")


def _both(window: WindowFigures, name: str, digits: int = 0, divisor: int = 1) -> str:
    """The measured figure, and the true one where it looks different."""
    have, want = (_number(side.get(name), digits, divisor) for side in (window.measured, window.truth))
    return have if have == want else f"{have} (true {want})"


def _number(value: float | None, digits: int, divisor: int) -> str:
    return "-" if value is None else f"{value / divisor:.{digits}f}"


def _faults(report: Report) -> Iterator[tuple[str, ...]]:
    if report.faults:
        yield ("fault", "equipment", "onset (UTC)", "verdict", "delay [min]", "evidence")
    for fault in report.faults:
        delay = "" if fault.delay_s is None else f"{fault.delay_s / 60:.0f}"
        yield (fault.kind, fault.subject, _time(fault.onset_ms), fault.verdict, delay, fault.evidence)


def _summary(checks: Sequence[Check]) -> Iterator[tuple[str, ...]]:
    """The checks by name over all subjects; what names a product, a recording or an order is put together."""
    found: dict[str, list[Check]] = {}
    for check in checks:
        found.setdefault(check.name, []).append(check)
    yield ("check", "holds", "of")
    for name, own in sorted(found.items()):
        yield (name, str(sum(c.ok for c in own)), str(len(own)))


def _failures(failed: Sequence[Check]) -> Iterator[tuple[str, ...]]:
    if failed:
        yield ("FAIL", "check", "measured", "expected")
    for check in failed:
        yield (check.subject, check.name, _short(check.measured), _short(check.expected))


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _table(rows: Iterator[tuple[str, ...]]) -> list[str]:
    cells = list(rows)
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))] if cells else []
    return ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells]
