"""Lines whose machines wait for each other: buffers between them, and one event list that moves them together.

Masses are whole grams, so what goes into a buffer comes out of it again. Every machine of the line is a generator: it
yields a segment and is resumed at its end, or it yields a wait and is resumed when the buffer allows it to go on.
"""

import heapq
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from chejian_contract.states import MachineState

from chejian_simulators.plant import BufferConfig, CalendarConfig, MachineConfig, Port
from chejian_simulators.work import Order, Outcome, Segment, Step, WorkFlow


@dataclass(frozen=True, slots=True)
class Wait:
    """A machine waits.

    Attributes:
        until_ms: resumed then at the latest.
        ready: whether it can go on.
    """

    until_ms: int
    ready: Callable[[], bool]


Flow = Generator[Segment | Wait, int, None]
"""Machine of a line; `send` tells it the time at which it is resumed."""


class Buffer:
    """Lots of material, first in, first out.

    Args:
        config: of the buffer.
        first: batch that it holds at the epoch.
    """

    def __init__(self, config: BufferConfig, first: Order) -> None:
        self.capacity = round(config.capacity_kg * 1000)
        self._lots: deque[tuple[Order, int]] = deque()
        if config.initial_kg:
            self._lots.append((first, round(config.initial_kg * 1000)))

    @property
    def level(self) -> int:
        """What is in it [g]."""
        return sum(amount for _, amount in self._lots)

    @property
    def next_batch(self) -> Order | None:
        """Batch of the oldest lot."""
        return self._lots[0][0] if self._lots else None

    def has(self, amount: int) -> bool:
        """Whether `amount` [g] can be taken; a lot that another one stands behind gives what is left of it."""
        return len(self._lots) > 1 or (bool(self._lots) and self._lots[0][1] >= amount)

    def has_room(self, amount: int) -> bool:
        """Whether `amount` [g] fits."""
        return self.level + amount <= self.capacity

    def put(self, batch: Order, amount: int) -> None:
        """Add material of a batch [g]."""
        if self._lots and self._lots[-1][0].id == batch.id:
            amount += self._lots.pop()[1]
        self._lots.append((batch, amount))

    def put_back(self, batch: Order, amount: int) -> None:
        """Give material back [g]; it is the next that is taken."""
        if self._lots and self._lots[0][0].id == batch.id:
            amount += self._lots.popleft()[1]
        self._lots.appendleft((batch, amount))

    def take(self, amount: int) -> tuple[Order, int]:
        """Take up to `amount` [g] of the oldest lot.

        Raises:
            LookupError: when the buffer is empty.
        """
        batch, there = self._lots.popleft()
        taken = min(amount, there)
        if there > taken:
            self._lots.appendleft((batch, there - taken))
        return batch, taken


@dataclass(frozen=True, slots=True)
class _Link:
    """A port with its buffer, in grams."""

    buffer: Buffer
    amount: int
    restart: int

    @classmethod
    def of(cls, port: Port | None, buffers: Mapping[str, Buffer]) -> "_Link | None":
        if port is None:
            return None
        amount = round(port.kg * 1000)
        return cls(buffers[port.buffer], amount, max(amount, round(port.restart_kg * 1000)))


class CoupledFlow(WorkFlow):
    """Work of a machine that takes from a buffer, gives to one, or both.

    Args:
        config: the machine.
        calendar: shifts and planned stops.
        epoch_ms: start.
        rng: the machine's generator.
        buffers: of the line, by code.
        first: batch that is in work at the epoch.
        pace: real over registered ideal cycle time by product.
    """

    def __init__(
        self,
        config: MachineConfig,
        calendar: CalendarConfig,
        epoch_ms: int,
        rng: np.random.Generator,
        buffers: Mapping[str, Buffer],
        first: Order,
        pace: Mapping[str, float],
    ) -> None:
        super().__init__(config, calendar, epoch_ms, rng, one_step, pace=pace)
        self._source = _Link.of(config.takes, buffers)
        self._sink = _Link.of(config.gives, buffers)
        self._order = first

    def flow(self) -> Flow:
        """The machine as a generator of segments and waits, without end."""
        return self._own_orders() if self._source is None else self._follow(self._source)

    def _own_orders(self) -> Flow:
        products = list(self._config.products)
        while True:
            before = self._order
            others = [p for p in products if p != before.product] or products
            self._next_order(str(self._rng.choice(others)))
            yield from self._set_up(before)
            for _ in range(self._draw_size()):
                yield from self._make_piece()
                yield from self._deliver()

    def _follow(self, source: _Link) -> Flow:
        while True:
            yield from self._wait_for(
                MachineState.STARVED,
                lambda: source.buffer.has(source.amount),
                lambda: source.buffer.has(source.restart),
            )
            batch = source.buffer.next_batch
            if batch is None:
                raise RuntimeError(f"{self._config.code}: material was there and is gone")
            before, self._order = self._order, Order(batch.id, batch.product, 0)
            if batch.product != before.product:
                yield from self._set_up(before)
                continue  # another machine may have emptied the lot meanwhile
            taken = source.buffer.take(source.amount)
            yield from self._make_piece()
            if self._outcome is Outcome.REWORK:
                source.buffer.put_back(*taken)
            yield from self._deliver()

    def _deliver(self) -> Flow:
        sink = self._sink
        if sink is None or self._outcome is not Outcome.GOOD:
            return
        yield from self._wait_for(
            MachineState.BLOCKED,
            lambda: sink.buffer.has_room(sink.amount),
            lambda: sink.buffer.has_room(sink.restart),
        )
        sink.buffer.put(self._order, sink.amount)

    def _wait_for(
        self, state: MachineState, possible: Callable[[], bool], restart: Callable[[], bool]
    ) -> Flow:
        """Wait until it is possible to go on; once waiting, until there is enough to restart. Breaks go on meanwhile."""
        enough = possible
        while not enough():
            enough = restart
            if self._break.leave_ms <= self._now:
                yield from self._rest()
                continue
            resumed = yield Wait(self._break.leave_ms, restart)
            if resumed > self._now:
                yield self._segment(resumed - self._now, state, Step("", resumed - self._now), 0, None)


def one_step(_cycle: int, length_ms: int) -> list[Step]:
    """A cycle in one piece."""
    return [Step("run", length_ms)]


class CoupledLine:
    """All coupled machines of a plant, moved by one event list; each segment is told once.

    Args:
        flows: generators by machine code; their order decides who comes first in the same millisecond.
        epoch_ms: start.
    """

    def __init__(self, flows: Mapping[str, Flow], epoch_ms: int) -> None:
        self._codes = list(flows)
        self._flows = list(flows.values())
        self._told: list[deque[Segment]] = [deque() for _ in flows]
        self._waiting: dict[int, Wait] = {}
        self._visits = [0] * len(flows)
        self._events = [(epoch_ms, number, 0) for number in range(len(flows))]

    def segments(self, code: str) -> Iterator[Segment]:
        """Contiguous segments of one machine, without end; the line moves as far as they need it to."""
        told = self._told[self._codes.index(code)]
        while True:
            while not told:
                self._step()
            yield told.popleft()

    def _step(self) -> None:
        time_ms, number, visit = heapq.heappop(self._events)
        if visit != self._visits[number]:
            return  # it was woken before its wait was over
        self._waiting.pop(number, None)
        flow = self._flows[number]
        item = next(flow) if visit == 0 else flow.send(time_ms)
        if isinstance(item, Segment):
            self._told[number].append(item)
            self._expect(item.end_ms, number)
        else:
            self._expect(item.until_ms, number)
            self._waiting[number] = item
        for other in sorted(self._waiting):
            if self._waiting[other].ready():
                del self._waiting[other]
                self._expect(time_ms, other)

    def _expect(self, time_ms: int, number: int) -> None:
        """Resume a machine then; whatever was expected of it before is void."""
        self._visits[number] += 1
        heapq.heappush(self._events, (time_ms, number, self._visits[number]))
