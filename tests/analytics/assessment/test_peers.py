"""Comparison with peers: no small group is shown, and none can be worked out from what is shown."""

from fractions import Fraction

import pytest
from chejian_analytics.assessment import MIN_PEERS, Cell, compare, table
from hypothesis import given
from hypothesis import strategies as st


def numbers(count: int) -> list[Fraction]:
    return [Fraction(i) for i in range(1, count + 1)]


def test_quartiles_by_hand() -> None:
    """1 to 6: places 1.25, 2.5 and 3.75 between order statistics."""
    found = compare(Fraction(4), numbers(6))
    assert found.quartiles == (Fraction(9, 4), Fraction(7, 2), Fraction(19, 4))
    assert (found.others, found.below, found.equal, found.reason) == (6, 3, 1, "")


def test_few_peers_are_not_shown() -> None:
    found = compare(Fraction(4), numbers(MIN_PEERS - 1))
    assert (found.others, found.quartiles, found.below, found.equal) == (None, None, None, None)
    assert found.reason == "fewer than 5 others"
    assert compare(Fraction(4), numbers(MIN_PEERS)).quartiles is not None


@pytest.mark.parametrize(
    "call", [lambda: compare(Fraction(1), [], min_peers=2), lambda: table({}, min_count=1)]
)
def test_a_limit_that_protects_nobody_is_refused(call: object) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match="allowed: from"):
        call()


def test_a_single_small_group_takes_the_next_one_with_it() -> None:
    found = table({"a": numbers(2), "b": numbers(9), "c": numbers(7), "d": []})
    assert found["a"] == Cell(count=None, value=None, reason="fewer than 5 members")
    assert found["c"] == Cell(count=None, value=None, reason="would give a smaller group away")
    assert found["b"] == Cell(count=9, value=Fraction(5))
    assert found["d"] == Cell(count=0, value=None)


@given(st.dictionaries(st.text(max_size=2), st.integers(0, 12), max_size=8), st.integers(2, 6))
def test_what_is_left_out_is_never_a_group_that_can_be_worked_out(sizes: dict[str, int], least: int) -> None:
    found = table({name: numbers(size) for name, size in sizes.items()}, min_count=least)
    shown = {name for name, cell in found.items() if cell.count is not None}
    assert all(found[name].count == sizes[name] for name in shown)
    assert all(sizes[name] == 0 or sizes[name] >= least for name in shown)
    hidden = [sizes[name] for name in sizes if name not in shown]
    everything_hidden = not any(sizes[name] for name in shown)
    assert not hidden or everything_hidden or (len(hidden) > 1 and sum(hidden) >= least)
