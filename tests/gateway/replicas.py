"""Gateway replicas as processes, and edges that load them as real ones do: a window, and again what stays open."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from chejian_contract.sparkplug.datatypes import Code
from paho.mqtt.enums import CallbackAPIVersion

from tests.gateway.fake_edge import FakeEdge, Sample, now_ms, wait_for

Query = Callable[..., list[tuple[object, ...]]]
START_S = 60.0
"""Several processes load their kernels on a busy machine."""
RESEND_S = 1.0
LOAD = {1: ("Spindle/Load", Code.DOUBLE), 2: ("Counts/Produced", Code.INT64)}
PER_BATCH = 20
"""Samples: ten times, two signals each."""
STATE = """
[host]
id = "{host_id}"
lease = "{lease}s"
election_interval = "0.2s"
rebirth_interval = "2s"
[mqtt]
protocol = "{protocol}"
keepalive = "{keepalive}s"
[commit]
acknowledge_interval = "0.2s"
window = 60
[http]
port = 0
"""


class Replica:
    """One process `chejian-gateway run`."""

    def __init__(self, folder: Path, number: int, environment: dict[str, str], config: str) -> None:
        self.number = number
        path = folder / f"gateway{number}.toml"
        path.write_text(config, "utf-8")
        self._log = folder / f"gateway{number}.log"
        command = [str(Path(sys.executable).with_name("chejian-gateway")), "--config", str(path), "run"]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, env=os.environ | environment, stderr=log)
        self._port = 0

    @property
    def log(self) -> str:
        """All that it has logged."""
        return self._log.read_text("utf-8")

    def get(self, page: str) -> str:
        """A health page; "" while it does not answer."""
        if not self._port:
            _, found, rest = self.log.partition("health pages on http://127.0.0.1:")
            if not found:
                return ""
            self._port = int(rest.split()[0])
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/{page}", timeout=2) as answer:
                return str(answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return str(error.read().decode())
        except OSError:
            return ""

    @property
    def details(self) -> dict[str, Any]:
        """What `/readyz` says; empty while it does not answer."""
        text = self.get("readyz")
        found: dict[str, Any] = json.loads(text) if text else {}
        return found

    @property
    def role(self) -> str:
        """host, replica or candidate; "" while it does not answer."""
        return str(self.details.get("role", ""))

    def has_role(self) -> bool:
        """Whether it has taken part in an election."""
        return self.role in {"host", "replica"}

    def metric(self, name: str) -> float:
        """Present value of a Prometheus metric."""
        lines = self.get("metrics").splitlines()
        return next(float(line.split()[1]) for line in lines if line.startswith(f"chejian_gateway_{name} "))

    def send(self, number: signal.Signals) -> None:
        """Send a signal."""
        self.process.send_signal(number)

    def end(self) -> None:
        """Kill it if it still runs."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait(20)


class Replicas:
    """Starts replicas with one configuration."""

    def __init__(self, stack: ExitStack, folder: Path, dsn: str, url: str, **options: object) -> None:
        self.all: list[Replica] = []
        self.host_id = str(options.get("host_id", "replicas"))
        self._stack, self._folder = stack, folder
        self._environment = {"CHEJIAN_DSN": dsn, "CHEJIAN_MQTT_URL": url}
        values = {"host_id": self.host_id, "lease": 3, "protocol": "3.1.1", "keepalive": 30} | options
        self._config = STATE.format(**values)

    def start(self, count: int = 1) -> list[Replica]:
        """Start so many more and wait until they are ready."""
        new = [
            Replica(self._folder, len(self.all) + i, self._environment, self._config) for i in range(count)
        ]
        self.all += new
        for replica in new:
            self._stack.callback(replica.end)
        for replica in new:
            wait_for(replica.has_role, "a replica is ready", within=START_S)
        wait_for(lambda: self.host is not None, "one of them is the host", within=START_S)
        return new

    @property
    def host(self) -> Replica | None:
        """The one that is the host and has said so."""
        for replica in self.all:
            if replica.process.poll() is None:
                details = replica.details
                if details.get("role") == "host" and details.get("host") == "online":
                    return replica
        return None

    @property
    def others(self) -> list[Replica]:
        """Those that run and are replicas."""
        return [r for r in self.all if r.process.poll() is None and r.role == "replica"]


@contextmanager
def state_of(url: str, host_id: str) -> Iterator[list[dict[str, Any]]]:
    """All STATE messages of a host since now, the retained one first; cleared from the broker at the end."""
    states: list[dict[str, Any]] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2)
    client.on_message = lambda _c, _d, m: states.append(json.loads(m.payload or b"{}"))
    address = urlsplit(url)
    client.connect(address.hostname or "", address.port or 1883)
    client.loop_start()
    topic = f"spBv1.0/STATE/{host_id}"
    client.subscribe(topic, qos=1)
    try:
        yield states
    finally:
        client.publish(topic, b"", qos=1, retain=True).wait_for_publish(5)
        client.disconnect()
        client.loop_stop()


class LoadEdge(FakeEdge):
    """An edge with `count` batches to send; births on demand, resends by the window rule."""

    def __init__(self, url: str, group: str, node: str, ledger_id: int, count: int, window: int = 30) -> None:
        super().__init__(url, group, node, ledger_id)
        self.count, self.window = count, window
        self._base = now_ms() - 3_600_000
        self._sent: dict[int, float] = {}
        self._answered = 0
        self.resent = 0

    def born(self) -> None:
        """All births."""
        self.node_birth(produced=(self.count, self.count * PER_BATCH))
        self.device_birth("M1", LOAD)

    def done(self) -> list[tuple[int, int]]:
        """Ranges acknowledged."""
        ack = next((a for a in reversed(self.acks) if a.ledger_id == self.ledger_id), None)
        return list(ack.handled) if ack else []

    def step(self, until: int) -> bool:
        """Send what the window allows; whether batches 1..`until` are all acknowledged."""
        if self.rebirths > self._answered or not self.acks:
            self._answered = self.rebirths
            self.born()
        done = self.done()
        if done and done[0][0] == 1 and done[0][1] >= until:
            return True
        missing = (n for n in range(1, until + 1) if not any(lo <= n <= hi for lo, hi in done))
        now = time.monotonic()
        for _, number in zip(range(self.window), missing, strict=False):
            if now - self._sent.get(number, 0.0) >= RESEND_S:
                self.resent += number in self._sent
                self._sent[number] = now
                self.batch("M1", number, self.samples(number))
        return False

    def samples(self, number: int) -> list[Sample]:
        """Samples of a batch: their times say which."""
        at = self._base + number * 1000
        return [
            s
            for i in range(PER_BATCH // 2)
            for s in (Sample(1, float(i), at + i), Sample(2, number, at + i, Code.INT64))
        ]


def send_all(edges: list[LoadEdge], until: int, within: float = 50.0) -> None:
    """Drive all edges, a thread each, until batches 1..`until` of every one are acknowledged."""
    failed: list[BaseException] = []

    def drive(edge: LoadEdge) -> None:
        try:
            wait_for(lambda: edge.step(until), f"{edge.node}: {until} batches acknowledged", within)
        except BaseException as error:  # noqa: BLE001 - raised in the test's thread
            failed.append(error)

    threads = [threading.Thread(target=drive, args=(edge,)) for edge in edges]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]


def stored_exactly(query: Query, edges: list[LoadEdge]) -> None:
    """Produced = stored, nothing twice, nothing dead or lost, one range."""
    assert query("SELECT series_id, time FROM telemetry.sample GROUP BY 1, 2 HAVING count(*) > 1") == []
    assert query("SELECT reason FROM telemetry.dead_letter") == []
    rows = query(
        "SELECT n.edge_node, l.stored::text, l.dead::text, l.lost::text, l.stored_samples, count(*)"
        " FROM telemetry.ledger l JOIN telemetry.node n USING (node_id, ledger_id)"
        " JOIN telemetry.device USING (node_id) JOIN telemetry.series USING (device_id)"
        " JOIN telemetry.sample USING (series_id) GROUP BY 1, 2, 3, 4, 5 ORDER BY 1"
    )
    wanted = [
        (e.node, f"{{[1,{e.count + 1})}}", "{}", "{}", e.count * PER_BATCH, e.count * PER_BATCH)
        for e in sorted(edges, key=lambda e: e.node)
    ]
    assert rows == wanted, f"{rows} instead of {wanted}"
