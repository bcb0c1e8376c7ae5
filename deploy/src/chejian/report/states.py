"""States of a machine: their sequence, their transitions, their times."""

from collections.abc import Iterator

from chejian.report.checks import Check
from chejian.report.thresholds import thresholds
from chejian.report.truth import EquipmentTruth, Runs, clip, merge_states


def compare_states(truth: EquipmentTruth, found: Runs, start: int, end: int) -> Iterator[Check]:
    """State minutes and transitions over [start, end) ms."""
    limit = thresholds().transition_ms.limit
    want = clip(truth.states, start, end)
    have = merge_states(clip(found, start, end))
    no_data = sum(b - a for a, b, s in have if s == 0)
    covered = sum(b - a for a, b, _ in have)
    yield Check(truth.code, "states cover the time [ms]", covered == end - start, covered, end - start)
    yield Check(truth.code, "no data [ms]", no_data == 0, no_data, 0)
    same = len(want) == len(have) and all(w[2] == h[2] for w, h in zip(want, have, strict=False))
    yield Check(truth.code, "sequence of states", same, len(have), len(want))
    worst = max((abs(w[0] - h[0]) for w, h in zip(want, have, strict=False)), default=0) if same else None
    ok = worst is not None and worst <= limit
    yield Check(truth.code, "largest transition error [ms]", ok, worst, f"<= {limit:g}")
    for state in sorted({s for *_, s in want}):
        a, b = _total(want, state), _total(have, state)
        allowed = limit * max(1, sum(1 for w in want if w[2] == state))
        yield Check(truth.code, f"time in state {state} [ms]", abs(a - b) <= allowed, b, a)


def _total(runs: Runs, state: int) -> int:
    return sum(b - a for a, b, s in runs if s == state)
