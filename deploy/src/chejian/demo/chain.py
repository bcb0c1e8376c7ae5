"""The processes of the demo: how each is started, and in which order they come and go."""

import os
import subprocess
import sysconfig
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Self

from chejian.demo.options import DemoOptions, DemoState
from chejian.stack import Broker, EmbeddedPostgres, ProcessSpec, StackError, Supervisor
from chejian.stack.ports import free_port, is_free

_READY_S = 60.0
"""Seconds a process may take to answer: the slowest compiles its kernels at the first start of all."""
_PARTS = ("gateway", "worker", "api", "edge")
"""What starts once the schemas are there; the gateway first, so that the first births find their host."""
_STOP_ORDER = ("edge", "simulator", "gateway", "worker", "api", "broker", "postgres")
"""Producers before consumers, so that what was produced is stored before the store closes."""


def program(name: str) -> str:
    """Path of one of our commands in this environment."""
    return str(Path(sysconfig.get_path("scripts")) / name)


class Chain:
    """PostgreSQL, broker, simulator, edge, gateway, worker and API under one supervisor; a context manager.

    Args:
        options: of this run.
        state: of the data folder.
        say: takes a line of progress.
    """

    def __init__(self, options: DemoOptions, state: DemoState, say: Callable[[str], None]) -> None:
        self.options = options
        self._say = say
        self.state = state
        self.data = options.data.resolve()
        self.truth = self.data / "truth.json"
        self.edge_config = self.data / "edge" / "edge.toml"
        self._gateway_config = self.data / "gateway.toml"
        self.postgres = EmbeddedPostgres(self.data / "postgres")
        self.broker = Broker(self.data / "broker")
        self.supervisor = Supervisor()
        names = ("simulator", "opcua", "edge", "gateway", "worker", "api")
        self.ports = {name: free_port() for name in names}
        if options.port and is_free(options.port):
            self.ports["api"] = options.port

    @property
    def dsn(self) -> str:
        """URL of the demo's database."""
        return self.postgres.dsn("chejian")

    @property
    def environment(self) -> dict[str, str]:
        """Variables that the parts read."""
        return {"CHEJIAN_DSN": self.dsn, "CHEJIAN_MQTT_URL": self.broker.url}

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
        self.supervisor.stop_all([name for name in _STOP_ORDER if name in running])
        self.postgres.release()

    def _start_store(self) -> None:
        self._say("starting the database, the broker and the plant")
        self.postgres.prepare()
        self.supervisor.start(self.postgres.process())
        self.broker.prepare()
        self.supervisor.start(self.broker.process())
        self._start("simulator")  # needs neither, and takes longest: it computes its past
        self.supervisor.wait_ready("postgres", self.postgres.ready, within=_READY_S)
        self.supervisor.wait_ready("broker", self.broker.ready, within=_READY_S)
        self.postgres.create_database("chejian")
        self._say("bringing the schemas up to date")
        with ThreadPoolExecutor() as pool:  # most of the time is two programs loading their libraries
            list(pool.map(lambda part: self.run_once(part, "migrate"), ("chejian-gateway", "chejian-cloud")))
        self.run_once("chejian-cloud", "seed", str(_plant_file("registry.toml")))

    def _start_parts(self) -> None:
        self._gateway_config.write_text(f"[http]\nport = {self.ports['gateway']}\n", "utf-8")
        self._write_edge_config()
        for name in _PARTS:
            self._start(name)
        for name in ("simulator", *_PARTS):
            self._say(f"waiting for the {name}")
            self.supervisor.wait_ready(name, self.ready_url(name), within=_READY_S)

    def _start(self, name: str) -> None:
        log = self.data / "logs" / f"{name}.log"
        argv = self._argv()[name]
        self.supervisor.start(
            ProcessSpec(name=name, argv=argv, log=log, env=self.environment, stop_within=20.0)
        )

    def _argv(self) -> dict[str, list[str]]:
        simulator = [
            *(program("chejian-simulate"), "run", "--plant", "harbin", "--seed", str(self.state.seed)),
            *("--epoch", self.state.epoch, "--opcua", self._opcua_url(), "--truth", str(self.truth)),
            *("--http", f"127.0.0.1:{self.ports['simulator']}"),
        ]
        if self.state.recordings:
            simulator += ["--recordings", self.state.recordings]
        return {
            "simulator": simulator,
            "gateway": [program("chejian-gateway"), "--config", str(self._gateway_config), "run"],
            "worker": [program("chejian-cloud"), "worker", "--port", str(self.ports["worker"])],
            "api": [program("chejian-cloud"), "api", "--port", str(self.ports["api"])],
            "edge": [program("chejian-edge"), "run", "--config", str(self.edge_config)],
        }

    def _opcua_url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.ports['opcua']}/chejian"

    def _write_edge_config(self) -> None:
        text = _plant_file("edge.toml").read_text("utf-8")
        history_s = int(self.options.history) + 3600  # back to the full hour of the epoch
        changes = {
            'url = "mqtt://127.0.0.1:1883"': f'url = "{self.broker.url}"',
            "port = 0": f"port = {self.ports['edge']}",
            'url = "opc.tcp://127.0.0.1:4840/chejian"': f'url = "{self._opcua_url()}"',
            'first_contact = "24h"': f'first_contact = "{history_s}s"',
        }
        for line, own in changes.items():
            if text.count(f"\n{line}\n") != 1:
                raise StackError(f"plants/harbin/edge.toml must hold the line `{line}` once")
            text = text.replace(f"\n{line}\n", f"\n{own}\n")
        self.edge_config.parent.mkdir(parents=True, exist_ok=True)
        self.edge_config.write_text(text, "utf-8")


def _plant_file(name: str) -> Path:
    return Path(str(resources.files("chejian").joinpath("plants", "harbin", name)))
