"""The edge's configuration file: frozen dataclasses; every error names file, key, value and what is allowed."""

import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from chejian_contract.config import ConfigValueError, Seconds, load_config
from chejian_contract.equipment import check_code
from chejian_contract.errors import ConfigError, IdentifierError
from chejian_contract.quantities import Quantity
from chejian_contract.signals import Role, SignalKind

ENV_MQTT_URL = "CHEJIAN_MQTT_URL"
"""Environment variable that wins over [mqtt] url."""
_LONGEST_PAUSE = 7 * 86_400
"""[s] A week between two waveforms; a trend of fewer tells nothing."""


def _code(key: str, value: str, what: str) -> None:
    try:
        check_code(value, what)
    except IdentifierError as error:
        raise ConfigValueError(key, value, str(error)) from error


@dataclass(frozen=True)
class NodeConfig:
    """[node]: who the edge is in Sparkplug.

    Attributes:
        group: enterprise code.
        name: edge node id; the workshop code where there is one agent.
        workshop: workshop code; announced by every device. Default: `name`.
        device_timeout: [s], 1 s to 1 h; a device whose source has been away for so long is declared dead. Two heartbeats:
            then its values have lapsed, too.
        waveform_requests: whether the host may ask for the next block of a device's waveforms. Nothing else can be asked of
            an edge, and nothing at all of a source: drivers only read.
    """

    group: str
    name: str
    workshop: str = ""
    device_timeout: Seconds = Seconds(60)  # noqa: RUF009 - a float, immutable
    waveform_requests: bool = False

    def __post_init__(self) -> None:
        _code("group", self.group, "group")
        _code("name", self.name, "edge node")
        if self.workshop:
            _code("workshop", self.workshop, "workshop")
        if not 1 <= self.device_timeout <= 3600:  # noqa: PLR2004 - the range of the documentation above
            raise ConfigValueError("device_timeout", float(self.device_timeout), "1s to 1h")


@dataclass(frozen=True)
class MqttConfig:
    """[mqtt]: the broker.

    Attributes:
        url: mqtt://host:port or mqtts://host:port.
        ca_file: certificates to trust for mqtts; default: those of the system.
        username: for the broker; the password stands in `password_file`.
        password_file: file whose first line is the password.
        keepalive: [s], 5 to 600.
        retry_max: [s], > 0; longest pause between two attempts to connect.
    """

    url: str = "mqtt://127.0.0.1:1883"
    ca_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    keepalive: Seconds = Seconds(15)  # noqa: RUF009 - a float, immutable
    retry_max: Seconds = Seconds(15)  # noqa: RUF009 - same

    def __post_init__(self) -> None:
        check_mqtt_url("url", self.url)
        if not 5 <= self.keepalive <= 600:  # noqa: PLR2004 - the range of the documentation above
            raise ConfigValueError("keepalive", float(self.keepalive), "5s to 10min")
        if self.retry_max <= 0:
            raise ConfigValueError("retry_max", float(self.retry_max), "more than 0")
        if self.password_file is not None and self.username is None:
            raise ConfigValueError("password_file", str(self.password_file), "only together with username")


def check_mqtt_url(key: str, url: str) -> None:
    """Refuse what is no address of a broker.

    Raises:
        ConfigValueError: names the key and the form expected.
    """
    parts = urlsplit(url)
    try:
        legal = parts.scheme in ("mqtt", "mqtts") and parts.hostname and (parts.port or 1) > 0
    except ValueError:
        legal = False
    if not legal:
        raise ConfigValueError(key, url, "mqtt://host[:port] or mqtts://host[:port]")


@dataclass(frozen=True)
class BufferConfig:
    """[buffer]: the file that makes samples durable.

    Attributes:
        path: SQLite file; its folder is made.
        max_bytes: of stored batches, at least 1 MiB; beyond it the oldest are deleted, unacknowledged ones are declared lost.
        retain_acknowledged: [s]; acknowledged batches stay so long, for a database restored from a backup.
    """

    path: Path = Path("edge-buffer.sqlite")
    max_bytes: int = 4 * 2**30
    retain_acknowledged: Seconds = Seconds(86400)  # noqa: RUF009 - a float, immutable

    def __post_init__(self) -> None:
        if self.max_bytes < 2**20:
            raise ConfigValueError("max_bytes", self.max_bytes, "at least 1048576 (1 MiB)")
        if self.retain_acknowledged < 0:
            raise ConfigValueError("retain_acknowledged", float(self.retain_acknowledged), "0 or more")


@dataclass(frozen=True)
class LedgerConfig:
    """[ledger]: who proves that a batch is stored.

    Attributes:
        acknowledge: "rows": the Chejian host acknowledges committed rows; "none": plain Sparkplug, the primary host's STATE decides.
        window: batches unacknowledged on the wire, 1 to 10000.
        host_id: primary host whose STATE counts with "none".
    """

    acknowledge: Literal["rows", "none"] = "rows"
    window: int = 200
    host_id: str = "chejian"

    def __post_init__(self) -> None:
        if not 1 <= self.window <= 10_000:  # noqa: PLR2004 - the range of the documentation above
            raise ConfigValueError("window", self.window, "1 to 10000")
        _code("host_id", self.host_id, "host")


@dataclass(frozen=True)
class PipelineConfig:
    """[pipeline]: from readings to batches.

    Attributes:
        heartbeat: [s], 1 s to 1 h, whole milliseconds; an unchanged value is repeated on this grid since 1970.
        max_skew: [s]; a source time further in the future falls back to the server's time and is marked uncertain.
        batch_samples: samples in one batch at most, 1 to 5000.
        batch_interval: [s]; time after which what was read is committed, 10 ms to 1 s.
    """

    heartbeat: Seconds = Seconds(30)  # noqa: RUF009 - a float, immutable
    max_skew: Seconds = Seconds(300)  # noqa: RUF009 - same
    batch_samples: int = 500
    batch_interval: Seconds = Seconds(0.1)  # noqa: RUF009 - same

    def __post_init__(self) -> None:
        check_heartbeat("heartbeat", self.heartbeat)
        if self.max_skew < 0:
            raise ConfigValueError("max_skew", float(self.max_skew), "0 or more")
        if not 1 <= self.batch_samples <= 5000:  # noqa: PLR2004 - the range of the documentation above
            raise ConfigValueError("batch_samples", self.batch_samples, "1 to 5000")
        if not 0.01 <= self.batch_interval <= 1:  # noqa: PLR2004 - same
            raise ConfigValueError("batch_interval", float(self.batch_interval), "10ms to 1s")


def check_heartbeat(key: str, value: float) -> None:
    """Refuse heartbeats outside 1 s to 1 h.

    Raises:
        ConfigValueError: names the key and the range.
    """
    if not 1 <= value <= 3600:  # noqa: PLR2004 - the range of the documentation above
        raise ConfigValueError(key, float(value), "1s to 1h")


@dataclass(frozen=True)
class HttpConfig:
    """[http]: health and metrics; port 0 takes a free one, which the log names."""

    host: str = "127.0.0.1"
    port: int = 0


@dataclass(frozen=True)
class SignalConfig:
    """[[equipment.signal]].

    Attributes:
        name: metric name; those of the equipment type bring quantity, unit, kind and role.
        address: where the source has it, in the words of the driver.
        unit: of the source's values; default: the signal's unit.
        scale: source value times this, before the unit conversion.
        offset: added after the scale.
        deadband: smaller changes of a measurement are dropped [signal's unit].
        state_map: name of a map, or a table of source codes to machine states.
        mode_map: name of a map, or a table of source codes to operation modes (quantity `operation_mode`).
        sample_rate: [Hz], waveforms only.
        acquire_every: [s], waveforms only, 1 s to 7 d: the first block of each span of so long is sent; default: each block is.
        acquire_above: [signal's unit], waveforms only: with `acquire_every`, blocks whose RMS is above this are sent too.
        heartbeat: [s]; wins over [pipeline].
        quantity: needed where the equipment type does not know the name.
        kind: needed where the equipment type does not know the name.
        role: optional, for the same case.
    """

    name: str
    address: str
    unit: str | None = None
    scale: float = 1.0
    offset: float = 0.0
    deadband: float = 0.0
    state_map: object = None
    mode_map: object = None
    sample_rate: float = 0.0
    acquire_every: Seconds | None = None
    acquire_above: float = 0.0
    heartbeat: Seconds | None = None
    quantity: Quantity | None = None
    kind: SignalKind | None = None
    role: Role | None = None

    def __post_init__(self) -> None:
        if self.heartbeat is not None:
            check_heartbeat("heartbeat", self.heartbeat)
        if not self.deadband >= 0:
            raise ConfigValueError("deadband", self.deadband, "0 or more")
        if self.acquire_every is not None and not 1 <= self.acquire_every <= _LONGEST_PAUSE:
            raise ConfigValueError("acquire_every", float(self.acquire_every), "1s to 7d")
        if not 0 <= self.acquire_above < float("inf"):
            raise ConfigValueError("acquire_above", self.acquire_above, "0 or more")


@dataclass(frozen=True)
class EquipmentConfig:
    """[[equipment]]: one machine; its code is the Sparkplug device.

    Attributes:
        code: unique within the file.
        type: id of an equipment type.
        line: line code, announced at birth.
        source: name of a [[source]].
        signal: what is read.
    """

    code: str
    type: str
    source: str
    line: str = ""
    signal: tuple[SignalConfig, ...] = ()

    def __post_init__(self) -> None:
        _code("code", self.code, "equipment")
        if self.line:
            _code("line", self.line, "line")


@dataclass(frozen=True)
class EdgeConfig:
    """The whole file. `source` tables are read by their drivers, see `chejian_edge.plan`."""

    node: NodeConfig
    mqtt: MqttConfig = field(default_factory=MqttConfig)
    buffer: BufferConfig = field(default_factory=BufferConfig)
    ledger: LedgerConfig = field(default_factory=LedgerConfig)
    pipeline: PipelineConfig = field(default_factory=PipelineConfig)
    http: HttpConfig = field(default_factory=HttpConfig)
    source: tuple[dict[str, object], ...] = ()
    equipment: tuple[EquipmentConfig, ...] = ()


def load_edge_config(path: Path) -> EdgeConfig:
    """Read the file; `CHEJIAN_MQTT_URL` wins over [mqtt] url.

    Raises:
        ConfigError: names file, key, value and what is allowed.
    """
    config = load_config(EdgeConfig, path)
    url = os.environ.get(ENV_MQTT_URL)
    if not url:
        return config
    try:
        check_mqtt_url(ENV_MQTT_URL, url)
    except ConfigValueError as error:
        raise ConfigError("environment", error.key, error.value, error.allowed) from error
    return replace(config, mqtt=replace(config.mqtt, url=url))
