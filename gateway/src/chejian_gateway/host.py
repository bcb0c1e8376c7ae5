"""What the Sparkplug host says: STATE, rebirth requests, acknowledgements."""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from chejian_contract.ledger import METRIC_REBIRTH, METRIC_STORED, Ack, Range
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import Value, add_metric
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_contract.sparkplug.topics import MessageType, Topic

from chejian_gateway.nodes import LedgerKey, Node, NodeKey

_log = logging.getLogger(__name__)

Publish = Callable[[str, bytes], bool]
"""Sends a QoS 0 message; False when there is no connection."""


def state_payload(*, online: bool, time_ms: int) -> bytes:
    """A STATE message (tck-id-host-topic-phid-birth-payload)."""
    return json.dumps({"online": online, "timestamp": time_ms}).encode()


def says_offline(payload: bytes) -> bool:
    """Whether a STATE message, of whatever form, is not our own birth."""
    try:
        state = json.loads(payload)
    except ValueError:
        return True
    return not (isinstance(state, dict) and state.get("online") is True)


def command(name: str, code: Code, value: Value) -> bytes:
    """An NCMD with one metric, written by name."""
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
        self.asked = 0

    def ask(self, key: NodeKey, why: str, node: Node | None = None) -> bool:
        """Request a rebirth unless one was asked for lately; whether a request went out."""
        now = time.monotonic()
        if now - self._asked.get(key, -self._interval) < self._interval:
            return False
        if not _send(self._publish, key, command(METRIC_REBIRTH, Code.BOOLEAN, value=True)):
            return False
        self._asked[key] = now
        self.asked += 1
        if node is not None:
            node.rebirths += 1
        _log.info("asked %s/%s for a rebirth: %s", *key, why)
        return True


@dataclass(slots=True)
class _Account:
    node: Node
    ranges: list[Range] = field(default_factory=list)
    fresh: int = 0
    due: bool = False
    sent: float = float("-inf")


class Acknowledger:
    """Tells each ledger node what is handled: at most once per interval, and at once when half its window is used.

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

    def handled(self, node: Node, ranges: list[Range], fresh: int) -> None:
        """After a COMMIT: all that is handled of the node, `fresh` batches of it new."""
        account = self._account(node)
        account.ranges = ranges
        account.fresh += fresh
        account.due = True

    def again(self, node: Node, *, now: bool = False) -> None:
        """Repeat the acknowledgement: a handled batch came again, or (`now`) the node was born."""
        account = self._account(node)
        account.ranges = node.handled
        account.due = True
        if now:
            account.sent = float("-inf")

    def _account(self, node: Node) -> _Account:
        account = self._accounts.setdefault(node.ledger_key, _Account(node))
        account.node = node
        return account

    def forget(self) -> None:
        """Nothing is known to be handled any more: the database is another one."""
        self._accounts.clear()

    def send_due(self) -> float:
        """Send what is due; returns the seconds until the next is."""
        now = time.monotonic()
        wait = self._interval
        for account in self._accounts.values():
            if not account.due:
                continue
            rest = account.sent + self._interval - now
            if rest <= 0 or account.fresh >= self._half:
                self._send(account, now)
            else:
                wait = min(wait, rest)
        return wait

    def _send(self, account: _Account, now: float) -> None:
        _, ledger_id = account.node.ledger_key
        payload = command(METRIC_STORED, Code.STRING, str(Ack.of(ledger_id, account.ranges)))
        if _send(self._publish, account.node.key, payload):
            account.due, account.fresh, account.sent = False, 0, now
            self.sent += 1
