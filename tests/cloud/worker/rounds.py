"""Running the worker in a test's own time, and reading what it stored."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import psycopg
from chejian_cloud.config import Settings
from chejian_cloud.db.engine import make_engine
from chejian_cloud.worker.work import Worker
from chejian_contract.health import Metrics
from psycopg.rows import dict_row

from tests.cloud.plant_rows import Row

DAY = datetime(2026, 3, 2, tzinfo=UTC)
"""A Monday; 08:00 in Harbin, when shift A begins."""
T0 = int(DAY.timestamp() * 1000)
MINUTE = 60_000


class Bench:
    """A worker whose clock stands until it is moved; `settings` are over the defaults."""

    def __init__(self, dsn: str, now: datetime, worker: type[Worker] = Worker, **settings: Any) -> None:
        self.dsn = dsn
        self.now = now
        self.metrics = Metrics()
        self.engine = make_engine(dsn, application="test worker")
        self._seconds = 0.0
        self.worker = worker(
            Settings(dsn=dsn, **settings), self.metrics, clock=lambda: self.now, monotonic=self._monotonic
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()

    def _monotonic(self) -> float:
        self._seconds += 1e-6
        return self._seconds

    def step(self, *, diagnose: bool = False) -> bool:
        """One round, long after the one before."""
        self._seconds += 1000.0
        with self.engine.connect() as connection:
            return self.worker.step(connection, diagnose=diagnose)

    def settle(self, *, diagnose: bool = False) -> None:
        """Rounds until nothing is left to do."""
        for _ in range(50):
            if not self.step(diagnose=diagnose):
                return
        raise AssertionError("the worker finds work for ever")


def rows(dsn: str, query: str, *values: Any) -> list[dict[str, Any]]:
    with psycopg.connect(dsn, row_factory=dict_row) as connection:
        connection.execute("SET timezone = 'UTC'")
        return connection.execute(query, values).fetchall()


KPIS = """
SELECT e.code, kpi, window_kind, start, "end", value, numerator, denominator, completeness, flags, formula_version,
       provisional, inputs
  FROM app.kpi_value JOIN app.equipment e USING (equipment_id) ORDER BY e.code, kpi, window_kind, start
"""
STATES = """
SELECT e.code, start, "end", state, category
  FROM app.state_interval JOIN app.equipment e USING (equipment_id) ORDER BY e.code, start
"""


def production(seed: int, hours: float) -> list[Row]:
    """Samples of a machine from T0 on: states with heartbeats and gaps, counters with a reset, product changes."""
    rng = random.Random(seed)
    out: list[Row] = [("Order/Product", T0 + 7, "SHAFT-A")]
    produced = good = 0
    at = T0 + rng.randrange(MINUTE)
    state = 1
    while at < T0 + hours * 60 * MINUTE:
        if rng.random() < 0.15:
            state = rng.choice([1, 1, 2, 3, 4, 5, 7, 9])
        out.append(("State/MachineState", at, state))
        if state == 1 and rng.random() < 0.6:
            produced += 1
            good += rng.random() < 0.9
            out.append(("Counts/Produced", at + 3, produced))
            out.append(("Counts/Good", at + 5, good))
        if rng.random() < 0.02:
            produced, good = 0, 0
        if rng.random() < 0.03:
            out.append(("Order/Product", at + 1, rng.choice(["SHAFT-A", "UNKNOWN-X"])))
        at += rng.choice([30_000, 30_000, 30_000, 11_003, 59_999, 400_000])
    return out


def after(**parts: float) -> datetime:
    return DAY + timedelta(**parts)
