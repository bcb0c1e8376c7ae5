"""A network of one's own for a process, joined to the machine by one cable that can be cut."""

import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from types import TracebackType
from typing import Self

_NUMBERS = count()
_SLOTS = 64 * 256
"""Networks of four addresses in 10.213.0.0/16; the process id spreads runs that go on at the same time."""


def _run(*argv: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, capture_output=True, text=True, check=check)


class NetworkCell:
    """A network namespace and a veth pair; a context manager that leaves nothing behind.

    Attributes:
        name: of the namespace.
        outside: address of the machine on the cable; servers for the cell listen there.
        inside: address of the cell.
    """

    def __init__(self) -> None:
        number = next(_NUMBERS)
        self.name = f"chejian-{os.getpid()}-{number}"
        slot = (os.getpid() * 8 + number) % _SLOTS
        self._network = f"10.213.{slot // 64}.{slot % 64 * 4}"
        prefix, _, last = self._network.rpartition(".")
        self.outside = f"{prefix}.{int(last) + 1}"
        self.inside = f"{prefix}.{int(last) + 2}"
        self._cable = f"cj{slot:x}"

    def __enter__(self) -> Self:
        _run("ip", "netns", "add", self.name)
        try:
            _run(
                "ip", "link", "add", self._cable, "type", "veth", "peer", "name", "cable", "netns", self.name
            )
            _run("ip", "address", "add", f"{self.outside}/30", "dev", self._cable)
            _run("ip", "link", "set", self._cable, "up")
            _run("ip", "-n", self.name, "address", "add", f"{self.inside}/30", "dev", "cable")
            for device in ("lo", "cable"):
                _run("ip", "-n", self.name, "link", "set", device, "up")
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def _remove(self) -> None:
        _run("ip", "link", "delete", self._cable, check=False)  # the namespace would take it along, but later
        _run("ip", "netns", "delete", self.name)

    def argv(self, argv: Sequence[str]) -> list[str]:
        """The command that runs `argv` inside; the process keeps its id."""
        return ["nsenter", f"--net=/run/netns/{self.name}", "--", *argv]

    @contextmanager
    def cut(self) -> Iterator[None]:
        """No packet passes and nobody is told: connections hang, as with a broken switch."""
        _run("ip", "link", "set", self._cable, "down")
        try:
            yield
        finally:
            _run("ip", "link", "set", self._cable, "up")

    @contextmanager
    def impaired(self, *, delay_ms: int, loss_percent: int) -> Iterator[None]:
        """A bad line in both directions: late and lossy. Needs netem, see `has_netem`."""
        netem = ("root", "netem", "delay", f"{delay_ms}ms", "loss", f"{loss_percent}%")
        sides = (("tc", "qdisc"), ("tc", "-n", self.name, "qdisc"))
        devices = (self._cable, "cable")
        for side, device in zip(sides, devices, strict=True):
            _run(*side, "add", "dev", device, *netem)
        try:
            yield
        finally:
            for side, device in zip(sides, devices, strict=True):
                _run(*side, "delete", "dev", device, "root")


def has_netem() -> bool:
    """Whether the kernel can make a line bad; asked on a device of our own."""
    with NetworkCell() as cell:
        asked = _run(
            "tc", "-n", cell.name, "qdisc", "add", "dev", "lo", "root", "netem", "loss", "1%", check=False
        )
        return asked.returncode == 0


def can_make_cells() -> bool:
    """Whether this machine lets us make network namespaces."""
    if os.geteuid() != 0:
        return False
    try:
        with NetworkCell():
            return True
    except (OSError, subprocess.CalledProcessError):
        return False
