"""`chejian-gateway run`: the parts put together, from start to a clean end."""

import logging
import signal
import threading
from collections.abc import Callable

from chejian_contract.health import HealthServer

from chejian_gateway.config import GatewayConfig
from chejian_gateway.engine import Engine
from chejian_gateway.intake import Intake
from chejian_gateway.kernels.warmup import warm_up
from chejian_gateway.monitor import Monitor
from chejian_gateway.subscriber import Subscriber

_log = logging.getLogger(__name__)


def serve(
    config: GatewayConfig, stop: threading.Event, *, on_ready: Callable[[int], None] | None = None
) -> None:
    """Run until `stop` is set; then store what was received and say good-bye.

    Args:
        config: of the gateway.
        stop: ends it, from any thread.
        on_ready: called with the port of the health pages when they answer.

    Raises:
        SchemaError: the database lacks migrations.
    """
    warm_up()
    intake = Intake(config.intake.max_messages, config.intake.max_bytes)
    subscriber = Subscriber(config.mqtt, config.host.id, intake)
    engine = Engine(
        config,
        intake,
        subscriber.publish,
        stop,
        reachable=lambda: subscriber.online,
        retire=subscriber.retire,
    )
    monitor = Monitor(engine, intake, subscriber, config.host.id)
    with (
        HealthServer(monitor, monitor.ready, host=config.http.host, port=config.http.port) as health,
        subscriber,
    ):
        _log.info("health pages on http://%s:%d", config.http.host, health.port)
        if on_ready is not None:
            on_ready(health.port)
        engine.run()


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and SIGINT set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop
