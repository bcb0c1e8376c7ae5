"""The connection to the broker: a network thread that feeds the intake and keeps the host's STATE."""

import logging
import secrets
import threading
import time
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from chejian_contract.sparkplug.topics import NAMESPACE, state_topic
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from chejian_gateway.config import MqttConfig
from chejian_gateway.host import says_offline, state_payload
from chejian_gateway.intake import Intake

_log = logging.getLogger(__name__)

_OURS = ("NCMD", "DCMD", "STATE")
"""Message types that hosts send; seen because one subscription covers the namespace, and left alone."""
_RETRY_S = (1, 30)
"""Shortest and longest pause between attempts to reach the broker."""
_GOODBYE_S = 5.0
"""How long the last STATE may take at the end."""


class Subscriber:
    """Receives the whole namespace; a context manager that says good-bye at its end.

    Args:
        config: the broker.
        host_id: of the Sparkplug host.
        intake: where messages go.
    """

    def __init__(self, config: MqttConfig, host_id: str, intake: Intake) -> None:
        self._config = config
        self._intake = intake
        self._state_topic = state_topic(host_id)
        self._born_ms = 0
        self._online = threading.Event()
        self._leaving = False
        self._client = mqtt.Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"chejian-gateway-{host_id}-{secrets.token_hex(4)}",
            clean_session=True,
        )
        user, password = config.credentials
        if user is not None:
            self._client.username_pw_set(user, password)
        if config.tls:
            self._client.tls_set(ca_certs=str(config.ca_file) if config.ca_file else None)
        self._client.reconnect_delay_set(*_RETRY_S)
        self._client.on_pre_connect = self._before_connect
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._subscribed
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._message

    @property
    def online(self) -> bool:
        """Connected, subscribed, and STATE online published."""
        return self._online.is_set()

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send a QoS 0 message; False while there is no connection."""
        return self.online and self._client.publish(topic, payload).rc == mqtt.MQTT_ERR_SUCCESS

    def __enter__(self) -> Self:
        host, port = self._config.address
        self._client.connect_async(host, port, keepalive=int(self._config.keepalive))
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving = True
        if self._online.is_set():
            now_ms = time.time_ns() // 1_000_000
            last = self._client.publish(
                self._state_topic, state_payload(online=False, time_ms=now_ms), qos=1, retain=True
            )
            try:
                last.wait_for_publish(_GOODBYE_S)
            except RuntimeError as reason:  # the connection went away meanwhile: the will speaks
                _log.info("STATE offline left to the will: %s", reason)
        self._client.disconnect()
        self._client.loop_stop()

    def _before_connect(self, client: mqtt.Client, _data: object) -> None:
        """The will carries the time of this CONNECT, and so does the birth."""
        self._born_ms = time.time_ns() // 1_000_000
        client.will_set(
            self._state_topic, state_payload(online=False, time_ms=self._born_ms), qos=1, retain=True
        )

    def _connected(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            _log.error("the broker %s refused the connection: %s", self._config.address, reason)
            return
        client.subscribe(f"{NAMESPACE}/#", qos=1)

    def _subscribed(
        self,
        _client: mqtt.Client,
        _data: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if any(r.is_failure for r in reasons):
            _log.error("the broker refused the subscription to %s/#: %s", NAMESPACE, reasons)
            return
        self._say_online()
        self._online.set()
        _log.info("host online at %s:%s", *self._config.address)

    def _say_online(self) -> None:
        payload = state_payload(online=True, time_ms=self._born_ms)
        self._client.publish(self._state_topic, payload, qos=1, retain=True)

    def _disconnected(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._online.is_set() and not self._leaving:
            _log.warning("connection to the broker lost: %s; trying again", reason)
        self._online.clear()

    def _message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        topic = _topic_of(message)
        kind = topic.split("/", 3)[1:3]
        if kind and kind[0] == "STATE":
            if topic == self._state_topic and says_offline(bytes(message.payload)) and not self._leaving:
                self._say_online()
        elif len(kind) > 1 and kind[1] in _OURS:
            return
        else:
            self._intake.put(topic, bytes(message.payload), time.time_ns() // 1_000_000)


def _topic_of(message: mqtt.MQTTMessage) -> str:
    try:
        return message.topic
    except UnicodeDecodeError:  # paho decodes when asked; MQTT forbids such topics, brokers differ
        return repr(message._topic)  # noqa: SLF001 - the raw bytes have no public name
