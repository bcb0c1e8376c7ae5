"""Planted faults: what they do to a machine's signals. Faults of motors and meters are in `vibration` and `meters`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from chejian_simulators.changes import Change, Told
from chejian_simulators.plant import FaultConfig, Plant

HOUR_MS = 3_600_000
_FOREVER_MS = 2**62


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault with its place in time.

    Attributes:
        config: as planted.
        onset_ms: when it begins [ms since 1970 UTC].
        end_ms: when it is over; beyond all time for ever.
    """

    config: FaultConfig
    onset_ms: int
    end_ms: int

    def holds(self, time_ms: int) -> bool:
        """Whether it is there at `time_ms`."""
        return self.onset_ms <= time_ms < self.end_ms


def faults_of(plant: Plant, epoch_ms: int) -> tuple[Fault, ...]:
    """The plant's faults on the time line, in the order of the file."""
    found = []
    for config in plant.fault:
        onset = epoch_ms + round(config.onset * 1000)
        end = onset + round(config.lasts * 1000) if config.lasts else _FOREVER_MS
        found.append(Fault(config, onset, end))
    return tuple(found)


def pace_of(faults: Sequence[Fault]) -> Mapping[str, float]:
    """Real over registered ideal cycle time by product, where the register is wrong."""
    return {f.config.product: f.config.factor for f in faults if f.config.kind == "wrong_ideal_cycle"}


class SensorFaults:
    """Falsifies measured values: an additive drift, or a pressure drop that grows as a filter clogs.

    Args:
        faults: of one machine.
    """

    def __init__(self, faults: Sequence[Fault]) -> None:
        self._faults = [f for f in faults if f.config.kind in ("drifting_sensor", "filter_clogging")]

    def __call__(self, time_ms: int, signal: str, value: float) -> float:
        """What the sensor shows instead of `value`."""
        for fault in self._faults:
            if fault.config.signal == signal and fault.holds(time_ms):
                grown = fault.config.per_hour * (time_ms - fault.onset_ms) / HOUR_MS
                value = value + grown if fault.config.kind == "drifting_sensor" else value * (1 + grown)
        return value


def with_faults(stream: Iterator[Told], faults: Sequence[Fault]) -> Iterator[Told]:
    """A machine's stream with its silent sensors and counter resets; the order by `due_ms` is kept."""
    for fault in faults:
        if fault.config.kind == "silent_sensor":
            stream = _silenced(stream, fault)
        elif fault.config.kind == "counter_reset":
            stream = _reset(stream, fault)
    return stream


def _silenced(stream: Iterator[Told], fault: Fault) -> Iterator[Told]:
    """The signal has no value from the onset on; at the end it shows what it measures then."""
    signal, phase, last = fault.config.signal, 0, None
    for told in stream:
        own = isinstance(told, Change) and told.signal == signal
        if phase == 0 and told.due_ms >= fault.onset_ms:
            phase = 1
            yield Change(fault.onset_ms, fault.onset_ms, signal, None)
        if phase == 1 and told.due_ms >= fault.end_ms:
            phase = 2
            if not (own and told.due_ms == fault.end_ms) and last is not None:
                yield Change(fault.end_ms, fault.end_ms, signal, last.value)
        if isinstance(told, Change) and own:
            last = told
            if phase == 1:
                continue
        yield told


def _reset(stream: Iterator[Told], fault: Fault) -> Iterator[Told]:
    """All piece counters go to 0 at the onset and count on from there."""
    counters: dict[str, int] = {}
    done = False
    for told in stream:
        if not done and told.due_ms > fault.onset_ms:
            done = True
            for signal in counters:
                yield Change(fault.onset_ms, fault.onset_ms, signal, 0)
        if isinstance(told, Change) and told.signal.startswith("Counts/") and isinstance(told.value, int):
            if not done:
                counters[told.signal] = told.value
            else:
                told = Change(told.due_ms, told.time_ms, told.signal, told.value - counters[told.signal])  # noqa: PLW2901 - the same change, as the reset counter shows it
        yield told
