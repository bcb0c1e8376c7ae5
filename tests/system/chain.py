"""A chain of real processes for fault tests: database, broker, gateways, worker and edges under one supervisor."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg
from chejian.stack import EmbeddedPostgres, ProcessSpec, Supervisor
from chejian.stack.ports import free_port
from chejian_edge.status import read_status

from tests.faults.broker import TightBroker
from tests.faults.clocks import PRELOAD, FakeClock
from tests.faults.disks import SmallDisk
from tests.faults.network import NetworkCell
from tests.faults.timescale import Timescale
from tests.faults.waiting import until
from tests.system import workshop

_REPLAY = Path(__file__).with_name("replay")
_WITNESS = Path(__file__).with_name("witness.py")
FRESH = "reference"
"""Name of a second database with the same schemas and registry, and nothing else."""
_READY_S = 90.0
_DATABASE_MB = 1024
_BUFFER_MB = 128
_HANDLED = """
SELECT edge_node, l.ledger_id, coalesce((SELECT sum(upper(r) - lower(r)) FROM unnest(stored + dead + lost) r), 0)::bigint
  FROM telemetry.ledger l JOIN telemetry.node USING (node_id)
"""


class Postgres(EmbeddedPostgres):
    """A durable server (a commit survives SIGKILL) whose log of changes fits on a small disk."""

    def process(self) -> ProcessSpec:
        """How to run it."""
        spec = super().process()
        limits = {"max_wal_size": "128MB", "min_wal_size": "32MB", "shared_buffers": "128MB"}
        extra = [word for key, value in limits.items() for word in ("-c", f"{key}={value}")]
        return ProcessSpec(**{**vars(spec), "argv": [*spec.argv, *extra]})

    @property
    def cluster(self) -> Path:
        """Folder of the database's files."""
        return self.data_dir / "cluster"


class Chain:
    """Everything between a source and the figures; a context manager.

    Each edge lives in a network cell of its own, its buffer and the database on small disks, so that lines can be cut
    and disks filled. The clocks of edges, gateways and worker can jump.

    Args:
        folder: for files and logs.
        plant: what the sources play.
        replicas: gateways.
        clocks: whether processes run under libfaketime.
        store: makes the database server over a folder.
    """

    def __init__(
        self,
        folder: Path,
        plant: workshop.Workshop,
        *,
        replicas: int,
        clocks: bool = True,
        store: Callable[[Path], Postgres | Timescale] = Postgres,
    ) -> None:
        self.folder = folder
        self.plant = plant
        self.gateways = [f"gateway-{i + 1}" for i in range(replicas)]
        self.edges = {f"edge-{node}": node for node in workshop.NODES}
        self.supervisor = Supervisor()
        self.cells = {edge: NetworkCell() for edge in self.edges}
        self.database_disk = SmallDisk(folder / "postgres", mebibytes=_DATABASE_MB)
        self.buffer_disks = {e: SmallDisk(folder / e, mebibytes=_BUFFER_MB) for e in self.edges}
        self.postgres = store(folder / "postgres")
        self.broker = TightBroker(folder / "broker", also_on=[c.outside for c in self.cells.values()])
        timed = [*self.edges, *self.gateways, "worker"]
        self.clocks = {name: FakeClock(folder / f"{name}.clock") for name in timed} if clocks else {}
        self.ports = {name: free_port() for name in timed}
        self._resources = ExitStack()

    @property
    def dsn(self) -> str:
        """URL of the database."""
        return self.postgres.dsn("chejian")

    @property
    def environment(self) -> dict[str, str]:
        """Variables for all our programs."""
        paths = [str(_REPLAY), *([str(PRELOAD)] if self.clocks else []), os.environ.get("PYTHONPATH", "")]
        return {
            "CHEJIAN_DSN": self.dsn,
            "CHEJIAN_MQTT_URL": self.broker.url,
            "PYTHONPATH": os.pathsep.join(p for p in paths if p),
        }

    def __enter__(self) -> Self:
        try:
            self._resources.enter_context(self.database_disk)
            resources: tuple[SmallDisk | NetworkCell, ...] = (
                *self.buffer_disks.values(),
                *self.cells.values(),
            )
            for resource in resources:
                self._resources.enter_context(resource)
            self._start_store()
            self._start_parts()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        running = set(self.supervisor.names())
        order = (*self.edges, *self.gateways, "worker", "broker", "postgres")
        self.supervisor.stop_all([name for name in order if name in running])
        self.postgres.release()
        self._resources.close()

    def _start_store(self) -> None:
        self.postgres.prepare()
        self.broker.prepare()
        self.supervisor.start(self.postgres.process())
        self.supervisor.start(self.broker.process())
        self.supervisor.wait_ready("postgres", self.postgres.ready, within=_READY_S)
        self.supervisor.wait_ready("broker", self.broker.ready, within=_READY_S)
        self.postgres.create_database("chejian")
        make_schemas(self.folder, self.environment)
        if isinstance(self.postgres, Postgres):
            self.postgres.create_database(FRESH, template="chejian")
        else:  # its scheduler has a session in each database, so none can be a template
            dsn = self.postgres.create_database(FRESH)
            make_schemas(self.folder, {**self.environment, "CHEJIAN_DSN": dsn})

    def _start_parts(self) -> None:
        for name in self.gateways:
            config = self.folder / f"{name}.toml"
            config.write_text(f"[http]\nport = {self.ports[name]}\n", "utf-8")
            self._start(name, [program("chejian-gateway"), "--config", str(config), "run"])
        self._start("worker", [program("chejian-cloud"), "worker", "--port", str(self.ports["worker"])])
        for name in (*self.gateways, "worker"):
            self.wait_ready(name)

    def start_edges(self, rate: float) -> float:
        """Let the sources play so many times as fast as it happened; returns the seconds that it takes."""
        began = time.monotonic()
        clock = {"began": began, "from_ms": self.plant.from_ms, "to_ms": self.plant.to_ms, "rate": rate}
        self.plant.write(self.folder, clock)
        for edge in self.edges:
            self.config_of(edge).write_text(self._edge_config(edge), "utf-8")
            self._start(edge, self.cells[edge].argv(self._edge_argv(edge)))
        for edge in self.edges:
            self.wait_ready(edge)
        return (self.plant.to_ms - self.plant.from_ms) / 1000 / rate

    def _edge_argv(self, edge: str) -> list[str]:
        watched = [sys.executable, str(_WITNESS), str(self.deleted_by(edge))]
        return [*watched, *edge_command(self.config_of(edge))[1:]]

    def deleted_by(self, edge: str) -> Path:
        """Folder of what an edge's buffer has deleted, a file per identity."""
        return self.folder / "deleted" / edge

    def _edge_config(self, edge: str) -> str:
        cell, node = self.cells[edge], self.edges[edge]
        return workshop.edge_config(
            node,
            mqtt_url=f"mqtt://{cell.outside}:{self.broker.port}",
            replay=workshop.replay_file(self.folder, node),
            history_s=int(time.time() - self.plant.from_ms / 1000) + 60,
            http=(cell.inside, self.ports[edge]),
        )

    def _start(self, name: str, argv: list[str]) -> None:
        environment = self.environment
        if name in self.edges:  # their configuration names the broker as their cell sees it
            del environment["CHEJIAN_MQTT_URL"]
        if name in self.clocks:
            environment |= self.clocks[name].environment
        log = self.folder / "logs" / f"{name}.log"
        self.supervisor.start(ProcessSpec(name=name, argv=argv, log=log, env=environment, stop_within=20.0))

    def config_of(self, edge: str) -> Path:
        """Configuration of an edge."""
        return self.folder / edge / "edge.toml"

    def buffer_of(self, edge: str) -> Path:
        """Buffer file of an edge."""
        return self.folder / edge / "buffer.sqlite"

    def status(self, edge: str) -> dict[str, Any]:
        """What `chejian-edge status --json` says, the edge running or not."""
        return read_status(self.buffer_of(edge))

    def ready(self, name: str) -> str | Callable[[], bool]:
        """How to see that a part answers."""
        if name == "postgres":
            return self.postgres.ready
        if name == "broker":
            return self.broker.ready
        host = self.cells[name].inside if name in self.cells else "127.0.0.1"
        return f"http://{host}:{self.ports[name]}/readyz"

    def wait_ready(self, name: str, *, within: float = _READY_S) -> None:
        """Wait until a part answers."""
        self.supervisor.wait_ready(name, self.ready(name), within=within)

    def pid(self, name: str) -> int | None:
        """Process id of a part, None while it is down."""
        return self.supervisor.status(name).pid

    def restart(self, name: str) -> None:
        """Kill a part that answers, and wait until it answers again."""
        self.wait_ready(name)
        self.supervisor.kill(name, signal.SIGKILL)
        before = self.supervisor.restarts(name)
        until(lambda: self.supervisor.restarts(name) > before, 30, f"{name} started again")
        self.wait_ready(name)

    def drained(self) -> bool:
        """Whether each edge has all that its source ever said, and edge and database agree that it is handled."""
        if not all(self._has_all(edge) for edge in self.edges):
            return False
        states = {node: self.status(edge) for edge, node in self.edges.items()}
        with psycopg.connect(self.dsn) as connection:
            handled = {
                (node, ledger_id): batches for node, ledger_id, batches in connection.execute(_HANDLED)
            }
        return all(
            not state["in_flight_batches"]
            and handled.get((node, state["ledger_id"])) == state["produced_batches"]
            for node, state in states.items()
        )

    def _has_all(self, edge: str) -> bool:
        wanted = {key: times[-1] for key, (times, _) in self.plant.of(self.edges[edge]).items()}
        try:
            with sqlite3.connect(f"{self.buffer_of(edge).as_uri()}?mode=ro", uri=True) as database:
                rows = database.execute(
                    "SELECT device || '/' || name, source_ms FROM series JOIN alias USING (alias)"
                )
                found: Mapping[str, int] = dict(rows.fetchall())
        finally:
            database.close()
        return all(found.get(key) == time_ms for key, time_ms in wanted.items())

    def editions(self) -> set[str]:
        """What the gateways say of the store on `/readyz`."""
        found = set()
        for name in self.gateways:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[name]}/readyz", timeout=10) as answer:
                found.add(str(json.load(answer)["edition"]))
        return found

    def device_deaths(self) -> int:
        """DDEATH messages in the database's journal; those that came while no host was online are not in it."""
        with psycopg.connect(self.dsn) as connection:
            row = connection.execute("SELECT count(*) FROM telemetry.birth WHERE kind = 'DDEATH'").fetchone()
        assert row is not None
        return int(row[0])

    def unfinished(self) -> int:
        """What waits for the worker."""
        with psycopg.connect(self.dsn) as connection:
            return unfinished(connection)


def dirty_marks(connection: psycopg.Connection) -> int:
    """Marks of both schemas."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM telemetry.dirty) + (SELECT count(*) FROM app.dirty)"
    ).fetchone()
    assert row is not None
    return int(row[0])


def unfinished(connection: psycopg.Connection) -> int:
    """Marks, and machines whose last ended hour has no row yet: silence makes no marks, the worker's clock asks for it."""
    row = connection.execute(
        "SELECT count(*) FROM app.work_progress WHERE rolled_until < date_trunc('hour', now() - interval '5 seconds')"
    ).fetchone()
    assert row is not None
    return dirty_marks(connection) + int(row[0])


def make_schemas(folder: Path, environment: Mapping[str, str]) -> None:
    """Bring a fresh database up to date and enter the registry."""
    registry = folder / "registry.toml"
    registry.write_text(workshop.registry(), "utf-8")
    for argv in (
        ["chejian-gateway", "migrate"],
        ["chejian-cloud", "migrate"],
        ["chejian-cloud", "seed", str(registry)],
    ):
        run_program(argv, environment)


def run_program(argv: list[str], environment: Mapping[str, str]) -> str:
    """Run one of our commands to its end and return what it printed."""
    done = subprocess.run(
        [program(argv[0]), *argv[1:]],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
    return done.stdout


def program(name: str) -> str:
    """Path of one of our commands in this environment."""
    return str(Path(sysconfig.get_path("scripts")) / name)


def edge_command(config: Path) -> list[str]:
    """How to run an edge."""
    return [program("chejian-edge"), "run", "--config", str(config), "--drain-timeout", "5"]
