"""The account of a buffer as `chejian-edge status` and /readyz show it."""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path

from chejian_edge.errors import EdgeError
from chejian_edge.ledger import Totals, read_totals
from chejian_edge.store import SCHEMA_VERSION, store_errors

Sources = Mapping[str, Mapping[str, object]]


def describe(totals: Totals, sources: Sources) -> dict[str, object]:
    """One flat table; `history_complete` when every source's gap has been read."""
    return {
        "ledger_id": totals.ledger_id,
        "produced_batches": totals.produced_batches,
        "produced_samples": totals.produced_samples,
        "acknowledged_batches": totals.acknowledged_batches,
        "acknowledged_samples": totals.acknowledged_samples,
        "in_flight_batches": totals.in_flight_batches,
        "in_flight_samples": totals.in_flight_samples,
        "lost": [list(r) for r in totals.lost],
        "lost_batches": totals.lost_batches,
        "lost_samples": totals.lost_samples,
        "oldest_unacknowledged_ms": totals.oldest_unacknowledged_ms,
        "history_complete": bool(sources) and all(s.get("history_complete") for s in sources.values()),
        "history_progress": _mean([s.get("history_progress") for s in sources.values()]),
        "sources": {name: dict(status) for name, status in sources.items()},
    }


def _mean(values: list[object]) -> float:
    numbers = [float(v) for v in values if isinstance(v, int | float)]
    return round(sum(numbers) / len(numbers), 4) if numbers else 0.0


def read_status(path: Path) -> dict[str, object]:
    """Read the account from the file, also while an agent writes it.

    Raises:
        EdgeError: there is no buffer, or it can't be read.
    """
    if not path.exists():
        raise EdgeError(f"no buffer at {path}; chejian-edge run makes it")
    with store_errors(path):
        db = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=10
        )
        try:
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if version != SCHEMA_VERSION:
                raise EdgeError(
                    f"buffer {path} has format {version}, not {SCHEMA_VERSION}; chejian-edge run converts it"
                )
            db.execute("BEGIN")  # one snapshot for all figures
            totals = read_totals(db)
            sources = {name: json.loads(text) for name, text in db.execute("SELECT name, status FROM source")}
        finally:
            db.close()
    return describe(totals, sources)
