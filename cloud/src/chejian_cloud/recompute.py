"""`chejian-cloud recompute`: mark a range and tell how far the worker has come."""

import time
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from chejian_cloud.db.app import Dirty, Equipment
from chejian_cloud.db.engine import make_engine
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.marks import mark

POLL_SECONDS = 0.5
"""[s] between two looks at the marks; people read no faster."""


def recompute(
    dsn: str,
    start: datetime,
    end: datetime,
    *,
    code: str | None = None,
    wait: bool = True,
    tell: Callable[[str], object],
) -> int:
    """Mark the hours of known data that overlap [start, end) and wait until the worker has computed them.

    Args:
        dsn: PostgreSQL URL.
        start: aware.
        end: aware, later than `start`.
        code: only equipment of this code; None: all.
        wait: False returns as soon as the marks are set.
        tell: gets each line of progress.

    Returns:
        Number of marked hours over all equipment.

    Raises:
        InvalidValueError: when the range is empty.
        NotFoundError: when no equipment has the code.
    """
    if start >= end:
        raise InvalidValueError("from", start.isoformat(), f"a time before --to ({end.isoformat()})")
    engine = make_engine(dsn, application="chejian-cloud recompute")
    try:
        with Session(engine) as session, session.begin():
            if code is not None and session.scalars(select(Equipment).filter_by(code=code)).first() is None:
                raise NotFoundError("equipment", "code", code)
            total = mark(session, reason="recompute", lo=start, hi=end, code=code)
        tell(f"{total} hours marked")
        if wait:
            _follow(engine, start, end, code, total, tell)
        return total
    finally:
        engine.dispose()


def _follow(
    engine: Engine,
    start: datetime,
    end: datetime,
    code: str | None,
    total: int,
    tell: Callable[[str], object],
) -> None:
    told = total
    while told:
        left = _left(engine, start, end, code)
        if left != told:
            tell(f"{total - left} of {total} hours computed")
            told = left
        if told:
            time.sleep(POLL_SECONDS)


def _left(engine: Engine, start: datetime, end: datetime, code: str | None) -> int:
    statement = select(Dirty).where(Dirty.hi > start, Dirty.lo < end, Dirty.reason == "recompute")
    if code is not None:
        statement = statement.join(Equipment, Equipment.equipment_id == Dirty.equipment_id).where(
            Equipment.code == code
        )
    with Session(engine) as session:
        return len(session.scalars(statement).all())
