"""The connection to PostgreSQL: one, used by the engine's thread, made anew with growing pauses when it breaks."""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

import psycopg
from psycopg import Connection

from chejian_gateway import pgbinary
from chejian_gateway.errors import GatewayError

_log = logging.getLogger(__name__)

T = TypeVar("T")

_FIRST_PAUSE_S = 0.1
_LONGEST_PAUSE_S = 5.0
_CONNECT_S = 10
"""Seconds for one attempt."""
_SIGNS = 6
"""Signs of life in one lease: a connection that was not used for so long is tried, so that `up` stays true to its word."""
_TIMEOUTS = """
SELECT set_config('timezone', 'UTC', false), set_config('idle_session_timeout', %(lease)s, false),
       set_config('idle_in_transaction_session_timeout', %(lease)s, false),
       set_config('statement_timeout', %(statement)s, false)
"""
"""The server ends the session of a process that is frozen, wherever it stands; in the middle of a COPY the statement."""
_STATEMENT_LEASES = 2
"""A statement may take so many leases."""
_AGAIN = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
"""Two replicas were in each other's way: what was rolled back is done again at once."""
_PASSING = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.InvalidCatalogName,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.InsufficientPrivilege,
)
"""Errors that are no fault of what is written and go away, some by a person's hand: server gone, starting, full,
read-only, deadlock, serialization, a right taken away."""
_LIMITS = "54"
"""SQLSTATE class "program limit exceeded": psycopg counts it as operational, but the same row breaks it each time."""


class GivenUpError(GatewayError):
    """The process ends before the database came back."""


class Database:
    """Runs work on a live connection and repeats it until it succeeds.

    Args:
        dsn: PostgreSQL URL.
        stop: set when the process ends; then an attempt is not repeated.
        connected: called with each new connection before any work.
        lease: seconds of silence after which the server ends the session, and with it all its locks.
        away: called after each attempt that failed, while the server can't be reached.

    Attributes:
        deadlocks: transactions done again because of another replica's locks.
    """

    def __init__(
        self,
        dsn: str,
        stop: threading.Event,
        connected: Callable[[Connection], None],
        *,
        lease: float = 30.0,
        away: Callable[[], None] = lambda: None,
    ) -> None:
        self._dsn = dsn
        self._lease = lease
        self._away = away
        self.deadlocks = 0
        self._stop = stop
        self._connected = connected
        self._connection: Connection | None = None
        self._lost = False
        self._used = 0.0

    @property
    def up(self) -> bool:
        """Whether the last attempt reached the server."""
        return self._connection is not None and not self._lost

    def run(self, work: Callable[[Connection], T], *, timeouts: int | None = None) -> T:
        """Call `work(connection)`, again after each passing error.

        Args:
            work: idempotent.
            timeouts: raise when the server ended so many attempts by `statement_timeout`; None: never.

        Raises:
            GivenUpError: when the process ends meanwhile.
            psycopg.Error: errors that would come again.
        """
        pause = _FIRST_PAUSE_S
        while True:
            try:
                result = work(self._live())
            except _AGAIN as error:
                self.deadlocks += 1
                _log.info("rolled back, doing it again: %s", str(error).strip())
                if self._stop.wait(random.uniform(0, _FIRST_PAUSE_S)):
                    raise GivenUpError("a deadlock at the end") from error
            except _PASSING as error:
                if isinstance(error, psycopg.errors.QueryCanceled) and timeouts is not None:
                    timeouts -= 1
                if timeouts == 0 or (error.sqlstate or "").startswith(_LIMITS):
                    raise
                self._failed(error)
                self._away()
                if self._stop.wait(pause):
                    raise GivenUpError("the database did not come back before the end") from error
                pause = min(2 * pause, _LONGEST_PAUSE_S)
            else:
                self._used = time.monotonic()
                if self._lost:
                    _log.info("the database is back")
                    self._lost = False
                return result

    def keep_alive(self) -> None:
        """Try the connection if it has been idle."""
        if time.monotonic() - self._used >= self._lease / _SIGNS:
            self.run(lambda c: c.execute("SELECT 1"))

    def _live(self) -> Connection:
        if self._connection is None or self._connection.closed:
            connection = psycopg.connect(
                self._dsn, autocommit=True, connect_timeout=_CONNECT_S, application_name="chejian-gateway"
            )
            try:
                lease_ms = round(self._lease * 1000)
                values = {"lease": str(lease_ms), "statement": str(_STATEMENT_LEASES * lease_ms)}
                connection.execute(_TIMEOUTS, values)
                pgbinary.register(connection)
                self._connected(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _failed(self, error: psycopg.Error) -> None:
        if not self._lost:
            _log.warning("the database can't be used: %s; trying again", str(error).strip())
        self._lost = True
        if self._connection is not None and self._connection.broken:
            self._connection.close()

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
