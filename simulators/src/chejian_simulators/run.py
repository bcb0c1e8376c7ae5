"""`chejian-simulate run`: the plant as a process with its servers, signals, a truth file and health pages."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chejian_contract.health import HealthServer, Metrics

from chejian_simulators.modbus_server import MeterServer
from chejian_simulators.model import PlantModel
from chejian_simulators.opcua_server import PlantServer
from chejian_simulators.truth import write_truth

log = logging.getLogger(__name__)

CHANGES = "chejian_simulator_changes_total"


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What `run` is told.

    Attributes:
        opcua: address of the OPC UA server.
        truth: file of the truth.
        http: host and port of the health pages; none for no pages.
        user: OPC UA name and password; none lets everyone read.
        modbus: host and port of the meters; none for no meters.
    """

    opcua: str
    truth: Path
    http: tuple[str, int] | None = None
    user: tuple[str, str] | None = None
    modbus: tuple[str, int] | None = None


class _ModelMetrics(Metrics):
    """Metrics that look at the model when they are read."""

    def __init__(self, model: PlantModel) -> None:
        super().__init__()
        self.declare(CHANGES, "counter", "Changes that the simulated machines have told.")
        self._model = model

    def render(self) -> str:
        """Prometheus text with the present count."""
        self.set(CHANGES, self._model.changes_total)
        return super().render()


class Status:
    """What `/readyz` and `/metrics` show."""

    def __init__(self, model: PlantModel) -> None:
        self.metrics = _ModelMetrics(model)
        self.server: PlantServer | None = None
        self.meters: MeterServer | None = None
        self.frozen_at_ms: int | None = None
        self._model = model

    def ready(self) -> tuple[bool, Mapping[str, object]]:
        """Whether the server answers; `frozen_at_ms` appears when the truth up to it is written."""
        return self.server is not None, {
            "epoch_ms": self._model.epoch_ms,
            "changes_total": self._model.changes_total,
            "frozen_at_ms": self.frozen_at_ms,
            "opcua": None if self.server is None else self.server.url,
            "modbus": None if self.meters is None else f"{self.meters.host}:{self.meters.port}",
        }


async def run(model: PlantModel, options: RunOptions) -> None:
    """Serve the plant until SIGTERM or SIGINT; SIGUSR1 freezes it. The truth is written at each of them.

    Raises:
        OSError: when an address can't be listened on, or the truth can't be written.
    """
    stop, freeze = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, freeze.set)
    status = Status(model)
    async with contextlib.AsyncExitStack() as stack:
        if options.http is not None:
            host, port = options.http
            pages = stack.enter_context(HealthServer(status.metrics, status.ready, host=host, port=port))
            log.info("health pages on http://%s:%d", host, pages.port)
        server = await stack.enter_async_context(PlantServer(model, url=options.opcua, user=options.user))
        if options.modbus is not None:
            host, port = options.modbus
            status.meters = await stack.enter_async_context(MeterServer(model, host=host, port=port))
        status.server = server
        await _serve(server, status, options.truth, stop, freeze)


async def _serve(
    server: PlantServer, status: Status, truth: Path, stop: asyncio.Event, freeze: asyncio.Event
) -> None:
    running = asyncio.create_task(server.running(), name="plant")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    freezing = asyncio.create_task(freeze.wait(), name="freeze")
    await asyncio.wait({running, stopping, freezing}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()  # the writer never ends unless frozen: this raises what stopped it
    end_ms = await server.freeze()
    write_truth(server.model, end_ms, truth)
    status.frozen_at_ms = end_ms
    log.info("truth up to %d ms written to %s", end_ms, truth)
    await stopping
    for task in (running, freezing):
        task.cancel()
    await asyncio.gather(running, freezing, return_exceptions=True)
