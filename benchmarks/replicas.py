"""One gateway against several, as processes behind a real broker: ``python -m benchmarks.replicas``.

The same load (nodes within their windows, from a process of its own) goes into a fresh database, in turn through one
gateway and through `--replicas` of them, and the median of each is printed with their ratio. Everything shares the
machine: on two cores, broker, publisher and PostgreSQL leave little for a second gateway to win.
"""

import argparse
import json
import multiprocessing
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import psycopg
from chejian.stack import Broker, EmbeddedPostgres
from chejian_gateway.migrate import migrate

from benchmarks.ingest import NODES, publish_all, until

CONFIG = '[host]\nid = "{host}"\nelection_interval = "0.2s"\n[http]\nport = 0\n'
COUNTERS = ("rows_stored_total", "claims_short_total", "deadlocks_total", "messages_dropped_total")


class Gateway:
    """One process `chejian-gateway run` and its pages."""

    def __init__(self, folder: Path, host: str, number: int, environment: dict[str, str]) -> None:
        config = folder / f"{host}-{number}.toml"
        config.write_text(CONFIG.format(host=host), "utf-8")
        self._log = folder / f"{host}-{number}.log"
        command = [str(Path(sys.executable).with_name("chejian-gateway")), "--config", str(config), "run"]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(command, env=os.environ | environment, stderr=log)

    def page(self, name: str) -> tuple[int, str]:
        """Status and text of a page; 0 while it does not answer."""
        _, found, rest = self._log.read_text("utf-8").partition("health pages on ")
        if not found:
            return 0, ""
        try:
            with urllib.request.urlopen(f"{rest.split()[0]}/{name}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, ""
        except OSError:
            return 0, ""

    def value(self, name: str) -> float:
        """Present value of a metric."""
        lines = self.page("metrics")[1].splitlines()
        return next(float(x.split()[1]) for x in lines if x.startswith(f"chejian_gateway_{name} "))

    def counter(self, name: str) -> int:
        """Present value of a counter of whole things."""
        return int(self.value(name))

    def stop(self) -> None:
        """End it in order."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)


def load(
    postgres: EmbeddedPostgres, url: str, folder: Path, replicas: int, rows: int, size: int
) -> dict[str, float]:
    """Committed rows per second through so many gateways, and their counters."""
    name = f"r{replicas}_{time.monotonic_ns()}"
    dsn = postgres.create_database(name)
    migrate(dsn)
    count = max(1, rows // size // NODES)
    context = multiprocessing.get_context("spawn")
    ready, go = context.Event(), context.Event()
    with ExitStack() as stack:
        environment = {"CHEJIAN_DSN": dsn, "CHEJIAN_MQTT_URL": url}
        gateways = [Gateway(folder, name, i, environment) for i in range(replicas)]
        for gateway in gateways:
            stack.callback(gateway.stop)
        until(lambda: all(g.page("readyz")[0] == 200 for g in gateways))
        publisher = context.Process(target=publish_all, args=(url, name, count, size, (ready, go)))
        publisher.start()
        until(ready.is_set)
        with psycopg.connect(dsn, autocommit=True) as connection:
            query = "SELECT count(DISTINCT alias) FROM telemetry.alias"
            until(lambda: connection.execute("SELECT count(*) FROM telemetry.device").fetchone() == (NODES,))
            until(lambda: bool((connection.execute(query).fetchone() or (0,))[0]))
        start = time.perf_counter()
        go.set()
        publisher.join()
        elapsed = time.perf_counter() - start
        figures = {c: float(sum(g.counter(c) for g in gateways)) for c in COUNTERS}
    if figures["rows_stored_total"] != count * size * NODES:
        raise RuntimeError(f"{figures['rows_stored_total']} rows stored of {count * size * NODES}")
    return figures | {"rows_per_s": count * size * NODES / elapsed}


def measure(replicas: int, rows: int, size: int, repeat: int) -> dict[str, float]:
    """Medians of `repeat` runs, taken in turn, so that a busy minute hits both."""
    runs: dict[int, list[dict[str, float]]] = {1: [], replicas: []}
    with tempfile.TemporaryDirectory(prefix="chejian-bench-") as folder:
        base = Path(folder)
        with EmbeddedPostgres(base / "pg") as postgres, Broker(base / "broker") as broker:
            load(postgres, broker.url, base, 1, rows // 10, size)  # the first run warms caches
            for _ in range(repeat):
                for count, found in runs.items():
                    found.append(load(postgres, broker.url, base, count, rows, size))
    out = {
        f"{name}_with_{count}": statistics.median(run[name] for run in found)
        for count, found in runs.items()
        for name in ("rows_per_s", "claims_short_total", "deadlocks_total", "messages_dropped_total")
    }
    out["ratio"] = out[f"rows_per_s_with_{replicas}"] / out["rows_per_s_with_1"]
    return out


def main() -> None:
    """Parse the command line, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--replicas", type=int, default=2, help="compared with one (default 2)")
    parser.add_argument("--rows", type=int, default=2_000_000, help="rows of each load (default 2,000,000)")
    parser.add_argument("--size", type=int, default=500, help="samples in a message (default 500)")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each, in turn (default 3)")
    parser.add_argument("--json", action="store_true", help="print JSON only")
    arguments = parser.parse_args()
    figures = measure(arguments.replicas, arguments.rows, arguments.size, arguments.repeat)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:<36}{value:>14,.2f}")


if __name__ == "__main__":
    main()
