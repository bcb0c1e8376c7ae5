"""What a verdict on a planted fault is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chejian.report.checks import FaultVerdict, WindowFigures
from chejian.report.truth import HOUR_MS, Row, Truth

FOUND, MISSED, FALSE, UNREACHED, UNJUDGED = "found", "missed", "false", "not reached", "not judged yet"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the platform says of a plant.

    Attributes:
        truth: of the plant.
        closed_ms: end of closed time [ms].
        windows: figures of its machines and meters.
        diagnoses: by equipment and time of the block [ms].
        named: by equipment what shaft and process methods name: time_ms, part, signal.
        known_us: known time by (equipment, signal) and hour [ms] [us].
    """

    truth: Truth
    closed_ms: int
    windows: Sequence[WindowFigures]
    diagnoses: Mapping[str, Mapping[int, Row]]
    known_us: Mapping[tuple[str, str], Mapping[int, int]]
    named: Mapping[str, Sequence[Row]] = field(default_factory=dict)

    def hours(self, code: str) -> list[WindowFigures]:
        """Measured hours of an equipment."""
        return [w for w in self.windows if w.subject == code and w.kind == "hour" and w.measured]


def verdict_of(fault: Row, shown_ms: int | None, evidence: str) -> FaultVerdict:
    """A fault is found when something showed it [ms], and missed otherwise."""
    onset = int(fault["onset_ms"])
    delay = None if shown_ms is None else max(0, shown_ms - onset) / 1000
    verdict = MISSED if shown_ms is None else FOUND
    return FaultVerdict(str(fault["kind"]), str(fault["equipment"]), onset, verdict, delay, evidence)


def verdict_of_blocks(fault: Row, part: str, blocks: Sequence[Row], named: Sequence[Row]) -> FaultVerdict:
    """The same for a fault that only vibration blocks can show: how long there was none is a part of the delay, and told.

    Args:
        fault: planted.
        part: its name in diagnoses.
        blocks: waveforms of the truth that hold it, at least one, in order of time.
        named: those of them that were named so.
    """
    ends = [int(w["time_ms"] + 1000 * w["count"] / w["sample_rate"]) for w in named]
    waited = max(0, blocks[0]["time_ms"] - int(fault["onset_ms"])) / HOUR_MS
    seen = f"{part} named in {len(named)} of {len(blocks)} blocks, the first of them {waited:.2f} h after the onset"
    return verdict_of(fault, min(ends, default=None), seen)
