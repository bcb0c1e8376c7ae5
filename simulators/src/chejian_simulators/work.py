"""How a machine spends its time: orders, set-up, cycles, and everything that interrupts them.

The flow is a generator of segments in time order; its random numbers are drawn in that order too, so the flow is the
same however far ahead it is asked.
"""

import heapq
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from chejian_contract.states import MachineState

from chejian_simulators.plant import CalendarConfig, MachineConfig, Stoppage
from chejian_simulators.shifts import local_hour, off_shift, planned_stops

MIN_STOP_MS = 20_000
"""[ms] Shortest stop: less is not noticed on a shop floor."""
LEAVE_EARLY_MS, LEAVE_LATE_MS = 60_000, 90_000
"""[ms] An operator leaves for a planned stop this much before to this much after its start."""
BACK_EARLY_MS, BACK_LATE_MS = 20_000, 180_000
"""[ms] ... and is back this much before to this much after its end."""
NIGHT_FROM_HOUR, NIGHT_TO_HOUR = 22, 5
"""Local hours between which an order may have no successor."""
WARM_UP_MS = 180_000
"""[ms] A machine that was switched off is on again this long before the next order."""


class Outcome(Enum):
    """What a piece became."""

    GOOD = "good"
    SCRAP = "scrap"
    REWORK = "rework"


@dataclass(frozen=True, slots=True)
class Order:
    """What a machine works on.

    Attributes:
        id: number of the order or batch.
        product: what is made.
        planned: pieces ordered at this machine; 0 where the machine follows another one's batches.
    """

    id: str
    product: str
    planned: int


@dataclass(frozen=True, slots=True)
class Step:
    """Part of a cycle.

    Attributes:
        name: what the machine does, for its analog signals.
        length_ms: producing time, >= 1.
        whole: may not be interrupted (an interruption that falls into it waits).
    """

    name: str
    length_ms: int
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of time in one state.

    Attributes:
        start_ms: first millisecond.
        end_ms: first millisecond after it.
        state: what the machine is in.
        order: order in work or the last one.
        cycle: number of the cycle in work or of the last one, from 0.
        step: name of the step in work; "" outside cycles.
        progress: share of the step's work already done at the start, 0 to 1.
        step_ms: producing time of the whole step [ms]; 0 outside cycles.
        finished: what the piece became that is finished at `end_ms`, or none.
    """

    start_ms: int
    end_ms: int
    state: MachineState
    order: Order
    cycle: int
    step: str = ""
    progress: float = 0.0
    step_ms: int = 0
    finished: Outcome | None = None

    @property
    def product(self) -> str:
        """Product in work."""
        return self.order.product


@dataclass(frozen=True, slots=True)
class Break:
    """A planned stop or the time between two shifts, as the operator takes it.

    Attributes:
        leave_ms: when the machine is left.
        back_ms: when the operator is back.
        state: what the machine is in meanwhile.
    """

    leave_ms: int
    back_ms: int
    state: MachineState


NEVER = Break(2**62, 2**62, MachineState.STOPPED)
"""No break ahead."""
NO_PACE: Mapping[str, float] = {}
"""Every product takes its ideal cycle time."""


class WorkFlow:
    """Segments of one machine from the epoch on.

    Args:
        config: the machine.
        calendar: shifts and planned stops.
        epoch_ms: start.
        rng: the machine's generator; the flow draws from it as it goes.
        split: divides the cycle of this number and this producing time [ms] into steps.
        off_state: what the machine is in between two shifts.
        pace: real over registered ideal cycle time by product, where they differ.
    """

    def __init__(
        self,
        config: MachineConfig,
        calendar: CalendarConfig,
        epoch_ms: int,
        rng: np.random.Generator,
        split: Callable[[int, int], Sequence[Step]],
        *,
        off_state: MachineState = MachineState.IDLE,
        pace: Mapping[str, float] = NO_PACE,
    ) -> None:
        self._config = config
        self._timezone = calendar.timezone
        self._rng = rng
        self._split = split
        self._pace = pace
        self._now = epoch_ms
        self._producing_ms = 0.0
        self._cycle = -1
        self._outcome = Outcome.GOOD
        self._orders = 0
        self._order = Order("", "", 0)
        self._stops = _breaks(config, calendar, epoch_ms, off_state)
        self._break = self._next_break()
        self._random: list[tuple[MachineState, Stoppage, bool]] = [
            (MachineState.FAULT, config.failure, True),
            (MachineState.STOPPED, config.operator, True),
        ]
        if config.starved is not None:
            self._random.append((MachineState.STARVED, config.starved, False))
        if config.blocked is not None:
            self._random.append((MachineState.BLOCKED, config.blocked, False))
        if config.service is not None:
            self._random.append((MachineState.MAINTENANCE, config.service, False))
        self._due = [self._interval(stoppage) for _, stoppage, _ in self._random]

    def segments(self) -> Iterator[Segment]:
        """Contiguous segments, each of at least one millisecond, without end."""
        products = list(self._config.products)
        while True:
            others = [p for p in products if p != self._order.product] or products
            before = self._order
            self._next_order(str(self._rng.choice(others)))
            yield from self._set_up(before)
            for _ in range(self._draw_size()):
                yield from self._make_piece()
            yield from self._gap()

    def _next_order(self, product: str) -> None:
        self._orders += 1
        self._order = Order(f"{self._config.code}-{self._orders:05d}", product, 0)

    def _draw_size(self) -> int:
        orders = self._config.orders
        size = int(self._rng.integers(orders.smallest, orders.largest + 1))
        self._order = Order(self._order.id, self._order.product, size)
        return size

    def _set_up(self, before: Order) -> Iterator[Segment]:
        changed, first = self._order.product != before.product, not before.product
        median = self._config.orders.set_up
        if changed and median and not first:
            length = self._log_normal(median, 0.3)  # a set-up lasts within a factor of two of its median
            yield from self._work(MachineState.SETUP, Step("", length), finished=None)

    def _make_piece(self) -> Iterator[Segment]:
        config = self._config
        for number, (state, stoppage, inside) in enumerate(self._random):
            if not inside and self._producing_ms >= self._due[number]:
                yield from self._random_stop(number, state, stoppage)
        self._cycle += 1
        ratio = max(
            0.99, self._rng.normal(config.slowness, config.spread)
        )  # 1 % below the ideal is the best there is
        product = self._order.product
        ideal = config.products[product] * self._pace.get(product, 1.0)
        steps = self._split(self._cycle, round(ideal * 1000 * ratio))
        self._outcome = self._judge(float(self._rng.random()))
        for step in steps[:-1]:
            yield from self._work(MachineState.PRODUCING, step, finished=None)
        yield from self._work(MachineState.PRODUCING, steps[-1], finished=self._outcome)

    def _judge(self, chance: float) -> Outcome:
        if chance < self._config.scrap:
            return Outcome.SCRAP
        return Outcome.REWORK if chance < self._config.scrap + self._config.rework else Outcome.GOOD

    def _work(self, state: MachineState, step: Step, *, finished: Outcome | None) -> Iterator[Segment]:
        done = 0
        while done < step.length_ms:
            left = step.length_ms - done
            wait, stop = self._next_interruption(state)
            if wait <= 0 and not (step.whole and done == 0):
                yield from stop()
                continue
            run = left if step.whole else min(left, math.ceil(wait))
            end = finished if run == left else None
            yield self._segment(run, state, step, done, end)
            done += run
            if state is MachineState.PRODUCING:
                self._producing_ms += run

    def _segment(
        self, length: int, state: MachineState, step: Step, done: int, finished: Outcome | None
    ) -> Segment:
        start = self._now
        self._now = start + length
        producing = state is MachineState.PRODUCING
        return Segment(
            start_ms=start,
            end_ms=self._now,
            state=state,
            order=self._order,
            cycle=self._cycle,
            step=step.name,
            progress=done / step.length_ms if producing else 0.0,
            step_ms=step.length_ms if producing else 0,
            finished=finished,
        )

    def _next_interruption(self, state: MachineState) -> tuple[float, Callable[[], Iterator[Segment]]]:
        wait = float(self._break.leave_ms - self._now)
        stop: Callable[[], Iterator[Segment]] = self._rest
        if state is MachineState.PRODUCING:
            for number, (kind, stoppage, inside) in enumerate(self._random):
                left = self._due[number] - self._producing_ms
                if inside and left < wait:
                    wait = math.ceil(left)
                    stop = self._stop_call(number, kind, stoppage)
        return wait, stop

    def _stop_call(
        self, number: int, state: MachineState, stoppage: Stoppage
    ) -> Callable[[], Iterator[Segment]]:
        return lambda: self._random_stop(number, state, stoppage)

    def _random_stop(self, number: int, state: MachineState, stoppage: Stoppage) -> Iterator[Segment]:
        yield self._stand(state, self._log_normal(stoppage.median, stoppage.sigma))
        self._due[number] = self._producing_ms + self._interval(stoppage)

    def _rest(self) -> Iterator[Segment]:
        """The operator is away: a planned stop, left and returned from with human punctuality."""
        away, state = self._break.back_ms - self._now, self._break.state
        self._break = self._next_break()
        if away > 0:
            yield self._stand(state, away)

    def _gap(self) -> Iterator[Segment]:
        orders = self._config.orders
        hour = local_hour(self._now, self._timezone)
        chance = self._rng.random()
        if chance >= orders.night_gap or NIGHT_TO_HOUR <= hour < NIGHT_FROM_HOUR:
            return
        length = self._log_normal(orders.gap, 0.4)  # most gaps lie between half and twice the median
        off = length - round(orders.off_after * 1000) - WARM_UP_MS
        if orders.off_after and off > 0:
            yield self._stand(MachineState.IDLE, round(orders.off_after * 1000))
            yield self._stand(MachineState.OFF, off)
            length = WARM_UP_MS
        yield self._stand(MachineState.IDLE, length)

    def _stand(self, state: MachineState, length: int) -> Segment:
        return self._segment(length, state, Step("", length), 0, None)

    def _next_break(self) -> Break:
        """Next break that is not over yet, as the operator takes it."""
        for start, end, state in self._stops:
            leave = start + int(self._rng.integers(-LEAVE_EARLY_MS, LEAVE_LATE_MS))
            back = end + int(self._rng.integers(-BACK_EARLY_MS, BACK_LATE_MS))
            if back > self._now:
                return Break(leave, back, state)
        return NEVER

    def _interval(self, stoppage: Stoppage) -> float:
        """Producing time [ms] to the next stop: Weibull with the given mean and shape."""
        scale = stoppage.every * 1000 / math.gamma(1 + 1 / stoppage.shape)
        return float(scale * self._rng.weibull(stoppage.shape))

    def _log_normal(self, median: float, sigma: float) -> int:
        return max(MIN_STOP_MS, round(median * 1000 * math.exp(self._rng.normal(0.0, sigma))))


def _breaks(
    config: MachineConfig, calendar: CalendarConfig, epoch_ms: int, off_state: MachineState
) -> Iterator[tuple[int, int, MachineState]]:
    """Planned stops and the time between shifts, in order of their start."""
    rest = MachineState.MAINTENANCE if config.cleaning else MachineState.STOPPED
    stops = ((start, end, rest) for start, end in planned_stops(calendar, epoch_ms))
    nights = ((start, end, off_state) for start, end in off_shift(calendar, epoch_ms))
    return heapq.merge(stops, nights)
