"""Engines and sessions; GET requests get a read-only session, so that no page can write by mistake."""

import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import psycopg
from anyio import CancelScope, CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Depends, Request
from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InvalidatePoolError, SQLAlchemyError
from sqlalchemy.orm import Session

from chejian_cloud.db.journal import write
from chejian_cloud.db.rows import API_ROLE, DOOR_ROLE, REGIONS, SETTING
from chejian_cloud.db.scoped import ScopedCursor

POOL_SIZE = 10
"""Connections kept open: a new one takes 20 ms, and its first statements are planned without a cache. PostgreSQL's default limit
is 100 in all."""
POOL_OVERFLOW = 5
"""Connections more at a peak: FastAPI's thread pool runs at most 40 requests at once."""
PREPARED = 500
"""Statements that a connection keeps planned, the last used ones: all that the API and its pages ask. With the driver's 100 they
push each other out, and each costs a round trip on its way."""
FRESH_S = 1.0
"""[s] that a connection lies unused before it is tried; a server that restarts takes longer, and whoever asks it then notices."""
WORK_MEM = "16MB"
"""For a sort or a hash of one statement: the sums of a province do not fit into the server's default of 4 MB."""
STATEMENT_TIMEOUT_MS = 20_000
"""[ms] after which the server ends a reading statement; a browser has given up by then."""


def make_engine(dsn: str, *, application: str, statement_timeout_ms: int = 0, scoped: bool = False) -> Engine:
    """Engine over psycopg 3 with a pool that survives a restart of the database.

    Args:
        dsn: PostgreSQL URL; a driver name in it is replaced.
        application: shown in pg_stat_activity.
        statement_timeout_ms: [ms] limit of each statement; 0 for none.
        scoped: whether statements that name schema `telemetry` read `scoped`, for sessions bound to a caller.
    """
    url = make_url(dsn).set(drivername="postgresql+psycopg")
    settings = {
        "timezone": "UTC",
        "statement_timeout": statement_timeout_ms,
        "work_mem": WORK_MEM,
        "jit": "off",  # they are short, and an estimate must not start a compiler
        "max_parallel_workers_per_gather": 0,  # the other cores are for the other requests
    }
    engine = create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        # The connection that came back last: its plans and the server's caches are warm.
        pool_use_lifo=True,
        connect_args={
            "application_name": application,
            "options": " ".join(f"-c {name}={value}" for name, value in settings.items()),
            "connect_timeout": 5,
            **({"cursor_factory": ScopedCursor} if scoped else {}),
        },
    )
    event.listen(engine, "connect", _keep_plans)
    event.listen(engine, "checkin", _note_return)
    event.listen(engine, "checkout", _try_unless_fresh)
    return engine


def _keep_plans(connection: psycopg.Connection, _record: Any) -> None:
    connection.prepared_max = PREPARED


def _note_return(_connection: psycopg.Connection | None, record: Any) -> None:
    record.info["returned"] = time.monotonic()


def _try_unless_fresh(connection: psycopg.Connection, record: Any, _fairy: Any) -> None:
    """Ask the server whether it is there, on a connection that has not been used for a while: three round trips."""
    returned = record.info.get("returned")
    if returned is None or time.monotonic() - returned < FRESH_S:
        return
    try:
        connection.execute("SELECT 1")
        connection.commit()  # a rollback would forget what is prepared
    except psycopg.Error as error:
        raise InvalidatePoolError("the server has closed this connection") from error


def connect(dsn: str, *, application: str, autocommit: bool = False) -> psycopg.Connection:
    """A plain psycopg connection in UTC, for COPY and LISTEN."""
    url = make_url(dsn).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(
        url,
        autocommit=autocommit,
        application_name=application,
        options="-c timezone=UTC",
        connect_timeout=5,
    )


def raw_connection(session: Session) -> psycopg.Connection:
    """The psycopg connection below a session, in the session's transaction."""
    driver = session.connection().connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        raise TypeError(f"the engine must run on psycopg 3, not on {type(driver).__name__}")
    return driver


def bind_rows(session: Session | Connection, rows: str, regions: str = "") -> None:
    """Let a transaction see and write the rows of some enterprises and regions only, under the role that answers requests.

    Args:
        session: at the beginning of its transaction.
        rows: ids with commas between, or "*".
        regions: codes of provinces and cities with commas between.
    """
    _become(session, API_ROLE, rows, regions)


def _become(session: Session | Connection, role: str, rows: str, regions: str = "") -> None:
    settings = f"set_config('{SETTING}', :rows, true), set_config('{REGIONS}', :regions, true)"
    session.execute(
        text(f"SELECT set_config('role', :role, true), {settings}"),
        {"role": role, "rows": rows, "regions": regions},
    )


@contextmanager
def door(engine: Engine) -> Iterator[Session]:
    """A transaction that sees accounts, sessions and tokens, and no row of a plant."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        _become(session, DOOR_ROLE, "")
        yield session


class _Reading(Session):
    """A session that binds itself to the rows in its `info` when its first statement begins a transaction."""


@event.listens_for(_Reading, "after_begin")
def _bind_reading(session: Session, _transaction: Any, connection: Connection) -> None:
    bind_rows(connection, *session.info["rows"])


async def read_session(request: Request) -> AsyncIterator[Session]:
    """FastAPI dependency: a session in a read-only transaction with one snapshot for the whole request.

    It begins with its first statement, in the thread that asks, so that it costs no change of threads before. It is ended in a
    thread outside the pool, since in that others may wait for its connection. It is committed, though there is nothing to
    commit: at a rollback the driver forgets what it has prepared, and each next statement would be planned anew.
    """
    engine: Engine = request.app.state.engine
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    rows = (request.state.rows, request.state.regions)
    session = _Reading(reader, expire_on_commit=False, info={"rows": rows})
    end = session.commit
    try:
        yield session
    except SQLAlchemyError:
        end = session.close
        raise
    finally:
        if session.in_transaction():
            with CancelScope(shield=True):
                await run_sync(end, limiter=CapacityLimiter(1))


def write_session(request: Request) -> Iterator[Session]:
    """FastAPI dependency: a session that is committed, with a line of the audit journal, when the request ends well."""
    with Session(request.app.state.engine) as session, session.begin():
        bind_rows(session, request.state.rows, request.state.regions)
        yield session
        session.flush()
        write(session, request.state.line)


def door_session(request: Request) -> Iterator[Session]:
    """FastAPI dependency: `door`, for the routes of accounts; they write their own lines of the journal."""
    with door(request.app.state.engine) as session:
        yield session


ReadSession = Annotated[Session, Depends(read_session)]
WriteSession = Annotated[Session, Depends(write_session, scope="function")]
DoorSession = Annotated[Session, Depends(door_session, scope="function")]
"""What a route did is committed before its answer leaves, so that nothing is answered that a failing commit takes back."""
