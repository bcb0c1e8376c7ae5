"""Messages out of order: the Reorder Timeout of a real host, and its rules against a naive oracle."""

import time
from collections.abc import Iterator

import pytest
from chejian_contract.sparkplug.session import MOST_HELD, Reordering
from hypothesis import given
from hypothesis import strategies as st

from tests.sparkplug.conftest import REBIRTH_S, REORDER_S, Host
from tests.sparkplug.node import EdgeNode, M
from tests.sparkplug.wiretap import wait_for

VALUES = """
SELECT s.name, a.value FROM telemetry.sample a JOIN telemetry.series s USING (series_id)
JOIN telemetry.device d USING (device_id) JOIN telemetry.node n USING (node_id)
WHERE n.group_id = %s ORDER BY a.value
"""
DEAD = "SELECT reason FROM telemetry.dead_letter JOIN telemetry.node USING (node_id) WHERE group_id = %s"


@pytest.fixture
def node(host: Host, mqtt_url: str, group: str) -> Iterator[EdgeNode]:
    """A born node with the device P and its metric x = 0."""
    with EdgeNode(mqtt_url, group) as edge:
        edge.birth()
        edge.device_birth("P", M("x", 0.0, alias=1))
        wait_for(lambda: stored(host, group) == [0.0], "the value of the birth")
        yield edge


def stored(host: Host, group: str) -> list[object]:
    return [value for _, value in host.rows(VALUES, group)]


def x(value: float) -> M:
    return M(value=value, alias=1)


@pytest.mark.assertion(
    "tck-id-operational-behavior-host-reordering-success", "tck-id-operational-behavior-host-reordering-start"
)
def test_what_comes_late_is_waited_for_and_closes_the_window(
    host: Host, node: EdgeNode, mqtt_url: str, group: str
) -> None:
    # On the wire 4 3 5 2 6: data by an alias whose DBIRTH is still on its way, as clusters deliver them.
    node.data("Q", M(value=4.0, alias=2), seq=4)
    node.data("Q", M(value=3.0, alias=2), seq=3)
    node.data("P", x(5.0), seq=5)
    with EdgeNode(mqtt_url, f"{group}-other") as other:
        other.birth(M("x", 1.0))
        wait_for(lambda: stored(host, f"{group}-other") == [1.0], "others are not kept waiting")
    assert stored(host, group) == [0.0], "and this one waits"
    node.session._seq = 1
    node.device_birth("Q", M("y", 2.0, alias=2))
    node.data("P", x(6.0), seq=6)
    wait_for(lambda: stored(host, group) == [0.0, 2.0, 3.0, 4.0, 5.0, 6.0], "all of it")
    node.data("P", x(8.0), seq=8)  # another window, after the first one was closed
    wait_for(lambda: node.rebirths, "the gap that stays")
    assert len(node.rebirths) == 1, "none was asked for the gap that was filled"
    wait_for(lambda: stored(host, group)[-1] == 8.0, "what waited in vain")
    assert [v for name, v in host.rows(VALUES, group) if name == "y"] == [2.0, 3.0, 4.0]
    assert host.rows(DEAD, group) == []


@pytest.mark.assertion(
    "tck-id-operational-behavior-host-reordering-param",
    "tck-id-operational-behavior-host-reordering-start",
    "tck-id-operational-behavior-host-reordering-rebirth",
    "tck-id-payloads-sequence-num-incrementing",
)
def test_what_stays_away_costs_one_rebirth_after_the_timeout(host: Host, node: EdgeNode, group: str) -> None:
    began = time.monotonic()
    node.data("P", x(3.0), seq=3)
    node.data("P", x(4.0), seq=4)
    wait_for(lambda: node.rebirths, "a rebirth request")
    assert node.rebirths[0].at - began >= REORDER_S, "not before the window closes"
    wait_for(lambda: stored(host, group) == [0.0, 3.0, 4.0], "what did come is stored all the same")
    node.data("P", x(5.0), seq=5)
    node.data("P", x(2.0), seq=2)  # too late for its turn, and still a value
    node.data("P", x(6.0), seq=6)
    wait_for(lambda: stored(host, group) == [0.0, 2.0, 3.0, 4.0, 5.0, 6.0], "the latecomer too")
    node.data("P", x(9.0), seq=9)
    wait_for(lambda: len(node.rebirths) == 2, "the next gap asks again")
    assert node.rebirths[1].at - node.rebirths[0].at >= min(REBIRTH_S, REORDER_S)
    asked = "SELECT sequence_gaps, rebirths_asked FROM telemetry.node WHERE group_id = %s"
    wait_for(lambda: host.rows(asked, group) == [(2, 2)], "both are counted")


@pytest.mark.assertion(
    "tck-id-operational-behavior-host-reordering-success", "tck-id-payloads-sequence-num-incrementing"
)
def test_a_birth_closes_the_window(host: Host, node: EdgeNode, group: str) -> None:
    node.data("P", x(3.0), seq=3)  # of the old session, ahead of its turn
    node.birth()
    node.device_birth("P", M("x", 10.0, alias=2), M("z", 11.0, alias=1))
    wait_for(lambda: stored(host, group) == [0.0, 3.0, 10.0, 11.0], "both sessions")
    rows = host.rows(VALUES, group)
    assert rows == [("x", 0.0), ("x", 3.0), ("x", 10.0), ("z", 11.0)], "each by the aliases of its session"
    node.data("P", M(value=12.0, alias=2), seq=3)  # another gap: the request for it is the first one
    wait_for(lambda: node.rebirths, "the gap in the new session")
    asked = "SELECT rebirths_asked FROM telemetry.node WHERE group_id = %s"
    wait_for(lambda: host.rows(asked, group) == [(1,)], "one request in all")


@pytest.mark.assertion("tck-id-payloads-sequence-num-incrementing")
def test_the_count_wraps_without_a_gap(host: Host, node: EdgeNode, group: str) -> None:
    for i in range(300):
        node.data("P", x(float(i + 1)))
    wait_for(lambda: len(stored(host, group)) == 301, "all values")
    gaps = "SELECT sequence_gaps, rebirths_asked FROM telemetry.node WHERE group_id = %s"
    assert host.rows(gaps, group) == [(0, 0)]


def test_a_death_ends_the_waiting(host: Host, node: EdgeNode, group: str) -> None:
    node.data("P", x(3.0), seq=3)
    node.die()
    online = "SELECT online FROM telemetry.node WHERE group_id = %s"
    wait_for(lambda: host.rows(online, group) == [(False,)], "offline")
    wait_for(lambda: stored(host, group) == [0.0, 3.0], "what waited is stored")
    assert node.rebirths == []


@given(st.lists(st.integers(0, 40), unique=True), st.integers(0, 255))
def test_any_delay_is_put_right(late: list[int], first: int) -> None:
    """Messages that are delivered later than sent, in any order, come out in the order they were sent in."""
    order: Reordering[int] = Reordering()
    order.start(first)
    sent = range(60)
    arriving = [i for i in sent if i not in late] + late
    out = [i for k in arriving for i in order.offer((first + 1 + k) % 256, k, 0.0)]
    assert out == list(sent)
    assert order.since is None


@given(st.sets(st.integers(0, 700)), st.integers(1, 700))
def test_every_loss_is_noticed_and_nothing_that_came_is_lost(lost: set[int], count: int) -> None:
    """With a clock that jumps beyond the timeout after each message: one window per gap, all in order."""
    order: Reordering[int] = Reordering()
    order.start(0)
    out: list[int] = []
    windows = 0
    for k in (k for k in range(count) if k not in lost):
        out += order.offer((k + 1) % 256, k, float(k))
        if order.overdue(k + 5.0, 5.0):
            windows += 1
            out += order.give_up()
    kept = [k for k in range(count) if k not in lost]
    gaps = [(a, b) for a, b in zip([-1, *kept], kept, strict=False) if (b - a) % 256 != 1]
    assert out == kept
    assert windows == len(gaps)


def test_a_window_opens_with_the_message_that_shows_the_gap() -> None:
    order: Reordering[str] = Reordering()
    order.start(0)
    assert order.offer(2, "2", 10.0) == []
    assert order.offer(5, "5", 11.0) == []
    assert (order.since, order.overdue(11.9, 2.0), order.overdue(12.0, 2.0)) == (10.0, False, True)
    assert order.offer(1, "1", 11.5) == ["1", "2"]
    assert order.since == 11.0, "the other gap was seen later"
    assert order.give_up() == ["5"]
    assert [order.offer(seq, str(seq), 12.0) for seq in (6, 3, 4, 7)] == [["6"], ["3"], ["4"], ["7"]]
    assert order.since is None


def test_no_more_waits_than_may() -> None:
    order: Reordering[int] = Reordering()
    order.start(0)
    for seq in range(2, 2 + MOST_HELD):
        assert order.offer(seq, seq, 0.0) == []
    assert order.overdue(0.0, 1e9)
    assert order.give_up() == list(range(2, 2 + MOST_HELD))
    assert order.offer(2 + MOST_HELD, 0, 0.0) == [0]


def test_a_repeated_message_does_not_move_the_count() -> None:
    order: Reordering[str] = Reordering()
    order.start(0)
    assert order.offer(1, "a", 0.0) == ["a"]
    assert order.offer(1, "again", 1.0) == [], "it may be of another session, so it waits for its turn"
    assert order.offer(2, "b", 2.0) == ["b"]
    assert order.give_up() == ["again"]
    assert order.offer(3, "c", 3.0) == ["c"]
