"""Whether a plan's figures agree with each other: each check computed, beside what the plan states."""

from dataclasses import dataclass

from chejian_analytics.assessment.programme.plan import METHODS, Check, Plan


@dataclass(frozen=True, slots=True)
class Checked:
    """A check and what it came to.

    Attributes:
        check: of the plan.
        value: as computed.
        agrees: whether it is the stated figure as far as that is printed; None where the plan states nothing.
    """

    check: Check
    value: float
    agrees: bool | None


def check_figures(plan: Plan) -> tuple[Checked, ...]:
    """Compute all checks of a plan, in the order of the file."""
    return tuple(_checked(plan, check) for check in plan.checks)


def _checked(plan: Plan, check: Check) -> Checked:
    given = [plan.figures[name].value if name in plan.figures else float(name) for name in check.of]
    value = METHODS[check.method].function(*given)
    agrees = None if check.stated is None else abs(value - check.stated) <= check.within
    return Checked(check, value, agrees)
