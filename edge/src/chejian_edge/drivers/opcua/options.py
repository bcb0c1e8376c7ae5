"""Options of an OPC UA source."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from chejian_contract.config import ConfigValueError, Seconds

from chejian_edge.driver import SourceOptions


@dataclass(frozen=True, kw_only=True)
class OpcUaOptions(SourceOptions):
    """Options of an OPC UA source, see `sample.toml`.

    Attributes:
        username: anonymous when left out.
        password_file: file whose first line is the password.
        security: message security; "none" is for closed networks and simulators only.
        certificate: of this client, with security.
        private_key: of this client, with security.
        server_certificate: the only one that is spoken to; left out: whichever the server shows, which keeps listeners
            out but not somebody who takes the server's place.
        publishing_interval: [s] 10 ms to 10 s; how often the server sends what changed.
        sampling_interval: [s] >= 0; how often the server looks at its devices; 0: as fast as it can.
        queue_size: changes that the server keeps for each signal between two publishings, 1 to 100000.
        request_timeout: [s] 1 s to 2 min; an unanswered request means that the source is lost.
        history_page: values asked for in one HistoryRead, 10 to 100000.
    """

    username: str | None = None
    password_file: Path | None = None
    security: Literal["none", "Basic256Sha256,Sign", "Basic256Sha256,SignAndEncrypt"] = "none"
    certificate: Path | None = None
    private_key: Path | None = None
    server_certificate: Path | None = None
    publishing_interval: Seconds = Seconds(0.1)  # noqa: RUF009 - a float, immutable
    sampling_interval: Seconds = Seconds(0.1)  # noqa: RUF009 - same
    queue_size: int = 1000
    request_timeout: Seconds = Seconds(20)  # noqa: RUF009 - same
    history_page: int = 2000

    def __post_init__(self) -> None:
        super().__post_init__()
        parts = urlsplit(self.url)
        if parts.scheme != "opc.tcp" or not parts.hostname:
            raise ConfigValueError("url", self.url, "opc.tcp://host[:port][/path]")
        if self.security != "none" and not (self.certificate and self.private_key):
            raise ConfigValueError(
                "security", self.security, "only together with certificate and private_key"
            )
        if self.server_certificate is not None and self.security == "none":
            raise ConfigValueError(
                "server_certificate", str(self.server_certificate), "only together with security"
            )
        if self.password_file is not None and self.username is None:
            raise ConfigValueError("password_file", str(self.password_file), "only together with username")
        _within("publishing_interval", self.publishing_interval, 0.01, 10)
        _within("sampling_interval", self.sampling_interval, 0, 3600)
        _within("queue_size", self.queue_size, 1, 100_000)
        _within("request_timeout", self.request_timeout, 1, 120)
        _within("history_page", self.history_page, 10, 100_000)


def _within(key: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ConfigValueError(key, value, f"{low:g} to {high:g}")
