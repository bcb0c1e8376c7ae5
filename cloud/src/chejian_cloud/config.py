"""Settings of the cloud service: a frozen dataclass from environment, command line and an optional TOML file."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chejian_contract.config import ConfigValueError, Seconds, from_table, load_config, parse_duration

API_PREFIX = "/api/v1"
"""Path below which the API lives; its version changes only when an answer's meaning does."""
_ENVIRONMENT = {
    "dsn": "CHEJIAN_DSN",
    "http_host": "CHEJIAN_HTTP_HOST",
    "http_port": "CHEJIAN_HTTP_PORT",
    "http_certificate": "CHEJIAN_HTTP_CERTIFICATE",
    "http_key": "CHEJIAN_HTTP_KEY",
    "worker_host": "CHEJIAN_WORKER_HOST",
    "worker_port": "CHEJIAN_WORKER_PORT",
    "jobs_host": "CHEJIAN_JOBS_HOST",
    "jobs_port": "CHEJIAN_JOBS_PORT",
    "raw_retention": "CHEJIAN_RAW_RETENTION",
    "report_font": "CHEJIAN_REPORT_FONT",
    "programme_plan": "CHEJIAN_PROGRAMME_PLAN",
    "programme_map": "CHEJIAN_PROGRAMME_MAP",
    "identity": "CHEJIAN_IDENTITY",
}
_NUMBERS = frozenset({"http_port", "worker_port", "jobs_port"})
_MAX_PORT = 65535
_HOLD = Seconds(60)
_RUNNING_INTERVAL = Seconds(1)
_MINOR_STOP = Seconds(300)
_CHANGEOVER = Seconds(0)
_LONGEST_RULE = parse_duration("12h")
_SETTLE = Seconds(60)
_POLL = Seconds(0.5)
_DIAGNOSIS_BUDGET = Seconds(0.5)
_RAW_RETENTION = parse_duration("400d")
_MOST_WINDOWS_KEPT = 10_000
_LEAST_RETENTION = parse_duration("3d")
_SESSION_IDLE = parse_duration("12h")
_LEAST_IDLE = Seconds(60)
_SESSION_LONGEST = parse_duration("7d")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Settings of `chejian-cloud api`, `chejian-cloud worker` and `chejian-cloud jobs`.

    Attributes:
        dsn: PostgreSQL URL, e.g. "postgresql://user@host:5432/chejian"; from CHEJIAN_DSN.
        http_host: address that the API listens on; any other than loopback wants HTTPS, here or in front.
        http_port: TCP port of the API, 0 to 65535; 0 takes a free one.
        http_certificate: PEM file of the API's certificate and those up to its authority; with it the API speaks HTTPS only.
        http_key: PEM file of the certificate's key, without a password; both or neither.
        worker_host: address of the worker's health pages.
        worker_port: TCP port of the worker's health pages, 0 to 65535; 0 takes a free one.
        jobs_host: address of the health pages of `chejian-cloud jobs`.
        jobs_port: TCP port of them, 0 to 65535; 0 takes a free one.
        hold: [s] how long a value holds when no other follows, > 0; two heartbeats of the edge (architecture 2.2).
        minor_stop: [s] faults and stops of at most this long are minor stops and need no reason, 0 to 12 h; 0: none are.
            Usual: 2 to 5 minutes. After a change of this and the two below, `chejian-cloud recompute` what is to follow.
        changeover: [s] stops of at most this long at a change of product are set-up, 0 to 12 h; 0: never.
        orders_decide: whether a machine that stands is delayed (ADET) with an order in work and down (ADOT) without one.
            Only for plants whose order signal says, by an empty text, that none is; else the state alone decides.
        running_interval: [s] marks of running hours are taken at most this often per equipment, > 0.
        settle: [s] how long after its end a window may still change without a line in `kpi_revision`: samples of its
            last second are on their way when the clock closes it, >= 0.
        poll: [s] how often the worker looks for marks when no notification comes, > 0.
        diagnosis_budget: [s] of work on waveforms between two looks at the KPI marks, > 0.
        raw_retention: [s] how long raw samples are kept, as the gateway's `store.raw_retention`, >= 3 d; nothing is
            recomputed beyond it. From CHEJIAN_RAW_RETENTION, e.g. "400d".
        report_font: TrueType font with Chinese glyphs that PDF reports embed (.ttf or .ttc); None: one that is found, e.g.
            of the package fonts-wqy-microhei. From CHEJIAN_REPORT_FONT.
        windows_kept: of each waveform signal so many windows, the newest, are kept beyond raw retention whatever they say,
            1 to 10,000; windows that a verdict, an answer or a baseline names are kept in any case.
        session_idle: [s] after which a browser that asks nothing is logged out, >= 60 s.
        session_longest: [s] after which a browser has to log in again in any case, >= `session_idle`.
        programme_plan: TOML file of the plan that the programme is held against, laid out as the one that ships (the
            default); from CHEJIAN_PROGRAMME_PLAN.
        programme_map: GeoJSON file of the cities' outlines with the number under which the map was approved; None: a
            schematic map of squares. From CHEJIAN_PROGRAMME_MAP.
        identity: folder of what log-in by identity providers needs and no database holds: the secret of each provider's
            client in the first line of `<code>.secret`, and in `authorities.pem`, where there is one, authorities that are
            trusted beside the system's. None: public clients only. From CHEJIAN_IDENTITY.
        identity_over_http: whether providers on this machine may be asked by plain HTTP; for development only, so it has no
            environment variable.
    """

    dsn: str
    http_host: str = "127.0.0.1"
    http_port: int = 8080
    http_certificate: Path | None = None
    http_key: Path | None = None
    worker_host: str = "127.0.0.1"
    worker_port: int = 0
    jobs_host: str = "127.0.0.1"
    jobs_port: int = 0
    hold: Seconds = _HOLD
    minor_stop: Seconds = _MINOR_STOP
    changeover: Seconds = _CHANGEOVER
    orders_decide: bool = False
    running_interval: Seconds = _RUNNING_INTERVAL
    settle: Seconds = _SETTLE
    poll: Seconds = _POLL
    diagnosis_budget: Seconds = _DIAGNOSIS_BUDGET
    raw_retention: Seconds = _RAW_RETENTION
    report_font: Path | None = None
    windows_kept: int = 100
    session_idle: Seconds = _SESSION_IDLE
    session_longest: Seconds = _SESSION_LONGEST
    programme_plan: Path | None = None
    programme_map: Path | None = None
    identity: Path | None = None
    identity_over_http: bool = False

    def __post_init__(self) -> None:
        if not self.dsn.startswith(("postgresql://", "postgres://")):
            raise ConfigValueError("dsn", self.dsn, "a URL postgresql://... (environment CHEJIAN_DSN)")
        for key in sorted(_NUMBERS):
            if not 0 <= getattr(self, key) <= _MAX_PORT:
                raise ConfigValueError(key, getattr(self, key), f"0 to {_MAX_PORT}")
        self._check_files()
        for key in ("hold", "running_interval", "poll", "diagnosis_budget"):
            if getattr(self, key) <= 0:
                raise ConfigValueError(key, getattr(self, key), "more than 0 s")
        self._check_sessions()
        for key in ("minor_stop", "changeover"):
            if not 0 <= getattr(self, key) <= _LONGEST_RULE:
                raise ConfigValueError(key, getattr(self, key), "0 s to 12 h")
        self._check_retention()
        if self.settle < 0:
            raise ConfigValueError("settle", self.settle, "0 s or more")

    def _check_retention(self) -> None:
        if self.raw_retention < _LEAST_RETENTION:
            raise ConfigValueError(
                "raw_retention", self.raw_retention, '"3d" or more (environment CHEJIAN_RAW_RETENTION)'
            )
        if not 1 <= self.windows_kept <= _MOST_WINDOWS_KEPT:
            raise ConfigValueError("windows_kept", self.windows_kept, f"1 to {_MOST_WINDOWS_KEPT}")

    def _check_files(self) -> None:
        if (self.http_certificate is None) != (self.http_key is None):
            missing = "http_key" if self.http_key is None else "http_certificate"
            raise ConfigValueError(missing, None, "a PEM file: http_certificate and http_key, or neither")
        for key in ("http_certificate", "http_key"):
            path = getattr(self, key)
            if path is not None and not path.is_file():
                raise ConfigValueError(key, str(path), "a PEM file")
        if self.report_font is not None and not self.report_font.is_file():
            raise ConfigValueError("report_font", str(self.report_font), "a TrueType file (.ttf, .ttc)")
        if self.identity is not None and not self.identity.is_dir():
            raise ConfigValueError("identity", str(self.identity), "a folder (environment CHEJIAN_IDENTITY)")

    def _check_sessions(self) -> None:
        if self.session_idle < _LEAST_IDLE:
            raise ConfigValueError("session_idle", self.session_idle, "60 s or more")
        if self.session_longest < self.session_idle:
            raise ConfigValueError("session_longest", self.session_longest, "session_idle or more")


def load_settings(
    path: Path | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """Read the settings: the file, over it the environment, over that `overrides` (the command line).

    Raises:
        chejian_contract.errors.ConfigError: names source, key, value and what is allowed.
    """
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {
        key: int(environ[name]) if key in _NUMBERS and environ[name].isdecimal() else environ[name]
        for key, name in _ENVIRONMENT.items()
        if environ.get(name)
    }
    values.update(overrides or {})
    if path is not None:
        return load_config(Settings, path, overrides=values)
    return from_table(Settings, values, source="environment")
