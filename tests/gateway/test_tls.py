"""Edge and gateway over an encrypted connection: mosquitto with TLS, user and password; other authorities are refused."""

import asyncio
import gc
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from chejian.stack import Broker
from chejian_contract.config import Seconds
from chejian_gateway.config import CommitConfig, GatewayConfig, HostConfig, MqttConfig

from tests.fixtures.certificates import Authority
from tests.gateway.conftest import Gateway
from tests.gateway.real_edge import real_edge

LOAD = "Spindle/Load"
USER, PASSWORD = "plant", "wort-mit-ü"
WITHIN_S = 60.0

Rows = Callable[..., list[tuple[object, ...]]]


class SecureBroker(Broker):
    """mosquitto with a certificate, that lets nobody in without a password."""

    def __init__(self, folder: Path, certificate: Path, key: Path) -> None:
        super().__init__(folder, kind="mosquitto")
        self._certificate, self._key = certificate, key

    def prepare(self) -> None:
        """Write configuration and password file."""
        super().prepare()
        passwords = self.data_dir / "passwords"
        program = shutil.which("mosquitto_passwd")
        assert program, "it comes with mosquitto"
        subprocess.run([program, "-c", "-b", passwords, USER, PASSWORD], check=True, capture_output=True)
        path = self.data_dir / "mosquitto.conf"
        text = path.read_text("ascii").replace("allow_anonymous true", "allow_anonymous false")
        path.write_text(
            f"{text}user root\npassword_file {passwords}\ncertfile {self._certificate}\nkeyfile {self._key}\n",
            "utf-8",
        )

    def ready(self) -> bool:
        """Whether it listens; a CONNECT in the clear would get no answer."""
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=2).close()
        except OSError:
            return False
        return True


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca", "ca")


@pytest.fixture
def make_password_file(tmp_path: Path) -> Callable[[str], Path]:
    def make(password: str) -> Path:
        path = tmp_path / "password"
        path.write_text(f"{password}\n", "utf-8")
        return path

    return make


@pytest.fixture
def password_file(make_password_file: Callable[[str], Path]) -> Path:
    return make_password_file(PASSWORD)


def secure(broker: Broker) -> str:
    return broker.url.replace("mqtt://", "mqtts://")


@pytest.fixture
def broker(tmp_path: Path, authority: Authority) -> Iterator[SecureBroker]:
    with SecureBroker(tmp_path / "broker", *authority.issue("broker")) as running:
        yield running


def gateway_of(dsn: str, url: str, ca_file: Path, password_file: Path) -> Gateway:
    return Gateway(
        GatewayConfig(
            dsn=dsn,
            mqtt=MqttConfig(url=url, ca_file=ca_file, username=USER, password_file=password_file),
            host=HostConfig(id="tls-host"),
            commit=CommitConfig(acknowledge_interval=Seconds(0.1)),
        )
    )


async def until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + WITHIN_S
    while not condition():
        assert time.monotonic() < deadline, f"not within {WITHIN_S} s: {what}"
        await asyncio.sleep(0.02)


@pytest.mark.long
@pytest.mark.parametrize("kind", ["mosquitto"])
async def test_a_batch_goes_from_buffer_to_database_over_tls(
    kind: str,
    dsn: str,
    broker: SecureBroker,
    authority: Authority,
    password_file: Path,
    database_rows: Rows,
    tmp_path: Path,
) -> None:
    assert broker.kind == kind
    more = f'ca_file = "{authority.certificate}"\nusername = "{USER}"\npassword_file = "{password_file}"'
    gateway = gateway_of(dsn, secure(broker), authority.certificate, password_file)
    with gateway.running():
        async with real_edge(tmp_path, secure(broker), "tls", "N1", {"D1": [LOAD]}, more) as edge:
            await edge.produce(3)
            await until(lambda: not edge.buffer.totals.in_flight_batches, "acknowledged")
        assert 86_000 < gateway.subscriber.certificate_ends - time.time() <= 86_400, "it was made for a day"
    assert database_rows("SELECT count(*) FROM telemetry.sample") == [(12,)]


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.parametrize("kind", ["mosquitto"])
@pytest.mark.parametrize(
    "trial",
    [
        ("another authority", "certificate verify failed"),
        ("expired", "certificate has expired"),
        ("wrong password", "Not authorized"),
    ],
    ids=lambda trial: trial[0],
)
async def test_what_can_not_be_trusted_is_not_spoken_to(
    kind: str,
    trial: tuple[str, str],
    dsn: str,
    authority: Authority,
    make_password_file: Callable[[str], Path],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    fault, words = trial
    lasting = timedelta(days=-1) if fault == "expired" else timedelta(days=1)
    trusted = Authority(tmp_path / "other", "other") if fault == "another authority" else authority
    password_file = make_password_file("wrong" if fault == "wrong password" else PASSWORD)
    more = f'ca_file = "{trusted.certificate}"\nusername = "{USER}"\npassword_file = "{password_file}"'
    with SecureBroker(tmp_path / "broker", *authority.issue("broker", lasting=lasting)) as broker:
        assert broker.kind == kind
        gateway = gateway_of(dsn, secure(broker), trusted.certificate, password_file)
        with gateway.subscriber:
            async with real_edge(tmp_path, secure(broker), "tls", "N1", {"D1": [LOAD]}, more) as edge:
                await edge.produce(1)

                def told(part: str) -> bool:
                    logged = [r.getMessage() for r in caplog.records if r.name.startswith(part)]
                    return any(words.lower() in line.lower() for line in logged)

                await until(lambda: told("chejian_edge"), "the edge says why")
                await until(lambda: told("chejian_gateway"), "the gateway says why")
                assert edge.buffer.totals.in_flight_batches == 1, "kept"
        assert not gateway.subscriber.online
    gc.collect()  # paho forgets the sockets of failed handshakes: while their warning is filtered
