"""Foreign nodes' messages in the order of their sequence numbers: wait for what is missing, then ask for a rebirth.

A broker cluster may deliver messages of different topics in another order than they were sent in, and an alias means
what the birth before it says: so a message ahead of its turn waits for those before it, at most the Reorder Timeout.
"""

import time
from collections.abc import Callable

from chejian_contract.sparkplug.topics import MessageType

from chejian_gateway.arrival import Arrival
from chejian_gateway.core import Core
from chejian_gateway.nodes import Node, NodeKey

_MAX_BYTES = 16 * 2**20
"""Payloads that wait, of all nodes together; beyond it the node that sent last is not waited for."""


class Ordering:
    """Hands out the messages of foreign nodes when their turn has come.

    Args:
        core: state of the working thread.
        deliver: takes a message whose turn has come; refuses what is wrong with it by itself.
    """

    def __init__(self, core: Core, deliver: Callable[[Arrival], None]) -> None:
        self._core = core
        self._deliver = deliver
        self._open: dict[NodeKey, int] = {}
        self._wanted: set[NodeKey] = set()

    def arrive(self, node: Node, arrival: Arrival) -> None:
        """Take a message that carries a sequence number."""
        for ready in node.order.offer(arrival.payload.seq, arrival, time.monotonic()):
            self._deliver(ready)
        if node.order.since is None:
            self._open.pop(node.key, None)
            return
        self._open[node.key] = sum(len(a.message.payload) for a in node.order.waiting())
        if sum(self._open.values()) > _MAX_BYTES:
            self._give_up(node)

    def tick(self) -> None:
        """Give up what is missing for too long, and ask for the births that are wanted for that."""
        timeout, nodes = self._core.config.host.reorder_timeout, self._core.plant.nodes
        for key in tuple(self._open):
            node = nodes.get(key)
            if node is None:
                del self._open[key]
            elif node.order.overdue(time.monotonic(), timeout):
                self._give_up(node)
        for key in tuple(self._wanted):
            node = nodes.get(key)
            why = "a gap in its sequence"
            if node is None or not node.session.online or self._core.rebirths.ask(key, why, node):
                self._wanted.discard(key)

    def _give_up(self, node: Node) -> None:
        node.gaps += 1
        self._wanted.add(node.key)
        self.release(node)

    def release(self, node: Node) -> None:
        """Wait no longer: hand out what is held of a node."""
        for arrival in node.order.give_up():
            self._deliver(arrival)
        self._open.pop(node.key, None)

    def born(self, node: Node, sent_ms: int) -> list[Arrival]:
        """An NBIRTH is about to be entered: hand out what was sent before it, by the node's clock, and return the rest.

        In the same millisecond, data belong to the old session, and births to the new one.
        """
        self._wanted.discard(node.key)
        self._open.pop(node.key, None)
        behind = []
        for arrival in node.order.give_up():
            at = arrival.payload.timestamp
            if at > sent_ms or (at == sent_ms and arrival.topic.type is MessageType.DBIRTH):
                behind.append(arrival)
            else:
                self._deliver(arrival)
        return behind

    def release_all(self) -> None:
        """The process ends: hand out everything."""
        for key in tuple(self._open):
            node = self._core.plant.nodes.get(key)
            if node is not None:
                self.release(node)
        self._open.clear()

    def forget(self) -> None:
        """Another process is the host now: drop what is held; that process receives the same messages."""
        for key in self._open:
            node = self._core.plant.nodes.get(key)
            if node is not None:
                self._core.left += len(node.order.give_up())
        self._open.clear()
        self._wanted.clear()
