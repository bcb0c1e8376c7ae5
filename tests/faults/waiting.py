"""Waiting for a condition with a deadline."""

import time
from collections.abc import Callable


def until(condition: Callable[[], object], within: float, what: str) -> None:
    """Look again and again until it holds.

    Args:
        condition: quick look.
        within: deadline [s].
        what: for the message.
    """
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, f"not within {within:g} s: {what}"
        time.sleep(0.02)
