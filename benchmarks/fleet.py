"""A province's worth of workshops through broker, gateway and database: ``python -m benchmarks.fleet``.

`chejian-simulate run --fleet` publishes workshops of 1,000 signals at 1 Hz through a real broker into the gateway and an
embedded PostgreSQL (fsync on), all processes on this machine. Printed: what was produced, acknowledged and stored; the
processor time of each process; commits; the identity produced = stored + dead + lost + in flight per node, proved by
`chejian-gateway ledger --verify`, which counts the rows and looks for doubles; and the floor: bare COPY of rows of the same
shape, in commits of the same size, into the same indexed tables, after the load.
"""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import psycopg
from chejian.stack import Broker, EmbeddedPostgres
from chejian_gateway import pgbinary
from chejian_gateway.migrate import migrate
from chejian_gateway.nodes import SeriesTable
from chejian_gateway.pending import PG_EPOCH_MS, Rows
from chejian_gateway.store import Partitions, detect_edition

from benchmarks.ingest import Bare, until
from benchmarks.replicas import Gateway

SIGNALS = 1000
DEVICES = 5
NAMES = ("postgres", "mosquitto", "pybroker", "chejian-gateway", "chejian-simulate")
COUNTERS = (
    "rows_stored_total",
    "commits_total",
    "commit_seconds_total",
    "batches_doubled_total",
    "claims_short_total",
    "messages_dropped_total",
    "dead_letters_total",
)
TICKS = os.sysconf("SC_CLK_TCK")
FLOOR_SECONDS = 10
"""Seconds of the fleet's rows that the floor copies."""
FLOOR_SERIES = 10_000_000
"""First series id of the floor's rows: series of their own, so that no account counts them."""


def processor_seconds() -> dict[str, float]:
    """Seconds of user and system time so far of this process's descendants, ended ones included, by name."""
    parents: dict[int, int] = {}
    used: dict[int, float] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            fields = (place / "stat").read_text().rpartition(") ")[2].split()
        except OSError:
            continue  # ended meanwhile; its parent counts it
        parents[int(place.name)] = int(fields[1])
        used[int(place.name)] = sum(map(int, fields[11:15])) / TICKS
    out = dict.fromkeys(NAMES, 0.0)
    for pid, seconds in used.items():
        if (name := _name(pid)) and _descends(pid, parents):
            out[name] += seconds
    return {name: seconds for name, seconds in out.items() if seconds}


def _name(pid: int) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""
    return next((name for name in NAMES if name in words.replace("\0", " ")), "")


def _descends(pid: int, parents: Mapping[int, int]) -> bool:
    while pid in parents and pid != os.getpid():
        pid = parents[pid]
    return pid == os.getpid()


@dataclass(slots=True)
class Seconds:
    """Mean commit of each second of the load [ms], and the processor seconds of all processes at its end."""

    commit_ms: list[float] = field(default_factory=list)
    used: dict[str, float] = field(default_factory=dict)


def watch(process: subprocess.Popen[bytes], gateways: Sequence[Gateway]) -> Seconds:
    """Look at the gateways' counters once a second until the fleet ends."""
    out = Seconds()
    commits = seconds = 0.0
    while process.poll() is None:
        out.used |= processor_seconds()
        time.sleep(1)
        more, until_now = sum_of(gateways, "commits_total"), sum_of(gateways, "commit_seconds_total")
        if more > commits:
            out.commit_ms.append(1000 * (until_now - seconds) / (more - commits))
        commits, seconds = more, until_now
    return out


def sum_of(gateways: Sequence[Gateway], name: str) -> float:
    """A counter over all gateways."""
    return sum(gateway.value(name) for gateway in gateways)


def drive(folder: Path, url: str, dsn: str, arguments: argparse.Namespace) -> dict[str, object]:
    """Run gateways and fleet; all figures but the floor."""
    environment = {"CHEJIAN_DSN": dsn, "CHEJIAN_MQTT_URL": url}
    account = folder / "account.json"
    with ExitStack() as stack:
        gateways = [Gateway(folder, "fleet", i, environment) for i in range(arguments.replicas)]
        for gateway in gateways:
            stack.callback(gateway.stop)
        until(lambda: all(g.page("readyz")[0] == 200 for g in gateways))
        before, started = processor_seconds(), time.monotonic()
        fleet = subprocess.Popen(
            [
                str(Path(sys.executable).with_name("chejian-simulate")),
                *("run", "--fleet", str(arguments.workshops), "--mqtt", url),
                *("--devices", str(DEVICES), "--signals", str(SIGNALS)),
                *("--seconds", str(arguments.seconds), "--drain", str(arguments.drain)),
                *("--account", str(account)),
            ],
            stdout=subprocess.DEVNULL,
        )
        stack.callback(_end, fleet)
        seconds = watch(fleet, gateways)
        elapsed = time.monotonic() - started
        if fleet.returncode:
            raise RuntimeError(f"the fleet ended with {fleet.returncode}")
        told = json.loads(account.read_text("utf-8"))
        with psycopg.connect(dsn, autocommit=True) as connection:
            query = (
                "SELECT sum(produced_samples) FROM telemetry.ledger"  # its last word comes behind the data
            )
            until(lambda: connection.execute(query).fetchone() == (told["produced_samples"],))
        counters = {name: sum_of(gateways, name) for name in COUNTERS}
    cores = {name: (used - before.get(name, 0.0)) / elapsed for name, used in seconds.used.items()}
    return figures(told, counters, seconds, elapsed, cores, arguments) | proof(environment)


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait(90)


def figures(
    told: Mapping[str, int],
    counters: Mapping[str, float],
    seconds: Seconds,
    elapsed: float,
    cores: Mapping[str, float],
    arguments: argparse.Namespace,
) -> dict[str, object]:
    """What the fleet, the gateways and the clock say."""
    commits = counters["commits_total"]
    return {
        "produced": told["produced_samples"],
        "acknowledged": told["acknowledged_samples"],
        "stored": int(counters["rows_stored_total"]),
        "in_flight_batches": told["in_flight_batches"],
        "sent_batches": told["sent_batches"],
        "resent_batches": told["resent_batches"],
        "produced_per_s": told["produced_samples"] / arguments.seconds,
        "seconds_until_all_acknowledged": elapsed,
        "cores": dict(cores),
        "commits": int(commits),
        "rows_per_commit": int(counters["rows_stored_total"] / commits),
        "commit_ms_mean": 1000 * counters["commit_seconds_total"] / commits,
        "commit_ms_worst_second": max(seconds.commit_ms),
        "commit_ms_median_second": statistics.median(seconds.commit_ms),
        "share_of_time_in_commits": counters["commit_seconds_total"] / elapsed / arguments.replicas,
        "batches_that_came_again": int(counters["batches_doubled_total"]),
        "claims_short": int(counters["claims_short_total"]),
        "messages_dropped": int(counters["messages_dropped_total"]),
    }


def proof(environment: Mapping[str, str]) -> dict[str, object]:
    """The ledger's accounts, verified row by row."""
    command = [str(Path(sys.executable).with_name("chejian-gateway")), "ledger", "--verify", "--json"]
    told = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=False)
    accounts = json.loads(told.stdout)
    sums = {
        name: sum(int(account[name]) for account in accounts)
        for name in (
            "produced_samples",
            "stored_samples",
            "dead_samples",
            "lost_batches",
            "in_flight_batches",
        )
    }
    return {"ledger": sums, "verdict": told.stderr.strip(), "exact": told.returncode == 0}


def floor(dsn: str, workshops: int, per_commit: int) -> dict[str, float]:
    """Bare COPY of the fleet's shape: milliseconds of a commit, and rows/s. Tables and indexes hold the load already."""
    series = workshops * SIGNALS
    base = (time.time_ns() // 1_000_000 - PG_EPOCH_MS) * 1000
    took = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        pgbinary.register(connection)
        partitions = Partitions(detect_edition(connection))
        partitions.ahead(connection, base, 1)
        bare = Bare(connection, partitions, SeriesTable())
        for first in range(0, series * FLOOR_SECONDS - per_commit, per_commit):
            at = np.arange(first, first + per_commit)
            rows = Rows(
                base + at // series * 1_000_000,
                at.astype(np.float64),
                (FLOOR_SERIES + at % series).astype(np.int32),
                np.full(per_commit, 192, np.int16),
                np.zeros(per_commit, np.int32),
            )
            start = time.perf_counter()
            bare.copy_only(rows)
            took.append(time.perf_counter() - start)
    middle = statistics.median(took)
    return {"floor_commit_ms": 1000 * middle, "floor_rows_per_s": per_commit / middle}


def measure(arguments: argparse.Namespace) -> dict[str, object]:
    """All figures by name."""
    with tempfile.TemporaryDirectory(prefix="chejian-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        postgres = stack.enter_context(EmbeddedPostgres(folder / "pg"))
        broker = stack.enter_context(Broker(folder / "broker", kind=arguments.broker))
        dsn = postgres.create_database("fleet")
        migrate(dsn)
        out: dict[str, object] = {"broker": broker.kind}
        out |= drive(folder, broker.url, dsn, arguments)
        out |= floor(dsn, arguments.workshops, int(str(out["rows_per_commit"])))
        return out


def main() -> None:
    """Parse the command line, measure, print; exit 1 where the identity does not hold."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workshops", type=int, default=100, help="of 1,000 signals at 1 Hz (default 100)")
    parser.add_argument("--seconds", type=int, default=120, help="of production (default 120)")
    parser.add_argument("--drain", type=int, default=60, help="seconds for the last acknowledgements (60)")
    parser.add_argument("--replicas", type=int, default=1, help="gateways (default 1)")
    parser.add_argument("--broker", choices=("auto", "mosquitto", "embedded"), default="auto")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    found = measure(arguments)
    exact = found["exact"] and found["produced"] == found["acknowledged"] == found["stored"]
    if arguments.json:
        print(json.dumps(found))
    else:
        for key, value in found.items():
            shown = f"{value:,.2f}" if isinstance(value, float) else value
            print(f"{key:<32}{shown}")
    sys.exit(0 if exact else 1)


if __name__ == "__main__":
    main()
