"""Time of every statement of the Grafana boards at a province's size, over a quarter of an hour, 8 hours and 30 days.

Run: ``.venv/bin/python -m benchmarks.boards [--workshops 100] [--machines 10] [--days 90] [--data FOLDER]``; the default size
takes 9 GB of disk. With `--data` the filled server stays in that folder and is asked again next time, its boards being those
of the code; without, all of it is temporary. Each statement is asked of several workshops, by a reader's role, for one
machine and for all machines by shift; the province's board is asked of all organisations. `SELECT 1` through the same session
is the floor. `pages` are the 8 kB pages that a statement touches (EXPLAIN, BUFFERS), which no busy machine changes, and `cpu` is
the processor time of the server's process for it (Linux), which a busy machine changes little.
"""

import argparse
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
from chejian.boards import Statement, TimeRange, boards, expand, statements
from chejian.stack import EmbeddedPostgres
from chejian_cloud.db.boards import make_reader
from chejian_cloud.db.migrate import migrate as migrate_app
from chejian_gateway.migrate import migrate as migrate_telemetry

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


def processor_ms(pid: int) -> float:
    """Processor time that a process has had [ms]; 0 where the system does not tell (it is no Linux)."""
    told = Path(f"/proc/{pid}/schedstat")
    return int(told.read_text("ascii").split()[0]) / 1e6 if told.exists() else 0.0


def timed(reader: psycopg.Connection, text: str) -> tuple[float, float]:
    """Milliseconds until all rows are here, and those of the server's processor."""
    pid = reader.info.backend_pid
    before, start = processor_ms(pid), time.perf_counter()
    reader.execute(text.encode()).fetchall()
    return (time.perf_counter() - start) * 1e3, processor_ms(pid) - before


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[18] if len(values) > 1 else values[0]


def pages(reader: psycopg.Connection, text: str) -> int:
    """Pages that it touches, found in the buffers or read."""
    row = reader.execute(f"EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT json) {text}".encode()).fetchone()
    plan = row[0][0]["Plan"] if row else {}
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def asked(province: Province, end: datetime) -> Iterator[tuple[Statement, str, str]]:
    """Every statement, the range's name and the text, of some workshops evenly spread."""
    everyone = [f"e{i}" for i in range((province.workshops - 1) // 10 + 1)]
    for workshop in range(0, province.workshops, max(1, province.workshops // ASKED)):
        for number, variables in enumerate(choices(workshop, province)):
            for board in boards():
                of_province = board.uid == "chejian-province"
                if of_province and number:
                    continue
                own = {**variables, "enterprise": everyone} if of_province else variables
                for statement in statements(board):
                    for name, span in SPANS.items():
                        yield statement, name, expand(statement.sql, TimeRange(end - span, end), own)


@contextmanager
def filled(province: Province, folder: Path) -> Iterator[tuple[EmbeddedPostgres, datetime]]:
    """A server over the folder with the province in it, filled unless it has been, and the moment at which it stands."""
    done = folder / "filled.json"
    with EmbeddedPostgres(folder / "data") as server:
        if done.exists():
            kept = json.loads(done.read_text("utf-8"))
            if kept["province"] != asdict(province):
                raise SystemExit(f"{folder}: holds {kept['province']}, not {asdict(province)}")
            migrate_telemetry(server.dsn())
            migrate_app(server.dsn())
            yield server, datetime.fromisoformat(kept["end"])
            return
        start = time.perf_counter()
        end = datetime.now(UTC).replace(microsecond=0)
        fill(server.dsn(), province, end)
        done.write_text(json.dumps({"province": asdict(province), "end": end.isoformat()}), "utf-8")
        print(f"filled in {time.perf_counter() - start:.0f} s", flush=True)
        yield server, end


Times = dict[str, list[float]]
Work = dict[tuple[Statement, str], tuple[float, int]]
"""Most processor time [ms] and pages of a statement and range."""


def report(found: dict[Statement, Times], work: Work) -> None:
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
        cpu, touched = work[statement, name]
        most = f"{cpu:7.1f} cpu {touched:6d} pages"
        print(f"  {value:7.1f} ms {most}  {name:6s} {statement.board} {statement.where} {statement.title}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Time of every statement of the Grafana boards.")
    parser.add_argument("--workshops", type=int, default=100)
    parser.add_argument("--machines", type=int, default=10, help="of each workshop")
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--data", type=Path, help="folder that keeps the filled server")
    options = parser.parse_args()
    province = Province(workshops=options.workshops, machines=options.machines, days=options.days)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.data or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        with filled(province, folder) as (server, end):
            print(f"{province.workshops} workshops x {province.machines} machines x {province.days} days")
            role = make_reader(server.dsn(), None, "of-the-benchmark").role
            found: dict[Statement, Times] = defaultdict(lambda: defaultdict(list))
            work: Work = defaultdict(lambda: (0.0, 0))
            with psycopg.connect(server.dsn(), autocommit=True) as reader:
                reader.execute(f'SET SESSION AUTHORIZATION "{role}"')
                reader.execute("SET jit = off; SET work_mem = '32MB'")
                floor = min(timed(reader, "SELECT 1")[0] for _ in range(50))
                for statement, span, text in asked(province, end):
                    wall, cpu = timed(reader, text)
                    found[statement][span].append(wall)
                    most, touched = work[statement, span]
                    work[statement, span] = max(most, cpu), max(touched, pages(reader, text))
    print(f"floor (SELECT 1): {floor:.2f} ms; goal: p95 of each statement <= {GOAL_MS:.0f} ms")
    report(found, work)


if __name__ == "__main__":
    main()
