"""What the enterprises on this platform measured of a region's indicators, with its coverage.

It is another figure than the region's own: it knows the enterprises that are here and nothing of the others, so it
stands beside a declared value and never in its place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from chejian_analytics.assessment import (
    Indicator,
    Item,
    RegionalFigure,
    Standard,
    Window,
    regional_figure,
)
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.clock import to_us
from chejian_cloud.regions import repository

CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one enterprise brings.

    Attributes:
        enterprise_id: whose.
        name_zh: of it.
        name_en: of it.
        indicator: sum over its workshops in the region; None: it submitted none.
        assessment_ids: forms that it is from.
    """

    enterprise_id: int
    name_zh: str
    name_en: str
    indicator: Indicator | None
    assessment_ids: tuple[int, ...]

    def value(self, item: Item) -> Fraction | None:
        """What counts for an item: a measurement that is complete enough."""
        found = self.indicator
        if found is None or found.completeness < item.needs_completeness:
            return None
        return found.value


@dataclass(frozen=True, slots=True)
class PlatformFigure:
    """A figure of the platform's enterprises.

    Attributes:
        item: that it stands beside.
        figure: mean over the enterprises that count, and how many of how many do.
        contributions: all enterprises of the region that are here.
    """

    item: Item
    figure: RegionalFigure
    contributions: tuple[Contribution, ...]


def measured(session: Session, standard: Standard, region: str, year: int) -> dict[str, PlatformFigure]:
    """Figures by item, for the items that telemetry measures; nothing where no enterprise of the region is here."""
    items = [item for item in standard.items if item.evidence and item.aggregate]
    if not items:
        return {}
    start, end = (datetime(each, 1, 1, tzinfo=CHINA) for each in (year, year + 1))
    pattern = f"{region[:2]}%" if region.endswith("0000") else region
    rows = repository.evidence(session, pattern, [item.evidence for item in items], start, end)
    window = Window(to_us(start), to_us(end))
    found = {}
    for item in items:
        given = tuple(_contributions(rows, item.evidence, window))
        if given:
            figure = regional_figure(item, [each.value(item) for each in given])
            found[item.id] = PlatformFigure(item, figure, given)
    return found


def _contributions(rows: Sequence[RowMapping], indicator: str, window: Window) -> Iterable[Contribution]:
    by_enterprise: dict[int, list[RowMapping]] = {}
    for row in rows:
        by_enterprise.setdefault(row["enterprise_id"], []).append(row)
    for key, own in by_enterprise.items():
        given = [row for row in own if row["indicator"] == indicator]
        whole = [row for row in given if row["workshop_id"] is None]
        used = whole or given  # a form of the whole enterprise has all workshops in it
        yield Contribution(
            enterprise_id=key,
            name_zh=own[0]["name_zh"],
            name_en=own[0]["name_en"],
            indicator=_sum(used, indicator, window) if used else None,
            assessment_ids=tuple(row["assessment_id"] for row in used),
        )


def _sum(rows: Sequence[RowMapping], indicator: str, window: Window) -> Indicator:
    terms: Mapping[str, int] = {
        name: sum(row[name] for row in rows) for name in ("numerator", "denominator", "known", "expected")
    }
    return Indicator(id=indicator, window=window, unit="", **terms)


def frozen(found: Mapping[str, PlatformFigure]) -> dict[str, Any]:
    """The figures as they are frozen with a submission: exact, with the enterprises behind them."""
    return {
        key: {
            "value": each.figure.value,
            "answered": each.figure.answered,
            "asked": each.figure.asked,
            "enterprises": [
                {
                    "enterprise_id": given.enterprise_id,
                    "value": given.value(each.item),
                    "assessments": list(given.assessment_ids),
                }
                for given in each.contributions
            ],
        }
        for key, each in found.items()
    }
