"""Figures of a region made of those of its enterprises, as the national indicators define them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from chejian_analytics.assessment.definition import Item, Scale, Standard


def for_region(standard: Standard) -> Standard:
    """A standard as a region answers it: what single enterprises answer by yes or no is there a share of enterprises.

    Id, version and digest stay those of the file.

    Args:
        standard: of the subject "region".

    Raises:
        ValueError: it is for another subject.
    """
    if standard.subject != "region":
        raise ValueError(f"{standard.id}: is for a {standard.subject}; allowed: standards for a region")
    return replace(
        standard,
        items=tuple(replace(item, scale=Scale.SHARE) if item.aggregate else item for item in standard.items),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionalFigure:
    """A figure of a region.

    Attributes:
        item: its id.
        value: mean of shares, or share of enterprises that have it; None: nobody answered.
        answered: enterprises with an answer.
        asked: enterprises asked; answered / asked is the completeness.
    """

    item: str
    value: Fraction | None
    answered: int
    asked: int


def regional_figure(item: Item, values: Sequence[Fraction | None]) -> RegionalFigure:
    """An item's figure for a region: each enterprise counts the same, whatever its size.

    Args:
        item: whose `aggregate` says how: "mean" of shares, or "share" of enterprises with a yes; both are the mean
            of numbers from 0 to 1.
        values: one for each enterprise asked; None where it gave no answer.

    Raises:
        ValueError: the item has no rule for regions, or a value is not from 0 to 1.
    """
    if not item.aggregate:
        raise ValueError(f"{item.id}: has no rule for regions; allowed: items with aggregate mean or share")
    known = [value for value in values if value is not None]
    if wrong := [value for value in known if not 0 <= value <= 1]:
        raise ValueError(f"{item.id}: value {wrong[0]}; allowed: 0 to 1")
    return RegionalFigure(
        item=item.id,
        value=sum(known, Fraction(0)) / len(known) if known else None,
        answered=len(known),
        asked=len(values),
    )
