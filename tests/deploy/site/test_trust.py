"""What the authority signs is trusted by whoever trusts it, and by nobody else; the broker lets each do what is its own."""

import queue
import re
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import paho.mqtt.client as paho
import pytest
from asyncua.crypto import uacrypto
from chejian.site import Request, init_site
from chejian.site.authority import Authority
from chejian.site.broker import Edge
from chejian.stack import Broker
from cryptography import x509
from paho.mqtt.enums import CallbackAPIVersion

ROOT = Path(__file__).parents[3]
OWN, OTHER = Edge("e1", "N1"), Edge("e1", "N2")
WITHIN_S = 20.0


def silent(_line: str) -> None:
    """Nobody listens."""


@pytest.fixture
def site(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    init_site(folder, Request(hosts=("127.0.0.1",), edges=(OWN, OTHER)), silent)
    return folder


def answer(server: ssl.SSLContext, client: ssl.SSLContext, host: str) -> dict[str, object]:
    """The certificate that a client of `client` was shown by a server of `server` when it asked for `host`."""
    here, there = socket.socketpair()

    def serve() -> None:
        try:
            server.wrap_socket(there, server_side=True).close()
        except OSError:
            there.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(here, server_hostname=host) as connection:
            return dict(connection.getpeercert() or {})
    finally:
        here.close()
        thread.join()


def server_of(folder: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return context


@pytest.mark.parametrize(
    ("folder", "name"),
    [("broker", "mosquitto"), ("database", "timescaledb"), ("console", "api"), ("grafana", "localhost")],
)
def test_a_server_is_trusted_by_its_names_only(folder: str, name: str, site: Path) -> None:
    client = ssl.create_default_context(cafile=str(site / "ca.pem"))
    assert answer(server_of(site / folder), client, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        answer(server_of(site / folder), client, "evil.example")


def test_another_authority_is_not_trusted(site: Path, tmp_path: Path) -> None:
    other = Authority(tmp_path / "other", "other")
    client = ssl.create_default_context(cafile=str(other.path))
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate verify failed"):
        answer(server_of(site / "broker"), client, "mosquitto")


def test_an_edge_certificate_is_no_servers(site: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    place = site / "edges" / OWN.group / OWN.node
    context.load_cert_chain(place / "client.pem", place / "client-key.pem")
    client = ssl.create_default_context(cafile=str(site / "ca.pem"))
    client.check_hostname = False
    with pytest.raises(ssl.SSLCertVerificationError, match="certificate purpose"):
        answer(context, client, "mosquitto")


async def test_the_opcua_driver_reads_certificate_and_key_of_an_edge(site: Path) -> None:
    place = site / "edges" / OWN.group / OWN.node
    certificate = await uacrypto.load_certificate(place / "client.der")
    key = await uacrypto.load_private_key(place / "client-key.pem")
    assert certificate.public_key() == key.public_key()
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == ["urn:chejian:edge"]


class SiteBroker(Broker):
    """mosquitto with the configuration that ships for containers; only its port and paths are of this machine."""

    def __init__(self, folder: Path, site: Path) -> None:
        super().__init__(folder, kind="mosquitto")
        self.site = site

    def prepare(self) -> None:
        """Write the configuration with the paths of this machine."""
        super().prepare()
        text = (ROOT / "deploy/compose/mosquitto.conf").read_text("utf-8")
        places = {
            "broker_passwords": "broker/passwd",
            "broker_rights": "broker/acl",
            "broker_certificate": "broker/server.pem",
            "broker_key": "broker/server.key",
            "ca": "ca.pem",
        }
        text = re.sub(
            r"/run/secrets/(\w+)(?=\n)", lambda found: str(self.site / places.get(found[1], found[1])), text
        )
        text = text.replace("listener 8883", f"listener {self.port} 127.0.0.1")
        (self.data_dir / "mosquitto.conf").write_text(f"user root\n{text}", "utf-8")

    def ready(self) -> bool:
        """Whether it listens."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
        except OSError:
            return False
        return True


@pytest.fixture
def broker(site: Path, tmp_path: Path) -> Iterator[SiteBroker]:
    with SiteBroker(tmp_path / "broker", site) as running:
        yield running


class Client:
    """A client of the broker; what it hears stands in `inbox`.

    Args:
        broker: to connect to.
        user: its name.
        password: None: that of the name's file.
    """

    def __init__(self, broker: SiteBroker, user: str, password: str | None = None) -> None:
        self.inbox: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self.granted: queue.Queue[object] = queue.Queue()
        self.reason: queue.Queue[str] = queue.Queue()
        self.mqtt = paho.Client(CallbackAPIVersion.VERSION2, reconnect_on_failure=False)
        self.mqtt.on_connect = lambda _c, _u, _f, reason, _p: self.reason.put(str(reason))
        self.mqtt.on_message = lambda _c, _u, m: self.inbox.put((m.topic, bytes(m.payload)))
        self.mqtt.on_subscribe = lambda _c, _u, _m, reasons, _p: self.granted.put(reasons)
        self.mqtt.username_pw_set(user, self._password(broker.site, user) if password is None else password)
        self.mqtt.tls_set_context(ssl.create_default_context(cafile=str(broker.site / "ca.pem")))
        self.mqtt.connect("127.0.0.1", broker.port)
        self.mqtt.loop_start()
        self.answer = self.reason.get(timeout=WITHIN_S)

    @staticmethod
    def _password(site: Path, user: str) -> str:
        path = (
            site / "broker/gateway.password" if user == "gateway" else site / "edges" / user / "mqtt.password"
        )
        return path.read_text("utf-8").strip()

    def subscribe(self, *filters: str) -> None:
        self.mqtt.subscribe([(f, 1) for f in filters])
        self.granted.get(timeout=WITHIN_S)

    def publish(self, topic: str, payload: bytes = b"x") -> None:
        self.mqtt.publish(topic, payload, qos=1).wait_for_publish(WITHIN_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.mqtt.disconnect()
        self.mqtt.loop_stop()


def heard(client: Client, last: str) -> list[str]:
    """Topics in order up to `last`, which was published last on a connection whose messages keep their order."""
    topics: list[str] = []
    while not topics or topics[-1] != last:
        topics.append(client.inbox.get(timeout=WITHIN_S)[0])
    return topics


@pytest.mark.parametrize("kind", ["mosquitto"])
def test_an_edge_says_its_own_and_hears_its_own(kind: str, broker: SiteBroker) -> None:
    assert broker.kind == kind
    with (
        Client(broker, "gateway") as host,
        Client(broker, OWN.user) as edge,
        Client(broker, OTHER.user) as other,
    ):
        assert {host.answer, edge.answer, other.answer} == {"Success"}
        host.subscribe("spBv1.0/#")
        allowed = ["spBv1.0/e1/NBIRTH/N1", "spBv1.0/e1/DDATA/N1/D1", "spBv1.0/e1/NDEATH/N1"]
        refused = [
            "spBv1.0/e1/DDATA/N2/D1",
            "spBv1.0/e2/DDATA/N1/D1",
            "spBv1.0/e1/NCMD/N1",
            "spBv1.0/STATE/chejian",
            "spBv1.0/e1/DDATA/N1/D1/more",
            "elsewhere",
        ]
        for topic in (*refused, *allowed):
            edge.publish(topic)
        assert heard(host, allowed[-1]) == allowed

        other.subscribe("#")
        edge.subscribe("spBv1.0/#")
        for topic in ("spBv1.0/e1/NCMD/N2", "spBv1.0/e1/NCMD/N1", "spBv1.0/STATE/chejian"):
            host.publish(topic)
        assert heard(edge, "spBv1.0/STATE/chejian") == ["spBv1.0/e1/NCMD/N1", "spBv1.0/STATE/chejian"]
        assert heard(other, "spBv1.0/STATE/chejian") == ["spBv1.0/e1/NCMD/N2", "spBv1.0/STATE/chejian"]


@pytest.mark.parametrize("kind", ["mosquitto"])
def test_without_the_password_and_in_the_clear_nobody_is_heard(kind: str, broker: SiteBroker) -> None:
    assert broker.kind == kind
    for user, password in (
        (OWN.user, "wrong"),
        (OWN.user, ""),
        (OTHER.user, Client._password(broker.site, OWN.user)),
    ):
        with Client(broker, user, password) as client:
            assert client.answer == "Not authorized"
    with socket.create_connection(("127.0.0.1", broker.port), timeout=WITHIN_S) as plain:
        plain.sendall(bytes.fromhex("100c00044d5154540402000a0000"))
        try:
            answered = plain.recv(4)
        except ConnectionResetError:
            answered = b""
        assert answered[:1] != b"\x20", "no CONNACK without TLS"
