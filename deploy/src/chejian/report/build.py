"""Put the report together from truths, database, edges and gateway."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from chejian.report.checks import Check, Report, WindowFigures
from chejian.report.database import Database
from chejian.report.diagnoses import compare_diagnoses
from chejian.report.energy import compare_meter, compare_shares, meter_figures
from chejian.report.evidence import Evidence
from chejian.report.faults import check_faults, judge_faults
from chejian.report.ledger import compare_ledger
from chejian.report.states import compare_states
from chejian.report.thresholds import thresholds
from chejian.report.truth import EquipmentTruth, Truth
from chejian.report.windows import PARTS, compare_counts, compare_windows, most_transitions, window_figures


@dataclass(frozen=True, slots=True)
class Accounts:
    """What edges and gateway say about batches.

    Attributes:
        edges: `chejian-edge status --json` of each workshop, in the order of the truths.
        ledgers: `chejian-gateway ledger --json`.
    """

    edges: Sequence[Mapping[str, Any]]
    ledgers: Sequence[Mapping[str, Any]]


def has_arrived(database: Database, truth: Truth) -> bool:
    """Whether the last changes of a frozen plant are in the database."""
    last = {code: machine.last_changes() for code, machine in truth.equipment.items()}
    for code, meter in truth.meters.items():
        last[code] = {TOTALS[meter["carrier"]]: meter["last"][0]} if meter["last"] else {}
    return all(
        database.last_time(truth.group, truth.node, code, role) >= time_ms
        for code, roles in last.items()
        for role, time_ms in roles.items()
    )


TOTALS = {
    "electricity": "active_energy",
    "steam": "steam_total",
    "water": "water_total",
    "gas": "gas_total",
    "compressed_air": "compressed_air_total",
}
"""Role of a meter's counter by the carrier's name in the truth."""


def build_report(
    truths: Sequence[Truth], database: Database, *, accounts: Accounts, facts: Mapping[str, Any]
) -> Report:
    """Compare a stopped run with its truth.

    Args:
        truths: of the plants, written when the simulators froze.
        database: after edges have drained and dirty marks are gone.
        accounts: of edges and gateway.
        facts: more about the run, shown and not judged.
    """
    first = truths[0]
    report = Report(
        {**facts, "seed": first.seed, "epoch_ms": first.epoch_ms}, thresholds=asdict(thresholds())
    )
    for truth, edge in zip(truths, accounts.edges, strict=True):
        _plant(report, truth, database, edge, accounts.ledgers)
    return report


def _plant(
    report: Report,
    truth: Truth,
    database: Database,
    edge: Mapping[str, Any],
    ledgers: Sequence[Mapping[str, Any]],
) -> None:
    closed = truth.closed_ms
    rows = database.rows(truth.group, truth.node)
    report.facts[truth.plant] = {
        "end_ms": truth.end_ms,
        "closed_ms": closed,
        "rows": {table: count for table, (count, _) in rows.items()},
    }
    report.checks += compare_ledger({**edge, "node": truth.node}, ledgers, rows)
    windows: list[WindowFigures] = []
    for machine in truth.equipment.values():
        windows += _machine(report, truth, machine, database)
    for code in truth.meters:
        windows += _meter(report, truth, code, database)
    report.windows += windows
    signals = [(f["equipment"], f["signal"]) for f in truth.faults if f["signal"]]
    evidence = Evidence(
        truth,
        closed,
        windows,
        {code: database.diagnoses(code) for code in truth.equipment},
        {(code, name): database.known(truth.group, truth.node, code, name) for code, name in signals},
        {code: database.named(code) for code in truth.equipment},
    )
    verdicts = judge_faults(evidence)
    report.faults += verdicts
    report.checks += check_faults(truth.plant, verdicts)


def _machine(
    report: Report, truth: Truth, machine: EquipmentTruth, database: Database
) -> list[WindowFigures]:
    closed = truth.closed_ms
    states = database.states(machine.code)
    until = min(truth.end_ms, max((b for _, b, _ in states), default=0))
    report.checks += compare_states(machine, states, truth.epoch_ms, max(until, closed))
    windows = []
    for kind in ("hour", "shift"):
        figures = window_figures(machine, kind, database.windows(machine.code, kind, PARTS), closed)
        windows += figures
        report.checks += compare_windows(machine.code, kind, figures, most_transitions(machine, figures))
    report.checks += compare_counts(machine, database.counts(truth.group, truth.node, machine.code))
    report.checks += compare_diagnoses(machine, database.diagnoses(machine.code))
    return windows


def _meter(report: Report, truth: Truth, code: str, database: Database) -> list[WindowFigures]:
    closed = truth.closed_ms
    meter, found = truth.meters[code], database.energy(code)
    windows = meter_figures(truth, code, found, closed)
    report.checks += compare_meter(truth, code, windows, found)
    report.checks += compare_shares(truth, code, found, closed)
    span = (meter["first"][0], meter["last"][0])
    readings = database.readings(truth.group, truth.node, code, TOTALS[meter["carrier"]], span)
    report.checks.append(
        Check(code, "readings of the meter", readings == meter["records"], readings, meter["records"])
    )
    if "replay" in meter:
        replay = meter["replay"]
        report.facts[f"recording on {code}"] = replay
        played = database.readings(
            truth.group,
            truth.node,
            code,
            TOTALS[meter["carrier"]],
            (replay["start_ms"] + 1, replay["end_ms"]),
        )
        report.checks.append(
            Check(code, "rows of the recording", played == replay["rows"], played, replay["rows"])
        )
    return windows
