"""The report as text for people."""

from chejian.report.checks import Report


def render(report: Report) -> str:
    """A table: one line per check, failures marked, the verdict last."""
    rows = [("", "subject", "check", "measured", "expected")]
    rows += [
        ("ok" if c.ok else "FAIL", c.subject, c.name, _short(c.measured), _short(c.expected))
        for c in report.checks
    ]
    widths = [max(len(r[i]) for r in rows) for i in range(5)]
    lines = ["  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in rows]
    failed = sum(not c.ok for c in report.checks)
    verdict = "all checks hold" if report.ok else f"{failed} of {len(report.checks)} checks fail"
    facts = "\n".join(f"{k}: {v}" for k, v in report.facts.items())
    return "\n".join([facts, *lines, verdict])


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
