"""An MQTT broker of our own: mosquitto where it is installed, else the embedded Python broker, as a process."""

import logging
import os
import shutil
import socket
import sys
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from chejian.stack.child import Child, ProcessSpec
from chejian.stack.errors import StackError
from chejian.stack.ports import free_port

_log = logging.getLogger(__name__)

BrokerKind = Literal["auto", "mosquitto", "embedded"]

_START_WITHIN_S = 20.0
# Seconds a probe waits for the broker's answer; on the loopback it comes in milliseconds.
_PROBE_S = 2.0
# CONNECT, MQTT 3.1.1, clean session, keep-alive 10 s, empty client id (section 3.1 of the standard).
_CONNECT = bytes.fromhex("10 0c 00 04 4d 51 54 54 04 02 00 0a 00 00")
_CONNACK_ACCEPTED = bytes.fromhex("20 02 00 00")
_DISCONNECT = bytes.fromhex("e0 00")

_MOSQUITTO_CONF = """\
# Written by chejian at each start.
listener {port} 127.0.0.1
allow_anonymous true
persistence false
# QoS 0 messages for a busy client are held up to this number, then dropped; the ledger brings them again.
# Never 0: some versions then drop everything.
max_queued_messages 20000
max_queued_bytes 0
max_inflight_messages 200
# A waveform of 2^19 samples of 8 bytes fits.
max_packet_size 8388608
set_tcp_nodelay true
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages false
"""


class Broker:
    """A broker on 127.0.0.1, open to everyone on this machine: for the demo and tests only.

    As a context manager it starts, waits until it accepts a CONNECT, and stops. Under a `Supervisor`, call
    `prepare()`, start `process()` and wait for `ready()`.

    Args:
        data_dir: folder for its configuration and log.
        port: TCP port, 0 for a free one.
        kind: ``mosquitto`` (must be installed), ``embedded`` (Python, slower, MQTT 3.1.1 only), or ``auto``.

    Raises:
        StackError: ``mosquitto`` was asked for and is not installed.
    """

    def __init__(self, data_dir: Path, *, port: int = 0, kind: BrokerKind = "auto") -> None:
        self.data_dir = data_dir.resolve()
        self.port = port or free_port()
        self._mosquitto = None if kind == "embedded" else find_mosquitto()
        if kind == "mosquitto" and self._mosquitto is None:
            raise StackError(
                "mosquitto is not installed: install the package 'mosquitto', or use the embedded broker"
            )
        self._child: Child | None = None

    @property
    def kind(self) -> Literal["mosquitto", "embedded"]:
        """Which broker runs."""
        return "embedded" if self._mosquitto is None else "mosquitto"

    @property
    def url(self) -> str:
        """Its address, ``mqtt://host:port``."""
        return f"mqtt://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        """Write the configuration."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        (self.data_dir / "mosquitto.conf").write_text(
            _MOSQUITTO_CONF.format(port=self.port), encoding="ascii"
        )

    def process(self) -> ProcessSpec:
        """How to run it under a supervisor."""
        if self._mosquitto is None:
            argv = [sys.executable, "-m", "chejian.stack.pybroker", "--port", str(self.port)]
        else:
            argv = [str(self._mosquitto), "-c", str(self.data_dir / "mosquitto.conf")]
        return ProcessSpec(name="broker", argv=argv, log=self.data_dir / "broker.log", stop_within=5.0)

    def ready(self) -> bool:
        """Whether it accepts a CONNECT now."""
        return accepts_connect("127.0.0.1", self.port)

    def stop(self) -> None:
        """End the broker that was entered as a context; a second call does nothing."""
        child, self._child = self._child, None
        if child is not None:
            child.stop()

    def __enter__(self) -> Self:
        self.prepare()
        self._child = Child(self.process())
        try:
            self._child.wait_ready(self.ready, within=_START_WITHIN_S)
        except BaseException:
            self._child.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def find_mosquitto() -> Path | None:
    """The installed mosquitto; Debian keeps it in /usr/sbin, outside an ordinary user's path."""
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def accepts_connect(host: str, port: int) -> bool:
    """Whether an MQTT broker accepts an anonymous session at this address."""
    try:
        with socket.create_connection((host, port), timeout=_PROBE_S) as connection:
            connection.sendall(_CONNECT)
            answer = connection.recv(len(_CONNACK_ACCEPTED), socket.MSG_WAITALL)
            connection.sendall(_DISCONNECT)
    except OSError:
        return False
    return answer == _CONNACK_ACCEPTED
