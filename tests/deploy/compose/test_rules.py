"""Rules that the compose files keep: nothing as root, nothing unbounded, no secret in them, no door without a reason."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from chejian.site import Request, init_site
from chejian.site.broker import Edge
from chejian_edge.config import load_edge_config
from chejian_gateway import config as gateway_config

from tests.deploy.compose.guide import sections

ROOT = Path(__file__).parents[3]
FILES = {"server": ROOT / "docker-compose.yml", "edge": ROOT / "deploy/compose/edge.yml"}
PORTS = {"mosquitto": "8883", "api": "8443", "grafana": "3000"}
"""Service -> the only port that it shows: edges reach the broker, browsers the console and the boards."""
ONCE = {"migrate-telemetry", "migrate-app", "rights", "readers", "admin", "restore"}
"""Services that do one thing and end; they have nothing to be healthy about."""
ROLE = {
    "migrate-telemetry": "owner",
    "migrate-app": "owner",
    "rights": "owner",
    "readers": "owner",
    "admin": "owner",
    "gateway": "gateway",
    "worker": "worker",
    "jobs": "jobs",
    "api": "console",
    "backup": "backup",
    "restore": "superuser",
}
"""Service -> the one role of the database that it logs in with."""
NETWORKS = {
    "mosquitto": {"edges", "host"},
    "gateway": {"host", "data"},
    "api": {"pages", "data"},
    "grafana": {"pages", "data"},
    "simulator": {"cell"},
    "simulated-edge": {"cell", "edges"},
}
"""Everything else is in `data` alone."""
VARIABLE = re.compile(r"\$\{(\w+)(?::?([-?])([^}]*))?\}")


def load(name: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(FILES[name].read_text("utf-8"))
    return content


def services() -> list[tuple[str, str, dict[str, Any]]]:
    return [(file, name, service) for file in FILES for name, service in load(file)["services"].items()]


EVERY = pytest.mark.parametrize(
    ("file", "name", "service"), services(), ids=[f"{file}-{name}" for file, name, _ in services()]
)


@EVERY
def test_a_service_has_no_right_that_it_does_not_need(file: str, name: str, service: dict[str, Any]) -> None:
    assert re.fullmatch(r"\$\{CHEJIAN_UID:\?[^}]+\}:\$\{CHEJIAN_GID:\?[^}]+\}", service["user"])
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert any(mount.startswith("/tmp") for mount in service["tmpfs"])
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices", "userns_mode"} & set(
        service
    )
    for mount in service.get("volumes", []):
        source, _, rest = mount.rpartition(":/") if mount.count(":/") else mount.partition(":")
        written = not mount.endswith(":ro")
        named = not source.startswith((".", "$", "/"))
        assert not written or named or mount.startswith("${CHEJIAN_SITE:?run chejian init}/backups:"), rest
        assert "docker.sock" not in mount
        assert "podman.sock" not in mount
    assert file == "edge" or name in ROLE or name in {*PORTS, "timescaledb", "simulator", "simulated-edge"}


@EVERY
def test_a_service_is_bounded_and_watched(file: str, name: str, service: dict[str, Any]) -> None:
    assert file
    limits = service["deploy"]["resources"]["limits"]
    assert set(limits) == {"cpus", "memory", "pids"}
    assert 0 < float(limits["cpus"]) <= 2
    if name in ONCE:
        assert service["restart"] == "no"
        return
    assert service["restart"] == "unless-stopped"
    check = service["healthcheck"]
    assert check["test"][0] in ("CMD", "CMD-SHELL")
    assert {"interval", "timeout", "retries", "start_period"} <= set(check)
    assert set(service["logging"]["options"]) == {"max-size", "max-file"}


@EVERY
def test_an_image_is_one_version(file: str, name: str, service: dict[str, Any]) -> None:
    assert name
    image = VARIABLE.sub(lambda found: found[3] if found[2] == "-" else "", service["image"])
    image, _, tag = image.rpartition(":")
    assert image
    assert re.match(r"\d+\.\d+\.\d+", tag), f"{file}: {service['image']}"
    assert "latest" not in service["image"]
    if image.startswith("localhost/chejian-"):
        own = tomllib.loads((ROOT / "deploy/pyproject.toml").read_text("utf-8"))["project"]["version"]
        assert tag == own
        target = image.removeprefix("localhost/chejian-")
        assert f"AS {target}\n" in (ROOT / "deploy/docker/Dockerfile").read_text("utf-8")


@EVERY
def test_ports_networks_and_roles_are_those_that_are_needed(
    file: str, name: str, service: dict[str, Any]
) -> None:
    ports = [p.rpartition(":")[2] for p in service.get("ports", [])]
    if file == "edge":
        assert not ports
        return
    assert ports == ([PORTS[name]] if name in PORTS else [])
    assert set(service["networks"]) == NETWORKS.get(name, {"data"})
    words = yaml.safe_dump({k: v for k, v in service.items() if k != "secrets"})
    used = {role for role in ROLE.values() if f"{role}_pgpass" in words}
    assert used == ({ROLE[name]} if name in ROLE else set())
    given = {s for s in service.get("secrets", []) if s.endswith("_pgpass")}
    assert given == ({f"{ROLE[name]}_pgpass"} if name in ROLE else set())
    if name in ROLE:
        assert "verify-full" in words


@EVERY
def test_no_secret_stands_in_the_file(file: str, name: str, service: dict[str, Any]) -> None:
    declared = load(file).get("secrets", {})
    assert set(service.get("secrets", [])) <= set(declared)
    for secret in declared.values():
        assert set(secret) == {"file"}
        assert secret["file"].startswith("${CHEJIAN_SITE:?run chejian init}/")
    for key, value in service.get("environment", {}).items():
        if re.search("PASSWORD|TOKEN|SECRET|PASSFILE", key):
            assert value.startswith("/run/secrets/"), f"{name}: {key}"
        assert not re.search(r"://[^/@]*:[^/@]+@", str(value)), f"{name}: {key} holds a password"


def test_networks_without_a_way_out() -> None:
    networks = load("server")["networks"]
    assert {name for name, options in networks.items() if options.get("internal")} == {"host", "data", "cell"}
    assert {name for name, options in networks.items() if not options} == {"edges", "pages"}


def test_init_makes_every_file_that_is_mounted(tmp_path: Path) -> None:
    site = tmp_path / "site"
    init_site(site, Request(edges=(Edge("hlj-demo", "HRB-W1"),), plant="harbin"), print)
    wanted = set(
        re.findall(r"\$\{CHEJIAN_SITE:\?run chejian init\}/([\w./-]+)", FILES["server"].read_text("utf-8"))
    )
    assert len(wanted) > 25
    assert not [name for name in wanted if not (site / name).exists()]
    own = re.findall(r'"\./(deploy/compose/[\w./-]+):', FILES["server"].read_text("utf-8"))
    assert own
    assert not [name for name in own if not (ROOT / name).is_file()]
    given = dict(
        line.split("=", 1)
        for env in (site / ".env", site / "edges/hlj-demo/HRB-W1/.env")
        for line in env.read_text("utf-8").splitlines()
        if not line.startswith("#")
    )
    for path in FILES.values():
        needed = {found[1] for found in VARIABLE.finditer(path.read_text("utf-8")) if found[2] == "?"}
        assert needed <= set(given)
    assert load_edge_config(site / "edges/hlj-demo/HRB-W1/edge.toml").mqtt.ca_file == Path(
        "/etc/chejian/ca.pem"
    )


def test_the_gateway_takes_its_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CHEJIAN_MQTT_URL", raising=False)
    dsn = load("server")["services"]["gateway"]["environment"]["CHEJIAN_DSN"]
    config = gateway_config.load(ROOT / "deploy/compose/gateway.toml", {"CHEJIAN_DSN": dsn})
    assert config.mqtt.tls
    assert config.mqtt.address == ("mosquitto", 8883)
    mounted = load("server")["services"]["gateway"]["secrets"]
    assert config.mqtt.password_file
    assert {config.mqtt.password_file.name, str(config.mqtt.ca_file).rpartition("/")[2]} <= set(mounted)


def test_both_languages_of_the_guide_have_the_same_commands() -> None:
    english, chinese = sections("en"), sections("zh-CN")
    assert [s.lines for s in english] == [s.lines for s in chinese]
    assert [s.named for s in english] == [s.named for s in chinese]
    assert sum(len(s.lines) for s in english) > 30
