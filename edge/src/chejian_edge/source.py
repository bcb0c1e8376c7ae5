"""One source: connect, subscribe, read the gap from history, merge, and again after a loss."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chejian_edge.backoff import Backoff
from chejian_edge.clock import wall_clock_ms
from chejian_edge.driver import Burst, Driver, HistoryReader, Player
from chejian_edge.errors import SourceError
from chejian_edge.history import HistoryFill
from chejian_edge.lag import Lag
from chejian_edge.pipeline import Pipeline
from chejian_edge.plan import SourcePlan
from chejian_edge.series import Series

_log = logging.getLogger(__name__)

HOUR_MS = 3_600_000
"""One hour [ms]."""
PLAYED_EVERY_S = 0.5
"""Pause between two looks at how much of its past a source has played [s]."""
BEAT_EVERY_MS = 1_000
"""Live heartbeats are looked for once a second; the shortest heartbeat is 1 s."""


@dataclass(slots=True)
class SourceStatus:
    """What a source shows in /readyz and `status`.

    Attributes:
        connected: subscribed and alive.
        since_ms: of the last change of `connected` [ms UTC].
        history_complete: the gap before the present connection has been read.
        history_progress: 0 to 1.
        dropped: readings that the protocol's queues lost.
        error: why it is not connected.
    """

    connected: bool = False
    since_ms: int = 0
    history_complete: bool = False
    history_progress: float = 0.0
    dropped: int = 0
    error: str = ""

    def as_json(self) -> dict[str, object]:
        """Plain table."""
        return {
            "connected": self.connected,
            "since_ms": self.since_ms,
            "history_complete": self.history_complete,
            "history_progress": round(self.history_progress, 4),
            "dropped": self.dropped,
            "error": self.error,
        }


class SourceRunner:
    """Keeps one source connected for ever.

    Args:
        plan: driver and options.
        series: of this source, by key.
        pipeline: where readings go.
        changed: called when the status changed.
        clock: [ms UTC].
    """

    def __init__(
        self,
        plan: SourcePlan,
        series: Mapping[int, Series],
        pipeline: Pipeline,
        changed: Callable[[], None],
        *,
        clock: Callable[[], int] = wall_clock_ms,
    ) -> None:
        self.status = SourceStatus(since_ms=clock())
        self._clock = clock
        self._plan = plan
        self._series = series
        self._pipeline = pipeline
        self._changed = changed
        self._lag = Lag()
        self._fill: HistoryFill | None = None
        self._vouched_ms: int | None = None
        self._beaten_ms = 0
        self._dropped_before = 0

    @property
    def name(self) -> str:
        """Name of the source."""
        return self._plan.options.name

    async def run(self) -> None:
        """Connect and read until cancelled."""
        backoff = Backoff(self._plan.options.retry_max)
        while True:
            try:
                await self._session(backoff)
            except SourceError as error:
                self._disconnected(error)
            await asyncio.sleep(backoff.pause())

    def ended(self) -> None:
        """The agent stops: nothing is connected any more."""
        self.status.connected, self.status.since_ms = False, self._clock()

    def _disconnected(self, error: Exception) -> None:
        status = self.status
        if status.connected or not status.error:
            _log.warning(
                "source %s: no connection, trying again with pauses up to %g s (%s: %s)",
                self.name,
                self._plan.options.retry_max,
                self._plan.options.url,
                error,
            )
        if status.connected:
            status.since_ms = self._clock()
        status.connected, status.error = False, str(error) or type(error).__name__
        for series in self._series.values():
            series.lost()
        self._changed()

    async def _session(self, backoff: Backoff) -> None:
        driver = self._plan.create()
        try:
            await driver.connect()
            items = {key: one.plan.address for key, one in self._series.items()}
            bursts = await driver.subscribe(items)
            backoff.reset()
            self._vouched_ms = None
            self._fill = self._begin_fill(driver)
            self._connected()
            async with asyncio.TaskGroup() as group:
                filling = group.create_task(self._read_history(driver), name=f"history-{self.name}")
                async for burst in bursts:
                    self._live(burst)
                    self._count_dropped(driver)
                    await self._pipeline.room()
                filling.cancel()
                raise SourceError("the subscription ended")
        except BaseExceptionGroup as group_error:
            raise _first(group_error) from group_error
        finally:
            self._fill = None
            self._dropped_before = self.status.dropped
            await driver.close()

    def _connected(self) -> None:
        _log.info("source %s: connected (%s)", self.name, self._plan.options.url)
        status = self.status
        status.connected, status.error, status.since_ms = True, "", self._clock()
        status.history_complete, status.history_progress = False, 0.0
        self._changed()

    def _begin_fill(self, driver: Driver) -> HistoryFill:
        first_ms = round(self._plan.options.first_contact * 1000)
        wanted = self._series if isinstance(driver, HistoryReader) else {}
        starts = {
            key: one.source_ms if one.source_ms >= 0 else first_start_ms(self._clock(), first_ms)
            for key, one in wanted.items()
            if one.source_ms >= 0 or first_ms > 0
        }
        return HistoryFill(self._series, starts, self._pipeline, self._progress, began_ms=self._clock())

    def _progress(self, share: float) -> None:
        self.status.history_progress = share
        self._changed()

    async def _read_history(self, driver: Driver) -> None:
        if self._fill is not None and isinstance(driver, HistoryReader):
            await self._fill.run(driver)
            if self._fill.samples:
                _log.info("source %s: history read, %d readings", self.name, self._fill.samples)
        if isinstance(driver, Player):
            while (share := driver.played) < 1:
                self._progress(share)
                await asyncio.sleep(PLAYED_EVERY_S)
        self.status.history_complete, self.status.history_progress = True, 1.0
        self._changed()

    def _live(self, burst: Burst) -> None:
        vouched = self._vouched_ms
        if vouched is not None and burst.keys is None:
            for reading in burst.readings:
                if reading[1] is not None and 0 < reading[1] < vouched:
                    self._lag.observe(vouched - reading[1], vouched)
        readings = burst.readings
        filling = self._fill.pending if self._fill is not None else ()
        if filling and self._fill is not None:
            readings = [r for r in readings if not self._fill.hold(r)]
        if readings:
            self._pipeline.take(readings, historical=burst.historical)
        if burst.keys is not None:
            if burst.complete_to_ms is not None:
                speaks = [k for k in burst.keys if k not in filling]
                self._pipeline.beat(speaks, burst.complete_to_ms - self._lag.ms(burst.complete_to_ms))
            return
        self._vouched_ms = burst.complete_to_ms if burst.complete_to_ms is not None else self._clock()
        if self._vouched_ms - self._beaten_ms >= BEAT_EVERY_MS or self._vouched_ms < self._beaten_ms:
            self._beaten_ms = self._vouched_ms
            keys = [k for k in self._series if k not in filling] if filling else self._series
            self._pipeline.beat(keys, self._vouched_ms - self._lag.ms(self._vouched_ms))

    def _count_dropped(self, driver: Driver) -> None:
        total = self._dropped_before + driver.dropped
        if total != self.status.dropped:
            if not self.status.dropped:
                _log.warning("source %s: its queues overflowed; readings were lost at the source", self.name)
            self.status.dropped = total
            self._changed()


def first_start_ms(now_ms: int, first_contact_ms: int) -> int:
    """Where history begins at the first contact: `first_contact_ms` back, and on to the beginning of that clock hour.

    Figures are made for clock hours, so a cut hour would be read in vain; and what was in force at the cut is known.
    """
    return (now_ms - first_contact_ms) // HOUR_MS * HOUR_MS


def _first(error: BaseException) -> BaseException:
    """The most telling member of a group: a mistake of ours before a lost source."""
    if not isinstance(error, BaseExceptionGroup):
        return error
    return min((_first(e) for e in error.exceptions), key=lambda e: isinstance(e, SourceError))
