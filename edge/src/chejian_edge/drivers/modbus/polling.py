"""Asking in turn: which block is due, and who does not answer.

Pulling the next burst does the next request, so a slow consumer slows the polling instead of filling a queue. Blocks
are due on a grid of their interval; what was missed is left out, so nothing drifts or piles up. Each connection draws
the phase of its grid, so that many of them do not ask at the same instant. A silent unit costs the others its time-out
once in a growing pause.

A block without stamp tells what changed, at the time of the answer. A block with a stamp tells all its signals
whenever the stamp is a new one. A stamp that runs faster than the clock means that the device plays its past: it is
read again at once, until the stamp stands still.
"""

import asyncio
import heapq
import logging
import random
from collections import deque
from collections.abc import Callable, Iterable

from chejian_contract.samples import Quality

from chejian_edge.backoff import Backoff
from chejian_edge.clock import wall_clock_ms
from chejian_edge.driver import Burst
from chejian_edge.drivers.modbus.blocks import Block, split
from chejian_edge.drivers.modbus.link import Link, RefusedError, SilentError, TroubleError
from chejian_edge.drivers.modbus.options import ModbusOptions
from chejian_edge.drivers.modbus.rota import Poll, Unit
from chejian_edge.errors import SourceError

_log = logging.getLogger(__name__)

REFUSED_RETRY_S = 300.0
"""Longest pause before a refused signal is asked for again [s]: its device may have been set up anew."""
SILENT_PAUSE_TIMES = 5.0
"""Shortest pause between two questions to a silent unit, in time-outs: it takes a sixth of the line at most."""
BEHIND_TURNS = 20
"""So many missed turns of one block in a row are told in the log, once."""


class Polling:
    """An async iterator of bursts, see the module's text; `begin` comes first.

    Args:
        link: open.
        blocks: what is read.
        options: of the source.
        clock: [ms UTC]; tests inject their own.
    """

    def __init__(
        self,
        link: Link,
        blocks: Iterable[Block],
        options: ModbusOptions,
        *,
        clock: Callable[[], int] = wall_clock_ms,
    ) -> None:
        self._link = link
        self._options = options
        self._clock = clock
        self._units: dict[int, Unit] = {}
        phase = random.random()
        self._polls = [self._poll(block, _now() - phase * block.every) for block in blocks]
        self._rota: list[Poll] = []
        self._ready: deque[Burst] = deque()
        self._slow_told = False
        self._begun = False

    def _poll(self, block: Block, due: float) -> Poll:
        unit = self._units.setdefault(block.unit, Unit(block.unit, self._options.unit_retry_max))
        return Poll(block, unit, due)

    async def begin(self) -> None:
        """Read everything once; its bursts come first.

        Raises:
            SourceError: no unit answers, or the connection is lost.
        """
        for poll in tuple(self._polls):
            await self._turn(poll)
        self._check_alive()
        self._begun = True
        for unit in self._units.values():
            self._tell_silence(unit)

    @property
    def played(self) -> float:
        """See `chejian_edge.driver.Player`: of the block that has most of its past before it."""
        now = _now()
        return min((poll.playback.share(now) for poll in self._polls), default=1.0)

    def __aiter__(self) -> "Polling":
        return self

    async def __anext__(self) -> Burst:
        while not self._ready:
            self._check_alive()
            poll = heapq.heappop(self._rota)
            wait = poll.due - _now()
            if wait > 0:
                await asyncio.sleep(wait)
            await self._turn(poll)
        return self._ready.popleft()

    def _check_alive(self) -> None:
        if all(unit.silent for unit in self._units.values()):
            units = ", ".join(str(number) for number in self._units)
            raise SourceError(f"no answer from unit {units}")

    async def _turn(self, poll: Poll) -> None:
        """Ask for one block, and put it back into the rota."""
        unit = poll.unit
        if not unit.silent or _now() >= unit.retry_at:
            try:
                data = await self._read(poll)
            except SilentError as error:
                self._fell_silent(unit, error)
            except TroubleError as error:
                self._answered(unit)
                self._in_trouble(poll, error)
            except RefusedError as error:
                self._answered(unit)
                parts = split(poll.block)
                if parts is not None:
                    await self._part(poll, parts)
                    return
                self._refused(poll, error)
            else:
                self._answered(unit)
                self._ready.append(poll.answer(data, now_ms=self._clock(), now=_now()))
                self._recovered(poll)
        self._schedule(poll)
        heapq.heappush(self._rota, poll)

    async def _read(self, poll: Poll) -> bytes:
        block = poll.block
        again = 0 if poll.unit.silent else self._options.retries
        while True:
            try:
                return await self._link.read(block.unit, block.table, block.start, block.count)
            except (SilentError, TroubleError):
                if not again:
                    raise
                again -= 1

    def _schedule(self, poll: Poll) -> None:
        now = _now()
        if poll.unit.silent:
            poll.due = poll.unit.retry_at
        elif poll.refused is not None:
            poll.due = now + poll.refused.pause()
        elif (pause := poll.playback.pause(now)) is not None:
            poll.due = now + pause
        else:
            self._to_grid(poll, now)

    def _to_grid(self, poll: Poll, now: float) -> None:
        every = poll.block.every
        poll.due += every
        if poll.due > now:
            poll.missed = 0
            return
        poll.due += ((now - poll.due) // every + 1) * every
        poll.missed += 1
        if poll.missed == BEHIND_TURNS and not self._slow_told:
            self._slow_told = True
            _log.warning("%s: %s can't be read every %g s", self._options.url, poll.block, every)

    def _answered(self, unit: Unit) -> None:
        if unit.silent:
            unit.silent = ""
            unit.backoff.reset()
            _log.info("%s: unit %d answers again", self._options.url, unit.number)

    def _fell_silent(self, unit: Unit, error: SilentError) -> None:
        if not unit.silent:
            unit.silent = str(error)
            if self._begun:
                self._tell_silence(unit)
            for poll in self._polls:
                if poll.unit is unit:
                    self._without_value(poll, Quality.STALE)
        least = SILENT_PAUSE_TIMES * self._options.request_timeout
        unit.retry_at = _now() + max(unit.backoff.pause(), least)

    def _tell_silence(self, unit: Unit) -> None:
        """In the log; before the first round is through, a lost source is told by the agent."""
        if unit.silent:
            url, longest = self._options.url, self._options.unit_retry_max
            _log.warning(
                "%s: unit %d is silent: %s; pauses up to %g s", url, unit.number, unit.silent, longest
            )

    def _in_trouble(self, poll: Poll, error: TroubleError) -> None:
        if poll.quality is not Quality.BAD:
            _log.warning("%s: no values of %s: %s", self._options.url, poll.block, error)
        self._without_value(poll, Quality.BAD)

    async def _part(self, poll: Poll, parts: tuple[Block, Block]) -> None:
        """Halve until what is refused stands alone; the rest goes on in blocks of its own."""
        poll.block, rest = parts[0], self._poll(parts[1], poll.due)
        poll.forget()
        self._polls.append(rest)
        for part in (poll, rest):
            await self._turn(part)

    def _refused(self, poll: Poll, error: RefusedError) -> None:
        if poll.refused is None:
            poll.refused = Backoff(REFUSED_RETRY_S)
            text = poll.block.fields[0].address.text
            url, unit = self._options.url, poll.unit.number
            _log.warning("%s: unit %d refuses %r: %s; the others go on", url, unit, text, error)
        self._without_value(poll, Quality.BAD)

    def _recovered(self, poll: Poll) -> None:
        if poll.quality is Quality.BAD:
            _log.info("%s: %s is readable again", self._options.url, poll.block)
        poll.quality, poll.refused = Quality.GOOD, None

    def _without_value(self, poll: Poll, quality: Quality) -> None:
        burst = poll.without_value(quality, self._clock())
        if burst is not None:
            self._ready.append(burst)


def _now() -> float:
    """Monotonic time [s]."""
    return asyncio.get_running_loop().time()
