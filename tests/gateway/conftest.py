"""A migrated database and gateways on it, each in a thread of the test's process."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import psycopg
import pytest
from chejian_contract.config import Seconds
from chejian_gateway.config import CommitConfig, GatewayConfig, HostConfig, MqttConfig
from chejian_gateway.engine import Engine
from chejian_gateway.intake import Intake
from chejian_gateway.kernels.warmup import warm_up
from chejian_gateway.migrate import migrate
from chejian_gateway.subscriber import Subscriber

from tests.fixtures.fix_broker import BrokerFactory
from tests.fixtures.fix_postgres import DatabaseServer
from tests.gateway.fake_edge import wait_for


class Gateway:
    """A running gateway: engine and subscriber as `service.serve` puts them together."""

    def __init__(self, config: GatewayConfig) -> None:
        self.config = config
        self.stop = threading.Event()
        self.intake = Intake(config.intake.max_messages, config.intake.max_bytes)
        self.subscriber = Subscriber(config.mqtt, config.host.id, self.intake)
        self.engine = Engine(
            config,
            self.intake,
            self.subscriber.publish,
            self.stop,
            reachable=lambda: self.subscriber.online,
            retire=self.subscriber.retire,
        )
        self.thread = threading.Thread(target=self.engine.run, name="engine")

    @property
    def ready(self) -> bool:
        """Receives its share, and is the host or knows of one."""
        role = self.engine.role
        assert role is not None
        return self.subscriber.online and (role.online if role.host else role.decided)

    @contextmanager
    def running(self) -> Iterator["Gateway"]:
        with self.subscriber:
            self.thread.start()
            try:
                wait_for(lambda: self.ready, "gateway ready")
                yield self
            finally:
                self.stop.set()
                self.thread.join()


StartGateway = Callable[..., Gateway]


@pytest.fixture(scope="session", autouse=True)
def _kernels() -> None:
    warm_up()


@pytest.fixture
def mqtt_url(request: pytest.FixtureRequest, broker_factory: BrokerFactory) -> str:
    """Address of a broker of this test's own.

    An edge takes every acknowledgement that comes to it: a gateway on another database, such as the host of
    `tests/sparkplug` on the shared broker, would acknowledge what the gateways of the test have not stored.
    """
    kind = getattr(request, "param", request.config.getoption("--broker"))
    return broker_factory(kind=kind).url


@pytest.fixture
def dsn(postgres_server: DatabaseServer, make_database: Callable[..., str]) -> str:
    """A migrated database of this test's own."""

    def build(url: str) -> None:
        migrate(url)

    template = postgres_server.template("gateway", build)
    return make_database(template=template)


@pytest.fixture
def start_gateway(dsn: str, mqtt_url: str) -> Iterator[StartGateway]:
    """Function that starts a gateway; all end with the test."""
    with ExitStack() as stack:

        def start(*, host_id: str = "test-host", rebirth_s: float = 1.0, window: int = 200) -> Gateway:
            config = GatewayConfig(
                dsn=dsn,
                mqtt=MqttConfig(url=mqtt_url),
                host=HostConfig(id=host_id, rebirth_interval=Seconds(rebirth_s)),
                commit=CommitConfig(acknowledge_interval=Seconds(0.1), window=window),
            )
            return stack.enter_context(Gateway(config).running())

        yield start


@pytest.fixture
def database_rows(dsn: str) -> Iterator[Callable[..., list[tuple[object, ...]]]]:
    """Function that runs a query on the test's database."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        yield lambda query, *arguments: connection.execute(query, arguments or None).fetchall()
