"""A motor test stand: every motor is mounted, run under load, its drive-end vibration recorded once, and taken off."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from chejian_contract.states import MachineState

from chejian_simulators.changes import Change, Reporter, Told
from chejian_simulators.energy import Carrier, Draw, milli
from chejian_simulators.faults import Fault, SensorFaults, pace_of
from chejian_simulators.machines.counters import Counters
from chejian_simulators.machines.thermal import FirstOrder
from chejian_simulators.motors import Motor, MotorSource
from chejian_simulators.plant import CalendarConfig, MachineConfig, Report
from chejian_simulators.work import Segment, Step, WorkFlow

STATE_CODES: Mapping[MachineState, int] = {
    MachineState.PRODUCING: 6,  # Execute
    MachineState.IDLE: 4,  # Idle
    MachineState.FAULT: 9,  # Aborted
    MachineState.STOPPED: 11,  # Held
    MachineState.STARVED: 5,  # Suspended
}
"""PackML state numbers (OPC 30050) that the stand uses."""

SHARES: Sequence[tuple[str, float]] = (
    ("mount", 0.14),
    ("warm", 0.36),
    ("measure", 0.0),
    ("load", 0.40),
    ("dismount", 0.10),
)
"""Steps of a test as shares of what the measurement leaves of the cycle."""
TURNING = frozenset({"warm", "measure", "load"})
"""Steps in which the motor runs."""
LEAD_MS = 1_000
"""[ms] The nominal speed is told this long before the first value of the block."""
TRAIL_MS = 500
"""[ms] The speed stays untold for this long after the last value."""
ANNOUNCE_MS = 1_000
"""[ms] Serial numbers and products are told this long after the step begins, clear of the count before."""

AMBIENT_C = 22.0
"""[degC] Test hall."""
NO_LOAD_RISE_K, RISE_PER_KW = 18.0, 9.0
"""[K], [K/kW] Steady bearing temperature over ambient without load and per kW of load."""
THERMAL_MS = 6 * 60_000
"""[ms] Time constant of the bearing's temperature on the bench."""
BENCH_KW, NO_LOAD_KW, LOSS_FACTOR = 0.6, 0.25, 1.22
"""[kW] Bench electronics; [kW] idle losses of the motor; electrical over mechanical power."""
NO_LOAD_A, AMPERE_PER_KW = 1.9, 1.75
"""[A], [A/kW] Line current of a 400 V three-phase motor without load, and per kW of load at a power factor of 0.8."""
SPEED_SCATTER_RPM = 1.2
"""[rpm] Standard deviation of the measured speed."""
REST_FACTOR = 4
"""A stand at rest is looked at this many times more seldom."""


class MotorStand:
    """A motor test stand as a stream of changes.

    Args:
        config: the machine.
        calendar: of the workshop.
        report: report by exception.
        epoch_ms: start.
        seed: plant seed and number of the machine.
        motors: what comes to the stand.
        faults: of the stand itself.
    """

    def __init__(
        self,
        config: MachineConfig,
        calendar: CalendarConfig,
        report: Report,
        epoch_ms: int,
        seed: tuple[int, int],
        motors: MotorSource,
        faults: Sequence[Fault] = (),
    ) -> None:
        self._config, self._calendar, self._report = config, calendar, report
        self._epoch_ms, self._seed, self._motors, self._faults = epoch_ms, seed, motors, faults

    def changes(self) -> Iterator[Told]:
        """See `Machine.changes`."""
        flow_seed, look_seed, count_seed = np.random.SeedSequence(self._seed).spawn(3)
        flow = WorkFlow(
            self._config,
            self._calendar,
            self._epoch_ms,
            np.random.default_rng(flow_seed),
            self._steps,
            pace=pace_of(self._faults),
        )
        counters = Counters(np.random.default_rng(count_seed))
        look = _Look(np.random.default_rng(look_seed), self._report, self._epoch_ms, self._faults)
        yield from counters.start(self._epoch_ms)
        cycle, motor = -1, self._motors.motor(0, self._epoch_ms)
        for segment in flow.segments():
            if segment.cycle != cycle:
                cycle, motor = segment.cycle, self._motors.motor(max(segment.cycle, 0), segment.start_ms)
            found = [*self._told(segment, motor, look.reporter), *look.over(segment, motor)]
            yield _draw(segment, motor)
            yield from sorted(found, key=lambda change: change.due_ms)
            yield from counters.finish(segment)

    def _steps(self, cycle: int, length_ms: int) -> Sequence[Step]:
        measure_ms = LEAD_MS + block_ms(self._motors.motor(cycle, self._epoch_ms)) + TRAIL_MS
        rest = max(length_ms - measure_ms, len(SHARES))
        return [
            Step(name, measure_ms, whole=True)
            if name == "measure"
            else Step(name, max(1, round(rest * share)))
            for name, share in SHARES
        ]

    def _told(self, segment: Segment, motor: Motor, reporter: Reporter) -> Iterator[Change]:
        yield from reporter.exact(segment.start_ms, "State/MachineState", STATE_CODES[segment.state])
        first = segment.start_ms == self._epoch_ms
        if first or segment.end_ms - segment.start_ms > ANNOUNCE_MS:
            announced = segment.start_ms if first else segment.start_ms + ANNOUNCE_MS
            yield from reporter.exact(announced, "Order/Product", segment.product)
            yield from reporter.exact(announced, "Motor/SerialNumber", motor.serial)
        if segment.step == "measure":
            yield from reporter.exact(segment.start_ms, "Motor/Speed", motor.block.rpm)
            start = segment.start_ms + LEAD_MS
            yield Change(start + block_ms(motor), start, "Vibration/DriveEnd", motor.block)


def _draw(segment: Segment, motor: Motor) -> Draw:
    turns = segment.state is MachineState.PRODUCING and segment.step in TURNING
    power = BENCH_KW + (NO_LOAD_KW + LOSS_FACTOR * motor.load_kw if turns else 0.0)
    rates = {Carrier.ELECTRICITY: milli(Carrier.ELECTRICITY, power)}
    return Draw(segment.start_ms, segment.state, segment.order.id, rates)


def block_ms(motor: Motor) -> int:
    """Time from the first value of a motor's block until it is complete [ms]."""
    return math.ceil(motor.block.count * 1000 / motor.block.sample_rate)


class _Look:
    """Analog values, looked at on a jittered grid, at every change of state and when the motor starts or stops."""

    def __init__(
        self, rng: np.random.Generator, report: Report, epoch_ms: int, faults: Sequence[Fault]
    ) -> None:
        self.reporter = Reporter(report.deadband, SensorFaults(faults))
        self._rng = rng
        self._interval_ms = report.interval * 1000
        self._next = epoch_ms
        self._mode: tuple[MachineState, bool] | None = None
        self._heat = FirstOrder(AMBIENT_C, epoch_ms, THERMAL_MS)

    def over(self, segment: Segment, motor: Motor) -> Iterator[Change]:
        """Changes of the analog values within a segment."""
        turns = segment.state is MachineState.PRODUCING and segment.step in TURNING
        if (segment.state, turns) != self._mode:
            self._next = segment.start_ms
            self._mode = segment.state, turns
        while self._next < segment.end_ms:
            yield from self._at(self._next, segment, motor, turns)
            slow = 1 if segment.state is MachineState.PRODUCING else REST_FACTOR
            self._next += max(1, round(self._interval_ms * slow * self._rng.uniform(0.6, 1.4)))

    def _at(self, time_ms: int, segment: Segment, motor: Motor, turns: bool) -> Iterator[Change]:
        noise = self._rng.standard_normal(3)
        told = self.reporter.analog
        if segment.step != "measure":
            speed = motor.block.rpm + SPEED_SCATTER_RPM * noise[0] if turns else 0.0
            yield from told(time_ms, "Motor/Speed", speed, 1)
        current = power = 0.0
        heat = AMBIENT_C
        if turns:
            current = (NO_LOAD_A + AMPERE_PER_KW * motor.load_kw) * (1 + 0.03 * noise[1])
            power = NO_LOAD_KW + LOSS_FACTOR * motor.load_kw
            heat += NO_LOAD_RISE_K + RISE_PER_KW * motor.load_kw
        yield from told(time_ms, "Motor/Current", current, 2)
        yield from told(time_ms, "Energy/ActivePower", (BENCH_KW + power) * (1 + 0.03 * noise[2]), 2)
        yield from told(time_ms, "Bearing/Temperature", self._heat.step(time_ms, heat), 1)
