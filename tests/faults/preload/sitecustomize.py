"""Read at the start of each Python process under a `FakeClock`: makes `time.sleep` work there.

Python sleeps until a moment of the monotonic clock (clock_nanosleep, absolute, since 3.11), which libfaketime 0.9.10
turns into EINVAL. A wait of `select` without descriptors is relative, and left alone.
"""

import select
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex, /) -> None:
    seconds = seconds if isinstance(seconds, float) else seconds.__index__()
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    select.select([], [], [], seconds)


time.sleep = _sleep
