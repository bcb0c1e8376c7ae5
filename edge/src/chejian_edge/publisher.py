"""The publisher: one Sparkplug session after another, fed from the buffer through the window."""

import asyncio
import logging
import ssl
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import urlsplit

import aiomqtt
from chejian_contract.errors import PayloadError
from chejian_contract.signals import SignalKind
from chejian_contract.sparkplug.session import EdgeSession
from chejian_contract.sparkplug.topics import NAMESPACE, MessageType, device_topic, node_topic, state_topic

from chejian_edge import births
from chejian_edge.aliases import RetiredAlias
from chejian_edge.backoff import Backoff
from chejian_edge.buffer import Buffer
from chejian_edge.clock import wall_clock_ms
from chejian_edge.commands import HostState, asks_for_waveform, parse_command
from chejian_edge.config import MqttConfig
from chejian_edge.errors import BufferFullError
from chejian_edge.flow import Flow
from chejian_edge.judge import Step
from chejian_edge.ledger import BatchInfo, StoredBatch
from chejian_edge.plan import DevicePlan, EdgePlan
from chejian_edge.presence import Presence
from chejian_edge.series import Series

_log = logging.getLogger(__name__)

PUBLISH_TIMEOUT_S = 20.0
"""A message that the socket does not take for so long means a dead connection [s]; a waveform is half a megabyte."""
LOOK_S = 1.0
"""Pause between two looks whether a dead device has batches left [s]: the buffer is asked for it."""


class _HostOfflineError(Exception):
    """The primary host went offline: end the session and wait for it."""


class Publisher:
    """Publishes what the buffer holds; making it does no I/O.

    Args:
        plan: node, broker, ledger mode, devices.
        buffer: an open buffer.
        series: all of them, for births.
        presence: knows which devices are there.
        clock: [ms UTC] for the times of messages.
        acquire: called with a device whose next waveform the host asks for, where the configuration allows that.

    Attributes:
        connected: births are out and data flows.
        counts: what happened, for metrics.
    """

    def __init__(
        self,
        plan: EdgePlan,
        buffer: Buffer,
        series: Sequence[Series],
        presence: Presence,
        *,
        clock: Callable[[], int] = wall_clock_ms,
        acquire: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.connected = False
        self._acquire = acquire
        self._plan = plan
        self._clock = clock
        self._config = plan.config
        self._rows = plan.config.ledger.acknowledge == "rows"
        self._buffer = buffer
        self._series = births.by_device(series)
        self._presence = presence
        self._born: set[str] = set()
        self._identity = 0
        self._look_at = 0.0
        self._session = EdgeSession()
        self._host = HostState()
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._stop = asyncio.Event()
        self._rebirth = False
        self._flow = Flow(buffer, window=plan.config.ledger.window, rows=self._rows)
        self.counts = self._flow.counts
        node = plan.config.node
        self._wanted = f"{NAMESPACE}/{node.group}/{MessageType.DCMD}/{node.name}/+"
        self._topics: Mapping[MessageType, str] = {
            kind: str(node_topic(node.group, kind, node.name)) for kind in MessageType if not kind.of_device
        }

    def committed(self, infos: Iterable[BatchInfo]) -> None:
        """New batches are in the buffer."""
        self._flow.committed(infos)
        self._drained.clear()
        self._wake.set()

    async def drained(self) -> None:
        """Wait until nothing is in flight."""
        while self._buffer.totals.in_flight_batches:
            self._drained.clear()
            await self._drained.wait()

    def stop(self) -> None:
        """End the session in order: NDEATH, DISCONNECT; `run` returns."""
        self._stop.set()
        self._wake.set()

    async def run(self) -> None:
        """Connect, publish, connect again, until `stop`."""
        backoff = Backoff(self._config.mqtt.retry_max)
        failing = False
        while not self._stop.is_set():
            try:
                await self._connect(backoff)
                failing = False
            except _HostOfflineError:
                _log.info("primary host %s is offline; waiting for it", self._config.ledger.host_id)
                continue
            except (aiomqtt.MqttError, OSError, BufferFullError) as error:
                if self.connected or not failing:
                    _log.warning(
                        "broker %s: no connection, trying again with pauses up to %g s; samples stay in the buffer (%s)",
                        self._config.mqtt.url,
                        self._config.mqtt.retry_max,
                        error,
                    )
                failing = True
            finally:
                self.connected = False
            await self._pause(backoff.pause())

    async def _pause(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._stop.is_set() and (left := deadline - time.monotonic()) > 0:
            self._wake.clear()
            await _wait(self._wake, left)

    async def _connect(self, backoff: Backoff) -> None:
        self._session.bd_seq = await self._buffer.next_bd_seq()
        death = births.ndeath(bd_seq=self._session.bd_seq, now_ms=self._clock())
        will = aiomqtt.Will(self._topics[MessageType.NDEATH], death, qos=1, retain=False)
        client = make_client(self._config.mqtt, will, f"{self._config.node.group}/{self._config.node.name}")
        async with client:
            await client.subscribe(self._topics[MessageType.NCMD], qos=1)
            await client.subscribe(self._wanted, qos=1)
            if not self._rows:
                self._host.online = False
                await client.subscribe(state_topic(self._config.ledger.host_id), qos=1)
            receiver = asyncio.create_task(self._receive(client), name="mqtt-receive")
            sender = asyncio.create_task(self._serve(client, backoff), name="mqtt-send")
            await _first_of(receiver, sender)

    async def _receive(self, client: aiomqtt.Client) -> None:
        state = state_topic(self._config.ledger.host_id)
        async for message in client.messages:
            data = bytes(message.payload) if isinstance(message.payload, bytes | bytearray) else b""
            try:
                if str(message.topic) == state:
                    self._host.take(data)
                    self._wake.set()
                elif str(message.topic) == self._topics[MessageType.NCMD]:
                    await self._command(data)
                elif asks_for_waveform(data):
                    self._ask(str(message.topic).rpartition("/")[2])
            except PayloadError as error:
                self.counts["bad_commands"] += 1
                _log.warning(
                    "a message of the host on %s can't be read and is ignored: %s", message.topic, error
                )

    def _ask(self, device: str) -> None:
        if not self._takes_requests(device):
            self.counts["refused_acquisitions"] += 1
            _log.warning(
                "the host asks %s for a waveform; [node] waveform_requests or its signals say no", device
            )
            return
        self.counts["acquisitions"] += 1
        self._acquire(device)

    def _takes_requests(self, device: str) -> bool:
        """Whether a waveform of a device may be asked for: its births say so, and nothing else is done."""
        own = self._series.get(device, ())
        allowed = self._config.node.waveform_requests
        return allowed and any(s.plan.definition.kind is SignalKind.WAVEFORM for s in own)

    async def _command(self, data: bytes) -> None:
        command = parse_command(data)
        if command.rebirth:
            self.counts["rebirths"] += 1
            self._rebirth = True
        if command.ack is not None and self._rows:
            step = await self._flow.acknowledged(command.ack)
            self._rebirth = self._rebirth or step is Step.BEGIN_ANEW
        if not self._buffer.totals.in_flight_batches:
            self._drained.set()
        self._wake.set()

    async def _serve(self, client: aiomqtt.Client, backoff: Backoff) -> None:
        if not self._rows:
            await self._await_host()
        if self._stop.is_set():
            return
        self._flow.restart()
        await self._births(client)
        backoff.reset()
        self.connected = True
        _log.info("broker %s: connected, births sent", self._config.mqtt.url)
        self.counts["connects"] += 1
        while not self._stop.is_set():
            self._wake.clear()
            if not self._rows and not self._host.online:
                await self._end(client)
                raise _HostOfflineError
            if self._rebirth:
                await self._births(client)
            await self._status(client)
            await self._attend(client)
            if not await self._send_some(client):
                await _wait(self._wake, self._flow.pause())
        await self._end(client)

    async def _await_host(self) -> None:
        while not self._host.online and not self._stop.is_set():
            self._wake.clear()
            if not self._host.online:
                await self._wake.wait()

    async def _end(self, client: aiomqtt.Client) -> None:
        await self._status(client, force=True)
        death = births.ndeath(bd_seq=self._session.bd_seq, now_ms=self._clock())
        await client.publish(self._topics[MessageType.NDEATH], death, qos=1, timeout=5)

    async def _births(self, client: aiomqtt.Client) -> None:
        self._rebirth = False
        retired = await self._buffer.retired()
        known = dict.fromkeys((*(r.key.device for r in retired), *self._plan.devices))
        there = [code for code in known if self._presence.alive(code) or await self._buffer.owes(code)]
        told, now = self._flow.account(), self._clock()
        first = births.nbirth(told, there, bd_seq=self._session.bd_seq, seq=self._session.birth(), now_ms=now)
        await self._publish(client, self._topics[MessageType.NBIRTH], first)
        self._flow.told(told)
        self._identity = told.ledger_id
        self._born.clear()
        for code in there:
            await self._device_birth(client, code, retired)

    async def _device_birth(
        self, client: aiomqtt.Client, code: str, retired: Sequence[RetiredAlias] | None = None
    ) -> None:
        if retired is None:
            retired = await self._buffer.retired()
        message = births.dbirth(
            self._plan.devices.get(code, DevicePlan(code, "", "", "")),
            self._series.get(code, ()),
            [r for r in retired if r.key.device == code],
            ledger_id=self._identity,
            workshop=self._plan.workshop,
            takes_requests=self._takes_requests(code),
            seq=self._session.next_seq(),
            now_ms=self._clock(),
        )
        await self._publish(client, self._device_topic(MessageType.DBIRTH, code), message)
        self._born.add(code)

    async def _attend(self, client: aiomqtt.Client) -> None:
        """Births of devices whose source is back; deaths of those whose source stays away and whose data are home.

        A host would not expect data behind a death, so what the buffer has of a device goes first.
        """
        for code in self._plan.devices:
            if code not in self._born and self._presence.alive(code):
                _log.info("device %s is back", code)
                await self._device_birth(client, code)
        gone = sorted(code for code in self._born if not self._presence.alive(code))
        if not gone or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_S
        for code in gone:
            if not await self._buffer.owes(code):
                message = births.ddeath(seq=self._session.next_seq(), now_ms=self._clock())
                await self._publish(client, self._device_topic(MessageType.DDEATH, code), message)
                self._born.discard(code)
                self.counts["device_deaths"] += 1
                _log.info("device %s is dead: its source stays away", code)

    def _device_topic(self, kind: MessageType, code: str) -> str:
        node = self._config.node
        return str(device_topic(node.group, kind, node.name, code))

    async def _publish(self, client: aiomqtt.Client, topic: str, data: bytes) -> None:
        await client.publish(topic, data, qos=0, timeout=PUBLISH_TIMEOUT_S)

    async def _status(self, client: aiomqtt.Client, *, force: bool = False) -> None:
        told = self._flow.tell(force=force)
        if told is not None:
            message = births.ndata(told, self._born, seq=self._session.next_seq(), now_ms=self._clock())
            await self._publish(client, self._topics[MessageType.NDATA], message)

    async def _send_some(self, client: aiomqtt.Client) -> int:
        generation = self._flow.generation
        due = await self._flow.due()
        sent = []
        for batch in due:
            if batch.info.device not in self._born:
                await self._device_birth(client, batch.info.device)
            if self._rebirth or generation != self._flow.generation:
                break  # data stops at once; what was taken is found again
            await self._send(client, batch)
            sent.append(batch.info.number)
        if self._rebirth:
            self._flow.again()
        if not self._rows and sent:
            await self._buffer.published(sent)
            if not self._buffer.totals.in_flight_batches:
                self._drained.set()
        return len(due)

    async def _send(self, client: aiomqtt.Client, batch: StoredBatch) -> None:
        info, seq = batch.info, self._session.next_seq()
        message = births.ddata(
            batch.data, ledger_id=batch.ledger_id, number=info.number, seq=seq, now_ms=self._clock()
        )
        self._flow.sent(info.number)
        await self._publish(client, self._device_topic(MessageType.DDATA, info.device), message)
        self.counts["messages"] += 1
        self.counts["bytes"] += len(message)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


async def _first_of(*tasks: "asyncio.Task[None]") -> None:
    """Wait until one ends, end the others, and raise what went wrong."""
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    errors = [r for r in results if isinstance(r, Exception)]
    errors.sort(key=lambda e: isinstance(e, aiomqtt.MqttError))  # the particular before the general
    if errors:
        raise errors[0]


def make_client(config: MqttConfig, will: aiomqtt.Will | None, identifier: str) -> aiomqtt.Client:
    """An MQTT 3.1.1 client with clean session, as Sparkplug prescribes; TLS verifies the broker."""
    parts = urlsplit(config.url)
    secure = parts.scheme == "mqtts"
    password = None
    if config.password_file is not None:
        password = config.password_file.read_text("utf-8").splitlines()[0]
    return aiomqtt.Client(
        parts.hostname or "",
        parts.port or (8883 if secure else 1883),
        username=config.username,
        password=password,
        identifier=identifier,
        protocol=aiomqtt.ProtocolVersion.V311,
        clean_session=True,
        will=will,
        keepalive=round(config.keepalive),
        tls_context=ssl.create_default_context(cafile=config.ca_file) if secure else None,
    )
