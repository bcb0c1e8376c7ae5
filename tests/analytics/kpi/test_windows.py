import numpy as np
import pytest
from chejian_analytics.kpi import Windows
from hypothesis import given

from tests.analytics.kpi.naive import within
from tests.analytics.kpi.strategies import RANGE, Spans, spans, union

EDGE = range(-60, RANGE + 140)


def members(windows: Windows) -> set[int]:
    return {t for a, b in zip(windows.start_us, windows.end_us, strict=True) for t in range(a, b)}


@given(a=spans, b=spans)
def test_operations_are_those_of_sets(a: Spans, b: Spans) -> None:
    x, y = union(a), union(b)
    in_a, in_b = ({t for t in EDGE if within(t, s)} for s in (a, b))
    assert members(x) == in_a
    assert members(x.intersect(y)) == in_a & in_b
    assert members(x.subtract(y)) == in_a - in_b
    assert members(x.union(y)) == in_a | in_b
    assert members(x.clip(10, 50)) == in_a & set(range(10, 50))
    assert x.total_us() == len(in_a)
    assert x.contains(np.array(EDGE)).tolist() == [t in in_a for t in EDGE]


@given(a=spans, b=spans)
def test_results_are_sorted_and_joined(a: Spans, b: Spans) -> None:
    for got in (
        union(a),
        union(a).intersect(union(b)),
        union(a).subtract(union(b)),
        union(a).union(union(b)),
    ):
        assert (got.start_us[1:] > got.end_us[:-1]).all(), "touching pieces are joined"


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        ([0, 5], [6, 9], r"windows\[1\] starts at 5, before windows\[0\] ends at 6"),
        ([5, 0], [6, 1], r"windows\[1\] starts at 0"),
        ([3], [3], r"windows\[0\] = \[3, 3\) is empty"),
        ([3], [4, 5], "shapes"),
    ],
)
def test_wrong_windows_are_named(start: list[int], end: list[int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Windows.of(start, end)
