"""The compose file really started with podman-compose, stand-ins for what can't be pulled, on ports of its own."""

import contextlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from chejian.boards import Statement, TimeRange, boards, expand, statements
from chejian.site import Request, init_site
from chejian.site.broker import Edge
from chejian.stack.ports import free_port
from chejian_cloud.registry.seedfile import read_seed

from tests.faults.waiting import until

ROOT = Path(__file__).parents[3]
PROJECT = "chejian-test"
STANDINS = {"mosquitto": "BROKER", "timescaledb": "DATABASE", "grafana": "GRAFANA"}
BEFORE = ("migrate-telemetry", "migrate-app", "rights", "readers")
"""Services that end, in the order of the file's `depends_on`."""
SERVICES = (
    "timescaledb",
    "mosquitto",
    "gateway",
    "worker",
    "jobs",
    "api",
    "grafana",
    "backup",
    "simulator",
    "simulated-edge",
)
WRITERS = ("gateway", "worker", "jobs", "api", "grafana", "backup")
"""Services that use the database while the platform runs."""
WITHIN_S = 300.0
"""A start that compiles kernels, on a machine that is busy."""
LOOK_S = 1.0
"""Between two looks, each of which starts a command in a container."""
_MARK = "=== statement "
_ASK = (
    'PGPASSWORD=$(cat /run/secrets/boards_password) exec psql -X -q -A -t "host=timescaledb user=chejian_boards_all'
    ' dbname=chejian sslmode=verify-full sslrootcert=/run/secrets/ca" 2>&1'
)


def run(
    *command: str, given: str | None = None, environment: Mapping[str, str] | None = None, within: float = 600
) -> str:
    """Standard output of a command that has to succeed."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        input=given,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=within,
    )
    assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout


def stand_ins(build: Sequence[str]) -> dict[str, str]:
    """Build what takes the place of images that can't be pulled; answers their tags by service."""
    folder = "tests/deploy/compose/standin"
    made = {}
    for name in STANDINS:
        made[name] = f"localhost/standin-{name}:1"
        file = ("--target", name, "-f", f"{folder}/Containerfile")
        run("podman", "build", "-q", *file, "-t", made[name], *build, folder)
    return made


def remove_project(project: str) -> None:
    """Containers and volumes of it."""
    ours = run("podman", "ps", "-aq", "--filter", f"name=^{project}_").split()
    if ours:
        run("podman", "rm", "-f", "-v", "--ignore", *ours)
    for volume in ("database", "sockets", "grafana", "edge"):
        subprocess.run(["podman", "volume", "rm", f"{project}_{volume}"], capture_output=True, check=False)


class Running:
    """The containers of one installation.

    Args:
        site: its folder, made by `chejian init`.
        build: more arguments of image builds (network, certificates).
    """

    def __init__(self, site: Path, build: Sequence[str]) -> None:
        self.site = site
        self.ports = {name: free_port() for name in ("MQTT", "CONSOLE", "GRAFANA")}
        self._environment = {f"CHEJIAN_{name}_PORT": str(port) for name, port in self.ports.items()}
        for name, image in stand_ins(build).items():
            self._environment[f"CHEJIAN_{STANDINS[name]}_IMAGE"] = image

    def compose(self, *words: str, version: str | None = None) -> str:
        """Standard output of podman-compose, with our images of a version."""
        head = ("podman-compose", "-p", PROJECT, "--env-file", str(self.site / ".env"))
        more = {"CHEJIAN_VERSION": version} if version else {}
        return run(
            *head,
            *("--profile", "simulators", "--profile", "tools"),
            *words,
            environment={**self._environment, **more},
        )

    def tool(self, service: str, *words: str, version: str | None = None) -> str:
        """What a service that is called by hand says."""
        return self.compose("run", "-T", "--rm", "--no-deps", service, *words, version=version)

    def execute(self, service: str, *command: str, given: str | None = None) -> str:
        """Standard output of a command in a container."""
        flags = () if given is None else ("-i",)
        return run("podman", "exec", *flags, self.name(service), *command, given=given)

    @staticmethod
    def name(service: str) -> str:
        """Of its container."""
        return f"{PROJECT}_{service}_1"

    def state(self, service: str) -> dict[str, Any]:
        """What podman knows of it."""
        found: dict[str, Any] = json.loads(run("podman", "inspect", self.name(service)))[0]["State"]
        return found

    def healthy(self, service: str) -> bool:
        """Its health check, run now: without systemd podman runs none by itself."""
        command = ["podman", "healthcheck", "run", self.name(service)]
        return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0

    def kill(self, service: str) -> None:
        """End its first process as the kernel would when memory is short; then it has to come back."""
        before = int(self.state(service)["Pid"])
        os.kill(before, signal.SIGKILL)
        until(
            lambda: int(self.state(service)["Pid"]) not in (0, before) and self.healthy(service),
            WITHIN_S,
            f"{service} is back",
            every=LOOK_S,
        )

    @contextlib.contextmanager
    def up(self) -> Iterator["Running"]:
        """All services, in the order that the file asks for; removed at the end.

        The order is kept here, since podman before 4.6 knows no wait for a health check and runs none without systemd.
        """
        try:
            self._start(SERVICES[:2])
            for service in BEFORE:
                self.compose("up", "--no-deps", service)
                assert self.state(service)["ExitCode"] == 0, run("podman", "logs", self.name(service))
            self._start(SERVICES[2:])
            yield self
        finally:
            remove_project(PROJECT)

    def _start(self, services: Sequence[str]) -> None:
        self.compose("up", "-d", "--no-deps", *services)
        self.await_health(services)

    def account(self) -> dict[str, Any]:
        """The one account of the ledger, checked against rows and duplicates."""
        accounts = json.loads(self.execute("gateway", "chejian-gateway", "ledger", "--verify", "--json"))
        assert len(accounts) == 1
        account: dict[str, Any] = accounts[0]
        return account

    def edge(self) -> dict[str, Any]:
        """The edge's side of it."""
        status = ("chejian-edge", "status", "--config", "/etc/chejian/edge.toml", "--json")
        found: dict[str, Any] = json.loads(self.execute("simulated-edge", *status))
        return found

    def exact(self) -> int:
        """Wait until nothing is under way, check both sides of the ledger; answers the number of stored samples."""
        until(
            lambda: self.edge()["in_flight_batches"] == 0,
            WITHIN_S,
            "everything is acknowledged",
            every=LOOK_S,
        )
        account = self.account()
        assert account["dead_batches"] == account["lost_batches"] == 0
        assert account["ranges"] == 1
        assert account["stored_samples"] == account["rows_counted"]
        handled = ("stored_batches", "dead_batches", "lost_batches", "in_flight_batches")
        assert account["produced_batches"] == sum(account[key] for key in handled)
        assert account["ledger_id"] == self.edge()["ledger_id"]
        return int(account["stored_samples"])

    def await_health(self, services: Sequence[str]) -> None:
        """Wait until each is healthy."""
        for service in services:
            until(lambda s=service: self.healthy(s), WITHIN_S, f"{service} is healthy", every=LOOK_S)  # type: ignore[misc]  # bound now

    def backup(self) -> tuple[Path, dict[str, str]]:
        """Back up now; answers the dump and its manifest: rows and hash of every table."""
        self.execute("backup", "bash", "/etc/chejian/backup.sh", "now")
        newest = max(p for p in (self.site / "backups").glob("*.dump") if "changed" not in p.name)
        lines = newest.with_suffix(".manifest").read_text("utf-8").splitlines()
        return newest, dict(line.split("\t", 1) for line in lines)

    def goes_back_to(self, dump: Path) -> None:
        """Restore a backup in the place of the database, as the guide says."""
        self.compose("stop", *WRITERS)
        self.tool("restore", "restore", f"/backups/{dump.name}")
        self.tool("rights")
        self.compose("start", *WRITERS)
        self.await_health(WRITERS)

    def asked(self, end: datetime, span: timedelta) -> dict[str, int]:
        """Rows of each statement of each board, asked by the boards' role from where Grafana runs."""
        every = [s for board in boards() for s in statements(board)]
        script = []
        for number, statement in enumerate(every):
            text = expand(
                statement.sql, TimeRange(end - span, end), self._variables(statement), timescale=True
            )
            script += [f"\\echo {_MARK}{number}", text.strip().rstrip(";") + ";"]
        said = self.execute("grafana", "sh", "-c", _ASK, given="\n".join(script) + "\n")
        assert "ERROR" not in said, said[said.index("ERROR") - 500 :][:2000]
        rows: dict[str, int] = {}
        for part in said.split(_MARK)[1:]:
            which, _, lines = part.partition("\n")
            statement = every[int(which)]
            rows[f"{statement.board} {statement.where}"] = len(lines.splitlines())
        assert len(rows) == len(every)
        return rows

    def _variables(self, statement: Statement) -> dict[str, str | Sequence[str]]:
        """Everything of the workshop, as a reader who chooses nothing sees it."""
        registry = read_seed(self.site / "registry.toml")
        chosen: dict[str, str | Sequence[str]] = {
            "enterprise": "hlj-demo",
            "workshop": "HRB-W1",
            "line": sorted({e.line for e in registry.equipment if e.line}),
            "equipment": [e.code for e in registry.equipment],
            "meter": [m.equipment for m in registry.meter],
            "shift": "raw:NULL",
            "demand_kw": "1000",
            "console": "https://localhost",
        }
        if statement.board == "chejian-province":
            chosen["enterprise"] = ["hlj-demo"]
        return chosen


def installation(folder: Path) -> Path:
    """A new site with the shipped workshop's edge."""
    init_site(
        folder, Request(hosts=("localhost",), edges=(Edge("hlj-demo", "HRB-W1"),), plant="harbin"), print
    )
    return folder


def now() -> datetime:
    """UTC."""
    return datetime.now(UTC)
