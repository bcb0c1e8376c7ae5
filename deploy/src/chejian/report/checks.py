"""A check, a figure and a report of both."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Check:
    """One statement about the run.

    Attributes:
        subject: equipment or node code, "" for the whole chain.
        name: what is compared.
        ok: whether it holds.
        measured: what the database says.
        expected: what the truth or the rule says.
    """

    subject: str
    name: str
    ok: bool
    measured: Any
    expected: Any


@dataclass(frozen=True, slots=True)
class WindowFigures:
    """What an equipment or meter did in one closed window: by the truth and as measured, name by name.

    Attributes:
        subject: equipment code.
        kind: "hour" or "shift".
        code: of the shift, "" for an hour.
        start_ms: [ms since 1970 UTC].
        end_ms: likewise.
        truth: figures by name.
        measured: the same names; empty when the database has no such window.
    """

    subject: str
    kind: str
    code: str
    start_ms: int
    end_ms: int
    truth: Mapping[str, Any]
    measured: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FaultVerdict:
    """What became of a planted fault, or of an alarm without one.

    Attributes:
        kind: of fault.
        subject: equipment code.
        onset_ms: [ms since 1970 UTC]; None: not yet, or not planted.
        verdict: "found", "missed", "false", "not reached" (its onset lies behind the end of closed time) or "not
            judged yet" (no method looks for it).
        delay_s: from the onset to the end of the first block or window that shows it [s].
        evidence: what shows it, for people.
    """

    kind: str
    subject: str
    onset_ms: int | None
    verdict: str
    delay_s: float | None
    evidence: str


@dataclass(slots=True)
class Report:
    """All checks of one run, the figures and verdicts behind them, and facts about it that are not judged."""

    facts: dict[str, Any]
    checks: list[Check] = field(default_factory=list)
    windows: list[WindowFigures] = field(default_factory=list)
    faults: list[FaultVerdict] = field(default_factory=list)
    thresholds: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether every check holds; a report without checks does not."""
        return bool(self.checks) and all(c.ok for c in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON file."""
        return {"ok": self.ok, **asdict(self)}
