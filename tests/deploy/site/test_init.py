"""`chejian init`: run again it changes nothing, what it refuses it explains, and the parts accept what it writes."""

import hashlib
import os
import tomllib
from pathlib import Path

import pytest
from chejian import cli
from chejian.site.authority import hosts_of, load_certificate
from chejian.site.make import plants
from chejian_cloud.registry.seedfile import read_seed
from chejian_edge import cli as edge_cli
from chejian_edge.config import load_edge_config

EDGE = "hlj-demo/HRB-W1"


def init(folder: Path, *arguments: str) -> int:
    return cli.main(["init", str(folder), *arguments])


def contents(folder: Path) -> dict[str, str]:
    """Digest of every file."""
    return {
        str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file()
    }


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    assert init(folder, "--host", "cj.example", "--host", "10.0.0.5", "--add-edge", EDGE) == 0
    return folder


def test_a_second_run_changes_nothing(site: Path) -> None:
    before = contents(site)
    assert init(site) == 0
    assert contents(site) == before


def test_only_the_owner_reads_secrets(site: Path) -> None:
    secrets = [
        p
        for p in site.rglob("*")
        if p.suffix in (".key", ".password", ".pgpass") or p.name in ("acl", "passwd", "client-key.pem")
    ]
    assert len(secrets) > 20
    assert {p.stat().st_mode & 0o777 for p in secrets} == {0o600}
    words = [p.read_text("utf-8").strip() for p in secrets if p.suffix == ".password"]
    assert len(set(words)) == len(words), "no two are the same"
    assert all(len(word) == 43 for word in words)
    open_files = [p for p in site.rglob("*") if p.is_file() and p not in secrets]
    assert not [p for p in open_files for word in words if word.encode() in p.read_bytes()]
    environment = (site / ".env").read_text("utf-8")
    user = 10_001 if os.geteuid() == 0 else os.geteuid()
    assert f"CHEJIAN_UID={user}\n" in environment
    assert {p.stat().st_uid for p in secrets if p.name != "ca.key"} == {user}
    assert (site / "ca.key").stat().st_uid == os.geteuid()


def test_an_edge_is_added_and_nothing_else_moves(site: Path) -> None:
    before = contents(site)
    assert init(site, "--add-edge", "e2/N-2") == 0
    after = contents(site)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"broker/acl", "broker/passwd"}
    assert {name.rsplit("/", 1)[0] for name in after.keys() - before} == {"edges/e2/N-2"}
    assert edge_cli.main(["check", "--config", str(site / "edges/e2/N-2/edge.toml")]) == 0
    config = load_edge_config(site / "edges/e2/N-2/edge.toml")
    assert (config.mqtt.url, config.mqtt.username) == ("mqtts://cj.example:8883", "e2/N-2")


def test_renewal_keeps_keys_and_passwords(site: Path) -> None:
    before = contents(site)
    assert init(site, "--renew", "--days", "30") == 0
    after = contents(site)
    changed = {name for name in before if before[name] != after[name]}
    servers = {f"{name}/server.pem" for name in ("broker", "database", "console", "grafana")}
    assert changed == servers | {f"edges/{EDGE}/client.pem", f"edges/{EDGE}/client.der"}
    made = load_certificate(site / "broker/server.pem")
    assert (made.not_valid_after_utc - made.not_valid_before_utc).days == 31
    assert set(hosts_of(made)) == {"mosquitto", "cj.example", "localhost", "127.0.0.1", "10.0.0.5"}


def test_another_name_of_the_machine_renews_the_servers_only(site: Path) -> None:
    before = contents(site)
    assert init(site, "--host", "other.example") == 0
    after = contents(site)
    assert {name for name in before if before[name] != after[name]} == {
        f"{name}/server.pem" for name in ("broker", "database", "console", "grafana")
    }
    assert {"cj.example", "other.example"} <= set(hosts_of(load_certificate(site / "console/server.pem")))


@pytest.mark.parametrize("plant", plants())
def test_an_edge_of_a_shipped_plant_finds_its_simulator(plant: str, tmp_path: Path) -> None:
    assert init(tmp_path / "site", "--add-edge", "e1/W9", "--plant", plant) == 0
    path = tmp_path / "site/edges/e1/W9/edge.toml"
    assert edge_cli.main(["check", "--config", str(path)]) == 0
    content = tomllib.loads(path.read_text("utf-8"))
    assert (content["node"]["group"], content["node"]["name"]) == ("e1", "W9")
    assert {s["url"].split("//")[1].split(":")[0] for s in content["source"]} == {"simulator"}
    assert content["buffer"]["path"] == "/data/edge.sqlite"


def test_the_samples_are_accepted_by_their_parts(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert edge_cli.main(["check", "--config", str(site / "edge.toml")]) == 0
    assert "MTS-02" in capsys.readouterr().out
    assert len(read_seed(site / "registry.toml").equipment) == 12
    (site / "registry.toml").write_text("# mine\n", "utf-8")
    assert init(site) == 0
    assert (site / "registry.toml").read_text("utf-8") == "# mine\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--add-edge", "e1"], "must be GROUP/NODE"),
        (["--add-edge", "e1/a:b"], "no ':'"),
        (["--add-edge", "../N"], "no '.' at the beginning"),
        (["--add-edge", "e1/a/b"], "must not hold '/'"),
        (["--host", "https://x"], "without port and path"),
        (["--days", "0"], "1 to 3650"),
    ],
)
def test_wrong_arguments_are_named(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        init(tmp_path / "site", *arguments)
    assert message in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_broken_files_are_named_and_left(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def refused(name: str, words: str) -> None:
        before = contents(site)
        assert init(site) == 1
        told = capsys.readouterr().err
        assert str(site / name) in told
        assert words in told
        assert contents(site) == before

    key = site / "ca.key"
    kept = key.read_bytes()
    key.unlink()
    refused("ca.key", "put it back from where it is kept")
    key.write_bytes((site / "broker/server.key").read_bytes())
    refused("ca.pem", "is not the certificate of")
    key.write_bytes(b"nonsense")
    refused("ca.key", "no private key in PEM")
    key.write_bytes(kept)
    password = site / "database/console.password"
    password.chmod(0o644)
    refused("database/console.password", "allowed: 600")
    password.chmod(0o600)
    password.write_bytes(b"")
    refused("database/console.password", "one word, the secret")
