"""`chejian-cloud recompute` over many machines and days, database included: first from nothing, then after an edit.

Run: ``.venv/bin/python -m benchmarks.kpi_recompute [--workshops 100] [--machines 20] [--days 30] [--jobs 2]``. The raw
rows are written by COPY (`benchmarks/kpi_plant.py` says how many and why). Four times are taken: reading the rows once
by COPY, computing everything from nothing, computing one hour of one machine in one process (which is the start of a
process, its imports and compiled code: a fixed cost, whatever the number of machine-days), and computing all of it anew
after the ideal cycles have changed. The figure asked for is the last one for 100 x 20 x 30; a smaller run is scaled: the
start once, the rest by machine-days, and says so; with few machine-days the spread of the start hides the rest. Processor
time of our processes and of the server stands beside each, for a machine that other work keeps busy: half of it is what two
idle cores need.
"""

import argparse
import contextlib
import logging
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import astuple, dataclass
from datetime import timedelta
from pathlib import Path

import psycopg
from chejian.stack import EmbeddedPostgres
from chejian_cloud.db.migrate import migrate as migrate_app
from chejian_gateway.migrate import migrate as migrate_telemetry

sys.path.insert(0, str(Path(__file__).parents[1]))  # run as a script, too
from benchmarks.kpi_plant import Province, fill

WANTED = 100 * 20 * 30
"""Machine-days of the figure."""
LIMIT_S = 600.0
FIRST_MACHINE = "W1-1"
COMMAND = Path(sys.executable).with_name("chejian-cloud")
"""As people start it: its processes import what it imports, and nothing of this benchmark."""
_SETTINGS = 'settle = "1s"\n'
"""What was computed is settled by then: each change leaves its revision."""


def read_all(dsn: str) -> float:
    """Seconds of reading every raw row once by COPY."""
    began = time.perf_counter()
    with (
        psycopg.connect(dsn) as connection,
        connection.cursor() as cursor,
        cursor.copy(
            "COPY (SELECT time, value, quality, series_id FROM telemetry.sample) TO STDOUT (FORMAT binary)"
        ) as copy,
    ):
        for _ in copy:
            pass
    return time.perf_counter() - began


@dataclass(frozen=True)
class Cost:
    """Seconds of the clock, and of processors."""

    wall: float
    ours: float
    server: float


def start_of_processes(dsn: str, province: Province, jobs: int) -> Cost:
    """What `jobs` processes cost before they compute anything: one of them, and next to nothing to compute."""
    one = run(dsn, province, 1, code=FIRST_MACHINE, span=timedelta(hours=1))
    return Cost(one.wall, one.ours * jobs, one.server * jobs)


def run(
    dsn: str, province: Province, jobs: int, *, code: str | None = None, span: timedelta | None = None
) -> Cost:
    """One `chejian-cloud recompute` of everything, or of one machine's first `span`; progress is printed."""
    end = province.end + timedelta(minutes=1) if span is None else province.start + span
    server = _server(dsn)
    before, began = _cpu(server), time.perf_counter()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    asked = ["--from", province.start.isoformat(), "--to", end.isoformat(), "--jobs", str(jobs)]
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "cloud.toml"
        config.write_text(_SETTINGS, "utf-8")
        command = [str(COMMAND), "recompute", "--dsn", dsn, "--config", str(config), *asked]
        command += [] if code is None else ["--equipment", code]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for line in process.stdout:
                print(f"  {time.perf_counter() - began:6.0f} s  {line}", end="", flush=True)
    if process.returncode:
        raise SystemExit(f"{COMMAND.name} recompute ended with {process.returncode}")
    wall = time.perf_counter() - began
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    ours = now.ru_utime + now.ru_stime - children.ru_utime - children.ru_stime
    return Cost(wall, ours, _cpu(server) - before)


def _server(dsn: str) -> int:
    """Process id of the server's first process: the parent of any session's."""
    with psycopg.connect(dsn) as connection:
        return int(_stat(connection.info.backend_pid)[1])


def _stat(pid: int) -> list[str]:
    """Fields of /proc/<pid>/stat behind the name: state, parent ..."""
    return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()


def _cpu(server: int) -> float:
    """Processor time [s] of the server's processes, ended ones included."""
    ticks = sum(map(int, _stat(server)[11:15]))
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = _stat(int(process.name))
            ticks += sum(map(int, fields[11:13])) if int(fields[1]) == server else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(workshops: int, machines: int, days: int, jobs: int) -> None:
    logging.disable(logging.INFO)
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedPostgres(Path(folder) / "postgres", durable=False) as server,
    ):
        dsn = server.dsn()
        migrate_telemetry(dsn)
        migrate_app(dsn)
        began = time.perf_counter()
        province = fill(dsn, workshops=workshops, machines=machines, days=days)
        print(
            f"{workshops} x {machines} machines x {days} days: {province.rows:,} raw rows"
            f" ({province.rows / province.machines / days:.0f} per machine and day),"
            f" written in {time.perf_counter() - began:.0f} s; {jobs} processes, {os.cpu_count()} cores",
            flush=True,
        )
        reading = read_all(dsn)
        first = run(dsn, province, jobs)
        start = start_of_processes(dsn, province, jobs)
        with psycopg.connect(dsn) as connection:
            connection.execute("UPDATE app.ideal_cycle SET cycle_us = 100000000")
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("ANALYZE app.kpi_value")
        again = run(dsn, province, jobs)
        with psycopg.connect(dsn) as connection:
            row = connection.execute(
                "SELECT count(*), pg_total_relation_size('app.kpi_value') FROM app.kpi_value"
            ).fetchone()
            assert row is not None
            revisions = connection.execute("SELECT count(*) FROM app.kpi_revision").fetchone()
            assert revisions is not None
        machine_days = province.machines * days
        print(
            f"KPI rows: {row[0]:,}, {row[1] / 2**20:.0f} MiB with indexes; revisions of the edit: {revisions[0]:,}"
        )
        print(
            f"start of {jobs} processes: {start.wall:.1f} s; processor time {start.ours:.1f} s ours, {start.server:.1f} s server"
        )
        for name, cost in (("from nothing", first), ("after an edit of all ideal cycles", again)):
            tell(name, cost, start, machine_days, reading)


def tell(name: str, cost: Cost, start: Cost, machine_days: int, reading: float) -> None:
    """Print what a recomputation cost, and what that says of the figure."""
    each = Cost(*((c - s) / machine_days for c, s in zip(astuple(cost), astuple(start), strict=True)))
    wanted = cost.wall if machine_days == WANTED else start.wall + each.wall * WANTED
    told = "measured" if machine_days == WANTED else "the start once, the rest scaled by machine-days"
    print(
        f"{name}: {cost.wall:.1f} s = {cost.wall / machine_days * 1e3:.1f} ms per machine-day,"
        f" {cost.wall / reading:.1f} x reading the rows ({reading:.1f} s);"
        f" beside the start {each.wall * 1e3:.1f} ms per machine-day, of processor time"
        f" {each.ours * 1e3:.1f} ms ours and {each.server * 1e3:.1f} ms server;"
        f" 100 x 20 x 30: {wanted:.0f} s ({told}), {'within' if wanted <= LIMIT_S else 'beyond'} {LIMIT_S:.0f} s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workshops", type=int, default=100)
    parser.add_argument("--machines", type=int, default=20)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--jobs", type=int, default=2)
    arguments = parser.parse_args()
    measure(arguments.workshops, arguments.machines, arguments.days, arguments.jobs)
