"""The operations guide, followed line by line as a new operator would: a fresh clone, podman, no environment of ours."""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator

import pytest
from chejian.stack.ports import free_port

from tests.deploy.compose.guide import ROOT, Operator, Section, sections
from tests.deploy.compose.running import LOOK_S, STANDINS, WITHIN_S, remove_project, stand_ins
from tests.faults.waiting import until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(3500)]
PROJECT = "chejian-guide"
DOCKER_ONLY = {
    "docker compose --env-file SITE/.env up -d": "podman 4.3 waits for no health check: the guide's lines for podman are followed",
    "docker compose --env-file SITE/.env --profile simulators up -d": "the same",
}
ELSEWHERE = {
    "tar -C": "goes to an edge machine",
    "docker save": "goes to an edge machine",
    "scp": "goes to an edge machine",
    "docker compose -f /srv/edge.yml": "on the edge machine; test_rules reads the file",
}
"""Lines that are not typed here, and why."""
ADDS_UP = re.compile(r"accounts add up: [1-9]\d* rows of 1 nodes, 0 duplicates")
SERVICES = ("mosquitto", "timescaledb", "gateway", "worker", "jobs", "api", "grafana", "backup")


@pytest.fixture(scope="module")
def container_image() -> None:
    """The stand-ins for what can't be pulled; ours are built as the guide says."""


@pytest.fixture(scope="module")
def operator(container_image: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """A new operator with a fresh clone of what is committed."""
    folder = tmp_path_factory.mktemp("guide")
    subprocess.run(["git", "clone", "-q", str(ROOT), str(folder / "chejian")], check=True)
    build = shlex.split(os.environ.get("CHEJIAN_IMAGE_ARGS", ""))
    own = {f"CHEJIAN_{name}_PORT": str(free_port()) for name in ("MQTT", "CONSOLE", "GRAFANA")}
    images = {f"CHEJIAN_{STANDINS[name]}_IMAGE": image for name, image in stand_ins(build).items()}
    more = {"COMPOSE_PROJECT_NAME": PROJECT, "ARGS": shlex.join(build)}
    try:
        yield Operator(folder / "chejian", folder / "site", {**own, **images, **more})
    finally:
        remove_project(PROJECT)


def healthy(service: str) -> bool:
    """Its health check, run now."""
    command = ["podman", "healthcheck", "run", f"{PROJECT}_{service}_1"]
    return subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


def all_well(services: tuple[str, ...] = SERVICES) -> None:
    for service in services:
        until(lambda s=service: healthy(s), WITHIN_S, f"{service} is healthy", every=LOOK_S)  # type: ignore[misc]  # bound now


def part(title: str) -> Section:
    return next(s for s in sections("en") if s.title == title)


def _another_password(operator: Operator) -> None:
    """The gateway's, as the section says: its file is made again, the role is told by psql, the service restarts."""
    secrets = operator.site / "database"
    for name in ("gateway.password", "gateway.pgpass"):
        (secrets / name).unlink()
    operator.does(".venv/bin/chejian init SITE")
    words = {
        name: (secrets / f"{name}.password").read_text("utf-8").strip() for name in ("superuser", "gateway")
    }
    psql, change = part("Passwords").lines
    typed = [("Password for user postgres:", words["superuser"]), ("chejian=#", change)]
    typed += [(f'Enter new password for user "{change.split()[-1]}":', words["gateway"])]
    typed += [("Enter it again:", words["gateway"]), ("chejian=#", "\\q")]
    operator.answers(psql, typed)
    operator.does("docker compose --env-file SITE/.env restart gateway")
    all_well()


def test_every_line_of_the_guide_does_what_it_says(operator: Operator) -> None:
    install = part("Install the server")
    operator.follows(install, leaving_out=DOCKER_ONLY)
    all_well()
    assert {path.name for path in operator.site.iterdir()} > {"ca.pem", ".env", "registry.toml", "backups"}
    operator.follows(part("Add an edge"), leaving_out=ELSEWHERE)
    operator.does(next(line for line in part("Add an edge").named if "chejian-edge check" in line))
    operator.does(f"rm -r {operator.site}/edges/hlj-demo/HRB-W1")
    operator.follows(part("A simulated workshop"), leaving_out=DOCKER_ONLY)
    all_well((*SERVICES, "simulator", "simulated-edge"))
    watch = [line for line in part("Watch").named if line.startswith("docker compose")]
    assert len(watch) == 3
    until(lambda: ADDS_UP.search(operator.does(watch[0])), WITHIN_S, "samples are stored", every=5.0)
    for line in watch:
        operator.does(line)
    operator.follows(part("Certificates"))
    all_well()
    _another_password(operator)
    operator.follows(part("Backup"))
    operator.follows(part("Recovery drill"))
    operator.follows(part("Restore"))
    all_well()
    operator.follows(
        part("Upgrade"), leaving_out={**DOCKER_ONLY, "git pull": "the clone is the newest; make images ran"}
    )
    all_well((*SERVICES, "simulated-edge"))
    assert ADDS_UP.search(operator.does(watch[0]))
    done = {
        "Install the server",
        "Add an edge",
        "A simulated workshop",
        "Certificates",
        "Passwords",
        "Backup",
    }
    done |= {"Recovery drill", "Restore", "Upgrade"}
    assert {s.title for s in sections("en") if s.lines} == done, "a section with commands that nobody tried"
