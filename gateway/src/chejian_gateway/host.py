"""What the Sparkplug host says: STATE, rebirth requests, acknowledgements."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from chejian_contract.ledger import METRIC_REBIRTH, METRIC_STORED, Ack, Range
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import Value, add_metric
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_contract.sparkplug.topics import MessageType, Topic

from chejian_gateway.ledger import Handled
from chejian_gateway.nodes import LedgerKey, Node, NodeKey
from chejian_gateway.ranges import count

_log = logging.getLogger(__name__)

_MAX_ASKED = 10_000
"""Nodes asked within one interval; hostile publishers could invent any number."""

Publish = Callable[[str, bytes], bool]
"""Sends a QoS 0 message; False when there is no connection."""
_FRESH_S = 0.05
"""What was read so lately is sent as it is."""


def state_payload(*, online: bool, time_ms: int) -> bytes:
    """A STATE message (tck-id-host-topic-phid-birth-payload)."""
    return json.dumps({"online": online, "timestamp": time_ms}).encode()


def command(name: str, code: Code, value: Value) -> bytes:
    """An NCMD or DCMD with one metric, written by name."""
    now_ms = time.time_ns() // 1_000_000
    payload = Payload(timestamp=now_ms)
    add_metric(payload, code, value, time_ms=now_ms, name=name)
    return payload.SerializeToString()


def _send(publish: Publish, key: NodeKey, payload: bytes) -> bool:
    return publish(str(Topic(key[0], MessageType.NCMD, key[1])), payload)


class Rebirths:
    """Asks nodes for their births, at most one request per node and interval.

    Args:
        publish: sends a message.
        interval: seconds.
    """

    def __init__(self, publish: Publish, interval: float) -> None:
        self._publish = publish
        self._interval = interval
        self._asked: dict[NodeKey, float] = {}
        self._unsent: dict[NodeKey, str] = {}
        self.asked = 0

    def ask(self, key: NodeKey, why: str, node: Node | None = None) -> bool:
        """Request a rebirth unless one was asked for lately; whether a request went out."""
        now = time.monotonic()
        if now - self._asked.get(key, -self._interval) < self._interval:
            return False
        if len(self._asked) >= _MAX_ASKED:
            self._asked = {k: at for k, at in self._asked.items() if now - at < self._interval}
        if len(self._asked) >= _MAX_ASKED:
            return False
        if not _send(self._publish, key, command(METRIC_REBIRTH, Code.BOOLEAN, value=True)):
            if len(self._unsent) < _MAX_ASKED:
                self._unsent[key] = why
            return False
        self._asked[key] = now
        self.asked += 1
        if node is not None:
            node.rebirths += 1
        _log.info("asked %s/%s for a rebirth: %s", *key, why)
        return True

    def retry(self, nodes: Mapping[NodeKey, Node]) -> None:
        """Send what could not be sent: there was no connection, or the host had not said yet that it is online."""
        unsent, self._unsent = self._unsent, {}
        for key, why in unsent.items():
            self.ask(key, why, nodes.get(key))


@dataclass(slots=True)
class _Account:
    node: Node
    ranges: list[Range] = field(default_factory=list)
    read: float = float("-inf")
    told: int = 0
    due: bool = False
    sent: float = float("-inf")

    @property
    def fresh(self) -> int:
        """Handled batches that the node was not told of from here."""
        return count(self.ranges) - self.told


class Acknowledger:
    """Tells each ledger node what is handled: at most once per interval, and at once when half its window is used.

    Other replicas store batches of the same nodes: an acknowledgement that waited is read from the database again, lest
    a node hear of less than before.

    Args:
        publish: sends a message.
        interval: seconds between acknowledgements of one node.
        window: batches that a node may have unacknowledged.
    """

    def __init__(self, publish: Publish, interval: float, window: int) -> None:
        self._publish = publish
        self._interval = interval
        self._half = max(1, window // 2)
        self._accounts: dict[LedgerKey, _Account] = {}
        self.sent = 0

    def handled(self, node: Node, ranges: list[Range]) -> None:
        """After a COMMIT, or when the node was born: all that is handled of it, whoever stored it."""
        account = self._account(node)
        account.ranges, account.read, account.due = ranges, time.monotonic(), True

    def again(self, node: Node) -> None:
        """Repeat the acknowledgement: a handled batch came again, or the node asks."""
        self._account(node).due = True

    def at_once(self, node: Node) -> None:
        """The node was born, `node.handled` was just read: answer without waiting for the interval."""
        self.handled(node, node.handled)
        self._account(node).sent = float("-inf")

    def _account(self, node: Node) -> _Account:
        account = self._accounts.setdefault(node.ledger_key, _Account(node))
        account.node = node
        return account

    def forget(self) -> None:
        """Nothing is known to be handled any more: the database is another one."""
        self._accounts.clear()

    def send_due(self, read: Callable[[list[LedgerKey]], Handled]) -> None:
        """Send what is due; `read` says what is handled by the database's word."""
        now = time.monotonic()
        due = [
            a
            for a in self._accounts.values()
            if a.due and (a.sent + self._interval <= now or a.fresh >= self._half)
        ]
        old = [a for a in due if now - a.read > _FRESH_S]
        known = read([a.node.ledger_key for a in old]) if old else {}
        for account in old:
            account.ranges = account.node.handled = known.get(account.node.ledger_key, [])
            account.read = now
        for account in due:
            self._send(account, now)

    def _send(self, account: _Account, now: float) -> None:
        _, ledger_id = account.node.ledger_key
        payload = command(METRIC_STORED, Code.STRING, str(Ack.of(ledger_id, account.ranges)))
        if _send(self._publish, account.node.key, payload):
            account.due, account.told, account.sent = False, count(account.ranges), now
            self.sent += 1
