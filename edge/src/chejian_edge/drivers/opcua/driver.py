"""The OPC UA driver."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_session import UaSession
from asyncua.common.node import Node
from asyncua.ua.attribute_ids import AttributeIds
from asyncua.ua.object_ids import ObjectIds
from asyncua.ua.uaerrors import UaError

from chejian_edge.driver import Burst, HistoryPage, HistoryUnavailableError
from chejian_edge.drivers.opcua.address import NodeAddress, format_address, parse_address
from chejian_edge.drivers.opcua.history import read_pages
from chejian_edge.drivers.opcua.options import OpcUaOptions
from chejian_edge.drivers.opcua.subscription import BurstQueue
from chejian_edge.errors import SourceError

_log = logging.getLogger(__name__)

_KEEPALIVE_S = 1.0
"""A quiet server says so once a second: it vouches for the time that heartbeats are stamped with."""
_LIFETIME_S = 120.0
"""A server forgets the subscription of a vanished client after this time [s]."""
_WATCHDOG_S = 5.0
"""Pause between two looks at the server's state [s]; also the limit for its answer."""
_ITEMS_PER_CALL = 1000
"""Monitored items in one request; servers commonly take 1,000 to 10,000."""
_BLOCKS_PER_PAGE = 4
"""Waveforms in one HistoryRead: about 2 MB, well below the 16 MB that asyncua servers send in one message."""
_AHEAD = timedelta(days=1)
"""History is read to so much behind the server's present time, that is, to its end. The time that a server tells may be a second
old (asyncua), and its devices' clocks may run before it: what they stamped in between is in no subscription."""


class OpcUaDriver:
    """One session with one server; see `chejian_edge.driver`."""

    def __init__(self, options: OpcUaOptions) -> None:
        self._options = options
        self._client: Client | None = None
        self._transport: asyncio.Transport | None = None
        self._namespaces: list[str] = []
        self._queue: BurstQueue | None = None

    @property
    def dropped(self) -> int:
        """Readings lost in the queues of server and client."""
        return 0 if self._queue is None else self._queue.dropped

    def parse(self, text: str) -> NodeAddress:
        """Read "nsu=<uri>;s=<identifier>"."""
        return parse_address(text)

    async def connect(self) -> None:
        """Open channel and session, and read the namespaces."""
        options = self._options
        client = Client(options.url, timeout=options.request_timeout, watchdog_intervall=_WATCHDOG_S)
        client.name = "chejian-edge"
        client.application_uri = "urn:chejian:edge"
        client.connection_lost_callback = self._on_loss
        with _source_errors():
            if options.username is not None:
                client.set_user(options.username)
            if options.password_file is not None:
                client.set_password(options.password_file.read_text("utf-8").splitlines()[0])
            if options.security != "none":
                parts = [
                    options.security,
                    options.certificate,
                    options.private_key,
                    options.server_certificate,
                ]
                await client.set_security_string(",".join(str(part) for part in parts if part is not None))
            await client.connect()
            self._client = client
            protocol = client.uaclient.protocol
            self._transport = None if protocol is None else protocol.transport
            self._namespaces = await client.get_namespace_array()

    async def _on_loss(self, error: Exception) -> None:
        if self._queue is not None:
            self._queue.lose(f"connection lost: {error!r}")

    @property
    def _session(self) -> UaSession:
        if self._client is None:
            raise SourceError("not connected")
        return self._client.uaclient.session

    async def subscribe(self, items: Mapping[int, NodeAddress]) -> AsyncIterator[Burst]:
        """Create the subscription and its monitored items."""
        interval_ms = self._options.publishing_interval * 1000
        per_keepalive = max(round(_KEEPALIVE_S * 1000 / interval_ms), 1)
        params = ua.CreateSubscriptionParameters()
        params.RequestedPublishingInterval = interval_ms
        params.RequestedMaxKeepAliveCount = per_keepalive
        params.RequestedLifetimeCount = max(round(_LIFETIME_S * 1000 / interval_ms), 3 * per_keepalive)
        params.MaxNotificationsPerPublish = 0
        params.PublishingEnabled = True
        queue = BurstQueue({key: key for key in items}, silence=self._options.request_timeout)
        self._queue = queue
        with _source_errors():
            result = await self._session.create_subscription(params, queue.publish)
            requests = [self._item(key, address) for key, address in items.items()]
            for i in range(0, len(requests), _ITEMS_PER_CALL):
                await self._monitor(result.SubscriptionId, requests[i : i + _ITEMS_PER_CALL])
        return queue

    def _item(self, key: int, address: NodeAddress) -> ua.MonitoredItemCreateRequest:
        item = ua.MonitoredItemCreateRequest()
        item.ItemToMonitor.NodeId = address.resolve(self._namespaces)
        item.ItemToMonitor.AttributeId = AttributeIds.Value
        item.MonitoringMode = ua.MonitoringMode.Reporting
        params = item.RequestedParameters
        params.ClientHandle = key
        params.SamplingInterval = self._options.sampling_interval * 1000
        params.QueueSize = self._options.queue_size
        params.DiscardOldest = True
        change = ua.DataChangeFilter()
        change.Trigger = (
            ua.DataChangeTrigger.StatusValueTimestamp
        )  # what history records, the subscription reports
        params.Filter = change
        return item

    async def _monitor(self, subscription: int, requests: list[ua.MonitoredItemCreateRequest]) -> None:
        params = ua.CreateMonitoredItemsParameters()
        params.SubscriptionId = subscription
        params.ItemsToCreate = requests
        params.TimestampsToReturn = ua.TimestampsToReturn.Both
        results = await self._session.create_monitored_items(params)
        refused = [
            f"{request.ItemToMonitor.NodeId.to_string()}: {result.StatusCode.name}"
            for request, result in zip(requests, results, strict=True)
            if not result.StatusCode.is_good()
        ]
        if len(refused) == len(requests):
            raise SourceError(f"no signal can be subscribed to: {'; '.join(refused[:3])}")
        if refused:
            _log.warning(
                "%s refuses %d signals: %s", self._options.url, len(refused), "; ".join(refused[:10])
            )

    async def read_history(
        self, key: int, address: NodeAddress, *, start_ms: int, block: bool
    ) -> AsyncIterator[HistoryPage]:
        """HistoryRead from `start_ms` to the end of what the server has."""
        size = _BLOCKS_PER_PAGE if block else self._options.history_page
        with _source_errors():
            assert self._client is not None  # noqa: S101 - connect comes first, see chejian_edge.driver
            now = await self._client.get_node(ObjectIds.Server_ServerStatus_CurrentTime).read_value()
            node = address.resolve(self._namespaces)
            async for page in read_pages(
                self._session, node, key, start_ms=start_ms, end=now + _AHEAD, page=size
            ):
                yield page

    async def browse(self) -> AsyncIterator[tuple[str, str]]:
        """Walk the Objects folder; namespace 0 is left out."""
        assert self._client is not None  # noqa: S101 - connect comes first, see chejian_edge.driver
        seen: set[ua.NodeId] = set()
        todo: list[Node] = [self._client.nodes.objects]
        while todo:
            with _source_errors():
                children = await todo.pop().get_children()
                for child in children:
                    if child.nodeid in seen or child.nodeid.NamespaceIndex == 0:
                        continue
                    seen.add(child.nodeid)
                    todo.append(child)
                    if await child.read_node_class() is ua.NodeClass.Variable:
                        kind = await child.read_data_type_as_variant_type()
                        yield format_address(child.nodeid, self._namespaces), kind.name

    async def close(self) -> None:
        """Close session and channel; the socket in any case, though the server, or asyncua, does not come to an end."""
        client, self._client = self._client, None
        if client is None:
            return
        transport, self._transport = self._transport, None
        closing = asyncio.create_task(client.disconnect(), name="opcua-close")
        try:
            await asyncio.wait({closing}, timeout=_WATCHDOG_S)
        finally:
            ended = _closed(closing)
            if not ended:
                closing.cancel()  # not waited for: asyncua swallows cancellations
                closing.add_done_callback(_closed)
            # asyncua forgets the socket of a connection that it has found dead.
            if transport is not None and not (ended and transport.is_closing()):
                transport.abort()


def _closed(closing: asyncio.Task[None]) -> bool:
    """Whether closing came to its end."""
    if not closing.done() or closing.cancelled():
        return False
    error = closing.exception()
    if error is not None:
        _log.debug("closing: %r", error)
    return error is None


@contextmanager
def _source_errors() -> Iterator[None]:
    """Turn what asyncua and the socket raise into `SourceError`."""
    try:
        yield
    except (SourceError, HistoryUnavailableError):
        raise
    except ValueError as error:  # what cryptography says of a file
        raise SourceError(f"certificate or key can't be used: {error}") from error
    except (OSError, TimeoutError, UaError) as error:
        raise SourceError(f"{type(error).__name__}: {error}" if str(error) else repr(error)) from error
