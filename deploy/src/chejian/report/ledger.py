"""Is every produced sample stored, exactly once?"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chejian.report.checks import Check


def compare_ledger(
    edge: Mapping[str, Any], gateway: Sequence[Mapping[str, Any]], rows: Mapping[str, tuple[int, int]]
) -> Iterator[Check]:
    """Produced = stored + dead + lost, nothing in flight, nothing doubled."""
    node = str(edge["node"])
    mine = [g for g in gateway if g["ledger_id"] == edge["ledger_id"]]
    stored_rows = sum(r for r, _ in rows.values())
    distinct = sum(d for _, d in rows.values())
    ledger = mine[0] if mine else {}
    produced, samples = edge["produced_batches"], edge["produced_samples"]
    yield Check(
        node,
        "batches stored",
        ledger.get("stored_batches") == produced,
        ledger.get("stored_batches"),
        produced,
    )
    yield Check(
        node,
        "samples stored by the ledger",
        ledger.get("stored_samples") == samples,
        ledger.get("stored_samples"),
        samples,
    )
    yield Check(node, "rows in the database", stored_rows == samples, stored_rows, samples)
    yield Check(node, "rows doubled", stored_rows == distinct, stored_rows - distinct, 0)
    yield Check(
        node,
        "batches lost",
        ledger.get("lost_batches") == 0 and not edge["lost"],
        ledger.get("lost_batches"),
        0,
    )
    yield Check(
        node, "batches in dead letters", ledger.get("dead_batches") == 0, ledger.get("dead_batches"), 0
    )
    yield Check(node, "batches in flight", edge["in_flight_batches"] == 0, edge["in_flight_batches"], 0)
