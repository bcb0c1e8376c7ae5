"""Processes that die without a word, or stand still for a time."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def kill(pid: int) -> None:
    """Send SIGKILL: no handler runs, nothing is flushed."""
    os.kill(pid, signal.SIGKILL)


def tree(pid: int) -> list[int]:
    """A process and all its descendants, parents first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # processes come and go while we look
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))
    found = [pid]
    for one in found:
        found += children.get(one, [])
    return found


@contextmanager
def frozen(pid: int) -> Iterator[list[int]]:
    """Stop a process and its descendants; they go on at the end of the block. Sockets stay open meanwhile.

    What dies inside the block is left alone at its end.
    """
    stopped: list[int] = []
    try:
        for one in tree(pid):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGSTOP)
                stopped.append(one)
        yield stopped
    finally:
        for one in stopped:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)
