"""What the processes of a run have cost so far, from /proc; empty where there is none."""

import os
from pathlib import Path

from chejian.stack import Supervisor

_MEGABYTE = 1_000_000


def usage(supervisor: Supervisor) -> dict[str, dict[str, float]]:
    """Processor time [s] and resident memory [MB] by process; of a restarted one since its restart.

    Children count too (a database server's sessions); memory that they share with it counts once, as its own.
    """
    out = {}
    for name in supervisor.names():
        pid = supervisor.status(name).pid
        if pid is not None and (cost := _cost(pid)) is not None:
            out[name] = cost
    return out


def _cost(pid: int) -> dict[str, float] | None:
    root = Path("/proc", str(pid))
    try:
        children = (root / "task" / str(pid) / "children").read_text("ascii").split()
        pages = int((root / "statm").read_text("ascii").split()[1])
        ticks = sum(_ticks(Path("/proc", child)) for child in (str(pid), *children))
    except (OSError, ValueError, IndexError):
        return None  # it ended meanwhile, or the system has no such files
    memory = pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE
    return {"processor_s": round(ticks / os.sysconf("SC_CLK_TCK"), 1), "memory_mb": round(memory, 1)}


def _ticks(process: Path) -> int:
    """Ticks in user and kernel mode, with those of children that have ended."""
    fields = (process / "stat").read_text("ascii").rpartition(")")[2].split()
    return sum(int(field) for field in fields[11:15])
