"""Errors of the edge.

EdgeError
├── DriverMissingError   the driver, or the library it needs, is not installed: fatal, the person installs it
├── AddressError         an address can't be read: fatal for the configuration, the person edits the file
├── SourceError          a source can't be reached or answered nonsense: retried with backoff, for ever
├── BufferCorruptError   the buffer file is damaged: moved aside at the next start, a new identity begins
└── BufferFullError      the disk takes no more: retried; sources wait, their queues count what overflows
"""


class EdgeError(Exception):
    """Base of all errors that the edge raises."""


class DriverMissingError(EdgeError):
    """A driver is unknown, or its protocol library is not installed; the text says what to install."""


class AddressError(EdgeError):
    """An address has not the form that its driver reads."""

    def __init__(self, address: str, allowed: str) -> None:
        self.address = address
        self.allowed = allowed
        super().__init__(f"address {address!r} is wrong; allowed: {allowed}")


class SourceError(EdgeError):
    """A source can't be reached, was lost, or refuses; the agent tries again."""


class BufferCorruptError(EdgeError):
    """The buffer's file is damaged."""


class BufferFullError(EdgeError):
    """The buffer's disk is full or read-only; nothing was committed."""
