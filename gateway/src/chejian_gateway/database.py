"""The connection to PostgreSQL: one, used by the engine's thread, made anew with growing pauses when it breaks."""

import logging
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
_IDLE_S = 5.0
"""A connection that was not used for so long is tried, so that `up` stays true to its word."""
_PASSING = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.InvalidCatalogName,
)
"""Errors that go away by themselves: server gone, starting, full, deadlock, serialization."""


class GivenUpError(GatewayError):
    """The process ends before the database came back."""


class Database:
    """Runs work on a live connection and repeats it until it succeeds.

    Args:
        dsn: PostgreSQL URL.
        stop: set when the process ends; then an attempt is not repeated.
        connected: called with each new connection before any work.
    """

    def __init__(self, dsn: str, stop: threading.Event, connected: Callable[[Connection], None]) -> None:
        self._dsn = dsn
        self._stop = stop
        self._connected = connected
        self._connection: Connection | None = None
        self._lost = False
        self._used = 0.0

    @property
    def up(self) -> bool:
        """Whether the last attempt reached the server."""
        return self._connection is not None and not self._lost

    def run(self, work: Callable[[Connection], T]) -> T:
        """Call `work(connection)`, again after each passing error.

        Raises:
            GivenUpError: when the process ends meanwhile.
            psycopg.Error: errors that would come again.
        """
        pause = _FIRST_PAUSE_S
        while True:
            try:
                result = work(self._live())
            except _PASSING as error:
                self._failed(error)
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
        if time.monotonic() - self._used >= _IDLE_S:
            self.run(lambda c: c.execute("SELECT 1"))

    def _live(self) -> Connection:
        if self._connection is None or self._connection.closed:
            connection = psycopg.connect(
                self._dsn, autocommit=True, connect_timeout=_CONNECT_S, application_name="chejian-gateway"
            )
            try:
                connection.execute("SET timezone = 'UTC'")
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
