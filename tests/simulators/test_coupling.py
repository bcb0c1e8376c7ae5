"""Machines of a coupled line wait when, and only when, their buffers say so: checked by replaying the material."""

import functools
from bisect import bisect_left
from collections import deque
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import cast

import pytest
from chejian_contract.states import MachineState
from chejian_simulators.coupling import Buffer, CoupledFlow, CoupledLine
from chejian_simulators.plant import BufferConfig, Plant, load_plant
from chejian_simulators.work import Order, Segment
from hypothesis import given
from hypothesis import strategies as st
from numpy.random import default_rng

EPOCH_MS = 1_795_312_200_000
DAY_MS = 86_400_000
FIRST = Order("start", "WMP", 0)


@pytest.fixture(scope="module")
def dairy() -> Plant:
    return load_plant("qiqihar")


class Tap(Buffer):
    """A machine's access to a buffer that notes, in the machine's time, what the buffer holds after every move."""

    def __init__(self, real: Buffer, moves: list[tuple[int, int, bool]]) -> None:
        self.real, self.moves, self.flow = real, moves, cast("CoupledFlow", None)
        self.capacity = real.capacity

    @property
    def _lots(self) -> deque[tuple[Order, int]]:  # type: ignore[override] # shared with all taps of the buffer
        return self.real._lots

    def _note(self) -> None:
        assert 0 <= self.level <= self.capacity
        self.moves.append((self.flow._now, self.level, len(self._lots) > 1))

    def put(self, batch: Order, amount: int) -> None:
        assert self.has_room(amount)
        super().put(batch, amount)
        self._note()

    def put_back(self, batch: Order, amount: int) -> None:
        super().put_back(batch, amount)
        self.moves.append((self.flow._now, self.level, len(self._lots) > 1))

    def take(self, amount: int) -> tuple[Order, int]:
        assert self.has(amount)
        found = super().take(amount)
        assert 0 < found[1] <= amount
        self._note()
        return found


@dataclass
class Day:
    """A day of the line, and the level of each buffer after every move: (time, grams, whether a second lot waits)."""

    segments: dict[str, list[Segment]]
    moves: dict[str, list[tuple[int, int, bool]]]

    def between(self, buffer: str, start: int, end: int) -> list[tuple[int, bool]]:
        """What the buffer held at any time in (start, end), both ends left out."""
        moves = self.moves[buffer]
        first = max(0, bisect_left(moves, (start + 1,)) - 1)
        return [(grams, closed) for _, grams, closed in moves[first : bisect_left(moves, (end,))]]


def line_of(plant: Plant, seed: int) -> tuple[CoupledLine, dict[str, list[tuple[int, int, bool]]]]:
    buffers = {b.code: Buffer(b, FIRST) for b in plant.buffer}
    moves = {b.code: [(EPOCH_MS - 1, buffers[b.code].level, False)] for b in plant.buffer}
    flows = {}
    for n, m in enumerate(plant.machine):
        taps = {code: Tap(buffer, moves[code]) for code, buffer in buffers.items()}
        flow = CoupledFlow(m, plant.calendar, EPOCH_MS, default_rng([seed, n]), taps, FIRST, {})
        for tap in taps.values():
            tap.flow = flow
        flows[m.code] = flow.flow()
    return CoupledLine(flows, EPOCH_MS), moves


@functools.cache
def line_day(seed: int) -> Day:
    plant = load_plant("qiqihar")
    line, moves = line_of(plant, seed)
    found: dict[str, list[Segment]] = {}
    for machine in plant.machine:
        found[machine.code] = []
        for segment in line.segments(machine.code):
            found[machine.code].append(segment)
            if segment.end_ms > EPOCH_MS + DAY_MS:
                break
    return Day(found, {code: sorted(told, key=lambda move: move[0]) for code, told in moves.items()})


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_a_machine_waits_when_and_only_when_its_buffer_says_so(dairy: Plant, seed: int) -> None:
    """The taps assert at every move that nothing overflows and nothing is taken that is not there."""
    day, waits = line_day(seed), 0
    capacity = {b.code: b.capacity_kg * 1000 for b in dairy.buffer}
    for machine in dairy.machine:
        for segment in day.segments[machine.code]:
            span = segment.start_ms, segment.end_ms
            if segment.state is MachineState.STARVED and machine.takes is not None:
                held = day.between(machine.takes.buffer, *span)
                needed = max(machine.takes.kg, machine.takes.restart_kg) * 1000
                assert all(grams < needed and not closed for grams, closed in held), (machine.code, segment)
                waits += 1
            if segment.state is MachineState.BLOCKED and machine.gives is not None:
                held = day.between(machine.gives.buffer, *span)
                needed = max(machine.gives.kg, machine.gives.restart_kg) * 1000
                assert all(grams + needed > capacity[machine.gives.buffer] for grams, _ in held), segment
                waits += 1
    assert waits > 30


def test_a_stopped_source_starves_the_line_and_a_stopped_sink_blocks_it() -> None:
    """After a long fault of one machine its neighbours wait; both are seen in every line of five days."""
    seen = set()
    for seed in range(1, 6):
        day = line_day(seed).segments
        for up, down in (("EVP-01", "SPD-01"), ("SPD-01", "FIL-01"), ("FIL-01", "PCK-01")):
            for stop in (s for s in day[up] if s.state in (MachineState.FAULT, MachineState.SETUP)):
                starved = [
                    s
                    for s in day[down]
                    if s.state is MachineState.STARVED
                    and stop.start_ms < s.end_ms
                    and s.start_ms < stop.end_ms
                ]
                seen |= {("starved", down)} if starved else set()
            for stop in (s for s in day[down] if s.state in (MachineState.FAULT, MachineState.SETUP)):
                blocked = [
                    s
                    for s in day[up]
                    if s.state is MachineState.BLOCKED
                    and stop.start_ms < s.end_ms
                    and s.start_ms < stop.end_ms
                ]
                seen |= {("blocked", up)} if blocked else set()
    assert {
        ("starved", "SPD-01"),
        ("starved", "FIL-01"),
        ("starved", "PCK-01"),
        ("blocked", "EVP-01"),
    } <= seen
    assert ("starved", "EVP-01") not in seen


def test_segments_are_contiguous_and_batches_run_down_the_line_in_order() -> None:
    day = line_day(9).segments
    orders: dict[str, list[str]] = {}
    for code, segments in day.items():
        assert segments[0].start_ms == EPOCH_MS
        for a, b in pairwise(segments):
            assert a.end_ms == b.start_ms
            assert a.end_ms > a.start_ms
        pieces = [s.order.id for s in segments if s.finished is not None]
        orders[code] = list(dict.fromkeys(pieces))
    assert len(orders["EVP-01"]) >= 2
    for code in ("SPD-01", "FIL-01", "FIL-02", "PCK-01"):
        assert orders[code] == ["start", *orders["EVP-01"]][: len(orders[code])]
        assert len(orders[code]) >= 2


def test_the_order_in_which_machines_are_asked_changes_nothing(dairy: Plant) -> None:
    straight = line_day(4).segments
    line, _ = line_of(dairy, 4)
    for code in reversed([m.code for m in dairy.machine]):
        assert list(islice(line.segments(code), 50)) == straight[code][:50]


GRAMS = st.integers(1, 400)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 2), GRAMS), max_size=60))
def test_a_buffer_keeps_mass_and_order(moves: list[tuple[bool, int, int]]) -> None:
    buffer = Buffer(BufferConfig("b", 1.0), FIRST)
    stored: list[str] = []  # one entry per gram, oldest first
    newest = 0
    for put, step, amount in moves:
        if put and buffer.has_room(amount):
            newest += step
            buffer.put(Order(f"{newest:03d}", "P", 0), amount)
            stored += [f"{newest:03d}"] * amount
        elif not put and buffer.has(amount):
            batch, taken = buffer.take(amount)
            own = stored[: stored.count(stored[0])]
            assert taken == min(amount, len(own))
            assert set(stored[:taken]) == {batch.id}
            del stored[:taken]
        assert buffer.level == len(stored) <= 1000
        assert (buffer.next_batch is None) == (not stored)
