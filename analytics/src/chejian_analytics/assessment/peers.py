"""Comparison with peers that names nobody: small groups are not shown, and not deducible from what is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

MIN_PEERS = 5
"""Least number of others in a group that is shown; project default."""

_QUARTERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Where a value stands among others. Least and greatest values are never told: they belong to somebody.

    Attributes:
        others: number of peers, without oneself; None: suppressed.
        quartiles: lower quartile, median, upper quartile of the peers; None: suppressed.
        below: peers with a smaller value; None: suppressed.
        equal: peers with the same value; None: suppressed.
        reason: why it is suppressed; "" where it is not.
    """

    others: int | None
    quartiles: tuple[Fraction, Fraction, Fraction] | None = None
    below: int | None = None
    equal: int | None = None
    reason: str = ""


def compare(own: Fraction, others: Sequence[Fraction], *, min_peers: int = MIN_PEERS) -> Comparison:
    """A value beside those of its peers.

    Args:
        own: one's own value.
        others: those of the peers, without one's own, in any order.
        min_peers: least number of others, from 3: with fewer, quartiles are single enterprises.

    Returns:
        Quartiles interpolate linearly between order statistics (Hyndman and Fan 1996, type 7).

    Raises:
        ValueError: `min_peers` is below 3.
    """
    if min_peers < 3:  # noqa: PLR2004 - see the docstring
        raise ValueError(f"min_peers {min_peers}; allowed: from 3")
    if len(others) < min_peers:
        return Comparison(others=None, reason=f"fewer than {min_peers} others")
    ordered = sorted(others)
    lower, median, upper = (_quantile(ordered, Fraction(k, _QUARTERS)) for k in (1, 2, 3))
    return Comparison(
        others=len(ordered),
        quartiles=(lower, median, upper),
        below=sum(value < own for value in ordered),
        equal=sum(value == own for value in ordered),
    )


def _quantile(ordered: Sequence[Fraction], part: Fraction) -> Fraction:
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One group of a table whose total is shown.

    Attributes:
        count: members; None: suppressed.
        value: mean of the members; None: suppressed, or no members.
        reason: why it is suppressed; "" where it is not.
    """

    count: int | None
    value: Fraction | None
    reason: str = ""


def table(groups: Mapping[str, Sequence[Fraction]], *, min_count: int = MIN_PEERS) -> dict[str, Cell]:
    """Means by group, small groups suppressed so that their total gives nothing away.

    Groups of 1 to `min_count` - 1 members are suppressed. What is suppressed can be had as a sum, from the total; where
    that sum has fewer than `min_count` members, the next smallest group is suppressed, too, until it has enough.
    Empty groups are shown as empty: nobody is in them.

    Args:
        groups: values by group; the groups do not overlap.
        min_count: least number of members that is shown, from 2.

    Raises:
        ValueError: `min_count` is below 2.
    """
    if min_count < 2:  # noqa: PLR2004 - see the docstring
        raise ValueError(f"min_count {min_count}; allowed: from 2")
    by_size = sorted((len(values), name) for name, values in groups.items() if values)
    hidden = {name: f"fewer than {min_count} members" for size, name in by_size if size < min_count}
    left = [(size, name) for size, name in by_size if name not in hidden]
    while hidden and left and _known_sum(groups, hidden, min_count):
        hidden[left.pop(0)[1]] = "would give a smaller group away"
    return {
        name: Cell(count=None, value=None, reason=hidden[name])
        if name in hidden
        else Cell(count=len(values), value=sum(values, Fraction(0)) / len(values) if values else None)
        for name, values in groups.items()
    }


def _known_sum(groups: Mapping[str, Sequence[Fraction]], hidden: Mapping[str, str], min_count: int) -> bool:
    """Whether the total gives away a single group, or a sum of too few members."""
    return len(hidden) == 1 or sum(len(groups[name]) for name in hidden) < min_count
