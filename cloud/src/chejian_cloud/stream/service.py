"""One poller for all open pages: it asks the database once a second while somebody looks, and tells only changes."""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import suppress
from datetime import timedelta
from types import TracebackType
from typing import Self

from chejian_contract.health import Metrics
from sqlalchemy import Engine, RowMapping
from sqlalchemy.exc import SQLAlchemyError

from chejian_cloud.clock import Clock, utc_now
from chejian_cloud.states.service import NO_DATA, state_name
from chejian_cloud.stream import repository
from chejian_cloud.stream.schemas import EquipmentNow, NewestDiagnosis, OverviewOut, ShiftKpis

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""[s] between two looks at the database; half the rate that pages accept (2 updates a second)."""
HEARTBEAT_SECONDS = 15.0
"""[s] of silence after which a comment is sent: proxies close streams that are silent for 30 to 60 s."""


def read_overview(engine: Engine, now_minus_hold: Clock) -> OverviewOut:
    """All equipment at this moment.

    Args:
        engine: of the database.
        now_minus_hold: the present time less the hold: a state that ended before it is no data any more.
    """
    with engine.connect() as connection:
        rows = repository.overview(connection)
    oldest = now_minus_hold()
    return OverviewOut(equipment=[_now(row, silent=_silent(row, oldest)) for row in rows])


class OverviewStream:
    """Publishes the overview to any number of subscribers; an async context manager.

    Args:
        engine: of the database.
        hold: [s] how long a state holds without a new sample; older ones are shown as no data.
        metrics: counts subscribers and polls.
        clock: the present time.
        poll: [s] between two looks at the database.
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
        self._payload = ""
        self._changed = asyncio.Condition()
        self._wanted = asyncio.Event()
        self._subscribers = 0
        self._failing = False
        self._task: asyncio.Task[None] | None = None
        self._reads: set[asyncio.Task[OverviewOut]] = set()

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
        await asyncio.gather(*self._reads, return_exceptions=True)

    async def read(self) -> OverviewOut:
        """The overview at this moment, for a page's first paint."""
        reading = asyncio.create_task(asyncio.to_thread(read_overview, self._engine, self._oldest))
        self._reads.add(reading)
        reading.add_done_callback(self._reads.discard)
        return await asyncio.shield(reading)

    async def updates(self, last_event_id: str | None = None) -> AsyncGenerator[tuple[str, str] | None, None]:
        """Yield (event id, overview as JSON) at once and at each change; None after a silence.

        Args:
            last_event_id: what the browser saw last; the same state is not sent again, anything else is.
        """
        seen = last_event_id
        self._join(1)
        try:
            while True:
                event_id = await self._next(seen)
                yield (event_id, self._payload) if event_id else None
                seen = event_id or seen
        finally:
            self._join(-1)

    async def _next(self, seen: str | None) -> str | None:
        """Wait for a version other than `seen`; None after a silence."""
        async with self._changed:
            try:
                async with asyncio.timeout(self._heartbeat):
                    await self._changed.wait_for(lambda: self._version > 0 and self._event_id() != seen)
            except TimeoutError:
                return None
            return self._event_id()

    def _event_id(self) -> str:
        return f"{self._boot}-{self._version}"

    def _join(self, change: int) -> None:
        self._subscribers += change
        self._metrics.set("chejian_cloud_stream_subscribers", self._subscribers)
        if self._subscribers:
            self._wanted.set()
        else:
            self._wanted.clear()

    async def _run(self) -> None:
        while True:
            await self._wanted.wait()
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
            await asyncio.sleep(self._poll_seconds)

    async def _poll(self) -> None:
        payload = (await self.read()).model_dump_json()
        self._metrics.add("chejian_cloud_stream_polls_total")
        if payload != self._payload:
            async with self._changed:
                self._payload = payload
                self._version += 1
                self._changed.notify_all()


def _silent(row: RowMapping, oldest: object) -> bool:
    return row["state_end"] is None or row["state_end"] < oldest


def _now(row: RowMapping, *, silent: bool) -> EquipmentNow:
    known = row["state"] is not None and not silent
    names = ("equipment_id", "code", "name_zh", "name_en", "type", "workshop", "line", "online")
    return EquipmentNow(
        **{name: row[name] for name in names},
        state=row["state"] if known else 0,
        state_name=state_name(row["state"]) if known else NO_DATA,
        category=row["category"] if known else NO_DATA,
        since=row["state_start"] if known else row["state_end"],
        shift=_shift(row),
        diagnosis=_diagnosis(row),
    )


def _shift(row: RowMapping) -> ShiftKpis | None:
    if row["shift_start"] is None:
        return None
    ratios = ("oee", "availability", "effectiveness", "quality_ratio")
    counts = ("produced", "good", "scrap")
    return ShiftKpis(
        start=row["shift_start"],
        end=row["shift_end"],
        provisional=row["provisional"],
        completeness=row["completeness"],
        flags=row["flags"],
        **{name: row["ratios"].get(name) for name in ratios},
        **{name: row["inputs"].get(name) for name in counts},
    )


def _diagnosis(row: RowMapping) -> NewestDiagnosis | None:
    if row["diagnosis_id"] is None:
        return None
    names = ("diagnosis_id", "part", "confidence", "score")
    return NewestDiagnosis(time=row["diagnosis_time"], **{name: row[name] for name in names})
