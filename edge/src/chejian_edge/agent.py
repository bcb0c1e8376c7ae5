"""The agent: sources, pipeline, buffer and publisher joined; owns their lives and the order of their ends."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Any, Self

from chejian_contract.health import HealthServer

from chejian_edge.aliases import SeriesKey
from chejian_edge.buffer import Buffer
from chejian_edge.clock import wall_clock_ms
from chejian_edge.errors import BufferCorruptError, BufferFullError
from chejian_edge.metrics import EdgeMetrics
from chejian_edge.pipeline import Drained, Pipeline
from chejian_edge.plan import EdgePlan
from chejian_edge.presence import Presence
from chejian_edge.publisher import Publisher
from chejian_edge.series import Series
from chejian_edge.source import SourceRunner
from chejian_edge.status import describe

_log = logging.getLogger(__name__)

COMMIT_RETRY_S = 1.0
"""Pause before a commit that the disk refused is tried again [s]."""
PURGE_EVERY_S = 60.0
"""Pause between looks for acknowledged batches whose retention is over [s]."""
PURGE_PAUSE_S = 0.05
"""Pause between two deletions while there is more to delete [s]: commits go first."""
ROOM_EVERY_S = 1.0
"""Pause between looks whether a disk that was full has room again [s]: until then the buffer drops what it need not."""
STATUS_EVERY_S = 1.0
"""A source's status reaches the buffer (for `chejian-edge status`) at most so often [s]."""
DAMAGED_AGAIN_S = 60.0
"""A rebuilt file that is damaged again within this time [s] is no accident any more."""
COMMIT_SAMPLES = 5_000
"""So many waiting samples are committed at once, without waiting for the interval."""


class Agent:
    """An async context manager; making it does no I/O. Leaving it stops the sources, flushes, drains, and says goodbye.

    Args:
        plan: from `load_plan`.
        drain_timeout: [s] to wait for acknowledgements at the end.
        clock: [ms UTC].
    """

    def __init__(
        self,
        plan: EdgePlan,
        *,
        drain_timeout: float = 10.0,
        clock: Callable[[], int] = wall_clock_ms,
    ) -> None:
        self._plan = plan
        self._drain_timeout = drain_timeout
        self._clock = clock
        self._exits = contextlib.AsyncExitStack()
        self._failure: asyncio.Future[None] | None = None
        self._source_tasks: list[asyncio.Task[None]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._changed_sources: set[str] = set()
        self._source_wake = asyncio.Event()
        self._presence = Presence(
            plan.device_sources,
            {signal.source for signal in plan.signals},
            plan.config.node.device_timeout,
        )
        self._stopping = False
        self._buffer = Buffer(plan.config.buffer, clock=clock)
        self._runners: list[SourceRunner] = []
        self._pipeline: Pipeline
        self._publisher: Publisher

    async def __aenter__(self) -> Self:
        """Open the buffer and start everything.

        Raises:
            EdgeError: the buffer can't be opened.
        """
        self._failure = asyncio.get_running_loop().create_future()
        try:
            await self._exits.enter_async_context(self._buffer)
            await self._buffer.forget_sources()
            series = await self._restore()
            self._pipeline = Pipeline(dict(enumerate(series)), self._plan.config.pipeline, clock=self._clock)
            self._publisher = Publisher(
                self._plan,
                self._buffer,
                series,
                self._presence,
                clock=self._clock,
                acquire=self._pipeline.acquire,
            )
            self._make_runners(series)
            metrics = EdgeMetrics(lambda: self._buffer.totals, self._pipeline, self._publisher)
            http = self._plan.config.http
            health = HealthServer(metrics, self._ready, host=http.host, port=http.port)
            self._exits.enter_context(health)
            _log.info("health and metrics on http://%s:%d", http.host, health.port)
        except BaseException:
            await self._exits.aclose()
            raise
        self._start()
        return self

    async def _restore(self) -> list[Series]:
        keys = [
            SeriesKey(s.device, s.definition.name, s.definition.data_type.value, s.definition.unit)
            for s in self._plan.signals
        ]
        aliases = await self._buffer.aliases(keys)
        states = await self._buffer.states()
        out = []
        for key, signal in zip(keys, self._plan.signals, strict=True):
            one = Series(aliases[key], signal)
            if one.alias in states:
                one.restore(states[one.alias])
            out.append(one)
        return out

    def _make_runners(self, series: list[Series]) -> None:
        for name, source in self._plan.sources.items():
            own = {key: one for key, one in enumerate(series) if one.plan.source == name}
            if own:
                changed = partial(self._source_changed, name)
                self._runners.append(SourceRunner(source, own, self._pipeline, changed, clock=self._clock))

    def _source_changed(self, name: str) -> None:
        """Remember that a source's status changed."""
        connected = any(r.status.connected for r in self._runners if r.name == name)
        self._presence.source(name, connected=connected)
        self._changed_sources.add(name)
        self._source_wake.set()

    def _start(self) -> None:
        self._source_tasks = [self._task(r.run(), f"source-{r.name}") for r in self._runners]
        self._tasks = [
            self._task(self._commit_loop(), "commit"),
            self._task(self._purge_loop(), "purge"),
            self._task(self._room_loop(), "room"),
            self._task(self._status_loop(), "status"),
            self._task(self._publisher.run(), "publisher"),
        ]

    def _task(self, work: "asyncio._CoroutineLike[None]", name: str) -> "asyncio.Task[None]":
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if task.cancelled() or task.exception() is None or self._failure is None or self._failure.done():
            return
        self._failure.set_exception(task.exception() or RuntimeError(task.get_name()))

    async def wait(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set.

        Raises:
            Exception: what a part failed with; a supervisor starts the process anew.
        """
        assert self._failure is not None  # noqa: S101 - set by __aenter__
        stopping = asyncio.create_task(stop.wait())
        try:
            ends: set[asyncio.Future[Any]] = {stopping, self._failure}
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            if self._failure.done():
                self._failure.result()
        finally:
            stopping.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await _cancel(self._source_tasks)
            commit, *others = self._tasks
            self._stopping = True
            self._pipeline.wake.set()
            if not self._buffer.damaged:
                await asyncio.wait([commit], timeout=self._drain_timeout)
            await _cancel([commit])
            if not self._buffer.damaged:
                await self._flush()
                await self._drain()
                await self._last_status()
            _log.info("readings by verdict: %s", dict(sorted(self._pipeline.counts.items())))
            _log.info("publisher: %s", dict(sorted(self._publisher.counts.items())))
            self._publisher.stop()
            await asyncio.wait([others[-1]], timeout=self._drain_timeout)
            await _cancel(others)
        finally:
            if self._failure is not None and self._failure.done():
                self._failure.exception()  # retrieved: `wait` may have been left for another reason
            await self._exits.aclose()

    async def _last_status(self) -> None:
        for runner in self._runners:
            runner.ended()
            with contextlib.suppress(
                BufferFullError
            ):  # a status is a courtesy; the samples are reported by _flush
                await self._buffer.source_status(runner.name, runner.status.as_json())

    async def _flush(self) -> None:
        try:
            await self._commit(self._pipeline.drain())
        except BufferFullError:
            _log.exception("the last samples could not be committed; sources with history deliver them again")

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._drain_timeout):
                await self._publisher.drained()
        except TimeoutError:
            _log.warning(
                "%d batches are not acknowledged after %.0f s; they stay in the buffer for the next start",
                self._buffer.totals.in_flight_batches,
                self._drain_timeout,
            )

    async def _commit_loop(self) -> None:
        interval = float(self._plan.config.pipeline.batch_interval)
        while not self._stopping:
            await self._pipeline.wake.wait()
            if not self._stopping and self._pipeline.waiting < COMMIT_SAMPLES:
                await asyncio.sleep(interval)
            await self._commit_stubbornly(self._pipeline.drain())

    async def _commit_stubbornly(self, drained: Drained) -> None:
        refused = False
        while True:
            try:
                await self._commit(drained)
            except BufferFullError as error:
                if not refused:
                    _log.error("%s; trying again every %.0f s", error, COMMIT_RETRY_S)
                refused = True
                if self._stopping:
                    return
                await asyncio.sleep(COMMIT_RETRY_S)
            else:
                if refused:
                    _log.info("the buffer takes samples again")
                return

    async def _commit(self, drained: Drained) -> None:
        if drained.batches or drained.states:
            self._publisher.committed(await self._buffer.commit(drained))

    async def _purge_loop(self) -> None:
        while True:
            more = await self._buffer.purge()
            await asyncio.sleep(PURGE_PAUSE_S if more else PURGE_EVERY_S)

    async def _room_loop(self) -> None:
        while True:
            await asyncio.sleep(ROOM_EVERY_S)
            await self._buffer.look_for_room()

    async def _status_loop(self) -> None:
        while True:
            await self._source_wake.wait()
            self._source_wake.clear()
            names = set(self._changed_sources)
            self._changed_sources.clear()
            for runner in self._runners:
                if runner.name in names:
                    await self._buffer.source_status(runner.name, runner.status.as_json())
            await asyncio.sleep(STATUS_EVERY_S)

    def _ready(self) -> tuple[bool, Mapping[str, object]]:
        sources = {r.name: r.status.as_json() for r in self._runners}
        ready = self._publisher.connected and all(r.status.connected for r in self._runners)
        return ready, {
            "broker_connected": self._publisher.connected,
            **describe(self._buffer.totals, sources),
        }


async def run_agent(plan: EdgePlan, stop: asyncio.Event, *, drain_timeout: float = 10.0) -> None:
    """Run an agent until `stop`; when its buffer file turns out to be damaged, rebuild the file and go on.

    Raises:
        BufferCorruptError: the file was damaged again at once: the disk is at its end.
    """
    rebuilt: float | None = None
    while True:
        try:
            async with Agent(plan, drain_timeout=drain_timeout) as agent:
                await agent.wait(stop)
        except BufferCorruptError as error:
            now = time.monotonic()
            if rebuilt is not None and now - rebuilt < DAMAGED_AGAIN_S:
                raise
            rebuilt = now
            _log.error(
                "the buffer is damaged (%s); everything stops, the file is rebuilt, and it goes on", error
            )
        else:
            return


async def _cancel(tasks: "list[asyncio.Task[None]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
