"""`chejian-cloud jobs`: works the queue off until it is told to end, outlives the database, and has health pages."""

import asyncio
import logging
import signal
from collections.abc import Mapping
from contextlib import suppress

from chejian_contract.health import HealthServer, Metrics
from procrastinate.exceptions import ConnectorException
from psycopg import Error as DriverError
from psycopg_pool import PoolTimeout
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from chejian_cloud.clock import Clock, utc_now
from chejian_cloud.config import Settings
from chejian_cloud.db.engine import make_engine
from chejian_cloud.db.revision import current, head
from chejian_cloud.errors import MigrationError
from chejian_cloud.jobs.queue import QUEUE, STALLED, Work, build

log = logging.getLogger(__name__)

FIRST_BACKOFF = 0.5
"""[s] before the first new attempt; a restart of PostgreSQL takes about as long."""
LONGEST_BACKOFF = 10.0
"""[s] between attempts when the database stays away."""
LAST_JOBS = 20.0
"""[s] that a report in work gets when the process ends; what is cut off is made by the next one."""
_AWAY = (SQLAlchemyError, ConnectorException, DriverError, PoolTimeout, MigrationError)


class JobsProcess:
    """Works the queue off until `stop`.

    Args:
        settings: of the process.
        metrics: shown on `/metrics`.
        clock: the present time.
    """

    def __init__(self, settings: Settings, metrics: Metrics, clock: Clock = utc_now) -> None:
        self._engine = make_engine(settings.dsn, application="chejian-cloud jobs", scoped=True)
        self._work = Work(self._engine, settings, metrics, clock)
        self._stop = asyncio.Event()
        self._state = "starting"

    def stop(self) -> None:
        """Ask for the end; a report in work is finished first."""
        self._stop.set()

    def ready(self) -> tuple[bool, Mapping[str, object]]:
        """Whether the queue is worked off, with details for `/readyz`."""
        return self._state == "working", {"state": self._state}

    async def run(self) -> None:
        """Work until `stop`; outlives the database."""
        backoff = FIRST_BACKOFF
        try:
            while not self._stop.is_set():
                try:
                    await asyncio.to_thread(self._require_schemas)
                    await self._serve()
                    backoff = FIRST_BACKOFF
                except _AWAY as error:
                    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
                    self._tell("waiting", f"database: {first}; trying again")
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._stop.wait(), backoff)
                    backoff = min(2 * backoff, LONGEST_BACKOFF)
        finally:
            self._engine.dispose()
            self._tell("stopped", "stopped")

    async def _serve(self) -> None:
        app = build(self._work)
        async with app.open_async():
            worker = asyncio.create_task(
                app.run_worker_async(
                    queues=[QUEUE],
                    name="chejian",
                    concurrency=1,  # a report holds the lock of the fonts anyway
                    install_signal_handlers=False,
                    shutdown_graceful_timeout=LAST_JOBS,
                    stalled_worker_timeout=STALLED,
                ),
                name="queue",
            )
            ending = asyncio.create_task(self._stop.wait(), name="end of the queue")
            self._tell("working", "working")
            try:
                await asyncio.wait({worker, ending}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                ending.cancel()
                worker.cancel()
                with suppress(asyncio.CancelledError):
                    await worker

    def _require_schemas(self) -> None:
        with self._engine.connect() as connection:
            found = current(connection)
            if (
                found != head()
                or connection.scalar(text("SELECT to_regclass('jobs.procrastinate_jobs')")) is None
            ):
                raise MigrationError(
                    f"schema app is at {found or 'nothing'}, needed is {head()}, with schema jobs; run chejian-cloud migrate"
                )

    def _tell(self, state: str, words: str) -> None:
        """Log a change of state, not every cycle of it."""
        if state != self._state:
            (log.warning if state == "waiting" else log.info)("%s", words)
        self._state = state


def run(settings: Settings) -> None:
    """Run the process until SIGTERM or SIGINT, with its health pages."""
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    metrics = Metrics()
    process = JobsProcess(settings, metrics)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, process.stop)
    with HealthServer(metrics, process.ready, host=settings.jobs_host, port=settings.jobs_port) as pages:
        log.info("health pages on http://%s:%d", settings.jobs_host, pages.port)
        await process.run()
