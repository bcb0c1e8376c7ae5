"""Machines described by tables: what each signal shows, and what is drawn, while running and at rest."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from chejian_contract.states import MachineState

from chejian_simulators.changes import Change, Reporter, Told
from chejian_simulators.energy import HOUR_MS, MILLI_RATE, Carrier, Draw, milli
from chejian_simulators.faults import Fault, SensorFaults
from chejian_simulators.machines.counters import Counters
from chejian_simulators.machines.thermal import FirstOrder
from chejian_simulators.plant import Report
from chejian_simulators.weather import heating_kelvin
from chejian_simulators.work import Segment

ANNOUNCE_MS = 1_000
"""[ms] A new order is told this long after its work begins, clear of the last count of the one before."""
REST_FACTOR = 4
"""A machine at rest is looked at this many times more seldom."""
POWER_SCATTER = 0.02
"""Relative standard deviation of a power reading."""
POWER = "Energy/ActivePower"


@dataclass(frozen=True, slots=True)
class Reading:
    """A measured signal.

    Attributes:
        running: steady value while producing, in the signal's unit.
        resting: steady value otherwise.
        lag_s: time constant [s], > 0.
        scatter: standard deviation of a reading, in the signal's unit.
        digits: decimals that the sensor shows.
    """

    running: float
    resting: float
    lag_s: float
    scatter: float
    digits: int


@dataclass(frozen=True, slots=True)
class Use:
    """What is drawn of one carrier, in kW, kg/h or m3/h.

    Attributes:
        running: while producing.
        resting: in every other state that is not in `states`.
        states: in these states.
        per_kelvin: more while producing for each kelvin of the heating season's cold.
    """

    running: float
    resting: float
    states: Mapping[MachineState, float] = field(default_factory=dict)
    per_kelvin: float = 0.0

    def rate(self, state: MachineState, time_ms: int) -> float:
        """Rate in a state; the cold of the clock hour counts while producing."""
        if state is MachineState.PRODUCING:
            return self.running + self.per_kelvin * heating_kelvin(time_ms)
        return self.states.get(state, self.resting)


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of machine.

    Attributes:
        codes: its native state codes.
        readings: measured signals but the power.
        uses: what it draws.
        rework: whether it counts what must be worked again.
        tells_order: whether it tells the number of its order.
    """

    codes: Mapping[MachineState, int]
    readings: Mapping[str, Reading]
    uses: Mapping[Carrier, Use]
    rework: bool = False
    tells_order: bool = False


class ProcessMachine:
    """A machine of a table as a stream.

    Args:
        kind: its table.
        segments: how it spends its time.
        report: report by exception.
        epoch_ms: start.
        seeds: of what it measures and of its counters.
        faults: of this machine.
    """

    def __init__(
        self,
        kind: Kind,
        segments: Iterator[Segment],
        report: Report,
        epoch_ms: int,
        seeds: tuple[np.random.SeedSequence, np.random.SeedSequence],
        faults: Sequence[Fault] = (),
    ) -> None:
        self._kind, self._segments, self._epoch_ms = kind, segments, epoch_ms
        self._reporter = Reporter(report.deadband, SensorFaults(faults))
        self._look = _Look(np.random.default_rng(seeds[0]), kind, report, self._reporter, epoch_ms)
        self._counters = Counters(np.random.default_rng(seeds[1]), rework=kind.rework)

    def changes(self) -> Iterator[Told]:
        """See `Machine.changes`."""
        yield from self._counters.start(self._epoch_ms)
        for segment in self._segments:
            found: list[Told] = [*self._draws(segment), *self._told(segment), *self._look.over(segment)]
            yield from sorted(found, key=lambda told: told.due_ms)
            yield from self._counters.finish(segment)

    def _told(self, segment: Segment) -> Iterator[Change]:
        exact = self._reporter.exact
        yield from exact(segment.start_ms, "State/MachineState", self._kind.codes[segment.state])
        first = segment.start_ms == self._epoch_ms
        if first or segment.end_ms - segment.start_ms > ANNOUNCE_MS:
            announced = segment.start_ms if first else segment.start_ms + ANNOUNCE_MS
            yield from exact(announced, "Order/Product", segment.product)
            if self._kind.tells_order:
                yield from exact(announced, "Order/Id", segment.order.id)

    def _draws(self, segment: Segment) -> Iterator[Draw]:
        start = segment.start_ms
        while start < segment.end_ms:  # the cold changes with the clock hour
            rates = {c: milli(c, use.rate(segment.state, start)) for c, use in self._kind.uses.items()}
            yield Draw(start, segment.state, segment.order.id, rates)
            start = start // HOUR_MS * HOUR_MS + HOUR_MS


class _Look:
    """Measured values, looked at on a jittered grid and at every change of state."""

    def __init__(
        self, rng: np.random.Generator, kind: Kind, report: Report, reporter: Reporter, epoch_ms: int
    ) -> None:
        self._rng, self._kind, self._reporter = rng, kind, reporter
        self._interval_ms = report.interval * 1000
        self._next = epoch_ms
        self._state: MachineState | None = None
        self._lags = {
            name: FirstOrder(r.resting, epoch_ms, r.lag_s * 1000) for name, r in kind.readings.items()
        }

    def over(self, segment: Segment) -> Iterator[Change]:
        """Changes of the measured values within a segment."""
        if segment.state is not self._state:
            self._next = segment.start_ms
            self._state = segment.state
        while self._next < segment.end_ms:
            yield from self._at(self._next, segment.state)
            slow = 1 if segment.state is MachineState.PRODUCING else REST_FACTOR
            self._next += max(1, round(self._interval_ms * slow * self._rng.uniform(0.6, 1.4)))

    def _at(self, time_ms: int, state: MachineState) -> Iterator[Change]:
        noise = self._rng.standard_normal(len(self._lags) + 1)
        runs = state is MachineState.PRODUCING
        for number, (name, reading) in enumerate(self._kind.readings.items()):
            steady = self._lags[name].step(time_ms, reading.running if runs else reading.resting)
            shown = max(0.0, steady + reading.scatter * float(noise[number]))
            yield from self._reporter.analog(time_ms, name, shown, reading.digits)
        power = milli(Carrier.ELECTRICITY, self._kind.uses[Carrier.ELECTRICITY].rate(state, time_ms))
        shown = power / MILLI_RATE[Carrier.ELECTRICITY] * (1 + POWER_SCATTER * float(noise[-1]))
        yield from self._reporter.analog(time_ms, POWER, shown, 2)
