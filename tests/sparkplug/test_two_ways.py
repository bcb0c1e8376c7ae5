"""A foreign node's data may reach the host over the shared connection, its own, or both: each message is taken once."""

from chejian_gateway.early import Early
from chejian_gateway.intake import SHARED, Message
from hypothesis import given
from hypothesis import strategies as st

NODE = "g", "N1"
OWN = 1
BOTH_MS = 5_000


def message(number: int, via: int, at_ms: int) -> Message:
    return Message("spBv1.0/g/DDATA/N1/P", str(number).encode(), at_ms, via)


@given(
    st.lists(st.tuples(st.integers(0, 20), st.sampled_from([SHARED, OWN]), st.integers(0, BOTH_MS - 1))),
    st.integers(0, 40),
)
def test_while_both_ways_are_open_each_message_is_taken_once(
    arrivals: list[tuple[int, int, int]], covered_from: int
) -> None:
    early = Early()
    arrivals.sort(key=lambda a: a[2])
    taken = [
        number
        for i, (number, via, at_ms) in enumerate(arrivals)
        if early.admits(NODE, message(number, via, at_ms), covered=i >= covered_from)
    ]
    assert sorted(taken) == sorted({number for number, _, _ in arrivals})


def test_a_message_that_waited_in_the_queue_is_judged_by_the_time_it_came() -> None:
    early = Early()
    assert early.admits(NODE, message(1, OWN, 1_000), covered=True)
    assert early.admits(NODE, message(2, SHARED, 1_000 + BOTH_MS - 1), covered=True)


def test_later_the_shared_way_is_left_to_the_own_one() -> None:
    early = Early()
    assert early.admits(NODE, message(1, OWN, 0), covered=True)
    assert not early.admits(NODE, message(2, SHARED, BOTH_MS), covered=True)
    assert early.admits(NODE, message(2, OWN, BOTH_MS), covered=True)
    assert early.admits(NODE, message(2, OWN, BOTH_MS), covered=True), (
        "a repetition by the node is its business"
    )
