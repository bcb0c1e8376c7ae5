"""Freed memory that a process keeps."""

import ctypes
import subprocess
import sys

import pytest
from chejian_contract import memory

FRESH = """
import resource, sys
import numpy as np
from chejian_contract.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
def work():
    for _ in range(12):
        a, b, c = (np.ones(150_000) for _ in range(3))
work()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
work()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", FRESH, how], capture_output=True, text=True, check=True)
    return int(done.stdout)


def test_arrays_come_from_what_was_freed() -> None:
    """Pages that the system has to clear for the same arrays again: none, or hundreds an array."""
    assert faults("keep") < 100
    assert faults("give back") > 1_000


def test_nothing_is_changed_without_glibc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: object())
    assert memory.keep_freed_memory() is False
