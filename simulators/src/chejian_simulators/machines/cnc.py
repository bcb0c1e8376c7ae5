"""A CNC machining centre: spindle, feed and power follow the state and the phase of the cycle."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from chejian_contract.states import MachineState

from chejian_simulators.changes import Change, Reporter, Told
from chejian_simulators.energy import Carrier, Draw, milli
from chejian_simulators.faults import Fault, SensorFaults, pace_of
from chejian_simulators.machines.counters import Counters
from chejian_simulators.machines.thermal import FirstOrder
from chejian_simulators.plant import CalendarConfig, MachineConfig, Report
from chejian_simulators.work import Segment, Step, WorkFlow

STATE_CODES: Mapping[MachineState, int] = {
    MachineState.PRODUCING: 10,
    MachineState.SETUP: 20,
    MachineState.FAULT: 30,
    MachineState.STOPPED: 35,
    MachineState.STARVED: 40,
    MachineState.BLOCKED: 45,
    MachineState.IDLE: 50,
    MachineState.MAINTENANCE: 60,
    MachineState.OFF: 70,
}
"""The vendor's own state codes."""

PHASES: Sequence[tuple[float, float, float, float]] = (
    (0.10, 0.0, 0.0, 4.0),  # part change: spindle stands
    (0.50, 3200.0, 1200.0, 62.0),  # roughing
    (0.80, 4500.0, 900.0, 45.0),  # semi-finishing
    (1.01, 6000.0, 420.0, 24.0),  # finishing; the end lies above 1 so that the last instant belongs to it
)
"""Phases of a cycle: end as a share of the cycle, spindle speed [rpm], feed [mm/min], spindle load [%]."""

AMBIENT_C = 23.0
"""[degC] Air-conditioned hall."""
HEAT_PER_LOAD = 0.45
"""[K/%] Steady spindle temperature over ambient per percent of load."""
HEAT_PER_RPM = 0.0025
"""[K/rpm] ... and per rpm of speed (bearing friction)."""
THERMAL_MS = 15 * 60_000
"""[ms] Time constant of the spindle's temperature."""
BASE_KW: Mapping[MachineState, float] = {
    MachineState.OFF: 0.0,
    MachineState.IDLE: 1.6,
    MachineState.FAULT: 1.3,
}
"""[kW] Controls, hydraulics and coolant by state."""
WORKING_KW = 2.1
"""[kW] The same in all other states."""
SPINDLE_KW = 11.0
"""[kW] Spindle power at 100 % load."""
AXIS_KW_PER_FEED = 0.9 / 1200
"""[kW/(mm/min)] Axis drives."""
ANNOUNCE_MS = 1_000
"""[ms] A new product is told this long after its set-up begins, clear of the last count of the one before."""
REST_FACTOR = 4
"""A machine at rest is looked at this many times more seldom."""


class CncMachine:
    """A machining centre as a stream of changes.

    Args:
        config: the machine.
        calendar: of the workshop.
        report: report by exception.
        epoch_ms: start.
        seed: plant seed and number of the machine.
        faults: of this machine.
    """

    def __init__(
        self,
        config: MachineConfig,
        calendar: CalendarConfig,
        report: Report,
        epoch_ms: int,
        seed: tuple[int, int],
        faults: Sequence[Fault] = (),
    ) -> None:
        self._config, self._calendar, self._report = config, calendar, report
        self._epoch_ms, self._seed, self._faults = epoch_ms, seed, faults

    def changes(self) -> Iterator[Told]:
        """See `Machine.changes`."""
        flow_seed, look_seed, count_seed = np.random.SeedSequence(self._seed).spawn(3)
        flow = WorkFlow(
            self._config,
            self._calendar,
            self._epoch_ms,
            np.random.default_rng(flow_seed),
            _one_step,
            off_state=MachineState.OFF,
            pace=pace_of(self._faults),
        )
        counters = Counters(np.random.default_rng(count_seed))
        look = _Look(np.random.default_rng(look_seed), self._report, self._epoch_ms, self._faults)
        yield from counters.start(self._epoch_ms)
        for segment in flow.segments():
            found: list[Told] = [*_draws(segment), *self._told(segment, look.reporter), *look.over(segment)]
            yield from sorted(found, key=lambda told: told.due_ms)
            yield from counters.finish(segment)

    def _told(self, segment: Segment, reporter: Reporter) -> Iterator[Change]:
        yield from reporter.exact(segment.start_ms, "State/MachineState", STATE_CODES[segment.state])
        first = segment.start_ms == self._epoch_ms
        if first or segment.end_ms - segment.start_ms > ANNOUNCE_MS:
            announced = segment.start_ms if first else segment.start_ms + ANNOUNCE_MS
            yield from reporter.exact(announced, "Order/Product", segment.product)


def _one_step(_cycle: int, length_ms: int) -> Sequence[Step]:
    return (Step("cut", length_ms),)


def _draws(segment: Segment) -> Iterator[Draw]:
    """Steady power by phase; its starts are the first milliseconds of each phase."""
    if segment.state is not MachineState.PRODUCING:
        yield _draw(segment.start_ms, segment, 0.0, 0.0)
        return
    share = 0.0
    for end, _, feed, load in PHASES:
        from_ms = segment.start_ms + math.ceil((share - segment.progress) * segment.step_ms)
        to_ms = segment.start_ms + math.ceil((end - segment.progress) * segment.step_ms)
        if to_ms > segment.start_ms and from_ms < segment.end_ms:
            yield _draw(max(from_ms, segment.start_ms), segment, feed, load)
        share = end


def _draw(from_ms: int, segment: Segment, feed: float, load: float) -> Draw:
    power = BASE_KW.get(segment.state, WORKING_KW) + SPINDLE_KW * load / 100 + AXIS_KW_PER_FEED * feed
    rates = {Carrier.ELECTRICITY: milli(Carrier.ELECTRICITY, power)}
    return Draw(from_ms, segment.state, segment.order.id, rates)


class _Look:
    """Analog values, looked at on a jittered grid and at every change of state."""

    def __init__(
        self, rng: np.random.Generator, report: Report, epoch_ms: int, faults: Sequence[Fault]
    ) -> None:
        self.reporter = Reporter(report.deadband, SensorFaults(faults))
        self._rng = rng
        self._interval_ms = report.interval * 1000
        self._next = epoch_ms
        self._state: MachineState | None = None
        self._heat = FirstOrder(AMBIENT_C, epoch_ms, THERMAL_MS)

    def over(self, segment: Segment) -> Iterator[Change]:
        """Changes of the analog values within a segment."""
        if segment.state is not self._state:
            self._next = segment.start_ms
            self._state = segment.state
        while self._next < segment.end_ms:
            yield from self._at(self._next, segment)
            slow = 1 if segment.state is MachineState.PRODUCING else REST_FACTOR
            self._next += max(1, round(self._interval_ms * slow * self._rng.uniform(0.6, 1.4)))

    def _at(self, time_ms: int, segment: Segment) -> Iterator[Change]:
        speed, feed, load = self._targets(time_ms, segment)
        noise = self._rng.standard_normal(4)
        if speed:
            speed *= 1 + 0.004 * noise[0]
            feed *= 1 + 0.01 * noise[1]
        load = max(0.0, load * (1 + 0.06 * noise[2]))
        base = BASE_KW.get(segment.state, WORKING_KW)
        power = base * (1 + 0.02 * noise[3]) + SPINDLE_KW * load / 100 + AXIS_KW_PER_FEED * feed
        heat = self._heat.step(time_ms, AMBIENT_C + HEAT_PER_LOAD * load + HEAT_PER_RPM * speed)
        told = self.reporter.analog
        yield from told(time_ms, "Spindle/Speed", speed, 0)
        yield from told(time_ms, "Feed/Rate", feed, 0)
        yield from told(time_ms, "Spindle/Load", load, 1)
        yield from told(time_ms, "Spindle/Temperature", heat, 1)
        yield from told(time_ms, "Energy/ActivePower", power, 2)

    @staticmethod
    def _targets(time_ms: int, segment: Segment) -> tuple[float, float, float]:
        if segment.state is not MachineState.PRODUCING:
            return 0.0, 0.0, 0.0
        share = segment.progress + (time_ms - segment.start_ms) / segment.step_ms
        _, speed, feed, load = next(phase for phase in PHASES if share < phase[0])
        return speed, feed, load
