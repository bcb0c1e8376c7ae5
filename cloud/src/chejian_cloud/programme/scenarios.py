"""HTTP routes of the scenario calculator: nothing is stored, and nothing but the numbers given is used."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Annotated, TypeVar

from chejian_analytics.assessment.programme import (
    Sector,
    count_scenario,
    intensity_scenario,
    sector_scenario,
)
from fastapi import APIRouter, Query

from chejian_cloud.errors import InvalidValueError
from chejian_cloud.programme.schemas import CountOut, IntensityOut, SectorsOut

router = APIRouter(tags=["programme"])

_Found = TypeVar("_Found")
_MOST = 50
"""Years or sectors of a scenario."""
_LEAST = 1e-6
"""Of amounts: what is divided by less is no figure of a plan."""
Growth = Annotated[float, Query(gt=-1, le=10)]
Positive = Annotated[float, Query(ge=_LEAST, le=1e12, examples=[4975])]
Changes = Annotated[
    list[Annotated[float, Query(gt=-1, le=10)]], Query(min_length=1, max_length=_MOST, examples=[[-0.02]])
]
Amounts = Annotated[
    list[Annotated[float, Query(ge=_LEAST, le=1e12)]], Query(min_length=1, max_length=_MOST, examples=[[100]])
]
Names = Annotated[
    list[Annotated[str, Query(max_length=64)]], Query(min_length=1, max_length=_MOST, examples=[["food"]])
]


def _computed(key: str, value: object, compute: Callable[[], _Found]) -> _Found:
    try:
        return compute()
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise InvalidValueError(key, value, str(error)) from error


@router.get("/programme/scenarios/intensity")
def get_intensity(
    energy: Positive,
    energy_growth: Changes,
    value_added_growth: Changes,
    target: Annotated[float, Query(gt=-1, le=1, description="Change over all years; -0.18: -18 %.")] = -0.18,
) -> IntensityOut:
    """Where yearly growth of energy and of value added (comparable prices), as many of each, leads the intensity."""
    found = _computed(
        "value_added_growth",
        value_added_growth,
        lambda: intensity_scenario(energy, energy_growth, value_added_growth, target),
    )
    return IntensityOut(**asdict(found))


@router.get("/programme/scenarios/count")
def get_count(
    now: Annotated[float, Query(ge=0, le=1e9, examples=[62])],
    target: Annotated[float, Query(ge=0, le=1e9, examples=[100])],
    years: Annotated[float, Query(ge=0.01, le=100, examples=[2])],
    pace: Annotated[float, Query(ge=-1e9, le=1e9, description="Additions a year.", examples=[15])],
) -> CountOut:
    """Where a pace leads a count."""
    return CountOut(**asdict(count_scenario(now, target, years, pace)))


@router.get("/programme/scenarios/sectors")
def get_sectors(
    sector: Names, energy: Amounts, value_added: Amounts, growth: Changes, saving: Changes
) -> SectorsOut:
    """What sectors with own growth and own saving come to together; the lists belong together by place."""
    lists: Sequence[Sequence[object]] = (sector, energy, value_added, growth, saving)
    if len({len(each) for each in lists}) != 1:
        raise InvalidValueError("sector", [len(each) for each in lists], "five lists of the same length")
    given = [
        Sector(id=s, energy=e, value_added=v, growth=g, saving=c)
        for s, e, v, g, c in zip(sector, energy, value_added, growth, saving, strict=True)
    ]
    return SectorsOut(**asdict(_computed("sector", sector, lambda: sector_scenario(given))))
