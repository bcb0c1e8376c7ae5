"""Planted faults: found or missed, after how long, and what was named without being there."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from chejian.report.checks import Check, FaultVerdict
from chejian.report.evidence import (
    FALSE,
    MISSED,
    UNJUDGED,
    UNREACHED,
    Evidence,
    verdict_of,
    verdict_of_blocks,
)
from chejian.report.named import false_names, judge_channel, judge_imbalance
from chejian.report.thresholds import thresholds
from chejian.report.truth import HOUR_MS, Row

Judge = Callable[["Evidence", Row], FaultVerdict]


def judge_faults(evidence: Evidence) -> list[FaultVerdict]:
    """A verdict on each planted fault, and one on each name that no fault explains."""
    planted = [_judge(evidence, fault) for fault in evidence.truth.faults]
    return [*planted, *_false_parts(evidence), *_false_flags(evidence), *false_names(evidence)]


def check_faults(plant: str, verdicts: Iterable[FaultVerdict]) -> Iterator[Check]:
    """No fault of a kind that is judged is missed, and nothing is named that is not there."""
    found = list(verdicts)
    for verdict in (MISSED, FALSE):
        own = [f"{v.kind} {v.subject}" for v in found if v.verdict == verdict]
        yield Check(plant, f"faults {verdict}", not own, ", ".join(own) or "none", "none")


def _judge(evidence: Evidence, fault: Row) -> FaultVerdict:
    kind, onset = str(fault["kind"]), fault["onset_ms"]
    judge = _JUDGES.get(kind)
    if onset is None or onset >= evidence.closed_ms:
        return FaultVerdict(kind, fault["equipment"], onset, UNREACHED, None, "")
    if judge is None:
        return FaultVerdict(kind, fault["equipment"], onset, UNJUDGED, None, "")
    return judge(evidence, fault)


def _bearing(evidence: Evidence, fault: Row) -> FaultVerdict:
    """Found by the first block that names the right part; blocks before the onset are judged one by one."""
    code, part = str(fault["equipment"]), fault["part"]
    blocks = [w for w in evidence.truth.equipment[code].waveforms if w["part"] == part]
    found = evidence.diagnoses.get(code, {})
    named = [w for w in blocks if w["time_ms"] in found and found[w["time_ms"]]["part"] == part]
    if not blocks:
        return FaultVerdict("bearing", code, fault["onset_ms"], UNREACHED, None, "no motor tested since")
    return verdict_of_blocks(fault, str(part), blocks, named)


def _flagged(flag: str) -> Judge:
    def judge(evidence: Evidence, fault: Row) -> FaultVerdict:
        own = [
            w
            for w in evidence.hours(str(fault["equipment"]))
            if w.end_ms > fault["onset_ms"] and flag in w.measured["flags"]
        ]
        first = min((w.end_ms for w in own), default=None)
        return verdict_of(fault, first, f"flag {flag} in {len(own)} hours")

    return judge


def _reset(evidence: Evidence, fault: Row) -> FaultVerdict:
    is_meter = fault["equipment"] in evidence.truth.meters
    return _flagged("meter_reset" if is_meter else "counter_reset")(evidence, fault)


def _wrong_cycle(evidence: Evidence, fault: Row) -> FaultVerdict:
    """Shows only where the machine is faster than its ideal: a night without orders has no such hour."""
    code, onset = str(fault["equipment"]), int(fault["onset_ms"])
    faster = [
        w
        for w in evidence.hours(code)
        if w.end_ms > onset and w.truth and (w.truth["effectiveness"] or 0) > 1
    ]
    if not faster:
        text = "no hour faster than ideal since"
        return FaultVerdict("wrong_ideal_cycle", code, onset, UNREACHED, None, text)
    return _flagged("performance_above_100")(evidence, fault)


def _silence(evidence: Evidence, fault: Row) -> FaultVerdict:
    """Found when the closed hours show as much unknown time as the silence lasted, neither less nor much more."""
    code, signal = str(fault["equipment"]), fault["signal"]
    start, end = int(fault["onset_ms"]), min(int(fault["end_ms"]), evidence.closed_ms)
    hours = range(start // HOUR_MS * HOUR_MS, end, HOUR_MS)
    if signal is None:
        covered = {w.start_ms: w.measured["covered_us"] for w in evidence.hours(code)}
        step = evidence.truth.meters[code]["interval_ms"]
        least, most = float(end - start), end - start + thresholds().silence_steps.limit * step
    else:
        covered = dict(evidence.known_us.get((code, signal), {}))
        hold = thresholds().sensor_silence_s.limit * 1000
        least, most = end - start - hold, end - start + hold
    unknown = sum(HOUR_MS - covered.get(hour, HOUR_MS * 1000) / 1000 for hour in hours)
    text = f"no data for {unknown / 60_000:.1f} of {(end - start) / 60_000:.1f} min"
    return verdict_of(fault, hours[0] + HOUR_MS if least <= unknown <= most else None, text)


_JUDGES: Mapping[str, Judge] = {
    "bearing": _bearing,
    "imbalance": judge_imbalance,
    "filter_clogging": judge_channel,
    "drifting_sensor": judge_channel,
    "silent_sensor": _silence,
    "wrong_ideal_cycle": _wrong_cycle,
    "counter_reset": _reset,
    "meter_rollover": _flagged("meter_rollover"),
}


def _false_parts(evidence: Evidence) -> Iterator[FaultVerdict]:
    """Blocks of a sound bearing in which a part is named."""
    for code, machine in evidence.truth.equipment.items():
        found = evidence.diagnoses.get(code, {})
        named = [
            found[w["time_ms"]]
            for w in machine.waveforms
            if w["part"] is None and found.get(w["time_ms"], {}).get("part")
        ]
        if named:
            parts = ", ".join(sorted({str(row["part"]) for row in named}))
            yield FaultVerdict("bearing", code, None, FALSE, None, f"{parts} in {len(named)} sound blocks")


def _false_flags(evidence: Evidence) -> Iterator[FaultVerdict]:
    """Flags of faults that were not planted on that equipment."""
    flags = {
        "meter_reset": "counter_reset",
        "counter_reset": "counter_reset",
        "meter_rollover": "meter_rollover",
    }
    planted = {(str(f["equipment"]), str(f["kind"])) for f in evidence.truth.faults}
    for code in (*evidence.truth.equipment, *evidence.truth.meters):
        for flag, kind in flags.items():
            own = sum(flag in w.measured["flags"] for w in evidence.hours(code))
            if own and (code, kind) not in planted:
                yield FaultVerdict(kind, code, None, FALSE, None, f"flag {flag} in {own} hours")
