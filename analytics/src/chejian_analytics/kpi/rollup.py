"""OEE of a longer window, or of several equipment, from the parts: numerators and denominators are added."""

from collections.abc import Collection, Sequence
from operator import attrgetter

from chejian_analytics.kpi.oee import TERMS, Flag, OeeResult, OeeTerms, oee

_terms = attrgetter(*TERMS)


def rollup(parts: Sequence[OeeResult]) -> OeeResult:
    """Add results and divide again; the mean of OEE values is not an OEE (ISO 22400-2:2014, period roll-up).

    Splitting a window and rolling its pieces up gives the whole window's result. A count that one part lacks is
    summed over the others; the flags say so: no_counts in some parts only becomes counts_partial.

    Args:
        parts: results of disjoint windows of one equipment, or of several equipment.

    Raises:
        ValueError: when there is no part.
    """
    if len(parts) == 1:
        return parts[0]
    return rollup_terms([_terms(part) for part in parts], [part.flags for part in parts])


def rollup_terms(terms: Sequence[tuple[int | None, ...]], flags: Sequence[Collection[str]]) -> OeeResult:
    """`rollup` of parts whose own ratios nobody asks for.

    Args:
        terms: of each part, in the order of `TERMS`.
        flags: of each part.

    Raises:
        ValueError: when there is no part.
    """
    if not terms:
        raise ValueError("rollup needs at least one part")
    sums = {name: _added(values) for name, values in zip(TERMS, zip(*terms, strict=True), strict=True)}
    told = {flag for own in flags for flag in own}
    if Flag.NO_COUNTS in told and not all(Flag.NO_COUNTS in own for own in flags):
        told = (told - {Flag.NO_COUNTS}) | {Flag.COUNTS_PARTIAL}
    return oee(OeeTerms(**sums), told)  # type: ignore[arg-type]  # times are never None in a part


def _added(values: Sequence[int | None]) -> int | None:
    try:
        return sum(values)  # type: ignore[arg-type]  # mostly there is no None, and looking for one takes longer
    except TypeError:
        told = [v for v in values if v is not None]
        return sum(told) if told else None
