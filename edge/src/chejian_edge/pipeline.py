"""The pipeline: readings in, batches out. No I/O: the agent commits what `drain` returns."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from chejian_contract.samples import Quality
from chejian_contract.signals import SignalKind

from chejian_edge.acquisition import Gate
from chejian_edge.batch import Closed, OpenBatch
from chejian_edge.clock import wall_clock_ms
from chejian_edge.config import PipelineConfig
from chejian_edge.driver import Raw, Reading
from chejian_edge.series import Series, SeriesState
from chejian_edge.transform import Refused, Value

ROOM_SAMPLES = 20_000
"""Samples that may wait for the next commit before readers of history pause: half a second of work."""
ROOM_BYTES = 64 * 2**20
"""Same in bytes, for waveforms: about 130 blocks of 122,000 values."""
HISTORICAL_AFTER_MS = 120_000
"""Heartbeats that catch up with more than this count as history: four heartbeats of 30 s."""


class Drained(NamedTuple):
    """What one commit makes durable: batches, and the states of the series that they moved."""

    batches: list[Closed]
    states: list[SeriesState]


class _Outlets(NamedTuple):
    live: OpenBatch
    historical: OpenBatch


class Pipeline:
    """Turns raw readings into batches.

    Args:
        series: by key, as used in readings.
        config: limits.
        clock: [ms UTC]; tests inject their own.

    Attributes:
        counts: readings by verdict; refusals as "refused:<reason>".
        wake: set when something waits for a commit.
    """

    def __init__(
        self,
        series: Mapping[int, Series],
        config: PipelineConfig,
        *,
        clock: Callable[[], int] = wall_clock_ms,
    ) -> None:
        self.counts: Counter[str] = Counter()
        self.wake = asyncio.Event()
        self._series = series
        self._clock = clock
        self._max_skew_ms = round(config.max_skew * 1000)
        self._closed: list[Closed] = []
        self._samples = 0
        self._bytes = 0
        self._room = asyncio.Event()
        self._room.set()
        self._outlets: dict[int, _Outlets] = {}
        self._gates: dict[int, Gate] = {}
        self._open: list[OpenBatch] = []
        self._build(config)

    def _build(self, config: PipelineConfig) -> None:
        shared: dict[str, _Outlets] = {}
        for key, series in self._series.items():
            device = series.plan.device
            if series.plan.definition.kind is SignalKind.WAVEFORM:
                self._outlets[key] = self._pair(device, 1)  # a waveform travels alone
                self._gates[key] = Gate(series.plan.acquisition)
                continue
            if device not in shared:
                shared[device] = self._pair(device, config.batch_samples)
            self._outlets[key] = shared[device]

    def _pair(self, device: str, limit: int) -> _Outlets:
        historical = OpenBatch(device, historical=True, limit=limit, sink=self._collect)

        def behind_history(closed: Closed) -> None:
            historical.close()  # what was read from history is older: its batch takes the lower number
            self._collect(closed)

        live = OpenBatch(device, historical=False, limit=limit, sink=behind_history)
        self._open += (live, historical)
        return _Outlets(live, historical)

    def _collect(self, closed: Closed) -> None:
        self._closed.append(closed)
        self._samples += closed.samples
        self._bytes += len(closed.data)
        if self._samples > ROOM_SAMPLES or self._bytes > ROOM_BYTES:
            self._room.clear()

    def take(self, readings: Iterable[Reading], *, historical: bool = False) -> None:
        """Judge readings in their order and append what leaves to the open batches."""
        counts, all_series, outlets = self.counts, self._series, self._outlets
        latest = self._clock() + self._max_skew_ms
        which = 1 if historical else 0
        for key, source_ms, server_ms, raw, quality in readings:
            series = all_series[key]
            time_ms = source_ms
            if time_ms is None or not 0 < time_ms <= latest:
                time_ms, quality = self._replace_time(series, server_ms, latest), _uncertain(quality)  # noqa: PLW2901 - the judged one counts
            value: Value | None
            if quality is Quality.GOOD:
                try:
                    value = series.plan.transform(raw)
                except Refused as refused:
                    value = None
                    quality = Quality.BAD  # noqa: PLW2901 - same
                    counts[f"refused:{refused}"] += 1
            else:
                value, quality = self._doubtful(series, raw, quality)  # noqa: PLW2901 - same
            if key in self._gates and not self._due(key, time_ms, value, live=not historical):
                continue
            counts[series.take(time_ms, value, quality, outlets[key][which])] += 1
        self.wake.set()

    def acquire(self, device: str) -> int:
        """Let the next live block of each waveform of a device through, whatever its rules say; how many waveforms it has."""
        own = [gate for key, gate in self._gates.items() if self._series[key].plan.device == device]
        for gate in own:
            gate.ask()
        return len(own)

    def _due(self, key: int, time_ms: int, value: Value | None, *, live: bool) -> bool:
        """Whether a block is sent; an absent one holds nothing that a sample could say."""
        if not isinstance(value, bytes):
            return False
        series = self._series[key]
        if time_ms <= series.source_ms:
            return True  # a repeat is judged as such
        if self._gates[key].passes(time_ms, value, series.source_ms, live=live):
            return True
        self.counts["not_due"] += 1
        return False

    def _replace_time(self, series: Series, server_ms: int | None, latest: int) -> int:
        """Server time, else our own; our own never runs behind the series, whatever the clock did."""
        self.counts["clock"] += 1
        if server_ms is not None and 0 < server_ms <= latest:
            return server_ms
        now = self._clock()
        return now if now > series.source_ms else series.last_ms + 1

    def _doubtful(self, series: Series, raw: Raw, quality: Quality) -> tuple[Value | None, Quality]:
        if quality is not Quality.UNCERTAIN:
            return None, quality
        try:
            return series.plan.transform(raw), quality
        except Refused as refused:
            self.counts[f"refused:{refused}"] += 1
            return None, Quality.BAD

    def beat(self, keys: Iterable[int], up_to_ms: int) -> None:
        """Append live heartbeats up to a time for which the source has vouched."""
        made = 0
        for key in keys:
            series = self._series[key]
            behind = up_to_ms - series.last_ms > HISTORICAL_AFTER_MS
            made += series.beat(up_to_ms, self._outlets[key][1 if behind else 0])
        if made:
            self.counts["heartbeats"] += made
            self.wake.set()

    @property
    def waiting(self) -> int:
        """Samples in closed batches that wait for a commit."""
        return self._samples

    async def room(self) -> None:
        """Wait while too much waits for a commit."""
        await self._room.wait()

    def drain(self) -> Drained:
        """Close all open batches and hand everything over, together with the series' states at this instant."""
        for batch in self._open:
            batch.close()
        states = []
        for series in self._series.values():
            if series.changed:
                states.append(series.state())
                series.changed = False
        drained = Drained(self._closed, states)
        self._closed, self._samples, self._bytes = [], 0, 0
        self._room.set()
        self.wake.clear()
        return drained


def _uncertain(quality: Quality) -> Quality:
    return Quality.UNCERTAIN if quality is Quality.GOOD else quality


def sorted_by_time(readings: Sequence[Reading]) -> list[Reading]:
    """Readings in the order of their times (server time where the source gave none), the given order kept for equal ones."""
    return sorted(readings, key=_effective_time)


def _effective_time(reading: Reading) -> float:
    known = reading[1] if reading[1] is not None else reading[2]
    return float("inf") if known is None else known
