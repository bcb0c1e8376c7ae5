"""Faults that are named by shaft and process methods: found with their delay, and every name that no fault explains."""

from collections.abc import Iterator, Mapping, Sequence

from chejian.report.checks import FaultVerdict
from chejian.report.evidence import FALSE, UNREACHED, Evidence, verdict_of, verdict_of_blocks
from chejian.report.thresholds import thresholds
from chejian.report.truth import HOUR_MS, Row

PARTS: Mapping[str, frozenset[str]] = {
    "imbalance": frozenset({"imbalance"}),
    "filter_clogging": frozenset({"filter_clogging"}),
    "drifting_sensor": frozenset({"drifting_sensor"}),
    "silent_sensor": frozenset({"silent_sensor"}),
}
"""What a planted kind may be called; anything else is a wrong name."""
WINDOW_MS = 24 * HOUR_MS
"""[ms] of a process window: a fault that is over stays in sight for so long."""


def judge_imbalance(evidence: Evidence, fault: Row) -> FaultVerdict:
    """Found by the first block since the onset whose shaft is called unbalanced."""
    code, onset = str(fault["equipment"]), int(fault["onset_ms"])
    blocks = [w for w in evidence.truth.equipment[code].waveforms if w["time_ms"] >= onset]
    if not blocks:
        return FaultVerdict("imbalance", code, onset, UNREACHED, None, "no motor tested since")
    called = {r["time_ms"] for r in evidence.named.get(code, ()) if r["part"] == "imbalance"}
    return verdict_of_blocks(fault, "imbalance", blocks, [w for w in blocks if w["time_ms"] in called])


def judge_channel(evidence: Evidence, fault: Row) -> FaultVerdict:
    """Found by the first full hour since the onset at which the right signal gets the right name."""
    code, kind, onset = str(fault["equipment"]), str(fault["kind"]), int(fault["onset_ms"])
    own = [
        r["time_ms"]
        for r in evidence.named.get(code, ())
        if r["part"] in PARTS[kind] and r["signal"] == fault["signal"] and r["time_ms"] > onset
    ]
    hours = (evidence.closed_ms - onset) / HOUR_MS
    if not own and hours < thresholds().process_fault_h.limit:
        return FaultVerdict(kind, code, onset, UNREACHED, None, f"only {hours:.1f} h since")
    return verdict_of(fault, min(own, default=None), f"{kind} named at {len(own)} of {hours:.0f} full hours")


def false_names(evidence: Evidence) -> Iterator[FaultVerdict]:
    """Names of shaft and process methods that no planted fault explains."""
    for code, rows in evidence.named.items():
        wrong: dict[tuple[str, str], int] = {}
        for row in rows:
            if not _explained(row, [f for f in evidence.truth.faults if f["equipment"] == code]):
                key = (str(row["part"]), str(row["signal"]))
                wrong[key] = wrong.get(key, 0) + 1
        for (part, signal), count in sorted(wrong.items()):
            yield FaultVerdict(part, code, None, FALSE, None, f"{part} of {signal} named {count} times")


def _explained(row: Row, faults: Sequence[Row]) -> bool:
    return any(_explains(fault, row) for fault in faults)


def _explains(fault: Row, row: Row) -> bool:
    onset, end = fault["onset_ms"], fault["end_ms"]
    return (
        row["part"] in PARTS.get(str(fault["kind"]), ())
        and fault["signal"] in (None, row["signal"])
        and onset is not None
        and onset <= row["time_ms"]
        and (end is None or row["time_ms"] <= end + WINDOW_MS)
    )
