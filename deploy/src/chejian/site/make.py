"""What `chejian init` does, step by step; run again it adds what is missing and never touches a secret."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Final

from chejian_contract.equipment import check_code
from chejian_contract.errors import IdentifierError
from cryptography import x509

from chejian.boards.provisioning import Organisation, Target, build
from chejian.site import broker
from chejian.site.authority import Authority
from chejian.site.broker import Edge
from chejian.site.files import hand_over, make_folder, owner, random_secret, write_text
from chejian.stack import StackError

DAYS = 825
"""[d] that a certificate lasts: browsers refuse private servers' that last longer."""
DATABASE_HOST: Final = "timescaledb"
SERVERS: Final = {"broker": "mosquitto", "database": DATABASE_HOST, "console": "api", "grafana": "grafana"}
"""Folder of each server's certificate -> its name among the containers."""
BOARDS_ROLE: Final = "chejian_boards_all"
ROLES: Final = {
    "superuser": "postgres",
    **{role: f"chejian_{role}" for role in ("owner", "gateway", "worker", "jobs", "console", "backup")},
    "boards": BOARDS_ROLE,
}
"""Files of a password -> the role of the database that logs in with it."""
KEPT_BY_ROOT: Final = frozenset({"ca.key"})
"""What no container reads."""
_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,251}[A-Za-z0-9])?")
_ENV = """\
# Written once by `chejian init`; yours from then on. No secret stands in it.
CHEJIAN_SITE={site}
# The name by which browsers and edges reach this machine.
CHEJIAN_HOST={host}
# User and group of the containers; the secrets belong to it.
CHEJIAN_UID={user}
CHEJIAN_GID={group}
# From when on the simulated workshop has a past (--profile simulators).
CHEJIAN_EPOCH={epoch}
"""
_NAMES = "postgres:x:{user}:{group}:database:/var/lib/postgresql:/bin/bash\n"
"""initdb asks for the name of the user that it runs as, which the image does not know."""
_EDGE_ENV = """\
# Written once by `chejian init`; for deploy/compose/edge.yml.
CHEJIAN_EDGE={folder}
CHEJIAN_UID={user}
CHEJIAN_GID={group}
"""
_EDGE_MQTT = """\
[mqtt]
url = "mqtts://{host}:8883"
ca_file = "/etc/chejian/ca.pem"
username = {user}
password_file = "/etc/chejian/mqtt.password"
"""
_EDGE = """\
# The edge agent of the node below. Sources and equipment: see the samples of the drivers, and `chejian-edge check`.

[node]
group = {group}
name = {node}
workshop = {node}

{mqtt}
[buffer]
path = "/data/edge.sqlite"

[http]
host = "127.0.0.1"
port = 8091
"""
_SIMULATOR = {
    'path = "edge.sqlite"': 'path = "/data/edge.sqlite"',
    'host = "127.0.0.1"\nport = 0': 'host = "127.0.0.1"\nport = 8091',
    'url = "opc.tcp://127.0.0.1:4840/chejian"': 'url = "opc.tcp://simulator:4840/chejian"',
    'url = "modbus://127.0.0.1:5020"': 'url = "modbus://simulator:5020"',
}
"""What of a shipped plant's edge.toml is another place among containers."""
_SHIPPED_MQTT = '[mqtt]\nurl = "mqtt://127.0.0.1:1883"\n'


@dataclass(frozen=True, slots=True)
class Request:
    """What the command was asked for.

    Attributes:
        hosts: names and addresses of this machine, the first for browsers and edges; () keeps those known.
        edges: to be added.
        plant: shipped plant whose simulator the added edges read; "" for none.
        renew: make all certificates again.
        days: [d] that new certificates last.
    """

    hosts: tuple[str, ...] = ()
    edges: tuple[Edge, ...] = ()
    plant: str = ""
    renew: bool = False
    days: int = DAYS


def parse_edge(text: str) -> Edge:
    """GROUP/NODE.

    Raises:
        ValueError: says what is allowed.
    """
    group, _, node = text.partition("/")
    try:
        edge = Edge(check_code(group, "group"), check_code(node, "edge node"))
    except IdentifierError as error:
        raise ValueError(f"{text!r} must be GROUP/NODE: {error}") from error
    if any(code.startswith(".") or ":" in code for code in edge):
        raise ValueError(f"{text!r} must be GROUP/NODE: no ':' and no '.' at the beginning of either")
    return edge


def parse_host(text: str) -> str:
    """A host name or address.

    Raises:
        ValueError: says what is allowed.
    """
    if not _HOST.fullmatch(text):
        raise ValueError(f"{text!r} must be a host name or an address, without port and path")
    return text


def init_site(folder: Path, request: Request, tell: Callable[[str], None]) -> None:
    """Make the folder of an installation, or add to it what is missing.

    Args:
        folder: of the installation; made.
        request: see there.
        tell: is told what was made, a line each.

    Raises:
        StackError: a file is in the way, missing or broken; it is named.
    """
    folder = folder.resolve()
    make_folder(folder)
    host = _environment(folder, request)
    authority = Authority(folder, host)
    for name, service in SERVERS.items():
        names = [service, host, "localhost", "127.0.0.1", *request.hosts]
        made = authority.server(
            folder / name, list(dict.fromkeys(names)), days=request.days, renew=request.renew
        )
        tell(f"{folder / name / 'server.pem'}: {_until(made)}")
    _database(folder)
    random_secret(folder / "grafana" / "admin.password")
    for edge in request.edges:
        _edge(folder, edge, host, request.plant)
    for edge in edges_of(folder):
        place = _place(folder, edge)
        write_text(place / "ca.pem", authority.path.read_text("ascii"))
        made = authority.client(place, edge.user, days=request.days, renew=request.renew)
        tell(f"{place / 'client.pem'}: {_until(made)}")
    _broker(folder)
    _grafana(folder, host)
    make_folder(folder / "identity")
    _samples(folder, tell)
    hand_over(folder, owner(), but=KEPT_BY_ROOT)


def edges_of(folder: Path) -> Iterator[Edge]:
    """The edges of an installation: each folder `edges/GROUP/NODE` with a password."""
    for path in sorted(folder.glob("edges/*/*/mqtt.password")):
        yield Edge(path.parent.parent.name, path.parent.name)


def _until(certificate: x509.Certificate) -> str:
    return f"until {certificate.not_valid_after_utc:%Y-%m-%d}"


def _place(folder: Path, edge: Edge) -> Path:
    return folder / "edges" / edge.group / edge.node


def _environment(folder: Path, request: Request) -> str:
    """Write `.env` once; answers the installation's first name."""
    path = folder / ".env"
    if path.exists():
        found = re.search(r"^CHEJIAN_HOST=(\S+)$", path.read_text("utf-8"), re.MULTILINE)
        if not found:
            raise StackError(f"{path}: key CHEJIAN_HOST is missing; allowed: the name of this machine")
        return found[1]
    host = request.hosts[0] if request.hosts else "localhost"
    who = owner()
    epoch = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}T00:00:00Z"
    write_text(path, _ENV.format(site=folder, host=host, user=who.user, group=who.group, epoch=epoch))
    return host


def _database(folder: Path) -> None:
    """Passwords of the database's roles, plain and as libpq reads them (`passfile`)."""
    place = folder / "database"
    who = owner()
    write_text(place / "users", _NAMES.format(user=who.user, group=who.group))
    make_folder(folder / "backups")
    for role, user in ROLES.items():
        password = random_secret(place / f"{role}.password")
        write_text(place / f"{role}.pgpass", f"*:*:*:{user}:{password}\n", secret=True)


def _broker(folder: Path) -> None:
    place = folder / "broker"
    users = {name: random_secret(place / f"{name}.password") for name in (broker.GATEWAY, broker.HEALTH)}
    edges = list(edges_of(folder))
    users |= {edge.user: random_secret(_place(folder, edge) / "mqtt.password") for edge in edges}
    write_text(place / "acl", broker.rights(edges), secret=True)
    write_text(place / "passwd", broker.passwords(users), secret=True)


def _edge(folder: Path, edge: Edge, host: str, plant: str) -> None:
    place = _place(folder, edge)
    random_secret(place / "mqtt.password")
    if not (place / "edge.toml").exists():
        write_text(place / "edge.toml", _edge_config(edge, host, plant))
    if not (place / ".env").exists():
        who = owner()
        write_text(place / ".env", _EDGE_ENV.format(folder=place, user=who.user, group=who.group))


def _edge_config(edge: Edge, host: str, plant: str) -> str:
    mqtt = _EDGE_MQTT.format(host=host, user=_quoted(edge.user))
    if not plant:
        return _EDGE.format(group=_quoted(edge.group), node=_quoted(edge.node), mqtt=mqtt)
    text = shipped(plant, "edge.toml")
    changes = {
        **_SIMULATOR,
        _SHIPPED_MQTT: mqtt,
        'group = "hlj-demo"': f"group = {_quoted(edge.group)}",
    }
    named = re.compile(r'^name = ".*"$', re.MULTILINE)
    for old, new in changes.items():
        if text.count(old) != 1:
            raise StackError(f"edge.toml of plant {plant}: {old!r} has to stand in it once")
        text = text.replace(old, new)
    return named.sub(lambda _: f"name = {_quoted(edge.node)}", text, count=1)


def _quoted(text: str) -> str:
    """As a string of TOML; JSON's are ones."""
    return json.dumps(text, ensure_ascii=False)


def shipped(plant: str, name: str) -> str:
    """Text of a file of a plant that ships with this distribution."""
    return resources.files("chejian").joinpath("plants", plant, name).read_text("utf-8")


def _grafana(folder: Path, host: str) -> None:
    organisation = Organisation(1, BOARDS_ROLE, "/run/secrets/boards_password")
    build(
        folder / "grafana",
        Target(
            (organisation,),
            f"{DATABASE_HOST}:5432",
            console=f"https://{host}:8443",
            root_certificate="/run/secrets/ca",
        ),
    )


def _samples(folder: Path, tell: Callable[[str], None]) -> None:
    """A first registry and a complete edge configuration to start one's own from."""
    for name in ("edge.toml", "registry.toml"):
        path = folder / name
        if not path.exists():
            write_text(path, shipped("harbin", name))
            tell(f"{path}: a sample to start from")


def plants() -> Sequence[str]:
    """Names of the plants that ship."""
    return sorted(f.name for f in (resources.files("chejian") / "plants").iterdir() if f.is_dir())
