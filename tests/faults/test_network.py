"""A cell reaches the machine over its cable, and no longer when that is cut."""

import socket
import subprocess
import sys
import threading

import pytest

from tests.faults.network import NetworkCell, has_netem
from tests.fixtures.fix_faults import MakeCell

pytestmark = pytest.mark.system
"""A cable that comes or goes makes browsers on the machine drop what they load: these run where no page is open."""

CLIENT = "import socket, sys\ns = socket.create_connection((sys.argv[1], int(sys.argv[2])), float(sys.argv[3]))\nprint(s.recv(5))"
SOON_S = 10.0
"""A cable that was just put in may lose the first packet while neighbours look for each other; TCP repeats it after 1 and 3 s."""

CUT_S = 0.5


def answering(address: str) -> socket.socket:
    """A server that greets whoever connects, on any free port."""
    server = socket.create_server((address, 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:  # closed: the test is over
                return
            with connection:
                connection.sendall(b"hello")

    threading.Thread(target=serve, daemon=True).start()
    return server


def reached(cell: NetworkCell, port: int, within_s: float = SOON_S) -> bool:
    argv = [sys.executable, "-c", CLIENT, cell.outside, str(port), str(within_s)]
    done = subprocess.run(cell.argv(argv), capture_output=True, text=True, timeout=20, check=False)
    return done.stdout.strip() == "b'hello'"


def namespaces() -> str:
    return subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True).stdout


def test_a_cut_cable_carries_nothing(network_cells: MakeCell) -> None:
    cell = network_cells()
    server = answering(cell.outside)
    port = server.getsockname()[1]
    assert reached(cell, port)
    with cell.cut():
        assert not reached(cell, port, CUT_S)
    assert reached(cell, port)
    server.shutdown(socket.SHUT_RDWR)
    server.close()


def test_two_cells_stand_side_by_side_and_go_away(network_cells: MakeCell) -> None:
    with NetworkCell() as one, NetworkCell() as other:
        names = {one.name, other.name}
        assert len({one.outside, one.inside, other.outside, other.inside}) == 4
        assert names <= {line.split()[0] for line in namespaces().splitlines()}
    assert not names & {line.split()[0] for line in namespaces().splitlines()}


def test_a_bad_line_where_the_kernel_can_make_one(network_cells: MakeCell) -> None:
    """Without netem the kernel must say so at once, and the line stays good."""
    cell = network_cells()
    server = answering(cell.outside)
    port = server.getsockname()[1]
    if has_netem():
        with cell.impaired(delay_ms=1, loss_percent=100):
            assert not reached(cell, port, CUT_S)
    assert reached(cell, port)
    server.shutdown(socket.SHUT_RDWR)
    server.close()
