"""What both connections to the broker have in common."""

import secrets
import ssl

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from chejian_gateway.config import MqttConfig

_PROTOCOLS = {"3.1.1": MQTTProtocolVersion.MQTTv311, "5": MQTTProtocolVersion.MQTTv5}


def make_client(config: MqttConfig, name: str, *, reconnect: bool) -> mqtt.Client:
    """A client with a fresh session and a client id of its own; nothing is connected yet.

    Args:
        config: the broker.
        name: start of the client id.
        reconnect: whether its network thread connects again by itself.
    """
    version = _PROTOCOLS[config.protocol]
    client = mqtt.Client(
        CallbackAPIVersion.VERSION2,
        client_id=f"{name}-{secrets.token_hex(4)}",
        clean_session=None if version is MQTTProtocolVersion.MQTTv5 else True,
        protocol=version,
        reconnect_on_failure=reconnect,
    )
    user, password = config.credentials
    if user is not None:
        client.username_pw_set(user, password)
    if config.tls:
        client.tls_set_context(ssl.create_default_context(cafile=config.ca_file))
    return client


def certificate_ends(client: mqtt.Client) -> int:
    """When the certificate that the broker showed expires [s since 1970 UTC]; 0 without TLS or connection."""
    connection = client.socket()
    shown = connection.getpeercert() if isinstance(connection, ssl.SSLSocket) else None
    return ssl.cert_time_to_seconds(str(shown["notAfter"])) if shown else 0


def dispose(client: mqtt.Client) -> None:
    """Close the sockets by which paho wakes its thread, which has ended.

    It leaves them to the garbage collector; a host that connects again and again would hold hundreds of them.
    """
    client._reset_sockets()  # noqa: SLF001 - it has no public name


def topic_of(message: mqtt.MQTTMessage) -> str:
    """The topic as text, also where it is no UTF-8."""
    try:
        return message.topic
    except UnicodeDecodeError:  # paho decodes when asked; MQTT forbids such topics, brokers differ
        return repr(message._topic)  # noqa: SLF001 - the raw bytes have no public name
