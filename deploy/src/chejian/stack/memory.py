"""How much memory this process may count on."""

import os
from pathlib import Path

# Limit of the control group this process runs in (version 2); containers see the machine's size otherwise.
_CGROUP_LIMIT = Path("/sys/fs/cgroup/memory.max")


def memory_bytes(limit_file: Path = _CGROUP_LIMIT) -> int:
    """Physical memory of the machine, or the container's limit where that is smaller [bytes]."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        text = limit_file.read_text(encoding="ascii").strip()
    except OSError:
        return machine
    return min(machine, int(text)) if text.isdecimal() else machine
