"""Meters: what lies behind them, integrated exactly, as records at whole multiples of their interval."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from chejian_contract.states import MachineState

from chejian_simulators.energy import HOUR_MS, MILLI_RATE, PER_COUNT, Carrier, Consumption, Draw, milli
from chejian_simulators.faults import Fault
from chejian_simulators.plant import LoadConfig, MeterConfig
from chejian_simulators.steel import SteelYear
from chejian_simulators.weather import heating_kelvin

WHOLE_REGISTER = 2**64


@dataclass(slots=True)
class Records:
    """Everything that a meter has recorded, oldest first; parallel columns.

    Attributes:
        times: stamps [ms since 1970 UTC], strictly ascending.
        counters: what the counter showed.
        totals: what has passed the meter since the epoch [counter units], never reset; the truth.
        rates: rate at the stamp, in W, kg/h or m3/h.
    """

    times: "array[int]" = field(default_factory=lambda: array("q"))
    counters: "array[int]" = field(default_factory=lambda: array("Q"))
    totals: "array[int]" = field(default_factory=lambda: array("q"))
    rates: "array[float]" = field(default_factory=lambda: array("f"))

    def __len__(self) -> int:
        return len(self.times)

    def append(self, time_ms: int, counter: int, total: int, rate: float) -> None:
        """Add a record."""
        self.times.append(time_ms)
        self.counters.append(counter)
        self.totals.append(total)
        self.rates.append(rate)

    def has(self, time_ms: int) -> bool:
        """Whether there is a record stamped `time_ms`."""
        at = bisect_right(self.times, time_ms)
        return at > 0 and self.times[at - 1] == time_ms

    def total_at(self, time_ms: int) -> int | None:
        """Total of the last record at or before `time_ms`; none before the first."""
        at = bisect_right(self.times, time_ms)
        return self.totals[at - 1] if at else None


class Meter:
    """One meter.

    Args:
        config: of the meter.
        behind: consumers that it measures itself.
        children: meters below it.
        faults: of this meter: counter resets and silence.
    """

    def __init__(
        self,
        config: MeterConfig,
        behind: Sequence[Consumption],
        children: Sequence["Meter"],
        faults: Sequence[Fault],
    ) -> None:
        self.config = config
        self.children = tuple(children)
        self.records = Records()
        self.resets_ms: list[int] = []
        self.rollovers_ms: list[int] = []
        self._behind = behind
        self._silent = [f for f in faults if f.config.kind == "silent_sensor"]
        self._resets = [f.onset_ms for f in faults if f.config.kind == "counter_reset"]
        self._offset = config.start
        self._interval_ms = round(config.interval * 1000)

    def first_stamp(self, epoch_ms: int) -> int:
        """First whole multiple of the interval at or after the epoch."""
        return -(-epoch_ms // self._interval_ms) * self._interval_ms

    def next_stamp(self, time_ms: int) -> int:
        """The stamp after `time_ms`."""
        return time_ms + self._interval_ms

    def total(self) -> int:
        """What has passed since the epoch, in counter units: the children's totals and its own consumers'."""
        carrier = self.config.carrier
        own = sum(c.total.get(carrier, 0) for c in self._behind) // PER_COUNT[carrier]
        return own + sum(child.total() for child in self.children)

    def milli_rate(self) -> int:
        """What passes now, in thousandths per second."""
        own = sum(c.rates.get(self.config.carrier, 0) for c in self._behind)
        return own + sum(child.milli_rate() for child in self.children)

    def record(self, time_ms: int) -> None:
        """Store a record of the present state; the consumers stand at `time_ms`."""
        carrier = self.config.carrier
        scale = 1000.0 if carrier is Carrier.ELECTRICITY else 1.0  # rates are told in W, draws in kW
        self.store(time_ms, self.total(), self.milli_rate() / MILLI_RATE[carrier] * scale)

    def is_silent(self, time_ms: int) -> bool:
        """Whether nobody is told anything at `time_ms`."""
        return any(f.holds(time_ms) for f in self._silent)

    def store(self, time_ms: int, total: int, rate: float) -> None:
        """Store a record; a silent meter stores none. A reset takes place just behind the first record at its onset."""
        if self.is_silent(time_ms):
            return
        modulus = self.config.modulus or WHOLE_REGISTER
        counter = (self._offset + total) % modulus
        if len(self.records) and counter < self.records.counters[-1]:
            was_reset = self.records.times[-1] in self.resets_ms
            self.rollovers_ms += [] if was_reset else [time_ms]
        self.records.append(time_ms, counter, total, rate)
        while self._resets and self._resets[0] <= time_ms:
            self._resets.pop(0)
            self.resets_ms.append(time_ms)
            self._offset = -total


class SteelMeter(Meter):
    """A meter that plays the recorded half-year of a steel plant and then stands still.

    Args:
        config: of the meter.
        year: the recording, already on the time line.
        faults: of this meter.
    """

    def __init__(self, config: MeterConfig, year: SteelYear, faults: Sequence[Fault]) -> None:
        super().__init__(config, (), (), faults)
        self.year = year
        self._played = 0
        self._row = 0

    def first_stamp(self, epoch_ms: int) -> int:  # noqa: ARG002 - the recording has its own beginning
        """Start of the recording's first interval."""
        return self.year.start_ms

    def total(self) -> int:
        """Wh played so far."""
        return self._played

    def record(self, time_ms: int) -> None:
        """Store the next row."""
        rate = 0.0
        rows = self.year.rows_wh
        if time_ms > self.year.start_ms and self._row < len(rows):
            self._played += rows[self._row]
            rate = rows[self._row] * HOUR_MS / (self.config.interval * 1000)
            self._row += 1
        self.store(time_ms, self._played, rate)


def load_draws(load: LoadConfig, epoch_ms: int) -> Iterator[Draw]:
    """What a load draws, hour by hour, without end."""
    start = epoch_ms
    while True:
        rate = milli(load.carrier, load.base + load.per_kelvin * heating_kelvin(start))
        yield Draw(start, MachineState.PRODUCING, "", {load.carrier: rate})
        start = start // HOUR_MS * HOUR_MS + HOUR_MS


class Metering:
    """All meters of a plant and the consumers behind them.

    Args:
        configs: of the meters; parents before their children.
        machines: consumption of the machines by code.
        loads: loads of the plant.
        epoch_ms: start.
        faults: of the plant.
        year: recording that a replaying meter plays; none where no recordings are given.
    """

    def __init__(
        self,
        configs: Sequence[MeterConfig],
        machines: Mapping[str, Consumption],
        loads: Sequence[LoadConfig],
        epoch_ms: int,
        faults: Sequence[Fault],
        year: SteelYear | None,
    ) -> None:
        self.loads = {load.code: Consumption(epoch_ms) for load in loads}
        self._load_draws = {load.code: load_draws(load, epoch_ms) for load in loads}
        self._load_known_ms = dict.fromkeys(self.loads, epoch_ms)
        self._consumers = [*machines.values(), *self.loads.values()]
        self.meters: dict[str, Meter] = {}
        for config in reversed(configs):
            behind = [
                *(machines[code] for code in config.machines),
                *(self.loads[code] for code in config.loads),
            ]
            children = [m for m in self.meters.values() if m.config.parent == config.code]
            own = [f for f in faults if f.config.equipment == config.code]
            replays = config.replay and year is not None
            meter = (
                SteelMeter(config, year, own) if replays and year else Meter(config, behind, children, own)
            )
            self.meters[config.code] = meter
        self.meters = {config.code: self.meters[config.code] for config in configs}
        self._next = {code: meter.first_stamp(epoch_ms) for code, meter in self.meters.items()}

    def advance(self, until_ms: int) -> None:
        """Make all records stamped before `until_ms`, then integrate up to it; machines have told theirs by then."""
        self._tell_loads(until_ms)
        while self._next:
            stamp = min(self._next.values())
            if stamp >= until_ms:
                break
            for consumer in self._consumers:
                consumer.advance(stamp)
            for code, due in self._next.items():
                if due == stamp:
                    self.meters[code].record(stamp)
                    self._next[code] = self.meters[code].next_stamp(stamp)
        for consumer in self._consumers:
            consumer.advance(until_ms)

    def _tell_loads(self, until_ms: int) -> None:
        for code, draws in self._load_draws.items():
            while self._load_known_ms[code] <= until_ms:
                draw = next(draws)
                self.loads[code].add(draw)
                self._load_known_ms[code] = draw.due_ms + 1
