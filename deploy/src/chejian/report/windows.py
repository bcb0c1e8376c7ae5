"""OEE and everything that it is made of, hour by hour and shift by shift."""

import math
from collections.abc import Iterator, Mapping, Sequence

from chejian.report.checks import Check, WindowFigures
from chejian.report.thresholds import thresholds
from chejian.report.truth import EquipmentTruth, Row

PARTS = ("availability", "effectiveness", "quality_ratio", "oee")
COUNTS = ("produced", "good", "scrap")
TIMES = (
    *("not_scheduled_us", "planned_stop_us", "no_data_us"),
    *("adot_us", "adet_us", "aust_us", "apt_us"),
)
CAPPED = "performance_above_100"
"""Flag of an ideal cycle that is too long; the figure itself is not capped."""


def window_figures(
    truth: EquipmentTruth, kind: str, found: Mapping[int, Row], end_ms: int
) -> list[WindowFigures]:
    """Truth beside measurement for each window that closed before `end_ms`.

    Args:
        truth: of the machine.
        kind: "hour" or "shift".
        found: rows of `Database.windows` by start [ms].
        end_ms: end of closed time [ms].
    """
    return [
        WindowFigures(
            truth.code,
            kind,
            str(row.get("code", "")),
            int(row["start_ms"]),
            int(row["end_ms"]),
            _expected(row),
            _measured(found[row["start_ms"]]) if row["start_ms"] in found else {},
        )
        for row in truth.windows[kind]
        if row["end_ms"] <= end_ms
    ]


def _expected(row: Row) -> Row:
    known = sum(row[name] for name in ("apt_us", "aust_us", "adet_us", "adot_us"))
    scheduled = known + row["no_data_us"]
    return {
        **{name: row[name] for name in (*TIMES, *COUNTS, *PARTS)},
        "by_product": row["by_product"],
        "completeness": known / scheduled if scheduled else None,
        "capped": row["ideal_us"] > row["apt_us"],
    }


def _measured(row: Row) -> Row:
    return {
        **{name: row["inputs"][name] for name in (*TIMES, *COUNTS)},
        **{name: row["values"].get(name) for name in PARTS},
        "completeness": row["completeness"],
        "capped": CAPPED in row["flags"],
        "flags": row["flags"],
        "provisional": row["provisional"],
    }


def compare_windows(
    code: str, kind: str, windows: Sequence[WindowFigures], transitions: int
) -> Iterator[Check]:
    """One check for each promise about the windows of one kind.

    Args:
        code: of the machine.
        kind: "hour" or "shift".
        windows: of `window_figures`.
        transitions: most changes of state in one of them.
    """
    have = [w for w in windows if w.measured and not w.measured["provisional"]]
    yield Check(code, f"closed {kind}s computed", have == list(windows), len(have), len(windows))
    counts = sum(any(w.measured[n] != w.truth[n] for n in COUNTS) for w in have)
    yield Check(code, f"{kind}s whose counts differ", counts == 0, counts, 0)
    off = max((abs(w.measured[n] - w.truth[n]) // 1000 for w in have for n in TIMES), default=0)
    limit = thresholds().transition_ms.limit * max(1, transitions)
    yield Check(code, f"largest error of a {kind}'s state times [ms]", off <= limit, off, f"<= {limit:g}")
    limit = thresholds().oee.limit
    for part in PARTS:
        worst = max((difference(w.measured[part], w.truth[part]) for w in have), default=0.0)
        yield Check(code, f"largest {part} error of a {kind}", worst <= limit, worst, f"<= {limit:g}")
    incomplete = sum(not _complete(w) for w in have)
    yield Check(code, f"{kind}s whose completeness differs", incomplete == 0, incomplete, 0)
    flagged, wanted = (sum(bool(part["capped"]) for part in side) for side in _sides(have))
    wrong = sum(w.measured["capped"] != w.truth["capped"] for w in have)
    yield Check(code, f"{kind}s flagged as faster than ideal", wrong == 0, flagged, wanted)


def _sides(windows: Sequence[WindowFigures]) -> tuple[list[Row], list[Row]]:
    return [dict(w.measured) for w in windows], [dict(w.truth) for w in windows]


def _complete(window: WindowFigures) -> bool:
    """Complete windows are 1 exactly; a shift that began before the epoch is as complete as the truth says."""
    want, have = window.truth["completeness"], window.measured["completeness"]
    return want == have if want in (None, 1.0) else difference(want, have) <= thresholds().oee.limit


def difference(a: float | None, b: float | None) -> float:
    """Distance of two figures; endless when only one of them is known."""
    if a is None or b is None:
        return 0.0 if a is b else math.inf
    return abs(a - b)


def most_transitions(truth: EquipmentTruth, windows: Sequence[WindowFigures]) -> int:
    """Most changes of state in one of the windows."""
    starts = [start for start, _, _ in truth.states]
    return max((sum(w.start_ms <= t < w.end_ms for t in starts) for w in windows), default=0)


def compare_counts(truth: EquipmentTruth, found: Mapping[str, Mapping[str, int]]) -> Iterator[Check]:
    """Every increment of the run with the product that was in work, the open hour included.

    Args:
        truth: of the machine.
        found: of `Database.counts`.
    """
    for name, events in truth.counts.items():
        have = found.get(f"{name}_count", {})
        total = sum(have.values())
        yield Check(truth.code, f"counter {name}", total == len(events), total, len(events))
        want = {product: counts[name] for product, counts in truth.by_product.items() if counts[name]}
        yield Check(truth.code, f"{name} by product", dict(have) == want, dict(have), want)
