"""The plant as one stream of changes: machines made from the plant file, their pasts kept by signal."""

import heapq
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from pathlib import Path

from chejian_simulators.changes import Change, Machine, Value
from chejian_simulators.machines import cnc, motor_stand
from chejian_simulators.motors import MotorSource
from chejian_simulators.plant import MachineConfig, Plant
from chejian_simulators.recordings import RecordedMotors, play_list
from chejian_simulators.vibration import ModelMotors

STATE_CODES = {"cnc_machining_centre": cnc.STATE_CODES, "motor_test_stand": motor_stand.STATE_CODES}
"""Native state codes by equipment type."""


class Series:
    """Everything a signal has told, in order; times strictly increase and neighbours differ (report by exception)."""

    __slots__ = ("times", "values")

    def __init__(self) -> None:
        self.times: list[int] = []
        self.values: list[Value] = []

    def index_at(self, time_ms: int) -> int:
        """Number of changes before `time_ms`."""
        return bisect_left(self.times, time_ms)


class MachinePast:
    """A machine's changes up to where it was advanced.

    Args:
        config: the machine.
        source: its stream of changes.
    """

    def __init__(self, config: MachineConfig, source: Machine) -> None:
        self.config = config
        self.series: dict[str, Series] = {}
        self._stream = source.changes()
        self._ahead = next(self._stream)

    @property
    def next_due_ms(self) -> int:
        """When the next change is told."""
        return self._ahead.due_ms

    def advance(self, until_ms: int) -> list[Change]:
        """Changes due before `until_ms` that were not advanced over yet; they become part of the past."""
        found = []
        while self._ahead.due_ms < until_ms:
            change = self._ahead
            series = self.series.setdefault(change.signal, Series())
            series.times.append(change.time_ms)
            series.values.append(change.value)
            found.append(change)
            self._ahead = next(self._stream)
        return found


class PlantModel:
    """All machines of a plant.

    Args:
        plant: the plant file.
        seed: fixes everything random.
        epoch_ms: start of the plant's history.
        recordings: folder of public recordings for the test stands; none takes the physical model.
    """

    def __init__(self, plant: Plant, *, seed: int, epoch_ms: int, recordings: Path | None = None) -> None:
        self.plant, self.seed, self.epoch_ms = plant, seed, epoch_ms
        self.now_ms = epoch_ms
        self.changes_total = 0
        self.machines: Mapping[str, MachinePast] = {
            config.code: MachinePast(config, _machine(plant, config, epoch_ms, (seed, number), recordings))
            for number, config in enumerate(plant.machine)
        }

    @property
    def next_due_ms(self) -> int:
        """When the next change of any machine is told."""
        return min(machine.next_due_ms for machine in self.machines.values())

    def advance(self, until_ms: int) -> Sequence[tuple[str, Change]]:
        """Move to `until_ms` and return (equipment code, change) of all changes due before it, in that order."""
        parts = [[(code, c) for c in machine.advance(until_ms)] for code, machine in self.machines.items()]
        found = list(heapq.merge(*parts, key=lambda item: item[1].due_ms))
        self.changes_total += len(found)
        self.now_ms = max(self.now_ms, until_ms)
        return found


def _machine(
    plant: Plant, config: MachineConfig, epoch_ms: int, seed: tuple[int, int], recordings: Path | None
) -> Machine:
    if config.vibration is None:
        return cnc.CncMachine(config, plant.calendar, plant.report, epoch_ms, seed)
    motors = _motors(config, seed, recordings)
    return motor_stand.MotorStand(config, plant.calendar, plant.report, epoch_ms, seed, motors)


def _motors(config: MachineConfig, seed: tuple[int, int], recordings: Path | None) -> MotorSource:
    vibration = config.vibration
    if vibration is None:
        raise ValueError(f"{config.code} has no vibration channel")
    if recordings is not None:
        return RecordedMotors(config.code, play_list(recordings, vibration.recordings, vibration.sample_rate))
    return ModelMotors(
        code=config.code,
        seed=seed,
        sample_rate=vibration.sample_rate,
        seconds=vibration.length,
        faults=vibration.faults,
        mains_hz=vibration.mains_hz,
    )
