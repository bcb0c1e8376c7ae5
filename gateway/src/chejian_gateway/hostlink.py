"""The elected host's connection to the broker: STATE, births, deaths, status, and the data of foreign nodes."""

import json
import logging
import threading
import time
from collections.abc import Iterable

import paho.mqtt.client as mqtt
from chejian_contract.sparkplug.topics import NAMESPACE, state_topic
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from chejian_gateway.config import MqttConfig
from chejian_gateway.host import state_payload
from chejian_gateway.intake import Intake
from chejian_gateway.link import dispose, make_client, topic_of
from chejian_gateway.nodes import NodeKey

_log = logging.getLogger(__name__)

_KINDS = ("NBIRTH/+", "NDEATH/+", "NDATA/+", "DBIRTH/+/+", "DDEATH/+/+")
_FILTERS_AT_ONCE = 100
"""Filters in one SUBSCRIBE."""
_GOODBYE_S = 5.0
"""How long the last STATE may take at the end."""


class HostLink:
    """One MQTT session of the host, from CONNECT to its end.

    It never connects again by itself, and says that it is online only when told to: only the engine knows whether this
    process still is the host.

    Args:
        config: the broker.
        host_id: of the Sparkplug host.
        intake: where messages go.
        term: number that they carry there.
        foreign: nodes without a ledger, whose data come over this connection.

    Attributes:
        subscribed: all but the foreign nodes' data is.
        ended: the connection is gone, or never came.
        confirmed: the broker has acknowledged the STATE of this session.
        rival: another session has said that it is this host, with another time.
        disturbed: the retained STATE says offline, or somebody else's time.
    """

    def __init__(
        self, config: MqttConfig, host_id: str, intake: Intake, term: int, foreign: Iterable[NodeKey] = ()
    ) -> None:
        self._config = config
        self._intake = intake
        self._term = term
        self._topic = state_topic(host_id)
        self._born_ms = time.time_ns() // 1_000_000
        self._lock = threading.Lock()
        self._asked: dict[int, list[NodeKey]] = {}
        self._covered: set[NodeKey] = set()
        self._first = list(foreign)
        self._closing = self._said = False
        self.subscribed = self.confirmed = self.ended = self.rival = self.disturbed = False
        self._client = make_client(config, f"chejian-gateway-{host_id}-host", reconnect=False)
        self._client.will_set(
            self._topic, state_payload(online=False, time_ms=self._born_ms), qos=1, retain=True
        )
        self._client.on_connect = self._connected
        self._client.on_subscribe = self._acknowledged
        self._client.on_publish = self._published
        self._client.on_disconnect = self._disconnected
        self._client.on_message = self._message
        self._thread = threading.Thread(target=self._run, name="host-link", daemon=True)

    @property
    def online(self) -> bool:
        """STATE online was published in this session."""
        return self._said and not self.ended

    def open(self) -> None:
        """Connect in the background."""
        self._thread.start()

    def say_online(self) -> None:
        """Publish the host's birth; its time is that of the will."""
        self.rival = self.disturbed = False
        payload = state_payload(online=True, time_ms=self._born_ms)
        self._client.publish(self._topic, payload, qos=1, retain=True)
        if not self._said:
            _log.info("host online at %s:%s", *self._config.address)
        self._said = True

    def follow(self, nodes: Iterable[NodeKey]) -> None:
        """Subscribe to the data of foreign nodes."""
        wanted = list(nodes)
        for i in range(0, len(wanted), _FILTERS_AT_ONCE):
            part = wanted[i : i + _FILTERS_AT_ONCE]
            with self._lock:  # the answer must not be faster than the note of the question
                _, mid = self._client.subscribe([(f"{NAMESPACE}/{g}/DDATA/{n}/+", 1) for g, n in part])
                if mid is not None:
                    self._asked[mid] = part

    def covers(self, node: NodeKey) -> bool:
        """Whether the broker sends the data of a foreign node here."""
        return node in self._covered

    def close(self, *, goodbye: bool) -> None:
        """End the session. Without `goodbye` the retained STATE stays as it is: another host speaks there."""
        self._closing = True
        if goodbye and self._said and not self.ended:
            now_ms = time.time_ns() // 1_000_000
            last = self._client.publish(
                self._topic, state_payload(online=False, time_ms=now_ms), qos=1, retain=True
            )
            try:
                last.wait_for_publish(_GOODBYE_S)
            except RuntimeError as reason:  # the connection went away meanwhile: the will speaks
                _log.info("STATE offline left to the will: %s", reason)
        self._client.disconnect()
        if goodbye and self._thread.is_alive():
            self._thread.join(_GOODBYE_S)
        if not self._thread.is_alive():
            dispose(self._client)

    def _run(self) -> None:
        try:
            host, port = self._config.address
            self._client.connect(host, port, keepalive=int(self._config.keepalive))
            self._client.loop_forever()
        except OSError as error:
            if not self._closing:
                _log.warning("the host can't reach the broker %s: %s", self._config.address, error)
        finally:
            self.ended = True

    def _connected(
        self,
        client: mqtt.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            _log.error("the broker %s refused the host's connection: %s", self._config.address, reason)
            return
        if self._closing:
            client.disconnect()
            return
        filters = [(f"{NAMESPACE}/+/{kind}", 1) for kind in _KINDS]
        with self._lock:
            _, mid = client.subscribe([(self._topic, 1), *filters])
            if mid is not None:
                self._asked[mid] = []
        self.follow(self._first)

    def _acknowledged(
        self,
        _client: mqtt.Client,
        _data: object,
        mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        with self._lock:
            nodes = self._asked.pop(mid, [])
        if any(r.is_failure for r in reasons):
            _log.error("the broker refused a subscription of the host (%s): %s", nodes or "births", reasons)
            return
        self._covered.update(nodes)
        self.subscribed |= not nodes

    def _published(
        self, _client: mqtt.Client, _data: object, _mid: int, _reason: ReasonCode, _properties: Properties
    ) -> None:
        self.confirmed = True

    def _disconnected(
        self,
        _client: mqtt.Client,
        _data: object,
        _flags: object,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if not self._closing:
            _log.warning("the host's connection to the broker is lost: %s", reason)

    def _message(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        topic = topic_of(message)
        if topic != self._topic:
            self._intake.put(topic, bytes(message.payload), time.time_ns() // 1_000_000, self._term)
        elif not self._is_ours(bytes(message.payload)) and not self._closing:
            self._intake.wake()

    def _is_ours(self, payload: bytes) -> bool:
        """Look at a STATE message; one that is not our own birth is noted for the engine to judge."""
        try:
            state = json.loads(payload)
        except ValueError:
            state = None
        online = isinstance(state, dict) and state.get("online") is True
        ours = online and state.get("timestamp") == self._born_ms
        if self._said and not ours:
            self.disturbed = True
            self.rival |= online
        return bool(ours)
