"""How a machine spends its time: orders, set-up, cycles, and everything that interrupts them.

The flow is a generator of segments in time order; its random numbers are drawn in that order too, so the flow is the
same however far ahead it is asked.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from chejian_contract.states import MachineState

from chejian_simulators.plant import CalendarConfig, MachineConfig, Stoppage
from chejian_simulators.shifts import local_hour, planned_stops

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
        product: product in work.
        cycle: number of the cycle in work or of the last one, from 0.
        step: name of the step in work; "" outside cycles.
        progress: share of the step's work already done at the start, 0 to 1.
        step_ms: producing time of the whole step [ms]; 0 outside cycles.
        finished: the piece that is finished at `end_ms`: good, scrap, or none.
    """

    start_ms: int
    end_ms: int
    state: MachineState
    product: str
    cycle: int
    step: str = ""
    progress: float = 0.0
    step_ms: int = 0
    finished: bool | None = None


class WorkFlow:
    """Segments of one machine from the epoch on.

    Args:
        config: the machine.
        calendar: shifts and planned stops.
        epoch_ms: start.
        rng: the machine's generator; the flow draws from it as it goes.
        split: divides the cycle of this number and this producing time [ms] into steps.
    """

    def __init__(
        self,
        config: MachineConfig,
        calendar: CalendarConfig,
        epoch_ms: int,
        rng: np.random.Generator,
        split: Callable[[int, int], Sequence[Step]],
    ) -> None:
        self._config = config
        self._timezone = calendar.timezone
        self._rng = rng
        self._split = split
        self._now = epoch_ms
        self._producing_ms = 0.0
        self._cycle = -1
        self._product = ""
        self._stops = planned_stops(calendar, epoch_ms) if calendar.planned_stop else None
        self._break = self._next_break()
        self._random: list[tuple[MachineState, Stoppage, bool]] = [
            (MachineState.FAULT, config.failure, True),
            (MachineState.STOPPED, config.operator, True),
            (MachineState.STARVED, config.starved, False),
        ]
        if config.blocked is not None:
            self._random.append((MachineState.BLOCKED, config.blocked, False))
        if config.service is not None:
            self._random.append((MachineState.MAINTENANCE, config.service, False))
        self._due = [self._interval(stoppage) for _, stoppage, _ in self._random]

    def segments(self) -> Iterator[Segment]:
        """Contiguous segments, each of at least one millisecond, without end."""
        products = list(self._config.products)
        while True:
            others = [p for p in products if p != self._product] or products
            yield from self._set_up(str(self._rng.choice(others)))
            orders = self._config.orders
            for _ in range(int(self._rng.integers(orders.smallest, orders.largest + 1))):
                yield from self._make_piece()
            yield from self._gap()

    def _set_up(self, product: str) -> Iterator[Segment]:
        changed, first = product != self._product, not self._product
        self._product = product
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
        steps = self._split(self._cycle, round(config.products[self._product] * 1000 * ratio))
        good = bool(self._rng.random() >= config.scrap)
        for step in steps[:-1]:
            yield from self._work(MachineState.PRODUCING, step, finished=None)
        yield from self._work(MachineState.PRODUCING, steps[-1], finished=good)

    def _work(self, state: MachineState, step: Step, *, finished: bool | None) -> Iterator[Segment]:
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
        self, length: int, state: MachineState, step: Step, done: int, finished: bool | None
    ) -> Segment:
        start = self._now
        self._now = start + length
        producing = state is MachineState.PRODUCING
        return Segment(
            start_ms=start,
            end_ms=self._now,
            state=state,
            product=self._product,
            cycle=self._cycle,
            step=step.name,
            progress=done / step.length_ms if producing else 0.0,
            step_ms=step.length_ms if producing else 0,
            finished=finished,
        )

    def _next_interruption(self, state: MachineState) -> tuple[float, Callable[[], Iterator[Segment]]]:
        wait = self._break[0] - self._now
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
        away = self._break[1] - self._now
        self._break = self._next_break()
        if away > 0:
            yield self._stand(MachineState.STOPPED, away)

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

    def _next_break(self) -> tuple[int, int]:
        """Next planned stop that is not over yet, as the operator takes it."""
        if self._stops is None:
            return 2**62, 2**62
        while True:
            start, end = next(self._stops)
            leave = start + int(self._rng.integers(-LEAVE_EARLY_MS, LEAVE_LATE_MS))
            back = end + int(self._rng.integers(-BACK_EARLY_MS, BACK_LATE_MS))
            if back > self._now:
                return leave, back

    def _interval(self, stoppage: Stoppage) -> float:
        """Producing time [ms] to the next stop: Weibull with the given mean and shape."""
        scale = stoppage.every * 1000 / math.gamma(1 + 1 / stoppage.shape)
        return float(scale * self._rng.weibull(stoppage.shape))

    def _log_normal(self, median: float, sigma: float) -> int:
        return max(MIN_STOP_MS, round(median * 1000 * math.exp(self._rng.normal(0.0, sigma))))
