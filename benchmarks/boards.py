"""Time of every statement of the Grafana boards at a province's size, over a quarter of an hour, 8 hours and 30 days.

Run: ``.venv/bin/python -m benchmarks.boards [workshops [days]]`` (default 100 workshops of 10 machines, 90 days; about 5 GB of
disk in the temporary folder). Each statement is asked of several workshops, by a reader's role, for one machine and for all
machines by shift; the province's board is asked of all organisations. `SELECT 1` through the same session is the floor.
"""

import statistics
import sys
import tempfile
import time
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from chejian.boards import Statement, TimeRange, boards, expand, statements
from chejian.stack import EmbeddedPostgres
from chejian_cloud.db.boards import make_reader

from benchmarks.board_plant import Province, fill

SPANS = {"15 min": timedelta(minutes=15), "8 h": timedelta(hours=8), "30 d": timedelta(days=30)}
ASKED = 8
"""Workshops that are asked, evenly spread."""
SLOWEST = 8
"""Statements that are listed."""
GOAL_MS = 100.0


def choices(workshop: int, province: Province) -> list[dict[str, str | list[str]]]:
    machines = [f"W{workshop}-M{i}" for i in range(1, province.machines + 1)]
    base: dict[str, str | list[str]] = {
        "enterprise": f"e{workshop // 10}",
        "workshop": f"W{workshop}",
        "line": [f"L{i}" for i in range(1, province.machines // 2 + 1)],
        "meter": [f"W{workshop}-E{i}" for i in range(1, province.meters + 1)],
        "demand_kw": "1000",
        "console": "http://console",
    }
    return [
        {**base, "equipment": machines[:1], "shift": "raw:NULL"},
        {**base, "equipment": machines, "shift": "raw:NULL"},
        {**base, "equipment": machines, "shift": ["08:00-20:00", "20:00-08:00"]},
    ]


def timed(reader: psycopg.Connection, text: str) -> float:
    start = time.perf_counter()
    reader.execute(text.encode()).fetchall()
    return (time.perf_counter() - start) * 1e3


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[18] if len(values) > 1 else values[0]


def measure(
    reader: psycopg.Connection, province: Province, end: datetime
) -> dict[Statement, dict[str, list[float]]]:
    everyone = [f"e{i}" for i in range((province.workshops - 1) // 10 + 1)]
    found: dict[Statement, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    step = max(1, province.workshops // ASKED)
    for workshop in range(0, province.workshops, step):
        for number, variables in enumerate(choices(workshop, province)):
            for board in boards():
                of_province = board.uid == "chejian-province"
                if of_province and number:
                    continue
                own = {**variables, "enterprise": everyone} if of_province else variables
                for statement in statements(board):
                    for name, span in SPANS.items():
                        text = expand(statement.sql, TimeRange(end - span, end), own)
                        found[statement][name].append(timed(reader, text))
    return found


def main() -> None:
    workshops = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    days = int(sys.argv[2]) if len(sys.argv) > 2 else 90
    province = Province(workshops=workshops, days=days)
    end = datetime.now(UTC).replace(microsecond=0)
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "data") as server:
        start = time.perf_counter()
        fill(server.dsn(), province, end)
        print(
            f"{workshops} workshops x {province.machines} machines x {days} days in {time.perf_counter() - start:.0f} s"
        )
        role = make_reader(server.dsn(), None, "of-the-benchmark").role
        with psycopg.connect(server.dsn(), autocommit=True) as reader:
            reader.execute(f'SET SESSION AUTHORIZATION "{role}"')
            reader.execute("SET jit = off; SET work_mem = '32MB'")
            floor = min(timed(reader, "SELECT 1") for _ in range(50))
            found = measure(reader, province, end)
    print(f"floor (SELECT 1): {floor:.2f} ms; goal: p95 of each statement <= {GOAL_MS:.0f} ms")
    print(f"{'board':18s} {'statements':>10s} " + " ".join(f"{n + ' p95 max':>16s}" for n in SPANS))
    for uid in sorted({s.board for s in found}):
        own = {s: t for s, t in found.items() if s.board == uid}
        cells = []
        for name in SPANS:
            every = [p95(times[name]) for times in own.values()]
            cells.append(f"{p95(every):7.1f} {max(every):8.1f}")
        print(f"{uid:18s} {len(own):10d} " + " ".join(cells))
    worst = sorted(((p95(t[n]), n, s) for s, t in found.items() for n in SPANS), key=lambda x: -x[0])
    over = sum(1 for value, _, _ in worst if value > GOAL_MS)
    print(f"{len(worst)} statements x ranges, {over} over the goal; the slowest:")
    for value, name, statement in worst[:SLOWEST]:
        print(f"  {value:7.1f} ms  {name:6s} {statement.board} {statement.where} {statement.title}")


if __name__ == "__main__":
    main()
