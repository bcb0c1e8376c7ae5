"""Ports that are chosen for processes to come."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from chejian.stack import ports
from chejian.stack.ports import free_port, is_free


def test_no_connection_that_goes_out_can_take_it() -> None:
    """What the kernel hands out lies elsewhere, so that a process can be started late, or again."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text("ascii").split()[0])
    chosen = [free_port() for _ in range(20)]
    assert len(set(chosen)) == len(chosen)
    assert max(chosen) < lowest
    assert all(is_free(port) for port in chosen)


def test_kept_from_other_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes that would draw the same numbers get different ports, until the first one ends."""
    code = (
        "from chejian.stack import ports\n"
        "draws = iter([7, 8, 9, 10])\n"
        "ports.randbelow = lambda _: next(draws)\n"
        "print(ports.free_port(), flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin
        assert other.stdout
        theirs = int(other.stdout.readline())
        draws = iter([theirs - ports._LOWEST, 77, 78, 79, 80])
        monkeypatch.setattr(ports, "randbelow", lambda _: next(draws))
        ours = free_port()
        other.stdin.write("\n")
    assert ours != theirs
    monkeypatch.setattr(ports, "randbelow", lambda _: theirs - ports._LOWEST)
    assert free_port() == theirs


def test_not_one_that_is_listened_on() -> None:
    with socket.socket() as taken:
        taken.bind(("0.0.0.0", 0))
        taken.listen()
        used = taken.getsockname()[1]
        assert not is_free(used)
        assert not ports._reserve(used)
    assert ports._reserve(used)
    assert not ports._reserve(used)


def test_none_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_reserve", lambda _: False)
    with pytest.raises(OSError, match=r"none of 1000 ports tried between 15000 and \d+ of 127\.0\.0\.1"):
        free_port()


@pytest.mark.parametrize("told", ["1024\t65000\n", None])
def test_kernel_chooses_where_it_leaves_or_tells_no_room(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, told: str | None
) -> None:
    own = tmp_path / "range"
    if told:
        own.write_text(told)
    monkeypatch.setattr(ports, "_KERNELS_OWN", own)
    monkeypatch.setattr(ports, "_reserve", lambda _: pytest.fail("nothing is reserved"))
    assert is_free(free_port())
