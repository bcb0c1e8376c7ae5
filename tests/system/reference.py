"""The reference: the batches that a run has produced, fed into a fresh chain that nothing disturbs."""

import shutil
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from chejian.stack import Broker, ProcessSpec, Supervisor
from chejian.stack.ports import free_port
from chejian_contract.ledger import Range
from chejian_edge.status import read_status
from chejian_gateway.ranges import count

from tests.faults.waiting import until
from tests.system import workshop
from tests.system.account import Account
from tests.system.chain import FRESH, Chain, edge_command, program, unfinished

_FEED_S = 300.0


@dataclass(frozen=True)
class Produced:
    """What was delivered under one identity of a node.

    Attributes:
        node: that produced it.
        copies: buffer files that hold it, newest first, and last what it has deleted: a file may lack batches that were
            damaged or dropped.
        stored: batches that the run's database has.
    """

    node: str
    copies: Sequence[Path]
    stored: Sequence[Range]


def copy_buffer(source: Path, target: Path) -> Path:
    """Copy a buffer file with its log; its edge is down."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for tail in ("", "-wal"):
        if source.with_name(source.name + tail).exists():
            shutil.copyfile(source.with_name(source.name + tail), target.with_name(target.name + tail))
    return target


class Reference:
    """A fresh database on the run's server, a fresh broker, one gateway, one worker.

    Args:
        chain: the run, its gateways, worker and edges stopped.
        folder: for files and logs.
    """

    def __init__(self, chain: Chain, folder: Path) -> None:
        self._chain = chain
        self._folder = folder
        self._broker = Broker(folder / "broker", kind="mosquitto")
        self.dsn = chain.postgres.dsn(FRESH)

    def feed(self, produced: Iterable[Produced], until_time: datetime) -> Account:
        """Publish the batches with the real publisher, wait for the last figure, and take the account."""
        self._folder.mkdir(parents=True, exist_ok=True)
        environment = {
            **self._chain.environment,
            "CHEJIAN_DSN": self.dsn,
            "CHEJIAN_MQTT_URL": self._broker.url,
        }
        self._chain.plant.write(self._folder, None)
        with self._broker, Supervisor() as supervisor:
            self._start_parts(supervisor, environment)
            for number, together in enumerate(_rounds(produced)):
                self._publish(supervisor, number, together, environment)
            with psycopg.connect(self.dsn, autocommit=True) as connection:
                until(lambda: unfinished(connection) == 0, _FEED_S, "the figures of the reference")
            supervisor.stop_all(["gateway", "worker"])
        return Account(self.dsn, until_time)

    def _start_parts(self, supervisor: Supervisor, environment: dict[str, str]) -> None:
        ports = {name: free_port() for name in ("gateway", "worker")}
        config = self._folder / "gateway.toml"
        config.write_text(f"[http]\nport = {ports['gateway']}\n", "utf-8")
        argv = {
            "gateway": [program("chejian-gateway"), "--config", str(config), "run"],
            "worker": [program("chejian-cloud"), "worker", "--port", str(ports["worker"])],
        }
        for name, command in argv.items():
            log = self._folder / f"{name}.log"
            supervisor.start(ProcessSpec(name=name, argv=command, log=log, env=environment))
        for name, port in ports.items():
            supervisor.wait_ready(name, f"http://127.0.0.1:{port}/readyz", within=90)

    def _publish(
        self, supervisor: Supervisor, number: int, together: Sequence[Produced], environment: dict[str, str]
    ) -> None:
        buffers = {}
        for one in together:
            name = f"edge-{one.node}-{number}"
            buffers[name] = make_buffer(one, self._folder / name / "buffer.sqlite")
            config = buffers[name].with_name("edge.toml")
            config.write_text(self._config(one.node), "utf-8")
            log = self._folder / f"{name}.log"
            argv = edge_command(config)
            supervisor.start(ProcessSpec(name=name, argv=argv, log=log, env=environment, stop_within=20))
        for name, buffer in buffers.items():
            until(lambda b=buffer: not read_status(b)["in_flight_batches"], _FEED_S, f"{name} drained")  # type: ignore[misc] # mypy does not infer lambdas with defaults
            supervisor.stop(name)

    def _config(self, node: str) -> str:
        return workshop.edge_config(
            node,
            mqtt_url=self._broker.url,
            replay=workshop.replay_file(self._folder, node),
            history_s=0,
            http=("127.0.0.1", 0),
        )


def _rounds(produced: Iterable[Produced]) -> list[list[Produced]]:
    """Buffers of different nodes together, those of one node one after another."""
    rounds: list[list[Produced]] = []
    for one in produced:
        free = next((r for r in rounds if all(other.node != one.node for other in r)), None)
        if free is None:
            rounds.append([one])
        else:
            free.append(one)
    return rounds


def make_buffer(one: Produced, target: Path) -> Path:
    """Make a buffer that holds exactly the stored batches, and believes that nobody has stored them yet.

    Raises:
        AssertionError: a stored batch is in none of the copies.
    """
    copy_buffer(one.copies[0], target)
    database = sqlite3.connect(target, isolation_level=None)
    try:
        database.execute("DELETE FROM batch WHERE number NOT IN (SELECT number FROM body)")
        for number, older in enumerate(one.copies[1:]):
            aside = copy_buffer(older, target.with_name(f"older-{number}.sqlite"))
            database.execute("ATTACH ? AS older", [str(aside)])
            for table in ("batch", "body"):  # what the newer file has counts
                database.execute(f"INSERT OR IGNORE INTO {table} SELECT * FROM older.{table}")
            database.execute("DETACH older")
        kept = " OR ".join(f"number BETWEEN {lo} AND {hi}" for lo, hi in one.stored) or "0"
        for table in ("batch", "body"):
            database.execute(f"DELETE FROM {table} WHERE NOT ({kept})")
        held = database.execute("SELECT count(*) FROM batch JOIN body USING (number)").fetchone()[0]
        assert held == count(one.stored), f"{one}: only {held} of the stored batches are in a buffer file"
        database.execute("UPDATE batch SET acked_ms = NULL")
        database.execute(
            "DELETE FROM lost"
        )  # a host that hears of a loss first would not take the batch any more
        database.execute(
            "UPDATE identity SET acked_batches = 0, acked_samples = 0, lost_batches = 0, lost_samples = 0, opened_at = NULL"
        )
    finally:
        database.close()
    return target
