"""Truth against database, one function per promise; each returns checks and touches nothing."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chejian.report.checks import Check
from chejian.report.database import Row
from chejian.report.truth import EquipmentTruth, clip, merge_states

TRANSITION_MS = 1_000
"""A transition may be off by one second (acceptance of the first report)."""
OEE_TOLERANCE = 0.001
JUDGED_GRADES = frozenset({"Y1", "Y2"})
"""Smith & Randall grades that are diagnosable for the stated fault; others are shown, not judged."""

Runs = Sequence[tuple[int, int, int]]


def compare_states(truth: EquipmentTruth, found: Runs, start: int, end: int) -> Iterator[Check]:
    """State minutes and transitions over [start, end) ms."""
    want = clip(truth.states, start, end)
    have = merge_states(clip(found, start, end))
    no_data = sum(b - a for a, b, s in have if s == 0)
    covered = sum(b - a for a, b, _ in have)
    yield Check(truth.code, "states cover the time [ms]", covered == end - start, covered, end - start)
    yield Check(truth.code, "no data [ms]", no_data == 0, no_data, 0)
    same = len(want) == len(have) and all(w[2] == h[2] for w, h in zip(want, have, strict=False))
    yield Check(truth.code, "sequence of states", same, len(have), len(want))
    worst = max((abs(w[0] - h[0]) for w, h in zip(want, have, strict=False)), default=0) if same else None
    ok = worst is not None and worst <= TRANSITION_MS
    yield Check(truth.code, "largest transition error [ms]", ok, worst, f"<= {TRANSITION_MS}")
    for state in sorted({s for *_, s in want}):
        a, b = _total(want, state), _total(have, state)
        allowed = TRANSITION_MS * max(1, sum(1 for w in want if w[2] == state))
        yield Check(truth.code, f"time in state {state} [ms]", abs(a - b) <= allowed, b, a)


def _total(runs: Runs, state: int) -> int:
    return sum(b - a for a, b, s in runs if s == state)


def compare_hours(truth: EquipmentTruth, hours: Mapping[int, Row], end: int) -> Iterator[Check]:
    """Counts and OEE of every clock hour that closed before `end` ms, and their completeness."""
    closed = [h for h in truth.hours if h["end_ms"] <= end]
    counts, errors, missing, incomplete = [], [], [], []
    for want in closed:
        have = hours.get(want["start_ms"])
        if have is None:
            missing.append(want["start_ms"])
            continue
        counts += [k for k in ("produced", "good", "scrap") if int(have["inputs"][k]) != want[k]]
        errors.append(_difference(have["value"], want["oee"]))
        if want["oee"] is not None and have["completeness"] != 1:
            incomplete.append(want["start_ms"])
    yield Check(
        truth.code,
        "closed hours computed",
        not missing and bool(closed),
        len(closed) - len(missing),
        len(closed),
    )
    yield Check(truth.code, "hours whose counts differ", not counts, len(counts), 0)
    worst = max(errors, default=math.inf)
    yield Check(
        truth.code, "largest OEE error of an hour", worst <= OEE_TOLERANCE, worst, f"<= {OEE_TOLERANCE}"
    )
    yield Check(truth.code, "hours not complete", not incomplete, len(incomplete), 0)
    want_oee, have_oee = (
        _oee(closed),
        _oee([hours[h["start_ms"]]["inputs"] for h in closed if h["start_ms"] in hours]),
    )
    error = _difference(have_oee, want_oee)
    yield Check(truth.code, "OEE over all closed hours", error <= OEE_TOLERANCE, have_oee, want_oee)


def _difference(a: float | None, b: float | None) -> float:
    if a is None or b is None:
        return 0.0 if a is b else math.inf
    return abs(a - b)


def _oee(hours: Sequence[Mapping[str, Any]]) -> float | None:
    """A x E x Q from summed inputs (sums of parts, never a mean of OEE values)."""
    total = {
        k: sum(int(h[k]) for h in hours) for k in ("apt_us", "aust_us", "adet_us", "adot_us", "ideal_us")
    }
    produced, good = (sum(int(h[k]) for h in hours) for k in ("produced", "good"))
    pbt = total["apt_us"] + total["aust_us"] + total["adet_us"] + total["adot_us"]
    if not (pbt and total["apt_us"] and produced):
        return None
    return (total["apt_us"] / pbt) * (total["ideal_us"] / total["apt_us"]) * (good / produced)


def compare_counters(truth: EquipmentTruth, counters: Mapping[str, int]) -> Iterator[Check]:
    """Counters as last stored against all increments of the run, the open hour included."""
    for name, events in truth.counts.items():
        have = counters.get(f"{name}_count")
        yield Check(truth.code, f"counter {name}", have == len(events), have, len(events))


def compare_diagnoses(truth: EquipmentTruth, found: Mapping[int, Row]) -> Iterator[Check]:
    """Each vibration block of the run has a diagnosis; the judged ones name the right part."""
    if not truth.waveforms:
        return
    missing = [w["time_ms"] for w in truth.waveforms if w["time_ms"] not in found]
    yield Check(truth.code, "vibration blocks without a diagnosis", not missing, len(missing), 0)
    by_source: dict[str, list[tuple[Mapping[str, Any], Row]]] = {}
    for want in truth.waveforms:
        if want["time_ms"] in found:
            key = want["source"] if want["source"] != "model" else f"model, {want['part'] or 'healthy'}"
            by_source.setdefault(key, []).append((want, found[want["time_ms"]]))
    for source, pairs in sorted(by_source.items()):
        want = pairs[0][0]
        judged = want["source"] == "model" or want["part"] is None or want["grade"] in JUDGED_GRADES
        wrong = sorted({str(h["part"]) for w, h in pairs if h["part"] != w["part"]})
        label = f"diagnosis of {source}" + (f", grade {want['grade']}" if want["grade"] else "")
        parts = ", ".join(sorted({str(h["part"]) for _, h in pairs}))
        if judged:
            yield Check(truth.code, label, not wrong, f"{parts} ({len(pairs)} blocks)", str(want["part"]))
        else:
            yield Check(
                truth.code,
                label + " (shown, not judged)",
                True,
                f"{parts} ({len(pairs)} blocks)",
                str(want["part"]),
            )


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
