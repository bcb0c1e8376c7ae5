"""The connection for data: every replica takes its share of the device data, and sends commands to nodes."""

import logging
import sys
import threading
import time
from types import TracebackType
from typing import Any, Self

import paho.mqtt.client as mqtt
from chejian_contract.sparkplug.topics import NAMESPACE
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from chejian_gateway.config import MqttConfig
from chejian_gateway.intake import SHARED, Intake
from chejian_gateway.link import certificate_ends, dispose, make_client, topic_of

_log = logging.getLogger(__name__)

_RETRY_S = (1, 5)
"""Shortest and longest pause between attempts to reach the broker; some replicas are no load for it."""


class Subscriber:
    """Receives this replica's share of all DDATA; a context manager. It has no will: the host's connection has.

    Args:
        config: the broker.
        host_id: of the Sparkplug host; names the share, so that replicas of one host divide the data.
        intake: where messages go.

    Attributes:
        certificate_ends: when the broker's certificate expires [s since 1970 UTC]; 0 without TLS.
    """

    def __init__(self, config: MqttConfig, host_id: str, intake: Intake) -> None:
        self._config = config
        self._intake = intake
        self._filter = f"$share/{host_id}/{NAMESPACE}/+/DDATA/+/+"
        self._online = threading.Event()
        self._leaving = self._told = False
        self.certificate_ends = 0
        self._client = make_client(config, f"chejian-gateway-{host_id}-data", reconnect=True)
        self._client.reconnect_delay_set(*_RETRY_S)
        self._client.on_connect = self._connected
        self._client.on_connect_fail = self._not_connected
        self._client.on_subscribe = self._subscribed
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._message

    @property
    def online(self) -> bool:
        """Connected and subscribed."""
        return self._online.is_set()

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send a QoS 0 message; False while there is no connection."""
        return self.online and self._client.publish(topic, payload).rc == mqtt.MQTT_ERR_SUCCESS

    def retire(self) -> None:
        """Take no more data, so that the other replicas get all of it; commands can still be sent."""
        self._leaving = True
        self._client.unsubscribe(self._filter)

    def __enter__(self) -> Self:
        host, port = self._config.address
        self._client.connect_async(host, port, keepalive=int(self._config.keepalive))
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving = True
        self._client.disconnect()
        self._client.loop_stop()
        dispose(self._client)

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
        self.certificate_ends = certificate_ends(client)
        client.subscribe(self._filter, qos=0)

    def _not_connected(self, _client: mqtt.Client, _data: object) -> None:
        """No connection, or no TLS over it; paho calls this while it handles the error, and tells it to nobody else."""
        if not self._told:
            self._told = True
            error = sys.exception()
            _log.warning("no connection to the broker %s:%s, trying again: %s", *self._config.address, error)

    def _subscribed(
        self,
        _client: mqtt.Client,
        _data: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if any(r.is_failure for r in reasons):
            _log.error("the broker refused the subscription to %s: %s", self._filter, reasons)
            return
        self._online.set()
        self._told = False
        _log.info("taking a share of the data at %s:%s", *self._config.address)

    def _disconnected(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._online.is_set() and not self._leaving:
            _log.warning("data connection to the broker lost: %s; trying again", reason)
        self._online.clear()

    def _message(self, _client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        self._intake.put(topic_of(message), bytes(message.payload), time.time_ns() // 1_000_000, SHARED)
