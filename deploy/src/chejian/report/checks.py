"""A check and a report of checks."""

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


@dataclass(slots=True)
class Report:
    """All checks of one run, and facts about it that are not judged."""

    facts: dict[str, Any]
    checks: list[Check] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether every check holds; a report without checks does not."""
        return bool(self.checks) and all(c.ok for c in self.checks)

    def to_json(self) -> dict[str, Any]:
        """Plain data for a JSON file."""
        return {"ok": self.ok, "facts": self.facts, "checks": [asdict(c) for c in self.checks]}
