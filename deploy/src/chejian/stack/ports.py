"""Free TCP ports on the loopback interface."""

import socket
from pathlib import Path
from secrets import randbelow

_LOWEST = 15_000
"""Below lie the ports that people and packages choose by habit."""
_TRIES = 1_000
_KERNELS_OWN = Path("/proc/sys/net/ipv4/ip_local_port_range")

_reserved: list[int] = []
"""Descriptors of the sockets that reserve ports; open until this process ends."""


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody uses, kept from other callers until this process ends.

    The port lies below those that the kernel gives to connections that go out (`ip(7)`, `ip_local_port_range`): one of
    them would be taken now and then before the process it was chosen for binds it, or while that one is started again.
    Where the kernel leaves no room below, or does not tell its range (it is not Linux), it chooses, and nothing is reserved.
    """
    beyond = int(_KERNELS_OWN.read_text("ascii").split()[0]) if _KERNELS_OWN.exists() else 0
    if beyond - _LOWEST < _TRIES:
        return _kernels_choice()
    for _ in range(_TRIES):
        port = _LOWEST + randbelow(beyond - _LOWEST)
        if _reserve(port):
            return port
    raise OSError(f"none of {_TRIES} ports tried between {_LOWEST} and {beyond} of 127.0.0.1 is free")


def is_free(port: int) -> bool:
    """Whether nobody listens on a TCP port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _reserve(port: int) -> bool:
    """Reserve a port by an abstract socket of its number: seen by all processes that share these ports, gone with ours."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0chejian-port-{port}")
    except OSError:
        mark.close()
        return False
    if not is_free(port):
        mark.close()
        return False
    _reserved.append(mark.detach())
    return True


def _kernels_choice() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
