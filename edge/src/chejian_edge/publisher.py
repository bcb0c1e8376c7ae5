"""The publisher: one Sparkplug session after another, fed from the buffer through the window."""

import asyncio
import logging
import ssl
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from urllib.parse import urlsplit

import aiomqtt
from chejian_contract.errors import PayloadError
from chejian_contract.sparkplug.session import EdgeSession
from chejian_contract.sparkplug.topics import MessageType, device_topic, node_topic, state_topic

from chejian_edge import births
from chejian_edge.backoff import Backoff
from chejian_edge.batch import flagged_historical
from chejian_edge.buffer import Buffer
from chejian_edge.commands import HostState, parse_command
from chejian_edge.config import MqttConfig
from chejian_edge.errors import BufferFullError
from chejian_edge.ledger import AckResult, BatchInfo, Totals
from chejian_edge.outbox import Outbox, Outgoing
from chejian_edge.pipeline import wall_clock_ms
from chejian_edge.plan import DevicePlan, EdgePlan
from chejian_edge.series import Series
from chejian_edge.window import Window

_log = logging.getLogger(__name__)

STATUS_S = 5.0
"""Shortest pause between two NDATA with the account [s]; the account is for people, 5 s is soon enough."""
ROLLBACK_S = 2.0
"""A host that has less than before must say so for this long [s]; a reordered message does not."""
PUBLISH_TIMEOUT_S = 20.0
"""A message that the socket does not take for so long means a dead connection [s]; a waveform is half a megabyte."""


class _HostOfflineError(Exception):
    """The primary host went offline: end the session and wait for it."""


class Publisher:
    """Publishes what the buffer holds; making it does no I/O.

    Args:
        plan: node, broker, ledger mode, devices.
        buffer: an open buffer.
        series: all of them, for births.

    Attributes:
        connected: births are out and data flows.
        counts: what happened, for metrics.
    """

    def __init__(self, plan: EdgePlan, buffer: Buffer, series: Sequence[Series]) -> None:
        self.connected = False
        self.counts: Counter[str] = Counter()
        self._plan = plan
        self._config = plan.config
        self._rows = plan.config.ledger.acknowledge == "rows"
        self._buffer = buffer
        self._series = births.by_device(series)
        self._session = EdgeSession()
        self._host = HostState()
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._stop = asyncio.Event()
        self._rebirth = False
        self._behind_since: float | None = None
        self._reset_flow()
        node = plan.config.node
        self._topics: Mapping[MessageType, str] = {
            kind: str(node_topic(node.group, kind, node.name)) for kind in MessageType if not kind.of_device
        }

    def _reset_flow(self) -> None:
        self._window = Window(self._config.ledger.window)
        self._outbox = Outbox(self._buffer, self._config.ledger.window)
        self._status_at = 0.0
        self._announced: Totals | None = None

    def committed(self, infos: Iterable[BatchInfo]) -> None:
        """New batches are in the buffer."""
        self._outbox.add(infos)
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
        death = births.ndeath(bd_seq=self._session.bd_seq, now_ms=wall_clock_ms())
        will = aiomqtt.Will(self._topics[MessageType.NDEATH], death, qos=1, retain=False)
        client = make_client(self._config.mqtt, will, f"{self._config.node.group}/{self._config.node.name}")
        async with client:
            await client.subscribe(self._topics[MessageType.NCMD], qos=1)
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
                else:
                    await self._command(data)
            except PayloadError as error:
                self.counts["bad_commands"] += 1
                _log.warning(
                    "a message of the host on %s can't be read and is ignored: %s", message.topic, error
                )

    async def _command(self, data: bytes) -> None:
        command = parse_command(data)
        if command.rebirth:
            self.counts["rebirths"] += 1
            self._rebirth = True
        if command.ack is not None and self._rows:
            ack = command.ack
            result = await self._buffer.acknowledge(ack)
            self.counts[f"acks_{result.value}"] += 1
            if result is AckResult.AHEAD:
                old = ack.ledger_id
                new = await self._buffer.renew(ack)
                _log.error(
                    "the host has batches up to %d of ledger %d, more than this buffer ever made: the buffer was rolled "
                    "back. It goes on as ledger %d with %d batches to send",
                    max([ack.up_to, *(hi for _, hi in ack.ranges)]),
                    old,
                    new,
                    self._buffer.totals.in_flight_batches,
                )
                self._reset_flow()
                self._rebirth = True
            elif result is not AckResult.FOREIGN:
                self._window.acknowledged(ack, time.monotonic())
                await self._watch_host(result, lambda: self._buffer.host_rolled_back(ack))
        if not self._buffer.totals.in_flight_batches:
            self._drained.set()
        self._wake.set()

    async def _watch_host(self, result: AckResult, reopen: Callable[[], Awaitable[int]]) -> None:
        if result is AckResult.TAKEN:
            self._behind_since = None
            return
        now = time.monotonic()
        if self._behind_since is None:
            self._behind_since = now
        elif now - self._behind_since >= ROLLBACK_S:
            self._behind_since = None
            count = await reopen()
            _log.warning(
                "the host lost batches that it had acknowledged; %d are sent again from the buffer", count
            )
            self._outbox.again(1)

    async def _serve(self, client: aiomqtt.Client, backoff: Backoff) -> None:
        if not self._rows:
            await self._await_host()
        if self._stop.is_set():
            return
        self._reset_flow()
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
            if not await self._send_some(client):
                await _wait(self._wake, self._window.next_event(time.monotonic()))
        await self._end(client)

    async def _await_host(self) -> None:
        while not self._host.online and not self._stop.is_set():
            self._wake.clear()
            if not self._host.online:
                await self._wake.wait()

    async def _end(self, client: aiomqtt.Client) -> None:
        await self._status(client, force=True)
        death = births.ndeath(bd_seq=self._session.bd_seq, now_ms=wall_clock_ms())
        await client.publish(self._topics[MessageType.NDEATH], death, qos=1, timeout=5)

    async def _births(self, client: aiomqtt.Client) -> None:
        self._rebirth = False
        retired = await self._buffer.retired()
        totals, now = self._buffer.totals, wall_clock_ms()
        first = births.nbirth(totals, bd_seq=self._session.bd_seq, seq=self._session.birth(), now_ms=now)
        await self._publish(client, self._topics[MessageType.NBIRTH], first)
        self._announced, self._status_at = totals, time.monotonic()
        gone = {r.key.device: DevicePlan(r.key.device, "", "") for r in retired}
        for code, device in {**gone, **self._plan.devices}.items():
            message = births.dbirth(
                device,
                self._series.get(code, ()),
                [r for r in retired if r.key.device == code],
                workshop=self._plan.workshop,
                seq=self._session.next_seq(),
                now_ms=wall_clock_ms(),
            )
            await self._publish(client, self._device_topic(MessageType.DBIRTH, code), message)

    def _device_topic(self, kind: MessageType, code: str) -> str:
        node = self._config.node
        return str(device_topic(node.group, kind, node.name, code))

    async def _publish(self, client: aiomqtt.Client, topic: str, data: bytes) -> None:
        await client.publish(topic, data, qos=0, timeout=PUBLISH_TIMEOUT_S)

    async def _status(self, client: aiomqtt.Client, *, force: bool = False) -> None:
        totals, before = self._buffer.totals, self._announced
        if before is not None and _account(totals) == _account(before):
            return
        now = time.monotonic()
        urgent = before is None or totals.lost != before.lost or not totals.in_flight_batches
        if not (force or urgent or now - self._status_at >= STATUS_S):
            return
        self._announced, self._status_at = totals, now
        message = births.ndata(totals, seq=self._session.next_seq(), now_ms=wall_clock_ms())
        await self._publish(client, self._topics[MessageType.NDATA], message)

    async def _send_some(self, client: aiomqtt.Client) -> int:
        window = self._window
        again, fresh = await self._choose(window)
        late = set(again) | {o.info.number for o in fresh if o.late and not o.info.historical}
        stored = await self._buffer.load([*again, *(o.info.number for o in fresh)])
        for number in set(again) - {s.info.number for s in stored}:
            window.forget(number)
        for batch in stored:
            if self._rebirth or window is not self._window:
                break  # data stops at once; what was taken is found again
            data = flagged_historical(batch.data) if batch.info.number in late else batch.data
            await self._send(client, batch.info, data)
        if self._rebirth:
            self._outbox.again(1)
        self.counts["resends"] += len(again)
        if not self._rows and stored:
            await self._buffer.published([s.info.number for s in stored])
            if not self._buffer.totals.in_flight_batches:
                self._drained.set()
        return len(again) + len(fresh)

    async def _choose(self, window: Window) -> tuple[list[int], list[Outgoing]]:
        """Numbers to be sent again, and batches whose turn it is."""
        now = time.monotonic()
        if not window.stalled(now):
            again = window.resend(now) if self._rows else []
            return again, await self._outbox.take(window.free(), busy=window, live_only=False)
        if not window.probe_due(now):
            return [], []
        fresh = await self._outbox.take(min(window.free(), 1), busy=window, live_only=True)
        oldest = window.oldest
        return ([oldest] if not fresh and oldest is not None else []), fresh

    async def _send(self, client: aiomqtt.Client, info: BatchInfo, data: bytes) -> None:
        seq = self._session.next_seq()
        message = births.ddata(data, number=info.number, seq=seq, now_ms=wall_clock_ms())
        if self._rows:
            self._window.sent(info.number, time.monotonic())
        await self._publish(client, self._device_topic(MessageType.DDATA, info.device), message)
        self.counts["messages"] += 1
        self.counts["bytes"] += len(message)


def _account(totals: Totals) -> tuple[object, ...]:
    return totals.ledger_id, totals.produced_batches, totals.produced_samples, totals.lost


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
