"""The host as it runs: `chejian_gateway.service.serve` behind a wiretap, on mosquitto and PostgreSQL."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Literal

import psycopg
import pytest
from chejian_contract.config import Seconds
from chejian_gateway.config import CommitConfig, GatewayConfig, HostConfig, MqttConfig
from chejian_gateway.migrate import migrate
from chejian_gateway.service import serve

from tests.fixtures.fix_postgres import DatabaseServer
from tests.sparkplug.wiretap import WITHIN_S, Publish, Wiretap, wait_for

REORDER_S = 1.5
"""Reorder Timeout of these tests."""
REBIRTH_S = 0.3
"""Shortest pause between two rebirth requests of these tests."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """These tests are about mosquitto; where it is missing they are deselected, or an error in CI."""
    if "mqtt_url" in metafunc.fixturenames:
        metafunc.parametrize("mqtt_url", ["mosquitto"], indirect=True, scope="session")


@dataclass
class Host:
    """A gateway as seen from outside."""

    tap: Wiretap
    config: GatewayConfig
    stop: threading.Event = field(default_factory=threading.Event)
    replica: bool = False

    @property
    def state_topic(self) -> str:
        return f"spBv1.0/STATE/{self.config.host.id}"

    @property
    def states(self) -> list[Publish]:
        return [p for p in self.tap.publishes if p.topic == self.state_topic]

    @property
    def commands(self) -> list[Publish]:
        return [p for p in self.tap.publishes if "/NCMD/" in p.topic or "/DCMD/" in p.topic]

    @contextmanager
    def running(self) -> Iterator["Host"]:
        self.thread = threading.Thread(target=serve, args=(self.config, self.stop), name=self.config.host.id)
        self.thread.start()
        try:
            ready = (lambda: self.tap.connects) if self.replica else (lambda: self.states)
            wait_for(lambda: ready() or not self.thread.is_alive(), "connected, and STATE online of a host")
            yield self
        finally:
            self.close()

    def close(self) -> None:
        """End the gateway as SIGTERM does."""
        self.stop.set()
        self.thread.join(WITHIN_S)
        assert not self.thread.is_alive()

    def rows(self, query: str, *arguments: object) -> list[tuple[object, ...]]:
        """What the host has stored."""
        assert self.thread.is_alive(), "the host has ended"
        with psycopg.connect(self.config.dsn, autocommit=True) as connection:
            return connection.execute(query, arguments or None).fetchall()


def _config(dsn: str, url: str, protocol: Literal["3.1.1", "5"] = "3.1.1") -> GatewayConfig:
    return GatewayConfig(
        dsn=dsn,
        mqtt=MqttConfig(url=url, protocol=protocol),
        host=HostConfig(
            id=f"host-{secrets.token_hex(3)}",
            rebirth_interval=Seconds(REBIRTH_S),
            reorder_timeout=Seconds(REORDER_S),
        ),
        commit=CommitConfig(max_delay=Seconds(0.05), acknowledge_interval=Seconds(0.1)),
    )


def _template(server: DatabaseServer) -> str:
    def build(url: str) -> None:
        migrate(url)

    return server.template("gateway", build)


StartHost = Callable[..., Host]


@pytest.fixture
def start_host(
    postgres_server: DatabaseServer, make_database: Callable[..., str], mqtt_url: str
) -> Iterator[StartHost]:
    """Function that starts a host with a database, an id and a wiretap of its own; all end with the test.

    `beside` another one: a second process with the same database and id.
    """
    with ExitStack() as stack:

        def start(
            *, protocol: Literal["3.1.1", "5"] = "3.1.1", dsn: str = "", beside: Host | None = None
        ) -> Host:
            dsn = beside.config.dsn if beside else dsn or make_database(template=_template(postgres_server))
            tap = stack.enter_context(Wiretap(mqtt_url))
            config = _config(dsn, tap.url, protocol)
            if beside:
                config = replace(config, host=beside.config.host)
            return stack.enter_context(Host(tap, config, replica=beside is not None).running())

        yield start


@pytest.fixture(scope="session")
def host(postgres_server: DatabaseServer, mqtt_url: str) -> Iterator[Host]:
    """A host for all tests that bring nodes of their own; see `group`."""
    dsn = postgres_server.create(template=_template(postgres_server))
    with Wiretap(mqtt_url) as tap, Host(tap, _config(dsn, tap.url)).running() as running:
        yield running


@pytest.fixture
def group() -> str:
    """A Sparkplug group of the test's own."""
    return f"g{secrets.token_hex(4)}"
