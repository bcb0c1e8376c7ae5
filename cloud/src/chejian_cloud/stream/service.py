"""One poller for all open pages: it asks the database while somebody looks, and tells only changes."""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import suppress
from datetime import timedelta
from time import monotonic
from types import TracebackType
from typing import Self

from chejian_contract.health import Metrics
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from chejian_cloud.clock import Clock, utc_now
from chejian_cloud.stream.looks import ALL_MACHINES, View, look

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""[s] between two looks at the database; half the rate that pages accept (2 updates a second)."""
LOOK_SHARE = 0.2
"""Most of the time that looks may take: with thousands of machines the pause grows with the look."""
HEARTBEAT_SECONDS = 15.0
"""[s] of silence after which a comment is sent: proxies close streams that are silent for 30 to 60 s."""


class _Topic:
    """What the watchers of one view were told last."""

    def __init__(self) -> None:
        self.version = 0
        self.payload = b""
        self.watchers = 0


class OverviewStream:
    """Publishes what pages watch to any number of subscribers; an async context manager.

    Args:
        engine: of the database.
        hold: [s] how long a state holds without a new sample; older ones are shown as no data.
        metrics: counts subscribers and polls.
        clock: the present time.
        poll: [s] between two looks at the database, at least.
        heartbeat: [s] of silence after which a subscriber gets None.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        hold: float,
        metrics: Metrics,
        clock: Clock = utc_now,
        poll: float = POLL_SECONDS,
        heartbeat: float = HEARTBEAT_SECONDS,
    ) -> None:
        metrics.declare("chejian_cloud_stream_subscribers", "gauge", "Open overview streams.")
        metrics.declare(
            "chejian_cloud_stream_polls_total", "counter", "Looks at the database for the overview."
        )
        self._engine = engine
        self._metrics = metrics
        self._poll_seconds = poll
        self._heartbeat = heartbeat
        self._oldest: Clock = lambda: clock() - timedelta(seconds=hold)
        self._boot = secrets.token_hex(4)
        self._version = 0
        self._topics: dict[View, _Topic] = {}
        self._changed = asyncio.Condition()
        self._wanted = asyncio.Event()
        self._failing = False
        self._task: asyncio.Task[None] | None = None
        self._looks: set[asyncio.Task[Mapping[View, str]]] = set()
        self._recent: dict[View, tuple[float, str]] = {}
        self._reads: dict[View, asyncio.Task[Mapping[View, str]]] = {}

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="overview-poller")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        # A thread that reads can't be cancelled; the engine must not be disposed of below it.
        await asyncio.gather(*self._looks, return_exceptions=True)

    async def read(self, view: View = ALL_MACHINES) -> str:
        """A view as JSON, at most `POLL_SECONDS` old, for a page's first paint; pages that ask together share one look."""
        self._recent = {
            v: told for v, told in self._recent.items() if monotonic() - told[0] < self._poll_seconds
        }
        if view in self._recent:
            return self._recent[view][1]
        looking = self._reads.get(view)
        if looking is None:
            looking = self._reads[view] = self._look([view])
            looking.add_done_callback(lambda _: self._reads.pop(view, None))
        began = monotonic()
        text = (await asyncio.shield(looking))[view]
        self._recent[view] = began, text
        return text

    async def updates(
        self, last_event_id: str | None = None, view: View = ALL_MACHINES
    ) -> AsyncGenerator[tuple[str, bytes] | None, None]:
        """Yield (event id, view as JSON) at once and at each change; None after a silence. All watchers get the same bytes.

        Args:
            last_event_id: what the browser saw last; the same state is not sent again, anything else is.
            view: what it watches.
        """
        seen = last_event_id
        topic = self._join(view)
        try:
            while True:
                event_id = await self._next(topic, seen)
                yield (event_id, topic.payload) if event_id else None
                seen = event_id or seen
        finally:
            self._leave(view)

    async def _next(self, topic: _Topic, seen: str | None) -> str | None:
        """Wait for a version other than `seen`; None after a silence."""
        async with self._changed:
            try:
                async with asyncio.timeout(self._heartbeat):
                    await self._changed.wait_for(lambda: topic.version > 0 and self._event_id(topic) != seen)
            except TimeoutError:
                return None
            return self._event_id(topic)

    def _event_id(self, topic: _Topic) -> str:
        return f"{self._boot}-{topic.version}"

    def _join(self, view: View) -> _Topic:
        topic = self._topics.setdefault(view, _Topic())
        topic.watchers += 1
        self._told_watchers()
        return topic

    def _leave(self, view: View) -> None:
        """One watcher less; a view that nobody watches is forgotten."""
        self._topics[view].watchers -= 1
        if not self._topics[view].watchers:
            del self._topics[view]
        self._told_watchers()

    def _told_watchers(self) -> None:
        watchers = sum(topic.watchers for topic in self._topics.values())
        self._metrics.set("chejian_cloud_stream_subscribers", watchers)
        if watchers:
            self._wanted.set()
        else:
            self._wanted.clear()

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
            begin = monotonic()
            try:
                await self._poll()
            except SQLAlchemyError as error:
                if not self._failing:
                    log.warning("overview: database does not answer: %s", str(error).splitlines()[0])
                self._failing = True
            else:
                if self._failing:
                    log.info("overview: database answers again")
                self._failing = False
            took = monotonic() - begin
            await asyncio.sleep(max(self._poll_seconds, took * (1 / LOOK_SHARE - 1)))

    def _look(self, views: Collection[View]) -> asyncio.Task[Mapping[View, str]]:
        looking = asyncio.create_task(asyncio.to_thread(look, self._engine, self._oldest, views))
        self._looks.add(looking)
        looking.add_done_callback(self._looks.discard)
        return looking

    async def _poll(self) -> None:
        told = await asyncio.shield(self._look(list(self._topics)))
        self._metrics.add("chejian_cloud_stream_polls_total")
        async with self._changed:
            for view, text in told.items():
                topic, payload = (
                    self._topics.get(view),
                    text.encode(),
                )  # its last watcher may have left meanwhile
                if topic and payload != topic.payload:
                    self._version += 1
                    topic.version, topic.payload = self._version, payload
            self._changed.notify_all()
