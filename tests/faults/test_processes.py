"""Killed and frozen processes, seen from outside."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.faults.processes import frozen, kill, tree
from tests.faults.waiting import until

TICKS = "import sys, time\nwhile True:\n    print(1, flush=True)\n    time.sleep(0.01)\n"


@contextmanager
def ticking() -> Iterator[subprocess.Popen[bytes]]:
    """A shell whose child writes a line every 10 ms."""
    command = ["sh", "-c", f'"{sys.executable}" -c "{TICKS}"; true']
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            yield process
        finally:
            for pid in reversed(tree(process.pid)):
                kill(pid)


def state(pid: int) -> str:
    """One letter of /proc: R or S runs, T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_killed_without_a_word() -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        kill(process.pid)
        assert process.wait(5) == -signal.SIGKILL


def test_a_frozen_tree_stands_still_and_goes_on() -> None:
    with ticking() as process:
        until(lambda: len(tree(process.pid)) == 2, 10, "the shell has started its child")
        with frozen(process.pid) as stopped:
            until(lambda: {state(pid) for pid in stopped} == {"T"}, 5, "both stand still")
            assert stopped == tree(process.pid)
        until(lambda: "T" not in {state(pid) for pid in stopped}, 5, "both go on")
        assert process.stdout is not None
        began = time.monotonic()
        assert process.stdout.readline() == b"1\n"
        assert time.monotonic() - began < 5


def test_what_dies_while_frozen_is_left_alone() -> None:
    with subprocess.Popen(["sleep", "60"]) as process, frozen(process.pid):
        kill(process.pid)
        assert process.wait(5) == -signal.SIGKILL
