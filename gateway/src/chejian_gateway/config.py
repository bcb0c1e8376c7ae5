"""Configuration of the gateway: environment for the two addresses, an optional TOML file for the rest."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from chejian_contract.config import ConfigValueError, Seconds, from_table, load_config, parse_duration
from chejian_contract.errors import ConfigError

_ENVIRONMENT = "the environment"
_PORTS = {"mqtt": 1883, "mqtts": 8883}
_LONGEST_KEEPALIVE_S = 65_535
"""MQTT 3.1.1, section 3.1.2.10."""
_KEEPALIVE = parse_duration("30s")
_REBIRTH = parse_duration("10s")
_LEASE = parse_duration("30s")
_ELECTION = parse_duration("1s")
_REORDER = parse_duration("2s")
_COMMIT = parse_duration("200ms")
_ACKNOWLEDGE = parse_duration("1s")
_RETENTION = parse_duration("400d")
_AHEAD = parse_duration("1d")


def _between(key: str, value: float, low: float, high: float = float("inf")) -> None:
    """Refuse a number out of its range [low, high]."""
    if not low <= value <= high:
        allowed = f"{low:g} to {high:g}" if math.isfinite(high) else f"{low:g} or more"
        raise ConfigValueError(key, value, allowed)


@dataclass(frozen=True, slots=True)
class MqttConfig:
    """The broker.

    Attributes:
        url: mqtt://[user[:password]@]host[:port], or mqtts:// for TLS.
        ca_file: certificates that sign the broker's; None takes the system's.
        username: takes precedence over the URL's.
        password_file: file whose first line is the password.
        keepalive: seconds between signs of life.
        protocol: MQTT version; both know the shared subscriptions by which replicas divide the data.
    """

    url: str = "mqtt://127.0.0.1:1883"
    ca_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    keepalive: Seconds = _KEEPALIVE
    protocol: Literal["3.1.1", "5"] = "3.1.1"

    def __post_init__(self) -> None:
        if not 1 <= self.keepalive <= _LONGEST_KEEPALIVE_S:
            raise ConfigValueError("keepalive", self.keepalive, f"1s to {_LONGEST_KEEPALIVE_S}s")
        parts = urlsplit(self.url)
        if parts.scheme not in _PORTS or not parts.hostname:
            raise ConfigValueError("url", self.url, "mqtt://host[:port] or mqtts://host[:port]")

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or _PORTS[parts.scheme]

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return urlsplit(self.url).scheme == "mqtts"

    @property
    def credentials(self) -> tuple[str | None, str | None]:
        """User name and password; None where there is none."""
        parts = urlsplit(self.url)
        password = (
            self.password_file.read_text("utf-8").splitlines()[0] if self.password_file else parts.password
        )
        return self.username or parts.username, password


@dataclass(frozen=True, slots=True)
class HostConfig:
    """The Sparkplug host application.

    Attributes:
        id: host id in `spBv1.0/STATE/<id>`; the same for all replicas.
        rebirth_interval: at most one rebirth request per node in this time.
        reorder_timeout: how long a foreign node's message waits for those before it; 0s where the broker keeps the order.
        lease: after so long without a sign of life the database ends a session, and with it the host's lock.
        election_interval: how often the other replicas try to become the host.
    """

    id: str = "chejian"
    rebirth_interval: Seconds = _REBIRTH
    reorder_timeout: Seconds = _REORDER
    lease: Seconds = _LEASE
    election_interval: Seconds = _ELECTION

    def __post_init__(self) -> None:
        if not self.id or any(c in "/+#\0" for c in self.id):
            raise ConfigValueError("id", self.id, "one level of a topic: no /, +, # and not empty")
        _between("rebirth_interval", self.rebirth_interval, 0, 86_400)
        _between("reorder_timeout", self.reorder_timeout, 0, 3_600)
        _between("lease", self.lease, 1, 3_600)
        _between("election_interval", self.election_interval, 0.1, 60)


@dataclass(frozen=True, slots=True)
class IntakeConfig:
    """Bounds of what waits in memory.

    Attributes:
        max_messages: received, not yet decoded; data beyond is dropped and counted, the ledger brings it again.
        max_bytes: bytes of the same.
        max_payload: bytes of one message; larger ones become dead letters.
        max_held: messages per node that wait for a birth.
    """

    max_messages: int = 20_000
    max_bytes: int = 256 * 2**20
    max_payload: int = 4 * 2**20
    max_held: int = 400

    def __post_init__(self) -> None:
        for key in ("max_messages", "max_bytes", "max_payload", "max_held"):
            _between(key, getattr(self, key), 1)


@dataclass(frozen=True, slots=True)
class CommitConfig:
    """When to commit and to acknowledge.

    Attributes:
        max_rows: commit as soon as so many rows wait (10,000 rows: 14 ms a commit, see docs/performance.md).
        max_delay: commit at the latest so long after the first waiting row.
        acknowledge_interval: per node.
        window: unacknowledged batches that an edge may have on the wire; half of it acknowledges at once.
    """

    max_rows: int = 10_000
    max_delay: Seconds = _COMMIT
    acknowledge_interval: Seconds = _ACKNOWLEDGE
    window: int = 200

    def __post_init__(self) -> None:
        _between("max_rows", self.max_rows, 1)
        _between("max_delay", self.max_delay, 0, 60)
        _between("acknowledge_interval", self.acknowledge_interval, 0, 60)
        _between("window", self.window, 1)


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """The tables.

    Attributes:
        raw_retention: samples older than this are dead letters ("too old"); nothing is recomputed beyond it.
        max_ahead: samples further in the future are dead letters.
        partitions_ahead: daily partitions that are kept ready (plain PostgreSQL).
    """

    raw_retention: Seconds = _RETENTION
    max_ahead: Seconds = _AHEAD
    partitions_ahead: int = 3


@dataclass(frozen=True, slots=True)
class HttpConfig:
    """Health and metrics pages; port 0 takes a free one."""

    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True, slots=True)
class GatewayConfig:
    """All of it; see each section."""

    dsn: str = ""
    mqtt: MqttConfig = field(default_factory=MqttConfig)
    host: HostConfig = field(default_factory=HostConfig)
    intake: IntakeConfig = field(default_factory=IntakeConfig)
    commit: CommitConfig = field(default_factory=CommitConfig)
    store: StoreConfig = field(default_factory=StoreConfig)
    http: HttpConfig = field(default_factory=HttpConfig)

    def __post_init__(self) -> None:
        if not self.dsn:
            raise ConfigValueError("dsn", self.dsn, "a PostgreSQL URL, here or in CHEJIAN_DSN")


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> GatewayConfig:
    """Read the file, if any, below the environment's `CHEJIAN_DSN` and `CHEJIAN_MQTT_URL`.

    Raises:
        ConfigError: names file, key, value and what is allowed.
    """
    overrides: dict[str, object] = {}
    if environment.get("CHEJIAN_DSN"):
        overrides["dsn"] = environment["CHEJIAN_DSN"]
    url = environment.get("CHEJIAN_MQTT_URL")
    if path is None:
        if url:
            overrides["mqtt"] = {"url": url}
        return from_table(GatewayConfig, overrides, source=_ENVIRONMENT)
    config = load_config(GatewayConfig, path, overrides=overrides)
    return _with_url(config, url) if url else config


def _with_url(config: GatewayConfig, url: str) -> GatewayConfig:
    try:
        return replace(config, mqtt=replace(config.mqtt, url=url))
    except ConfigValueError as error:
        raise ConfigError(_ENVIRONMENT, "CHEJIAN_MQTT_URL", error.value, error.allowed) from error
