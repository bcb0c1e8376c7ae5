"""The embedded Python broker as a program: ``python -m chejian.stack.pybroker --port N``.

For machines without mosquitto: MQTT 3.1.1, QoS 0 to 2, retained messages, wills, session takeover. Everything is
in memory.
"""

import argparse
import asyncio
import logging
import signal

from amqtt.broker import Broker
from amqtt.contexts import BrokerConfig, ListenerConfig


def configuration(port: int) -> BrokerConfig:
    """Build the broker's settings: one listener on the loopback, no packet log, no ``$SYS`` topics."""
    return BrokerConfig(
        listeners={"default": ListenerConfig(bind=f"127.0.0.1:{port}")},
        plugins={"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    )


async def serve(port: int) -> None:
    """Run the broker until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    broker = Broker(configuration(port))
    await broker.start()
    await stop.wait()
    await broker.shutdown()


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m chejian.stack.pybroker", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(serve(args.port))


if __name__ == "__main__":
    main()
