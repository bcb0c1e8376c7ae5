"""A driver for tests: plays a file of changes, faster than they happened, from a source that keeps its history.

The file is JSON: {"signals": {address: [[ms, ...], [value, ...]]}, "clock": {"began": s, "from_ms": ms, "to_ms": ms,
"rate": n}}. `began` is a moment of the machine's monotonic clock, which all processes share and no fault moves; the
source shows `from_ms` then, goes on `rate` times as fast as the clock, and stands still at `to_ms`. A file without a
clock is a source that says nothing. While a file of the same name with the suffix `.away` stands beside it, the source can't be
reached.
"""

import asyncio
import json
import time
from bisect import bisect_left, bisect_right
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from chejian_contract.samples import Quality
from chejian_edge.driver import Burst, DriverKind, HistoryPage, Raw, Reading, SourceOptions
from chejian_edge.errors import AddressError, SourceError

BURST_S = 0.1
"""Pause between two bursts [s]."""
PAGE = 1000
"""Values of one page of history."""


@dataclass(frozen=True, kw_only=True)
class ReplayOptions(SourceOptions):
    """Options of a [[source]] with `driver = "replay"`; `url` is file:///path."""


class ReplayDriver:
    """Reads the file at `connect`."""

    def __init__(self, options: ReplayOptions) -> None:
        self._path = Path(urlsplit(options.url).path)
        self._signals: Mapping[str, tuple[list[int], list[Raw]]] = {}
        self._clock: Mapping[str, float] | None = None
        self._items: Mapping[int, str] = {}
        self.dropped = 0

    def parse(self, text: str) -> str:
        """An address is the key in the file."""
        if "/" not in text:
            raise AddressError(text, "equipment/signal")
        return text

    async def connect(self) -> None:
        """Read the file."""
        self._check_there()
        try:
            data = json.loads(self._path.read_text("utf-8"))
        except OSError as error:
            raise SourceError(f"{self._path}: {error}") from error
        self._signals, self._clock = data["signals"], data.get("clock")

    def _check_there(self) -> None:
        if self._path.with_suffix(".away").exists():
            raise SourceError(f"{self._path}: the source is away")

    def _now_ms(self) -> int:
        if self._clock is None:
            return 0
        c = self._clock
        return int(min(c["from_ms"] + (time.monotonic() - c["began"]) * 1000 * c["rate"], c["to_ms"]))

    async def subscribe(self, items: Mapping[int, Any]) -> AsyncIterator[Burst]:
        """Begin with the present values."""
        self._items = items
        return self._bursts()

    async def _bursts(self) -> AsyncIterator[Burst]:
        now = self._now_ms()
        first = [r for key in self._items for r in self._between(key, 0, now)[-1:]]
        yield Burst(first, now or None)
        while True:
            await asyncio.sleep(BURST_S)
            self._check_there()
            before, now = now, self._now_ms()
            if now > before:
                fresh = [r for key in self._items for r in self._between(key, before + 1, now)]
                yield Burst(sorted(fresh, key=lambda r: r[1] or 0), now)

    def _between(self, key: int, start_ms: int, end_ms: int) -> list[Reading]:
        times, values = self._signals[self._items[key]]
        span = range(bisect_left(times, start_ms), bisect_right(times, end_ms))
        return [(key, times[i], times[i], values[i], Quality.GOOD) for i in span]

    async def read_history(
        self, key: int, address: str, *, start_ms: int, block: bool
    ) -> AsyncIterator[HistoryPage]:
        """Everything from a time to the source's present."""
        found = self._between(key, start_ms, self._now_ms())
        for i in range(0, max(len(found), 1), PAGE):
            yield HistoryPage(found[i : i + PAGE], last=i + PAGE >= len(found))
            await asyncio.sleep(0)

    async def close(self) -> None:
        """Nothing is open."""


DRIVER = DriverKind(ReplayOptions, ReplayDriver)
