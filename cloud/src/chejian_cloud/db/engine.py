"""Engines and sessions; GET requests get a read-only session, so that no page can write by mistake."""

from collections.abc import Iterator
from typing import Annotated

import psycopg
from fastapi import Depends, Request
from sqlalchemy import Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

POOL_SIZE = 5
"""Connections kept open; a page asks for a few tables at a time, and PostgreSQL's default limit is 100 in all."""
POOL_OVERFLOW = 10
"""Connections more at a peak: FastAPI's thread pool runs at most 40 requests at once."""
STATEMENT_TIMEOUT_MS = 20_000
"""[ms] after which the server ends a reading statement; a browser has given up by then."""


def make_engine(dsn: str, *, application: str, statement_timeout_ms: int = 0) -> Engine:
    """Engine over psycopg 3 with a pool that survives a restart of the database.

    Args:
        dsn: PostgreSQL URL; a driver name in it is replaced.
        application: shown in pg_stat_activity.
        statement_timeout_ms: [ms] limit of each statement; 0 for none.
    """
    url = make_url(dsn).set(drivername="postgresql+psycopg")
    options = f"-c timezone=UTC -c statement_timeout={statement_timeout_ms}"
    return create_engine(
        url,
        pool_size=POOL_SIZE,
        max_overflow=POOL_OVERFLOW,
        pool_pre_ping=True,
        connect_args={"application_name": application, "options": options, "connect_timeout": 5},
    )


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


def read_session(request: Request) -> Iterator[Session]:
    """FastAPI dependency: a session in a read-only transaction with one snapshot for the whole request."""
    engine: Engine = request.app.state.engine
    reader = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with Session(reader) as session:
        yield session


def write_session(request: Request) -> Iterator[Session]:
    """FastAPI dependency: a session that is committed when the request ends without an error."""
    with Session(request.app.state.engine) as session, session.begin():
        yield session


ReadSession = Annotated[Session, Depends(read_session)]
WriteSession = Annotated[Session, Depends(write_session)]
