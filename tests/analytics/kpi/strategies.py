"""Small random plants: ranges of some hundred microseconds, so that the oracle can walk through every one."""

from bisect import bisect
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from chejian_analytics.kpi import CounterSeries, IdealCycle, OeeInputs, Windows
from hypothesis import strategies as st

Value = TypeVar("Value", int, str)

RANGE = 240
"""Length of the range under test [us]."""

Series = list[tuple[int, int]]
"""Samples: time [us], value."""
Spans = list[tuple[int, int]]
"""Half-open spans [us], in any order, maybe overlapping or empty."""


@dataclass(frozen=True)
class Plant:
    """Samples of one equipment as plain lists."""

    states: list[tuple[int, int]]
    hold: int
    produced: list[tuple[int, int]]
    good: list[tuple[int, int]]
    changes: list[tuple[int, str]]
    cycles: list[tuple[str, int, int]]
    scheduled: list[tuple[int, int]]
    stops: list[tuple[int, int]]

    def inputs(self) -> OeeInputs:
        return OeeInputs(
            state_times_us=[t for t, _ in self.states],
            states=[s for _, s in self.states],
            hold_us=self.hold,
            produced=CounterSeries([t for t, _ in self.produced], [v for _, v in self.produced]),
            good=CounterSeries([t for t, _ in self.good], [v for _, v in self.good]),
            scrap=None,
            product_times_us=[t for t, _ in self.changes],
            products=[p for _, p in self.changes],
            ideal_cycles=[IdealCycle(*cycle) for cycle in self.cycles],
            scheduled=union(self.scheduled),
            planned_stops=union(self.stops),
        )


def union(spans: list[tuple[int, int]]) -> Windows:
    return Windows.union_of([a for a, _ in spans], [b for _, b in spans])


times = st.integers(-40, RANGE + 40)
spans = st.lists(st.tuples(times, st.integers(0, 90)).map(lambda p: (p[0], p[0] + p[1])), max_size=4)


def repeated(samples: list[tuple[int, Value]], cuts: Iterable[int], hold: int = 0) -> list[tuple[int, Value]]:
    """Samples with more of them that only repeat what holds, as heartbeats do, each between two that the hold joins."""
    out = list(samples)
    for cut in sorted(cuts):
        i = bisect([t for t, _ in out], cut)
        if 0 < i < len(out) and out[i - 1][0] < cut and (hold <= 0 or out[i][0] - out[i - 1][0] <= hold):
            out.insert(i, (cut, out[i - 1][1]))
    return out


def cut_spans(given: Spans, cuts: Iterable[int]) -> Spans:
    """The same spans in touching pieces, each span in its place."""
    return [piece for a, b in given for piece in pairwise([a, *sorted(c for c in cuts if a < c < b), b])]


def series(values: st.SearchStrategy[int], max_size: int = 12) -> st.SearchStrategy[list[tuple[int, int]]]:
    """Samples at distinct sorted times."""
    return st.lists(st.tuples(times, values), max_size=max_size, unique_by=lambda p: p[0]).map(sorted)


states = series(st.integers(0, 9))
counts = series(st.integers(0, 30))
plants = st.builds(
    Plant,
    states=states,
    hold=st.sampled_from([0, 1, 7, 60]),
    produced=counts,
    good=counts,
    changes=st.lists(st.tuples(times, st.sampled_from("ABC")), max_size=4, unique_by=lambda p: p[0]).map(
        sorted
    ),
    cycles=st.lists(
        st.tuples(st.sampled_from(["A", "B", ""]), st.integers(1, 9), times),
        max_size=5,
        unique_by=lambda c: (c[0], c[2]),
    ).map(lambda cycles: sorted(cycles, key=lambda c: c[2])),
    scheduled=spans,
    stops=spans,
)
