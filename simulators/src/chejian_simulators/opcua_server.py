"""OPC UA server of a simulated plant: address space, current values, live changes, history."""

import asyncio
import hmac
import logging
import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from asyncua import ua
from asyncua.common.node import Node
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.internal_server import InternalServer
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from asyncua.ua.attribute_ids import AttributeIds

from chejian_simulators.history import Series
from chejian_simulators.model import PlantModel
from chejian_simulators.opcua_history import HistorySource, ModelHistory
from chejian_simulators.opcua_values import VARIANT_TYPES, data_value, waiting
from chejian_simulators.plant_machine import told_signals

log = logging.getLogger(__name__)

NAMESPACE = "urn:chejian:simulated-plant"
"""Namespace of all plant nodes; node ids in it are strings "<equipment>/<signal>"."""
QUEUE_SIZE = 100_000
"""Most values that a monitored item may queue: a reader may pause for a day of the busiest signal and lose nothing."""
LONGEST_SLEEP_S = 1.0
"""[s] The wall clock may be set while the writer sleeps; it looks again at least this often."""
WRITE_BURST = 50
"""Writes between two chances for other work of the server when many are late."""


def wall_clock_ms() -> int:
    """Milliseconds since 1970 UTC."""
    return time.time_ns() // 1_000_000


def _node_id(name: str, index: int) -> ua.NodeId:
    return ua.NodeId(ua.String(name), ua.Int16(index))


class OneUser(UserManager):
    """Lets in one user by name and password.

    Args:
        username: the name.
        password: the password.
    """

    def __init__(self, username: str, password: str) -> None:
        self._username, self._password = username, password

    def get_user(
        self,
        iserver: InternalServer,  # noqa: ARG002 - signature of the library
        username: str | None = None,
        password: str | None = None,
        certificate: object = None,  # noqa: ARG002 - same
    ) -> User | None:
        """The user, or none when name or password is wrong."""
        right = hmac.compare_digest((username or "").encode(), self._username.encode())
        right &= hmac.compare_digest((password or "").encode(), self._password.encode())
        return User(role=UserRole.User, name=self._username) if right else None


class PlantServer:
    """Serves a plant model; an async context manager. The past up to now is there before the port is open.

    Args:
        model: the plant; the server advances it.
        url: "opc.tcp://host:port/path"; port 0 takes a free one, read `url` afterwards.
        user: name and password that a client needs; none lets everyone read.
        clock: milliseconds since 1970 UTC.
    """

    def __init__(
        self,
        model: PlantModel,
        *,
        url: str,
        user: tuple[str, str] | None = None,
        clock: Callable[[], int] = wall_clock_ms,
    ) -> None:
        self.model = model
        self.url = url
        self.frozen_at_ms: int | None = None
        self._clock = clock
        self._server = Server(user_manager=None if user is None else OneUser(*user))
        self._named = user is not None
        self._nodes: dict[tuple[str, str], ua.NodeId] = {}
        self._sources: dict[ua.NodeId, HistorySource] = {}
        self._wake = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        server = self._server
        await server.init()
        server.set_endpoint(self.url)
        server.set_server_name("Chejian simulated plant")
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        server.set_identity_tokens([ua.UserNameIdentityToken if self._named else ua.AnonymousIdentityToken])
        server.iserver.max_monitored_item_queue_size = QUEUE_SIZE
        server.iserver.history_manager = ModelHistory(server.iserver, self._sources)
        self.model.advance(self._clock() + 1)
        await self._build()
        await server.start()
        self.url = self._real_url()
        self._writer = asyncio.create_task(self._write_live(), name="opcua-writer")
        log.info("OPC UA server listens on %s", self.url)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        await self._server.stop()
        log.info("OPC UA server stopped")

    async def freeze(self) -> int:
        """Stop the plant: everything told until now is written, nothing afterwards; the server keeps answering.

        Returns:
            The instant T [ms]: all changes due before it are out. A second call returns the same.
        """
        if self.frozen_at_ms is None:
            self.frozen_at_ms = max(self._clock() + 1, self.model.now_ms)
            log.info("plant frozen at %d ms", self.frozen_at_ms)
            self._wake.set()
        await self.running()
        return self.frozen_at_ms

    async def running(self) -> None:
        """Return when the plant is frozen and everything is written; raises what stopped the writer otherwise."""
        if self._writer is not None:
            await asyncio.shield(self._writer)

    def _real_url(self) -> str:
        parts = urlsplit(self.url)
        bound = self._server.bserver
        port = bound.port if bound is not None else parts.port
        return parts._replace(netloc=f"{parts.hostname}:{port}").geturl()

    async def _build(self) -> None:
        index = await self._server.register_namespace(NAMESPACE)
        folders: dict[str, Node] = {"": self._server.get_objects_node()}
        for machine in self.model.machines.values():
            config = machine.config
            place = f"{self.model.plant.workshop}/{config.line}/{config.code}"
            for name, signal in told_signals(config.type).items():
                path, _, leaf = f"{place}/{name}".rpartition("/")
                parent = await self._folder(path, folders, index)
                node_id = _node_id(f"{config.code}/{name}", index)
                series = machine.series.setdefault(name, Series())
                await self._variable(
                    parent, node_id, ua.QualifiedName(leaf, index), HistorySource(series, signal.data_type)
                )
                self._nodes[config.code, name] = node_id

    async def _folder(self, path: str, folders: dict[str, Node], index: int) -> Node:
        if path not in folders:
            above, _, name = path.rpartition("/")
            parent = await self._folder(above, folders, index)
            node_id = _node_id(path, index)
            folders[path] = await parent.add_object(node_id, ua.QualifiedName(name, index))
        return folders[path]

    async def _variable(
        self, parent: Node, node_id: ua.NodeId, name: ua.QualifiedName, source: HistorySource
    ) -> None:
        kind = VARIANT_TYPES[source.kind]
        data_type = ua.NodeId(ua.Int32(kind.value))
        node = await parent.add_variable(
            node_id, name, ua.Variant(None, ua.VariantType.Null), datatype=data_type
        )
        if kind is ua.VariantType.Float:
            await node.write_attribute(
                AttributeIds.ValueRank, ua.DataValue(ua.Variant(1, ua.VariantType.Int32))
            )
        await node.write_attribute(AttributeIds.Historizing, ua.DataValue(ua.Variant(True)))
        for attribute in (AttributeIds.AccessLevel, AttributeIds.UserAccessLevel):
            await node.set_attr_bit(attribute, ua.AccessLevel.HistoryRead)
        series = source.series
        value = data_value(series.values[-1], series.times[-1], source.kind) if series.times else waiting()
        await self._server.write_attribute_value(node_id, value)
        self._sources[node_id] = source

    async def _write_live(self) -> None:
        while True:
            frozen = self.frozen_at_ms
            until = self._clock() + 1 if frozen is None else frozen
            changes = self.model.advance(until)
            for number, (code, change) in enumerate(changes):
                node_id = self._nodes[code, change.signal]
                kind = self._sources[node_id].kind
                await self._server.write_attribute_value(
                    node_id, data_value(change.value, change.time_ms, kind)
                )
                if number % WRITE_BURST == WRITE_BURST - 1:
                    await asyncio.sleep(0)
            if frozen is not None:
                return
            await self._sleep()

    async def _sleep(self) -> None:
        wait = (self.model.next_due_ms - self._clock()) / 1000
        if not math.isfinite(wait) or self._wake.is_set():
            return
        try:
            await asyncio.wait_for(self._wake.wait(), timeout=min(max(wait, 0.001), LONGEST_SLEEP_S))
        except TimeoutError:
            return
