"""The worker as a process: connection, lock, notifications, restarts of the database, health pages, a clean end."""

import logging
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import psycopg
from chejian_contract.health import HealthServer, Metrics
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from chejian_cloud.config import Settings
from chejian_cloud.db.engine import connect, make_engine
from chejian_cloud.db.revision import current, head
from chejian_cloud.marks import CHANNEL
from chejian_cloud.worker.warmup import Warmup
from chejian_cloud.worker.work import Worker

log = logging.getLogger(__name__)

WORKER_LOCK = "chejian.worker"
"""Name of the advisory lock (hashed by the server) that lets one worker work on a database."""
FIRST_BACKOFF = 0.5
"""[s] before the first new attempt; a restart of PostgreSQL takes about as long."""
LONGEST_BACKOFF = 10.0
"""[s] between attempts when the database stays away."""


class WorkerProcess:
    """Keeps a `Worker` working until `stop` is called.

    Args:
        settings: of the process.
        metrics: shown on `/metrics`.
        worker: does the work; None makes one from the settings.
    """

    def __init__(self, settings: Settings, metrics: Metrics, worker: Worker | None = None) -> None:
        self._settings = settings
        self._worker = worker or Worker(settings, metrics)
        self._warmup = Warmup()
        self._stop = threading.Event()
        self._state = "starting"

    def stop(self) -> None:
        """Ask for the end; the piece of work in hand is finished first."""
        self._stop.set()

    def ready(self) -> tuple[bool, Mapping[str, object]]:
        """Whether the worker works (or stands by for another), with details for `/readyz`."""
        return self._state in ("working", "standby"), {"state": self._state, "warm": self._warmup.done}

    def run(self) -> None:
        """Work until `stop`; outlives the database."""
        self._warmup.start()
        engine = make_engine(self._settings.dsn, application="chejian-cloud worker")
        backoff = FIRST_BACKOFF
        try:
            while not self._stop.is_set():
                try:
                    with _session(engine, self._settings.dsn) as (connection, listener):
                        backoff = FIRST_BACKOFF
                        self._serve(connection, listener)
                except (SQLAlchemyError, psycopg.Error, NotReadyError) as error:
                    self._tell("waiting", f"database: {_first_line(error)}; trying again")
                    self._stop.wait(backoff)
                    backoff = min(2 * backoff, LONGEST_BACKOFF)
        finally:
            engine.dispose()
            self._tell("stopped", "stopped")

    def _serve(self, connection: Connection, listener: psycopg.Connection) -> None:
        while not self._stop.is_set() and not _try_lock(connection):
            self._tell("standby", "another worker works on this database; standing by")
            self._stop.wait(self._settings.poll)
        if not self._stop.is_set():
            self._worker.begin()
            self._tell("working", "working")
        while not self._stop.is_set():
            if not self._worker.step(connection, diagnose=self._warmup.done):
                _wait(listener, self._settings.poll)

    def _tell(self, state: str, words: str) -> None:
        """Log a change of state, not every cycle of it."""
        if state != self._state:
            (log.warning if state == "waiting" else log.info)("%s", words)
        self._state = state


class NotReadyError(Exception):
    """The database lacks a schema that the worker needs."""


def run(settings: Settings) -> None:
    """Run the worker until SIGTERM or SIGINT, with its health pages."""
    metrics = Metrics()
    process = WorkerProcess(settings, metrics)
    with (
        HealthServer(metrics, process.ready, host=settings.worker_host, port=settings.worker_port) as pages,
        _signals(process.stop),
    ):
        log.info("health pages on http://%s:%d", settings.worker_host, pages.port)
        process.run()


@contextmanager
def _signals(stop: Callable[[], None]) -> Iterator[None]:
    before = {s: signal.signal(s, lambda *_: stop()) for s in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _session(engine: Engine, dsn: str) -> Iterator[tuple[Connection, psycopg.Connection]]:
    with (
        engine.connect() as connection,
        connect(dsn, application="chejian-cloud worker listen", autocommit=True) as listener,
    ):
        _require_schemas(connection)
        listener.execute(f"LISTEN {CHANNEL}")
        try:
            yield connection, listener
        except (DBAPIError, psycopg.Error):
            connection.invalidate()
            raise
        else:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock_all()"))


def _require_schemas(connection: Connection) -> None:
    found = current(connection)
    if found != head():
        raise NotReadyError(
            f"schema app is at {found or 'nothing'}, needed is {head()}; run chejian-cloud migrate"
        )
    if connection.scalar(text("SELECT to_regclass('telemetry.dirty')")) is None:
        raise NotReadyError("schema telemetry is missing; run chejian-gateway migrate")
    connection.rollback()


def _try_lock(connection: Connection) -> bool:
    got = connection.scalar(text("SELECT pg_try_advisory_lock(hashtext(:lock))"), {"lock": WORKER_LOCK})
    connection.rollback()  # the lock belongs to the session, not to the transaction
    return bool(got)


def _wait(listener: psycopg.Connection, seconds: float) -> None:
    for _ in listener.notifies(timeout=seconds, stop_after=1):
        return


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
