"""Filling the gap before a connection: history and live readings merged by source time, series by series.

The subscription stands before the first page is asked for, and history is read to its end. So each change is in
the history, in the subscription, or in both. Live readings of a series are held until its history is through; a page
takes those along that are not younger than its last reading, the rest follows. What came twice is a repeat to
`Series`. Series whose history is through flow live while others are still read.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping

from chejian_contract.signals import SignalKind

from chejian_edge.driver import HistoryPage, HistoryReader, HistoryUnavailableError, Reading
from chejian_edge.pipeline import Pipeline, sorted_by_time
from chejian_edge.series import Series

_log = logging.getLogger(__name__)

READERS = 2
"""Series read at the same time: while one page is on its way the other is worked on."""


class HistoryFill:
    """One fill, after one connection.

    Args:
        series: of the source, by key.
        starts: [ms UTC] where to read from, for the series to be filled.
        pipeline: where readings go.
        progress: called with 0 to 1.
        began_ms: [ms UTC], where progress ends.

    Attributes:
        pending: keys whose history is not through yet.
        samples: readings from history so far.
    """

    def __init__(
        self,
        series: Mapping[int, Series],
        starts: Mapping[int, int],
        pipeline: Pipeline,
        progress: Callable[[float], None],
        *,
        began_ms: int,
    ) -> None:
        self.pending = set(starts)
        self.samples = 0
        self._series = series
        self._starts = starts
        self._pipeline = pipeline
        self._progress = progress
        self._held: dict[int, list[Reading]] = {key: [] for key in starts}
        self._shares = dict.fromkeys(starts, 0.0)
        self._told = 0.0
        self._began_ms = began_ms

    def hold(self, reading: Reading) -> bool:
        """Keep a live reading whose series is still being filled; False: it may pass."""
        if reading[0] not in self.pending:
            return False
        self._held[reading[0]].append(reading)
        return True

    async def run(self, driver: HistoryReader) -> None:
        """Fill all series, scalars before waveforms.

        Raises:
            SourceError: the source was lost; what is missing is read after the next connection.
        """
        order = sorted(self._starts, key=lambda key: (_is_block(self._series[key]), key))
        queue = list(reversed(order))

        async def reader() -> None:
            while queue:
                await self._fill(driver, queue.pop())

        async with asyncio.TaskGroup() as group:
            for _ in range(READERS):
                group.create_task(reader())

    async def _fill(self, driver: HistoryReader, key: int) -> None:
        series = self._series[key]
        try:
            async for page in driver.read_history(
                key, series.plan.address, start_ms=self._starts[key], block=_is_block(series)
            ):
                self._page(key, series, page)
                await self._pipeline.room()
                await asyncio.sleep(0)  # live bursts and the publisher have their turn between pages
        except HistoryUnavailableError as error:
            _log.info("no history of %s/%s: %s", series.plan.device, series.plan.definition.name, error)
        self._release(key)

    def _page(self, key: int, series: Series, page: HistoryPage) -> None:
        readings = list(page.readings)
        self.samples += len(readings)
        times = [r[1] for r in readings if r[1] is not None]
        if times:
            last = max(times)
            held = self._held[key]
            now_due = [r for r in held if r[1] is not None and r[1] <= last]
            if now_due:
                self._held[key] = [r for r in held if r[1] is None or r[1] > last]
                readings = sorted_by_time(readings + now_due)
            self._pipeline.take(readings, historical=True)
            series.covered_ms = max(series.covered_ms, last)
            self._tell(key, last)

    def _release(self, key: int) -> None:
        held = sorted_by_time(self._held.pop(key))
        self.pending.discard(key)
        self._pipeline.take(held)
        self._tell(key, None)

    def _tell(self, key: int, reached_ms: int | None) -> None:
        span = max(self._began_ms - self._starts[key], 1)
        done = 1.0 if reached_ms is None else min(max((reached_ms - self._starts[key]) / span, 0.0), 1.0)
        self._shares[key] = done
        share = sum(self._shares.values()) / len(self._shares)
        if share - self._told >= 0.01 or share == 1.0:  # noqa: PLR2004 - steps of one percent are enough to watch
            self._told = share
            self._progress(share)


def _is_block(series: Series) -> bool:
    return series.plan.definition.kind is SignalKind.WAVEFORM
