"""mosquitto with tiny limits for a time, and more messages than it can hold."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import paho.mqtt.client as mqtt
from chejian.stack import Broker
from paho.mqtt.enums import CallbackAPIVersion

from tests.faults.waiting import until


class TightBroker(Broker):
    """A broker for tests that also listens on given addresses, and whose limits can be made tiny.

    mosquitto takes limits at its start, so both ends of a block need a restart of the process.

    Args:
        data_dir: as of `Broker`.
        also_on: further addresses to listen on, such as those of network cells.
    """

    def __init__(self, data_dir: Path, *, also_on: Sequence[str] = ()) -> None:
        super().__init__(data_dir, kind="mosquitto")
        self._also_on = also_on
        self._limits: dict[str, int] = {}

    def prepare(self) -> None:
        """Write the configuration with the present limits."""
        super().prepare()
        path = self.data_dir / "mosquitto.conf"
        lines = path.read_text("ascii").splitlines()
        lines = [line for line in lines if line.partition(" ")[0] not in self._limits]
        lines += [f"{key} {value}" for key, value in self._limits.items()]
        lines += [f"listener {self.port} {address}" for address in self._also_on]
        path.write_text("\n".join(lines) + "\n", "ascii")

    @contextmanager
    def limited(self, restart: Callable[[], None], **limits: int) -> Iterator[None]:
        """Settings of mosquitto.conf such as `max_queued_messages=5` hold inside the block.

        Args:
            restart: ends the process and waits for the next one.
            limits: setting and value.
        """
        self._limits = limits
        self.prepare()
        restart()
        try:
            yield
        finally:
            self._limits = {}
            self.prepare()
            restart()


def address_of(url: str) -> tuple[str, int]:
    """Host and port of mqtt://host:port."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or 1883


def _answered(client: mqtt.Client, topic: str) -> None:
    """Wait until the broker answers; it throws a sender of packets that are too large out, who then comes back."""
    info: mqtt.MQTTMessageInfo | None = None

    def sent() -> bool:
        nonlocal info
        if info is None and client.is_connected():
            told = client.publish(topic, b"", qos=1)
            info = told if told.rc == mqtt.MQTT_ERR_SUCCESS else None
        return info is not None and info.is_published()

    until(sent, 30, "the broker's answer")


def flood(url: str, topic: str, messages: int, *, size: int = 1000) -> None:
    """Publish so many useless messages with QoS 0 as fast as the broker takes them."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    client.connect(*address_of(url))
    client.loop_start()
    try:
        for _ in range(messages):
            client.publish(topic, bytes(size))
        _answered(client, f"{topic}/end")
    finally:
        client.disconnect()
        client.loop_stop()
