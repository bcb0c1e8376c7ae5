"""A small OPC UA plant for tests: variables with a history of our own, written at given source times."""

import asyncio
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from asyncua import ua
from asyncua.server.history import HistoryStorageInterface
from asyncua.server.server import Server
from asyncua.ua.status_codes import StatusCodes
from chejian.stack.ports import free_port

URI = "urn:test:plant"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(time_ms: int) -> datetime:
    return EPOCH + timedelta(milliseconds=time_ms)


def status_code(code: Any) -> ua.StatusCode:
    """Good for None."""
    return ua.StatusCode() if code is None else ua.StatusCode(code)


class Recorder(HistoryStorageInterface):
    """Keeps every value in order; pages of `page` values with an offset as continuation point."""

    def __init__(self, page: int) -> None:
        super().__init__()
        self.page = page
        self.values: dict[ua.NodeId, list[ua.DataValue]] = {}
        self.asked = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def init(self) -> None:
        """Nothing to prepare."""

    async def stop(self) -> None:
        """Nothing to close."""

    async def read_node_history(self, node_id: Any, start: Any, end: Any, nb_values: int) -> Any:
        self.asked = True
        await self.gate.wait()
        values = self.values.get(node_id, [])
        times = [v.SourceTimestamp for v in values]
        first, last = bisect_left(times, start), bisect_right(times, end)
        size = min(self.page, nb_values or self.page)
        chosen = values[first:last][:size]
        rest = values[first:last][size:]
        if not rest:
            return chosen, None
        same = [v for v in rest if v.SourceTimestamp == chosen[-1].SourceTimestamp]
        chosen += same  # a time is never cut in two, so that the next one can be the continuation point
        rest = rest[len(same) :]
        return chosen, rest[0].SourceTimestamp if rest else None


class Plant:
    """The server; `write` sets a value and records it."""

    def __init__(self, names: dict[str, ua.VariantType], *, page: int = 100, port: int = 0) -> None:
        self.port = port or free_port()
        self.url = f"opc.tcp://127.0.0.1:{self.port}/plant"
        self._names = names
        self.recorder = Recorder(page)
        self._nodes: dict[str, Any] = {}
        self.server = Server()

    async def __aenter__(self) -> Self:
        await self.server.init()
        self.server.set_endpoint(self.url)
        self.server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        await self.server.register_namespace("urn:test:other")  # so that the index is not the usual one
        index = await self.server.register_namespace(URI)
        self.server.iserver.history_manager.set_storage(self.recorder)
        for name, kind in self._names.items():
            empty = {ua.VariantType.Float: [0.0], ua.VariantType.String: "", ua.VariantType.Double: 0.0}
            value = ua.Variant(empty.get(kind, 0), kind)
            node = await self.server.nodes.objects.add_variable(
                ua.NodeId.from_string(f"ns={index};s={name}"), name, value
            )
            bad = ua.DataValue(ua.Variant(), status_code(StatusCodes.BadWaitingForInitialData))
            await node.write_value(bad)
            self._nodes[name] = node
            self.recorder.values.setdefault(node.nodeid, [])
        await self.server.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.server.stop()

    def _data(self, name: str, value: Any, time_ms: int, status: int | None) -> ua.DataValue:
        time: Any = moment(time_ms)  # asyncua names its own alias of datetime
        return ua.DataValue(ua.Variant(value, self._names[name]), status_code(status), time, time)

    def record(self, name: str, value: Any, time_ms: int, status: int | None = None) -> None:
        """Into the history only, as if it had happened while nobody looked."""
        self.recorder.values[self._nodes[name].nodeid].append(self._data(name, value, time_ms, status))

    async def write(self, name: str, value: Any, time_ms: int, status: int | None = None) -> None:
        """Into history and address space."""
        data = self._data(name, value, time_ms, status)
        self.recorder.values[self._nodes[name].nodeid].append(data)
        await self._nodes[name].write_value(data)

    async def write_raw(self, name: str, data: ua.DataValue) -> None:
        """Any DataValue, into the address space only."""
        await self._nodes[name].write_value(data)
