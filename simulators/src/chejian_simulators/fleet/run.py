"""`chejian-simulate run --fleet N`: the workshops' connections, the clock, and the account at the end."""

import asyncio
import contextlib
import json
import logging
import math
import secrets
import signal
import ssl
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import aiomqtt
from chejian_contract.errors import PayloadError
from chejian_contract.ledger import METRIC_REBIRTH, METRIC_STORED, Ack
from chejian_contract.sparkplug.payload import parse_payload

from chejian_simulators.fleet.bodies import Bodies, Noise
from chejian_simulators.fleet.node import FleetNode, Message, Shape

log = logging.getLogger(__name__)

CYCLE_S = 0.25
"""[s] Between two looks at a workshop; a tick is sent at most this late."""
RECONNECT_S = 1.0
"""[s] Pause before a lost connection is tried again."""
FAREWELL_S = 5.0
"""[s] How long the workshops may take at the end to tell their last account and their death."""


@dataclass(frozen=True, slots=True)
class FleetOptions:
    """What fleet mode is told.

    Attributes:
        workshops: number of workshops, >= 1.
        devices: of a workshop.
        signals: of a workshop, spread over its devices.
        mqtt: "mqtt://host:port" or "mqtts://host:port".
        user: name and password; none for anonymous.
        seconds: how long samples are produced; 0 until it is stopped.
        drain: [s] how long the end waits for the last acknowledgements.
        seed: fixes the values.
        group: Sparkplug group.
        account: file of the account at the end; none for no file.
    """

    workshops: int
    devices: int
    signals: int
    mqtt: str
    user: tuple[str, str] | None = None
    seconds: float = 0.0
    drain: float = 60.0
    seed: int = 0
    group: str = "fleet"
    account: Path | None = None


class Fleet:
    """All workshops and what has become of their batches.

    Args:
        options: of the run.
        say: takes a line of progress.
    """

    def __init__(self, options: FleetOptions, say: Callable[[str], None]) -> None:
        self._options, self._say = options, say
        per_device = options.signals // options.devices
        self._shape = Shape(options.group, options.devices, per_device, time.time_ns() // 1_000_000)
        bodies, noise = Bodies(options.signals), Noise(options.seed, options.signals)
        self.nodes = [
            FleetNode(self._shape, number, secrets.randbits(63), bodies, noise)
            for number in range(options.workshops)
        ]
        self._producing = True
        self._over = False
        self._most = math.ceil(options.seconds * 1000 / self._shape.interval_ms) if options.seconds else 2**62
        self._stop = asyncio.Event()

    @property
    def produced(self) -> int:
        """Samples produced."""
        return sum(node.produced for node in self.nodes) * self._shape.signals

    @property
    def acknowledged(self) -> int:
        """Samples that the host has handled."""
        return sum(node.acknowledged for node in self.nodes) * self._shape.signals

    def account(self) -> dict[str, object]:
        """The identity: produced = acknowledged + in flight, in all and per workshop."""
        return {
            "produced_samples": self.produced,
            "acknowledged_samples": self.acknowledged,
            "in_flight_batches": sum(node.in_flight for node in self.nodes),
            "sent_batches": sum(node.sent for node in self.nodes),
            "resent_batches": sum(node.resent for node in self.nodes),
            "nodes": [
                {
                    "node": node.name,
                    "ledger_id": node.ledger_id,
                    "produced_batches": node.produced,
                    "produced_samples": node.produced * self._shape.signals,
                    "acknowledged_batches": node.acknowledged,
                    "in_flight_batches": node.in_flight,
                }
                for node in self.nodes
            ],
        }

    async def run(self) -> None:
        """Produce until the time is over or a signal comes, wait for the acknowledgements, tell the account."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop.set)
        tasks = [
            asyncio.create_task(self._live(node, index / len(self.nodes)), name=node.name)
            for index, node in enumerate(self.nodes)
        ]
        try:
            await self._watch(tasks)
        finally:
            self._over = True
            _, open_still = await asyncio.wait(tasks, timeout=FAREWELL_S)
            for task in open_still:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._options.account is not None:
            self._options.account.write_text(json.dumps(self.account()) + "\n", "utf-8")

    async def _watch(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        produced = acknowledged = 0
        ends: float | None = None
        while ends is None or (time.monotonic() < ends and any(node.in_flight for node in self.nodes)):
            if ends is None:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stop.wait(), 1)
            else:
                await asyncio.sleep(1)
            for task in tasks:
                if task.done():
                    task.result()  # a workshop never ends by itself: this raises what stopped it
            self._say(self._line(produced, acknowledged))
            produced, acknowledged = self.produced, self.acknowledged
            over = all(node.ticks >= self._most for node in self.nodes)
            if ends is None and (over or self._stop.is_set()):
                self._producing = False
                ends = time.monotonic() + self._options.drain
        told = self.account()
        self._say(
            f"produced {told['produced_samples']} = acknowledged {told['acknowledged_samples']}"
            f" + in flight {self.produced - self.acknowledged} samples;"
            f" sent {told['sent_batches']} batches, {told['resent_batches']} of them again"
        )

    def _line(self, produced: int, acknowledged: int) -> str:
        in_flight = sum(node.in_flight for node in self.nodes)
        return (
            f"produced {self.produced - produced} samples/s, acknowledged {self.acknowledged - acknowledged}"
            f" samples/s, {in_flight} batches in flight"
        )

    async def _live(self, node: FleetNode, phase: float) -> None:
        """Keep one workshop connected; the workshops are spread over the tick."""
        started = time.monotonic() + phase * self._shape.interval_ms / 1000
        connected = True
        while not self._over:  # a connection that breaks while it is closed hides the cancellation
            try:
                await self._session(node, started)
            except aiomqtt.MqttError as error:
                if connected:
                    log.warning("%s: connection lost: %s", node.name, error)
                connected = False
                self._produce(node, started)
                await asyncio.sleep(RECONNECT_S)

    async def _session(self, node: FleetNode, started: float) -> None:
        async with _client(self._options, node) as client:
            await client.subscribe(node.command_topic, qos=0)
            commands = asyncio.create_task(self._listen(client, node), name=f"{node.name}-commands")
            try:
                node.rebirth = True
                while not (commands.done() or self._over):
                    self._produce(node, started)
                    if node.rebirth:
                        await _publish(client, node.births(time.time_ns() // 1_000_000))
                    await _publish(client, node.due(time.monotonic(), time.time_ns() // 1_000_000))
                    await asyncio.sleep(CYCLE_S)
                if self._over:
                    await _farewell(client, node)
                else:
                    commands.result()
            finally:
                commands.cancel()
                await asyncio.gather(commands, return_exceptions=True)

    def _produce(self, node: FleetNode, started: float) -> None:
        if self._producing:
            passed = (time.monotonic() - started) * 1000 // self._shape.interval_ms
            node.ticks = max(node.ticks, min(int(passed) + 1, self._most))

    async def _listen(self, client: aiomqtt.Client, node: FleetNode) -> None:
        async for message in client.messages:
            try:
                payload = parse_payload(bytes(message.payload))
                for metric in payload.metrics:
                    if metric.name == METRIC_STORED:
                        node.take(Ack.parse(metric.string_value), time.monotonic())
                    elif metric.name == METRIC_REBIRTH and metric.boolean_value:
                        node.rebirth = True
            except PayloadError as error:
                log.warning("%s: command refused: %s", node.name, error)


async def _farewell(client: aiomqtt.Client, node: FleetNode) -> None:
    """The last account, and NDEATH, as an edge says them that ends in order."""
    now_ms = time.time_ns() // 1_000_000
    await _publish(client, [node.status(now_ms)])
    topic, payload = node.death(now_ms)
    await client.publish(topic, payload, qos=1)


async def _publish(client: aiomqtt.Client, messages: Iterable[Message]) -> None:
    for topic, payload in messages:
        await client.publish(topic, payload, qos=0)


def _client(options: FleetOptions, node: FleetNode) -> aiomqtt.Client:
    parts = urlsplit(options.mqtt)
    secure = parts.scheme == "mqtts"
    topic, payload = node.connect(time.time_ns() // 1_000_000)
    return aiomqtt.Client(
        parts.hostname or "",
        parts.port or (8883 if secure else 1883),
        identifier=f"chejian-fleet-{options.group}-{node.name}",
        protocol=aiomqtt.ProtocolVersion.V311,
        clean_session=True,
        username=None if options.user is None else options.user[0],
        password=None if options.user is None else options.user[1],
        will=aiomqtt.Will(topic, payload, qos=1),
        tls_context=ssl.create_default_context() if secure else None,
    )
