"""What can go wrong with the embedded stack.

StackError
├── StartError       a process did not come up; carries the tail of its log
└── InUseError       another live process owns the data directory
"""

from pathlib import Path


class StackError(Exception):
    """Base of all errors of the embedded stack."""


class StartError(StackError):
    """A process died or did not answer before its deadline.

    Args:
        name: the process.
        reason: what was seen, in one sentence.
        log: its log file.
        tail: last lines of that file, may be empty.
    """

    def __init__(self, name: str, reason: str, *, log: Path, tail: str) -> None:
        self.name = name
        self.log = log
        lines = tail.rstrip() or "(the log is empty)"
        super().__init__(f"{name}: {reason}; last lines of {log}:\n{lines}")


class InUseError(StackError):
    """A data directory is owned by another running process."""
