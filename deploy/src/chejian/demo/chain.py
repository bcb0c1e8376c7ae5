"""The processes of the demo: how each is started, and in which order they come and go."""

import json
import os
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from chejian.demo.options import DemoOptions, DemoState
from chejian.demo.plants import NAMES, Workshop
from chejian.demo.province import Province
from chejian.stack import Broker, EmbeddedPostgres, ProcessSpec, StackError, Supervisor
from chejian.stack.ports import free_port, is_free

_READY_S = 180.0
"""Seconds a process may take to answer: the slowest compiles its kernels at the first start of all, beside all others on
a machine that may be busy. One that ends is noticed at once."""
_PARTS = ("gateway", "worker", "jobs", "api")
"""What starts once the schemas are there; the gateway first, so that the first births of the edges find their host."""
_STOP_LAST = ("gateway", "worker", "jobs", "api", "broker", "postgres")
"""Consumers stop behind the producers, so that what was produced is stored before the store closes."""


def program(name: str) -> str:
    """Path of one of our commands in this environment."""
    return str(Path(sysconfig.get_path("scripts")) / name)


class Chain:
    """PostgreSQL, broker, gateway, worker, scheduled reports, API, and simulator and edge of each workshop; a context manager.

    Args:
        options: of this run.
        state: of the data folder.
        say: takes a line of progress.

    Attributes:
        access: name, new password and one-time path of the console's administrator, once the schemas are there.
        province: files of the simulated province.
        filled_in: what filling the province took [s]; None: there is none, or it was there.
    """

    def __init__(self, options: DemoOptions, state: DemoState, say: Callable[[str], None]) -> None:
        self.options = options
        self._say = say
        self.state = state
        self.data = options.data.resolve()
        self.workshops = [Workshop(name, self.data) for name in NAMES]
        self._gateway_config = self.data / "gateway.toml"
        self.postgres = EmbeddedPostgres(self.data / "postgres")
        self.broker = Broker(self.data / "broker")
        self.supervisor = Supervisor()
        self.access: dict[str, str] = {}
        self.province = Province(self.data)
        self.filled_in: float | None = None
        self.ports = {name: free_port() for name in _PARTS}
        for workshop in self.workshops:
            self.ports[workshop.simulator] = workshop.ports["simulator"]
            self.ports[workshop.edge] = workshop.ports["edge"]
        if options.port and is_free(options.port):
            self.ports["api"] = options.port

    @property
    def dsn(self) -> str:
        """URL of the demo's database."""
        return self.postgres.dsn("chejian")

    @property
    def environment(self) -> dict[str, str]:
        """Variables that the parts read."""
        return {
            "CHEJIAN_DSN": self.dsn,
            "CHEJIAN_MQTT_URL": self.broker.url,
            **self.province.environment(),
        }

    def ready_url(self, name: str) -> str:
        """Address of a process's `/readyz`."""
        return f"http://127.0.0.1:{self.ports[name]}/readyz"

    def run_once(self, *argv: str) -> str:
        """Run one of our commands to its end and return what it prints.

        Raises:
            StackError: it failed; the text holds what it said.
        """
        done = subprocess.run(  # noqa: S603 - our own commands
            [program(argv[0]), *argv[1:]],
            env={**os.environ, **self.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise StackError(
                f"`{' '.join(argv)}` failed ({done.returncode}): {done.stderr.strip() or done.stdout.strip()}"
            )
        return done.stdout

    def __enter__(self) -> Self:
        try:
            self._start_store()
            self._start_parts()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop what runs: producers first, the database last."""
        running = set(self.supervisor.names())
        order = (*(w.edge for w in self.workshops), *(w.simulator for w in self.workshops), *_STOP_LAST)
        self.supervisor.stop_all([name for name in order if name in running])
        self.postgres.release()

    def _start_store(self) -> None:
        self._say("starting the database, the broker and the plants")
        self.postgres.prepare()
        self.supervisor.start(self.postgres.process())
        self.broker.prepare()
        self.supervisor.start(self.broker.process())
        first_contact = int(self.options.history) + 3600  # back to the full hour of the epoch
        for workshop in self.workshops:
            workshop.prepare(broker_url=self.broker.url, first_contact_s=first_contact)
            self._start(workshop.simulator)  # needs neither, and takes longest: it computes its past
        self.supervisor.wait_ready("postgres", self.postgres.ready, within=_READY_S)
        self.supervisor.wait_ready("broker", self.broker.ready, within=_READY_S)
        self.postgres.create_database("chejian")
        self._say("bringing the schemas up to date")
        for part in ("chejian-gateway", "chejian-cloud"):  # the cloud's views need the gateway's tables
            self.run_once(part, "migrate")
        self.run_once("chejian-cloud", "seed", *(str(w.registry) for w in self.workshops))
        self.access = json.loads(self.run_once("chejian-cloud", "admin", "--json"))
        if self.options.province:
            self.filled_in = self.province.fill(self.dsn, self.state.seed, self._say)

    def _start_parts(self) -> None:
        self._gateway_config.write_text(f"[http]\nport = {self.ports['gateway']}\n", "utf-8")
        edges = [w.edge for w in self.workshops]
        for name in (*_PARTS, *edges):
            self._start(name)
        for name in (*(w.simulator for w in self.workshops), *_PARTS, *edges):
            self._say(f"waiting for the {name}")
            self.supervisor.wait_ready(name, self.ready_url(name), within=_READY_S)

    def _start(self, name: str) -> None:
        log = self.data / "logs" / f"{name}.log"
        argv = self._argv()[name]
        self.supervisor.start(
            ProcessSpec(name=name, argv=argv, log=log, env=self.environment, stop_within=20.0)
        )

    def _argv(self) -> dict[str, list[str]]:
        plants = {w.simulator: [*self._simulate(), *w.simulator_arguments()] for w in self.workshops}
        edges = {
            w.edge: [program("chejian-edge"), "run", "--config", str(w.edge_config)] for w in self.workshops
        }
        return {
            **plants,
            **edges,
            "gateway": [program("chejian-gateway"), "--config", str(self._gateway_config), "run"],
            "worker": [program("chejian-cloud"), "worker", "--port", str(self.ports["worker"])],
            "jobs": [program("chejian-cloud"), "jobs", "--port", str(self.ports["jobs"])],
            "api": [program("chejian-cloud"), "api", "--port", str(self.ports["api"])],
        }

    def _simulate(self) -> list[str]:
        command = [program("chejian-simulate"), "run", "--seed", str(self.state.seed)]
        command += ["--epoch", self.state.epoch, "--replay-end", self.state.replay_end]
        return command + (["--recordings", self.state.recordings] if self.state.recordings else [])
