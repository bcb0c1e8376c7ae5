"""A broker with tiny limits drops what it can't hold, silently, and holds it again afterwards."""

import secrets
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from chejian.stack import Supervisor
from paho.mqtt.enums import CallbackAPIVersion

from tests.faults.broker import TightBroker, address_of, flood
from tests.faults.waiting import until

MANY = 19_000
"""Messages of 1 kB: more than the sockets hold (some 10 MB), less than the ordinary queue (20,000)."""


class Listener:
    """Counts messages of one topic."""

    def __init__(self, url: str, topic: str) -> None:
        self.count = 0
        self.marked = False
        self.gate = threading.Event()
        self.gate.set()
        ready = threading.Event()
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self.client.on_message = self._on_message
        self.client.on_subscribe = lambda *_: ready.set()
        self.client.connect(*address_of(url))
        self.client.subscribe(topic)
        self.client.loop_start()
        assert ready.wait(10)

    def _on_message(self, _client: object, _data: object, message: mqtt.MQTTMessage) -> None:
        self.gate.wait()
        self.count += message.topic.endswith("/data")
        self.marked |= message.topic.endswith("/marker")

    def close(self) -> None:
        self.gate.set()
        self.client.disconnect()
        self.client.loop_stop()


@pytest.mark.parametrize("kind", ["mosquitto"])
def test_a_full_broker_drops_and_an_ordinary_one_does_not(tmp_path: Path, kind: str) -> None:
    broker = TightBroker(tmp_path)
    broker.prepare()
    with Supervisor() as supervisor:
        supervisor.start(broker.process())
        supervisor.wait_ready("broker", broker.ready, within=20)

        def restart() -> None:
            supervisor.kill("broker")
            before = supervisor.restarts("broker")
            until(lambda: supervisor.restarts("broker") > before, 20, "the next broker")
            supervisor.wait_ready("broker", broker.ready, within=20)

        with broker.limited(restart, max_queued_messages=1, max_packet_size=2000):
            assert received(broker.url, MANY, stuck=True) < MANY
            assert received(broker.url, 1, size=3000) == 0
        assert received(broker.url, MANY, stuck=True) == MANY
    assert broker.kind == kind


def received(url: str, messages: int, *, size: int = 1000, stuck: bool = False) -> int:
    """How many of so many messages arrive at a listener that may be stuck while they are sent."""
    topic = f"flood/{secrets.token_hex(4)}"
    listener = Listener(url, f"{topic}/#")
    if stuck:
        listener.gate.clear()
    try:
        flood(url, f"{topic}/data", messages, size=size)
        listener.gate.set()
        deadline = time.monotonic() + 20
        while not listener.marked:
            # A marker may be dropped too; the first one that comes is behind all that was kept.
            flood(url, f"{topic}/marker", 1)
            assert time.monotonic() < deadline
        return listener.count
    finally:
        listener.close()
