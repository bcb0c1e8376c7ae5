"""A worker that dies at any statement leaves either all of a unit or nothing of it; two at a time do no harm."""

import random
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import KPIS, STATES, Bench, after, production, rows
from tests.cloud.worker.test_convergence import check, measured

RESULTS = (
    KPIS,
    STATES,
    "SELECT * FROM app.rollup_1m ORDER BY series_id, bucket",
    "SELECT * FROM app.rollup_1h ORDER BY series_id, bucket",
    "SELECT rolled_until FROM app.work_progress ORDER BY equipment_id",
)
MOST = 150
"""More statements than a round has."""


class Fuse:
    """Closes the connection at the n-th statement or commit of a round, as the death of the process would."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.left: int | None = None
        for owner, name in (
            (psycopg.Cursor, "execute"),
            (psycopg.Cursor, "executemany"),
            (psycopg.Cursor, "copy"),
            (psycopg.Connection, "commit"),
        ):
            monkeypatch.setattr(owner, name, self._guard(getattr(owner, name)))

    def _guard(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(this: Any, *args: Any, **kwargs: Any) -> Any:
            if self.left is not None and threading.current_thread() is threading.main_thread():
                self.left -= 1
                if self.left == 0:
                    self.left = None
                    (this.connection if isinstance(this, psycopg.Cursor) else this).close()
                    raise psycopg.OperationalError("killed here")
            return original(this, *args, **kwargs)

        return guarded


def test_killed_at_each_statement(make_seeded: Callable[[], str], monkeypatch: pytest.MonkeyPatch) -> None:
    samples = production(8, 1.5) + measured(random.Random(8), 1.5)
    whole, killed = PlantRows(make_seeded()), PlantRows(make_seeded())
    now = after(hours=2, minutes=5)
    for plant in (whole, killed):
        plant.write("CNC-01", samples)
    with Bench(whole.dsn, now) as bench:
        bench.settle()
    expected = [rows(whole.dsn, query) for query in RESULTS]
    fuse = Fuse(monkeypatch)
    deaths = 0
    for n in range(1, MOST):
        fuse.left = n
        try:
            with Bench(killed.dsn, now) as bench:
                bench.step()
        except (psycopg.OperationalError, OperationalError):
            deaths += 1
        blown, fuse.left = fuse.left is None, None
        marks = rows(killed.dsn, "SELECT * FROM telemetry.dirty")
        computed = [r for r in rows(killed.dsn, KPIS) if r["code"] == "CNC-01"]
        rolled = rows(killed.dsn, "SELECT 1 FROM app.rollup_1h")
        assert bool(marks) != bool(computed), "results and marks change places in one commit"
        assert bool(computed) == bool(rolled)
        if not blown or computed:
            break  # the unit is committed
    assert deaths > 20, "every statement of a unit was the last one once"
    with Bench(killed.dsn, now) as bench:
        bench.settle()
    assert [rows(killed.dsn, query) for query in RESULTS] == expected


def test_two_workers_at_once_do_no_harm(plant: PlantRows) -> None:
    rng = random.Random(4)
    samples = production(4, 4) + measured(rng, 4)
    rng.shuffle(samples)
    pieces = [samples[i : i + 150] for i in range(0, len(samples), 150)]
    done = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            with Bench(plant.dsn, after(hours=5)) as bench:
                while not done.is_set():
                    bench.step()
                bench.settle()
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for piece in pieces:
        plant.write("CNC-01", piece)
    done.set()
    for thread in threads:
        thread.join(50)
        assert not thread.is_alive()
    assert failures == []
    check(plant, foreign=False)
