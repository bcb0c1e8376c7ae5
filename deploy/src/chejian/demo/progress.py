"""Where a run stands: read from the edge and the database, shown as one line."""

import http.client
import json
import sys
import time
from dataclasses import dataclass
from typing import Any

from chejian.demo.chain import Chain
from chejian.report.database import Database

_HOUR_MS = 3_600_000
_LINE_EVERY_S = 5.0
"""Pause between two lines where the output is no terminal [s]."""


@dataclass(frozen=True, slots=True)
class Progress:
    """A moment of a run.

    Attributes:
        history: share of the history that the edges have read, 0 to 1.
        complete: whether all of it is in their buffers.
        in_flight: batches of the edge that waits for most acknowledgements.
        stored: samples in the database.
        marks: closed hours whose figures are still to be computed.
        undiagnosed: vibration blocks without a diagnosis.
    """

    history: float
    complete: bool
    in_flight: int
    stored: int
    marks: int
    undiagnosed: int

    @property
    def filled(self) -> bool:
        """Whether history is read, stored, computed and diagnosed."""
        return self.complete and self.in_flight <= _LIVE_IN_FLIGHT and not (self.marks or self.undiagnosed)

    def line(self) -> str:
        """One line for people."""
        share = f"{100 * self.history:3.0f} %"
        waiting = f"hours to compute {self.marks}, vibration blocks to diagnose {self.undiagnosed}"
        return f"history read {share}, stored {self.stored:,} samples, in flight {self.in_flight} batches, {waiting}"


_LIVE_IN_FLIGHT = 60
"""Batches that live data alone keeps in flight at one acknowledgement a second and node."""


def read_json(port: int, path: str) -> dict[str, Any]:
    """GET a JSON page of a process on this machine; {} while it does not answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        data = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return {}
    finally:
        connection.close()
    return data if isinstance(data, dict) else {}


def look(chain: Chain, database: Database) -> Progress:
    """Take a look at the run."""
    edges = [read_json(workshop.ports["edge"], "/readyz") for workshop in chain.workshops]
    hour_ms = int(time.time() * 1000) // _HOUR_MS * _HOUR_MS
    return Progress(
        history=sum(float(edge.get("history_progress", 0.0)) for edge in edges) / len(edges),
        complete=all(edge.get("history_complete", False) for edge in edges),
        in_flight=max(int(edge.get("in_flight_batches", 0)) for edge in edges),
        stored=database.stored_samples(),
        marks=database.marks(closed_before_ms=hour_ms),
        undiagnosed=database.undiagnosed(),
    )


class Line:
    """Writes progress: over and over on a terminal, now and then elsewhere."""

    def __init__(self) -> None:
        self._started = self._last = time.monotonic()
        self._terminal = sys.stderr.isatty()

    def show(self, text: str, *, force: bool = False) -> None:
        """Show the newest state."""
        now = time.monotonic()
        if not (force or self._terminal or now - self._last >= _LINE_EVERY_S):
            return
        self._last = now
        stamp = f"[{now - self._started:5.0f} s] {text}"
        sys.stderr.write(f"\r\x1b[K{stamp}" if self._terminal and not force else f"{stamp}\n")
        sys.stderr.flush()
