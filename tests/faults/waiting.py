"""Waiting for a condition with a deadline."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], within: float, what: str, *, every: float = 0.02) -> None:
    """Look again and again until it holds.

    Args:
        condition: quick look.
        within: deadline [s].
        what: for the message.
        every: pause between two looks [s]; longer where a look costs something.
    """
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        time.sleep(every)
