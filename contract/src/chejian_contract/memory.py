"""Memory that a long-running process has freed stays its own, so that it is not asked of the system again and again."""

import ctypes

KEPT_BYTES = 256 << 20
"""Most that stays at the end of the heap after it was freed; what was freed beyond goes back to the system."""
_LARGEST_ON_HEAP = 32 << 20
"""Larger blocks are mapped one by one and go back when they are freed; the most that glibc allows."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Names of the settings in `malloc.h`; the same on all architectures."""


def keep_freed_memory() -> bool:
    """Tell glibc to keep freed memory for the next request.

    A window of some seconds takes a dozen arrays of a megabyte. By default each comes from the system anew and is cleared page
    by page at its first use, which took half of the time of a diagnosis (`benchmarks.diagnosis`). The price: the process stays
    as large as it was at its busiest, by up to `KEPT_BYTES`.

    Returns:
        Whether it holds now; False on a system without glibc, where nothing is changed.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST_ON_HEAP) and mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES))
