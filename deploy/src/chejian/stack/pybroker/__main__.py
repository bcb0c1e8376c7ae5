"""Command line of the embedded broker."""

import argparse
import asyncio
import logging
import signal

from chejian.stack.pybroker import __doc__ as about
from chejian.stack.pybroker.server import Broker

_HOST = "127.0.0.1"


async def serve(port: int) -> None:
    """Run the broker until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)
    broker = Broker()
    listener = await broker.listen(_HOST, port)
    await stop.wait()
    listener.close()
    broker.close()


def main() -> None:
    """Parse the command line and serve."""
    parser = argparse.ArgumentParser(prog="python -m chejian.stack.pybroker", description=about)
    parser.add_argument("--port", type=int, required=True, help="TCP port on 127.0.0.1")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(serve(args.port))


if __name__ == "__main__":
    main()
