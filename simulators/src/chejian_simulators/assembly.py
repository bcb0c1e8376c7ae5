"""From the plant file to machines that run: each with its own generators, so adding one changes no other."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from chejian_contract.states import MachineState

from chejian_simulators.changes import Machine, Told
from chejian_simulators.coupling import Buffer, CoupledFlow, CoupledLine, one_step
from chejian_simulators.faults import Fault, pace_of, with_faults
from chejian_simulators.machines import cnc, motor_stand
from chejian_simulators.machines.kinds import KINDS
from chejian_simulators.machines.process import ProcessMachine
from chejian_simulators.motors import MotorSource
from chejian_simulators.plant import MachineConfig, Plant
from chejian_simulators.recordings import RecordedMotors, play_list
from chejian_simulators.vibration import ModelMotors
from chejian_simulators.work import Order, Segment, WorkFlow

STATE_CODES: Mapping[str, Mapping[MachineState, int]] = {
    "cnc_machining_centre": cnc.STATE_CODES,
    "motor_test_stand": motor_stand.STATE_CODES,
    **{name: kind.codes for name, kind in KINDS.items()},
}
"""Native state codes by equipment type."""


class _Faulty:
    """A machine with its planted faults."""

    def __init__(self, machine: Machine, faults: Sequence[Fault]) -> None:
        self._machine, self._faults = machine, faults

    def changes(self) -> Iterator[Told]:
        return with_faults(self._machine.changes(), self._faults)


def build_machines(
    plant: Plant, epoch_ms: int, seed: int, recordings: Path | None, faults: Sequence[Fault]
) -> dict[str, Machine]:
    """All machines of a plant by code.

    Raises:
        RecordingError: when a recording is missing or wrong.
    """
    line = _coupled_line(plant, epoch_ms, seed, faults)
    built: dict[str, Machine] = {}
    for number, config in enumerate(plant.machine):
        own = [f for f in faults if f.config.equipment == config.code]
        identity = seed, number
        if config.type == "cnc_machining_centre":
            machine: Machine = cnc.CncMachine(config, plant.calendar, plant.report, epoch_ms, identity, own)
        elif config.type == "motor_test_stand":
            motors = _motors(config, identity, recordings, own)
            machine = motor_stand.MotorStand(
                config, plant.calendar, plant.report, epoch_ms, identity, motors, own
            )
        else:
            machine = _process_machine(plant, config, epoch_ms, identity, line, own)
        built[config.code] = _Faulty(machine, own)
    return built


def _process_machine(
    plant: Plant,
    config: MachineConfig,
    epoch_ms: int,
    identity: tuple[int, int],
    line: CoupledLine,
    faults: Sequence[Fault],
) -> Machine:
    kind = KINDS[config.type]
    flow_seed, look_seed, count_seed = np.random.SeedSequence(identity).spawn(3)
    segments: Iterator[Segment] = (
        line.segments(config.code)
        if config.coupled
        else WorkFlow(
            config,
            plant.calendar,
            epoch_ms,
            np.random.default_rng(flow_seed),
            one_step,
            off_state=MachineState.OFF if MachineState.OFF in kind.codes else MachineState.IDLE,
            pace=pace_of(faults),
        ).segments()
    )
    return ProcessMachine(kind, segments, plant.report, epoch_ms, (look_seed, count_seed), faults)


def _coupled_line(plant: Plant, epoch_ms: int, seed: int, faults: Sequence[Fault]) -> CoupledLine:
    flows = {}
    coupled = [(number, config) for number, config in enumerate(plant.machine) if config.coupled]
    first = Order("start", next(iter(coupled[0][1].products)), 0) if coupled else Order("", "", 0)
    buffers = {config.code: Buffer(config, first) for config in plant.buffer}
    for number, config in coupled:
        flow_seed = np.random.SeedSequence((seed, number)).spawn(3)[0]
        own = [f for f in faults if f.config.equipment == config.code]
        rng = np.random.default_rng(flow_seed)
        flows[config.code] = CoupledFlow(
            config, plant.calendar, epoch_ms, rng, buffers, first, pace_of(own)
        ).flow()
    return CoupledLine(flows, epoch_ms)


def _motors(
    config: MachineConfig, identity: tuple[int, int], recordings: Path | None, faults: Sequence[Fault]
) -> MotorSource:
    vibration = config.vibration
    if vibration is None:
        raise ValueError(f"{config.code} has no vibration channel")
    if recordings is not None and vibration.recordings != "none":
        return RecordedMotors(config.code, play_list(recordings, vibration.recordings, vibration.sample_rate))
    return ModelMotors(
        code=config.code,
        seed=identity,
        sample_rate=vibration.sample_rate,
        seconds=vibration.length,
        faults=vibration.faults,
        mains_hz=vibration.mains_hz,
        planted=tuple(f for f in faults if f.config.kind in ("bearing", "imbalance")),
    )
