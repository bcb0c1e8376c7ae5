"""Does each vibration block name the part that is damaged, and none where none is?"""

from collections.abc import Iterator, Mapping
from typing import Any

from chejian.report.checks import Check
from chejian.report.database import Row
from chejian.report.thresholds import thresholds
from chejian.report.truth import EquipmentTruth


def compare_diagnoses(truth: EquipmentTruth, found: Mapping[int, Row]) -> Iterator[Check]:
    """Each vibration block of the run has a diagnosis; the judged ones name the right part."""
    if not truth.waveforms:
        return
    grades = {f"Y{n}" for n in range(1, int(thresholds().bearing_grades.limit) + 1)}
    missing = [w["time_ms"] for w in truth.waveforms if w["time_ms"] not in found]
    yield Check(truth.code, "vibration blocks without a diagnosis", not missing, len(missing), 0)
    by_source: dict[str, list[tuple[Mapping[str, Any], Row]]] = {}
    for want in truth.waveforms:
        if want["time_ms"] in found:
            key = want["source"] if want["source"] != "model" else f"model, {want['part'] or 'healthy'}"
            by_source.setdefault(key, []).append((want, found[want["time_ms"]]))
    for source, pairs in sorted(by_source.items()):
        want = pairs[0][0]
        judged = want["source"] == "model" or want["part"] is None or want["grade"] in grades
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
