"""The window: against a simulated wire that drops, delays and dies."""

import random
from collections import deque

import pytest
from chejian_contract.ledger import Ack
from chejian_edge.window import PROBE_S, RESEND_S, STALL_S, Window
from hypothesis import given, settings
from hypothesis import strategies as st

TICK = 0.05


class Wire:
    """Batches 1..n offered as fast as the window allows, to a host that acknowledges once a second."""

    def __init__(self, count: int, size: int, *, delay: float, drop: set[int]) -> None:
        self.window = Window(size)
        self.count, self.delay, self.drop = count, delay, drop
        self.next = 1
        self.now = 0.0
        self.messages = 0
        self.most = 0
        self.flight: deque[tuple[float, int]] = deque()
        self.acks: deque[tuple[float, Ack]] = deque()
        self.stored: set[int] = set()
        self.told = 0.0
        self.alive = True

    def _send(self, number: int) -> None:
        self.window.sent(number, self.now)
        self.messages += 1
        if self.messages not in self.drop:
            self.flight.append((self.now + self.delay, number))

    def step(self) -> None:
        self.now += TICK
        while self.flight and self.flight[0][0] <= self.now:
            _, number = self.flight.popleft()
            if self.alive:
                self.stored.add(number)
        if self.alive and self.stored and self.now - self.told >= 1:
            self.told = self.now
            self.acks.append((self.now + self.delay, Ack.of(7, [(n, n) for n in self.stored])))
        while self.acks and self.acks[0][0] <= self.now:
            self.window.acknowledged(self.acks.popleft()[1], self.now)
        self._offer()
        self.most = max(self.most, len(self.window))

    def _offer(self) -> None:
        window = self.window
        if window.stalled(self.now):
            if window.probe_due(self.now) and (oldest := window.oldest) is not None:
                self._send(oldest)
            return
        for number in window.resend(self.now):
            self._send(number)
        while window.free() and self.next <= self.count:
            self._send(self.next)
            self.next += 1

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end and len(self.stored) < self.count:
            self.step()


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32), share=st.floats(0, 0.5), size=st.integers(1, 60), delay=st.floats(0, 0.5))
def test_everything_arrives_whatever_is_dropped(seed: int, share: float, size: int, delay: float) -> None:
    chance = random.Random(seed)
    drop = {i for i in range(1, 4000) if chance.random() < share}
    wire = Wire(120, size, delay=delay, drop=drop)
    wire.run(3000)
    assert wire.stored == set(range(1, 121))
    assert wire.most <= size


@pytest.mark.parametrize("delay", [0.1, 1.0, 1.5])
def test_a_slow_host_gets_hardly_anything_twice(delay: float) -> None:
    wire = Wire(2000, 200, delay=delay, drop=set())
    wire.run(600)
    assert len(wire.stored) == 2000
    assert wire.messages <= 2000 * 1.04


def test_a_lost_tail_comes_through_in_doubling_steps() -> None:
    wire = Wire(151, 200, delay=0.05, drop=set(range(2, 152)))
    wire.run(60)
    assert len(wire.stored) == 151
    assert wire.now < 30
    assert wire.messages < 2.1 * 151


def test_a_dead_host_gets_probes_only_and_the_first_acknowledgement_reopens() -> None:
    wire = Wire(1000, 50, delay=0.05, drop=set())
    wire.alive = False
    wire.run(STALL_S + TICK)
    before = wire.messages
    wire.run(20)
    assert 18 <= wire.messages - before <= 20 / PROBE_S + 1
    wire.alive = True
    wire.run(60)
    assert len(wire.stored) == 1000


def test_nothing_is_sent_again_before_patience_is_over() -> None:
    window = Window(10)
    window.sent(1, 0.0)
    window.sent(2, 0.0)
    window.acknowledged(Ack(7, 0, ((2, 2),)), 0.5)
    assert window.resend(RESEND_S - 0.01) == []
    assert window.resend(RESEND_S) == [1]
