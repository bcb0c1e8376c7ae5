"""The queue: which tasks there are, how often they are tried again, and what is looked for each minute."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from chejian_contract.health import Metrics
from procrastinate import App, BaseRetryStrategy, JobContext, PsycopgConnector, RetryDecision
from procrastinate.exceptions import AlreadyEnqueued
from procrastinate.jobs import Job
from sqlalchemy import Engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from chejian_cloud.config import Settings
from chejian_cloud.db.engine import bind_rows
from chejian_cloud.db.rows import EVERYTHING
from chejian_cloud.jobs.schema import SCHEMA
from chejian_cloud.reports import making, schedules

log = logging.getLogger(__name__)

QUEUE: Final = "reports"
MOST_ATTEMPTS: Final = 8
"""Attempts of a report; with the pauses between them a database or a worker may be away for an hour."""
FIRST_PAUSE: Final = 30
"""[s] before the second attempt; each further pause is twice as long."""
STALLED: Final = 30.0
"""[s] without a sign of life after which a worker's jobs are given to others; workers give one each 10 s."""
_KEPT_HOURS: Final = 24 * 7
"""[h] that finished jobs stay in the queue's tables."""
_MADE: Final = "chejian_cloud_reports_made_total"
_FAILED: Final = "chejian_cloud_report_failures_total"
_DUE: Final = "chejian_cloud_reports_due"


class Backoff(BaseRetryStrategy):
    """Pauses that double, until the attempts are used up."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """When the job is tried again; None: never."""
        del exception
        if job.attempts + 1 >= MOST_ATTEMPTS:
            return None
        return RetryDecision(retry_in={"seconds": FIRST_PAUSE * 2**job.attempts})


def connector(dsn: str, application: str) -> PsycopgConnector:
    """Connections of the queue, which see schema `jobs` only."""
    url = make_url(dsn).set(drivername="postgresql").render_as_string(hide_password=False)
    options = f"-c timezone=UTC -c search_path={SCHEMA}"
    kwargs = {"application_name": application, "options": options, "connect_timeout": 5}
    return PsycopgConnector(conninfo=url, kwargs=kwargs, min_size=1, max_size=4)


@dataclass(frozen=True, slots=True)
class Work:
    """What the tasks do.

    Attributes:
        engine: of the database, scoped.
        settings: of the process.
        metrics: counts reports and failures.
        clock: the present time.
    """

    engine: Engine
    settings: Settings
    metrics: Metrics
    clock: Callable[[], datetime]

    def note(self) -> list[tuple[int, int]]:
        """Note what is due by now, forget what is past its time; answers (enterprise, report) of all that are due."""
        with Session(self.engine) as session, session.begin():
            bind_rows(session, EVERYTHING)
            now = self.clock()
            schedules.note_due(session, now)
            schedules.forget(session, now)
            found = list(schedules.due(session))
        self.metrics.set(_DUE, len(found))
        return found

    def make(self, enterprise_id: int, report_id: int, *, last: bool) -> None:
        """Make a report; a failure is kept with it and raised again, so that the queue tries once more."""
        try:
            made = making.make(self.engine, self.settings, enterprise_id, report_id, self.clock)
        except Exception as error:
            self.metrics.add(_FAILED)
            making.note_failure(self.engine, enterprise_id, report_id, _first_line(error), last=last)
            raise
        if made:
            self.metrics.add(_MADE)
            log.info("report %d made", report_id)


def build(work: Work) -> App:
    """The queue with its tasks."""
    work.metrics.declare(_MADE, "counter", "Scheduled reports made.")
    work.metrics.declare(_FAILED, "counter", "Attempts at a scheduled report that failed.")
    work.metrics.declare(_DUE, "gauge", "Scheduled reports that are due.")
    app = App(connector=connector(work.settings.dsn, "chejian-cloud jobs queue"))

    @app.task(name="make_report", queue=QUEUE, retry=Backoff(), pass_context=True)
    def make_report(context: JobContext, *, enterprise_id: int, report_id: int) -> None:
        work.make(enterprise_id, report_id, last=context.job.attempts + 1 >= MOST_ATTEMPTS)

    @app.periodic(cron="* * * * *")
    @app.task(name="look", queue=QUEUE, lock="look", queueing_lock="look")
    async def look(timestamp: int) -> None:
        del timestamp
        await look_once(app, work)

    return app


async def look_once(app: App, work: Work, stalled: float = STALLED) -> None:
    """Take jobs from workers that died, and put every report that is due into the queue, unless it is there.

    Args:
        app: the queue, open.
        work: what its tasks do.
        stalled: [s] without a sign of life after which a worker is dead.
    """
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=stalled):
        await app.job_manager.retry_job(job)
    found = await asyncio.to_thread(work.note)
    waiting = await _waiting(app)
    for enterprise_id, report_id in found:
        if report_id not in waiting:
            lock = f"report {report_id}"
            deferrer = app.configure_task("make_report", lock=lock, queueing_lock=lock)
            try:
                await deferrer.defer_async(enterprise_id=enterprise_id, report_id=report_id)
            except AlreadyEnqueued:
                log.debug("report %d is in the queue", report_id)
    await app.job_manager.delete_old_jobs(_KEPT_HOURS, include_failed=True)


async def _waiting(app: App) -> set[Any]:
    """Reports that are in the queue or in work."""
    found: set[Any] = set()
    for status in ("todo", "doing"):
        jobs = await app.job_manager.list_jobs_async(task="make_report", status=status)
        found |= {job.task_kwargs["report_id"] for job in jobs}
    return found


def _first_line(error: Exception) -> str:
    text = str(error).strip()
    return text.splitlines()[0] if text else type(error).__name__
