"""Put the report together from truth, database, edge and gateway."""

from collections.abc import Mapping, Sequence
from typing import Any

from chejian.report.checks import Report
from chejian.report.compare import (
    compare_counters,
    compare_diagnoses,
    compare_hours,
    compare_ledger,
    compare_states,
)
from chejian.report.database import Database
from chejian.report.truth import HOUR_MS, Truth


def build_report(
    truth: Truth,
    database: Database,
    *,
    edge: Mapping[str, Any],
    ledgers: Sequence[Mapping[str, Any]],
    facts: Mapping[str, Any],
) -> Report:
    """Compare a stopped run with its truth.

    Args:
        truth: written when the simulator froze.
        database: after edges have drained and dirty marks are gone.
        edge: `chejian-edge status --json`.
        ledgers: `chejian-gateway ledger --json`.
        facts: more about the run, shown and not judged.
    """
    closed = truth.end_ms // HOUR_MS * HOUR_MS
    rows = database.rows(truth.group, truth.node)
    report = Report(
        {**facts, "seed": truth.seed, "epoch_ms": truth.epoch_ms, "end_ms": truth.end_ms, "closed_ms": closed}
    )
    report.facts["rows"] = {table: count for table, (count, _) in rows.items()}
    report.checks += compare_ledger({**edge, "node": truth.node}, ledgers, rows)
    for code, machine in sorted(truth.equipment.items()):
        states = database.states(code)
        until = min(truth.end_ms, max((b for _, b, _ in states), default=0))
        report.checks += compare_states(machine, states, truth.epoch_ms, max(until, closed))
        report.checks += compare_hours(machine, database.hours(code), closed)
        report.checks += compare_counters(machine, database.counters(truth.group, truth.node, code))
        report.checks += compare_diagnoses(machine, database.diagnoses(code))
    return report
