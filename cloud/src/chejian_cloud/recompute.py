"""`chejian-cloud recompute`: compute a range anew with several processes, resumable, or leave it to the worker.

A run and its pieces stand in the database; a piece is ticked off in the transaction that stores its results, so a run
that was stopped goes on where it was. The worker may work at the same time: the lock of `app.work_progress` makes the
transactions of one equipment follow one another.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from multiprocessing import get_context

from sqlalchemy import Engine, func, select, text
from sqlalchemy.orm import Session

from chejian_cloud.clock import to_us, utc_now
from chejian_cloud.config import Settings
from chejian_cloud.db.app import Equipment
from chejian_cloud.db.edition import detect_edition
from chejian_cloud.db.engine import make_engine
from chejian_cloud.db.rollups import RollupPartitions
from chejian_cloud.db.runs import RecomputePiece, RecomputeRun
from chejian_cloud.errors import InvalidValueError, NotFoundError
from chejian_cloud.marks import mark
from chejian_cloud.worker.take import Unit
from chejian_cloud.worker.unit import UnitWork

PIECE = timedelta(days=7)
"""Span of one transaction: what is read once per piece is small beside its samples, and these fit memory."""
TELL_SHARE = 0.01
"""Progress is told for at least each hundredth of the pieces."""
Tell = Callable[[str], object]

_PIECES = text("""
INSERT INTO app.recompute_piece (run_id, equipment_id, lo, hi)
SELECT :run_id, e.equipment_id, t, least(t + :piece, CAST(:hi AS timestamptz))
  FROM app.equipment e
 CROSS JOIN LATERAL (
       SELECT min(first) AS first FROM (
              SELECT (SELECT min(p.time) FROM telemetry.sample p WHERE p.series_id = s.series_id) AS first
                FROM app.equipment_feed g
                JOIN telemetry.node n ON n.group_id = g.group_id AND n.edge_node = g.edge_node
                JOIN telemetry.device v ON v.node_id = n.node_id AND v.name = g.device
                JOIN telemetry.series s ON s.device_id = v.device_id
               WHERE g.equipment_id = e.equipment_id AND s.role <> ''
              UNION ALL
              SELECT min(i.start) FROM app.state_interval i WHERE i.equipment_id = e.equipment_id) found) known
 CROSS JOIN LATERAL generate_series(greatest(CAST(:lo AS timestamptz), date_trunc('hour', known.first, 'UTC')),
                                    CAST(:hi AS timestamptz) - interval '1 microsecond', :piece) AS t
 WHERE known.first IS NOT NULL AND (CAST(:code AS text) IS NULL OR e.code = :code)
""")
_TICK_OFF = text("""
UPDATE app.recompute_piece SET done_at = now() WHERE run_id = :run_id AND equipment_id = :equipment_id AND lo = :lo
""")


class IncompleteError(Exception):
    """Some equipment could not be recomputed; the run can be resumed."""


def mark_range(dsn: str, start: datetime, end: datetime, *, code: str | None, tell: Tell) -> int:
    """Mark the hours of known data that overlap [start, end) and leave them to the worker; returns their number.

    Raises:
        InvalidValueError: when the range is empty.
        NotFoundError: when no equipment has the code.
    """
    _check_range(start, end)
    with _engine(dsn) as engine, Session(engine) as session, session.begin():
        _check_code(session, code)
        total = mark(session, reason="recompute", lo=start, hi=end - timedelta(microseconds=1), code=code)
    tell(f"{total} hours marked")
    return total


def recompute(
    settings: Settings,
    start: datetime,
    end: datetime,
    *,
    code: str | None = None,
    jobs: int | None = None,
    executor: Executor | None = None,
    tell: Tell,
) -> int:
    """Compute states and KPIs of [start, end) anew; rollups and diagnoses depend on nothing that people edit.

    Args:
        settings: of the worker.
        start: aware.
        end: aware, later than `start`; times after the present are left out.
        code: only equipment of this code; None: all.
        jobs: processes; None: one per core.
        executor: runs the pieces, e.g. that of a Dask cluster; None: a pool of processes.
        tell: gets each line of progress.

    Returns:
        Number of pieces computed.

    Raises:
        InvalidValueError: when the range is empty.
        NotFoundError: when no equipment has the code.
        IncompleteError: when some equipment failed.
    """
    end = min(end, utc_now())
    _check_range(start, end)
    with _engine(settings.dsn) as engine:
        with Session(engine) as session, session.begin():
            _check_code(session, code)
            run = RecomputeRun(lo=start.astimezone(UTC), hi=end.astimezone(UTC), code=code)
            session.add(run)
            session.flush()
            values = {"run_id": run.run_id, "lo": run.lo, "hi": run.hi, "piece": PIECE, "code": code}
            session.execute(_PIECES, values)
            run_id = run.run_id
        return _work(engine, settings, run_id, jobs, executor, tell)


def resume(
    settings: Settings, *, jobs: int | None = None, executor: Executor | None = None, tell: Tell
) -> int:
    """Go on with the newest run that is not finished, see `recompute`.

    Raises:
        NotFoundError: when all runs are finished.
    """
    with _engine(settings.dsn) as engine:
        with Session(engine) as session:
            statement = select(func.max(RecomputeRun.run_id)).where(RecomputeRun.finished_at.is_(None))
            run_id = session.scalar(statement)
        if run_id is None:
            raise NotFoundError("recomputation", "finished", value=False)
        return _work(engine, settings, run_id, jobs, executor, tell)


def _work(
    engine: Engine, settings: Settings, run_id: int, jobs: int | None, executor: Executor | None, tell: Tell
) -> int:
    todo, total = _todo(engine, run_id)
    left = sum(map(len, todo.values()))
    tell(f"run {run_id}: {left} of {total} pieces of {len(todo)} machines to compute")
    failed: dict[int, str] = {}
    done = told = 0
    with _pool(executor, jobs) as pool:
        tasks = {
            pool.submit(compute_pieces, settings, run_id, key, pieces): key for key, pieces in todo.items()
        }
        for task in as_completed(tasks):
            error = task.exception()
            if error is not None:
                failed[tasks[task]] = f"{type(error).__name__}: {error}"
            else:
                done += task.result()
            if done - told >= TELL_SHARE * total or done == left:
                tell(f"{total - left + done} of {total} pieces computed")
                told = done
    if failed:
        words = "; ".join(f"equipment {key}: {why}" for key, why in sorted(failed.items())[:5])
        raise IncompleteError(f"run {run_id}: {len(failed)} machines failed ({words}); go on with --resume")
    with Session(engine) as session, session.begin():
        session.get_one(RecomputeRun, run_id).finished_at = utc_now()
    return done


def compute_pieces(
    settings: Settings, run_id: int, equipment_id: int, pieces: Sequence[tuple[datetime, datetime]]
) -> int:
    """Compute pieces of one equipment in the order of time, each in a transaction that ticks it off; returns their number.

    Runs in a process of the executor, which keeps its connection.
    """
    engine, partitions = _process_engine(settings.dsn)
    for lo, hi in pieces:
        with Session(engine) as session, session.begin():
            work = UnitWork(session, settings, partitions, utc_now())
            work.run(Unit(equipment_id, (), to_us(lo), to_us(hi) - 1, asked=f"recompute {run_id}"))
            session.execute(_TICK_OFF, {"run_id": run_id, "equipment_id": equipment_id, "lo": lo})
    return len(pieces)


@cache
def _process_engine(dsn: str) -> tuple[Engine, RollupPartitions]:
    engine = make_engine(dsn, application="chejian-cloud recompute")
    with engine.connect() as connection:
        return engine, RollupPartitions(detect_edition(connection))


def _todo(engine: Engine, run_id: int) -> tuple[dict[int, list[tuple[datetime, datetime]]], int]:
    """Pieces that are not done, by equipment and in the order of time; and how many there are in all."""
    statement = (
        select(RecomputePiece.equipment_id, RecomputePiece.lo, RecomputePiece.hi)
        .where(RecomputePiece.run_id == run_id, RecomputePiece.done_at.is_(None))
        .order_by(RecomputePiece.equipment_id, RecomputePiece.lo)
    )
    out: dict[int, list[tuple[datetime, datetime]]] = {}
    with Session(engine) as session:
        for key, lo, hi in session.execute(statement):
            out.setdefault(key, []).append((lo, hi))
        total = session.scalar(select(func.count()).where(RecomputePiece.run_id == run_id)) or 0
    return out, total


@contextmanager
def _pool(executor: Executor | None, jobs: int | None) -> Iterator[Executor]:
    if executor is not None:
        yield executor
        return
    with ProcessPoolExecutor(jobs or os.cpu_count(), mp_context=get_context("spawn")) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


@contextmanager
def _engine(dsn: str) -> Iterator[Engine]:
    engine = make_engine(dsn, application="chejian-cloud recompute")
    try:
        yield engine
    finally:
        engine.dispose()


def _check_range(start: datetime, end: datetime) -> None:
    if start >= end:
        raise InvalidValueError("from", start.isoformat(), f"a time before --to ({end.isoformat()})")


def _check_code(session: Session, code: str | None) -> None:
    if code is not None and session.scalars(select(Equipment).filter_by(code=code)).first() is None:
        raise NotFoundError("equipment", "code", code)
