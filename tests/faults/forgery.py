"""Acknowledgements that no host has sent: what anyone may publish on a broker without access rules."""

import time
from types import TracebackType
from typing import Self

import paho.mqtt.client as mqtt
from chejian_contract.ledger import METRIC_STORED
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import add_metric
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from paho.mqtt.enums import CallbackAPIVersion

from tests.faults.broker import address_of


class Forger:
    """Publishes NCMD with made-up `Node Control/Ledger Stored`; a context manager.

    Args:
        url: of the broker.
        group: of the node.
        node: that is lied to.
    """

    def __init__(self, url: str, group: str, node: str) -> None:
        self._address = address_of(url)
        self._topic = f"spBv1.0/{group}/NCMD/{node}"
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)

    def __enter__(self) -> Self:
        self._client.connect(*self._address)
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def say(self, text: str) -> None:
        """Send any text as an acknowledgement."""
        payload = Payload(timestamp=time.time_ns() // 1_000_000)
        add_metric(payload, Code.STRING, text, time_ms=payload.timestamp, name=METRIC_STORED)
        self._send(payload.SerializeToString())

    def wrong_identity(self) -> None:
        """Everything of a buffer that does not exist is stored."""
        self.say("4611686018427387904:1000000")

    def garbage(self) -> None:
        """Texts and bytes that are no acknowledgement."""
        for text in ("", ":", "1:x", "1:5,4-2", "-1:5", "9" * 40 + ":1", "1:" + ",".join(["7-7"] * 99)):
            self.say(text)
        self._send(b"\xff\xfe not a payload")

    def too_much(self, ledger_id: int, produced: int) -> None:
        """More is stored than was ever produced."""
        self.say(f"{ledger_id}:{produced + 1_000}")

    def too_early(self, ledger_id: int, produced: int) -> None:
        """All that was produced is stored, which nobody knows yet."""
        self.say(f"{ledger_id}:{produced}")

    def _send(self, data: bytes) -> None:
        self._client.publish(self._topic, data, qos=1).wait_for_publish(5)
