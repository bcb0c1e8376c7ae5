"""What the enterprises on this platform measured, or declared, of a region's indicators, with its coverage.

It is another figure than the region's own: it knows the enterprises that are here and nothing of the others, so it
stands beside a declared value and never in its place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from chejian_analytics.assessment import Basis, Item, RegionalFigure, Standard, regional_figure
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.regions import repository

CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one enterprise brings.

    Attributes:
        enterprise_id: whose.
        name_zh: of it.
        name_en: of it.
        value: 0 to 1; None: it submitted nothing, or its measurement is too incomplete to count.
        completeness: of its measurement, 0 to 1; None: nothing was measured.
        assessment_ids: forms that it is from.
    """

    enterprise_id: int
    name_zh: str
    name_en: str
    value: Fraction | None
    completeness: Fraction | None
    assessment_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PlatformFigure:
    """A figure of the platform's enterprises.

    Attributes:
        item: that it stands beside.
        basis: measured, or what enterprises declared in their own forms.
        figure: mean over the enterprises that count, and how many of how many do.
        contributions: all enterprises of the region that are here.
    """

    item: Item
    basis: Basis
    figure: RegionalFigure
    contributions: tuple[Contribution, ...]


def figures(session: Session, standard: Standard, region: str, year: int) -> dict[str, PlatformFigure]:
    """Figures by item, for items that enterprises measure or answer; nothing where no enterprise of the region is here."""
    span = [datetime(each, 1, 1, tzinfo=CHINA) for each in (year, year + 1)]
    cities = f"{region[:2]}%" if region.endswith("0000") else region
    measured = [item for item in standard.items if item.evidence and item.aggregate]
    asked = [item for item in standard.items if item.asked_in and item not in measured]
    found = []
    if measured:
        rows = repository.evidence(session, cities, [item.evidence for item in measured], span[0], span[1])
        found += [_figure(item, Basis.MEASURED, _measured(item, rows)) for item in measured]
    if asked:
        names = [each for item in asked for each in item.asked_in]
        rows = repository.answers(session, cities, names, span[0], span[1])
        found += [_figure(item, Basis.DECLARED, _declared(item, rows)) for item in asked]
    return {each.item.id: each for each in found if each.contributions}


def _figure(item: Item, basis: Basis, given: Sequence[Contribution]) -> PlatformFigure:
    return PlatformFigure(item, basis, regional_figure(item, [each.value for each in given]), tuple(given))


def _by_enterprise(rows: Sequence[RowMapping]) -> Mapping[int, list[RowMapping]]:
    found: dict[int, list[RowMapping]] = {}
    for row in rows:
        found.setdefault(row["enterprise_id"], []).append(row)
    return found


def _measured(item: Item, rows: Sequence[RowMapping]) -> list[Contribution]:
    """Shares of sums over the workshops of each enterprise; a form of the whole enterprise has all workshops in it."""
    found = []
    for key, own in _by_enterprise(rows).items():
        given = [row for row in own if row["indicator"] == item.evidence]
        used = [row for row in given if row["workshop_id"] is None] or given
        terms = (sum(row[name] for row in used) for name in ("numerator", "denominator", "known", "expected"))
        numerator, denominator, known, expected = terms
        completeness = Fraction(known, expected) if expected else Fraction(0)
        counts = denominator > 0 and known > 0 and completeness >= item.needs_completeness
        found.append(
            Contribution(
                enterprise_id=key,
                name_zh=own[0]["name_zh"],
                name_en=own[0]["name_en"],
                value=Fraction(numerator, denominator) if counts else None,
                completeness=completeness if used else None,
                assessment_ids=tuple(row["assessment_id"] for row in used),
            )
        )
    return found


def _declared(item: Item, rows: Sequence[RowMapping]) -> list[Contribution]:
    """Yes where an enterprise says so for one of its workshops at least."""
    found = []
    for key, own in _by_enterprise(rows).items():
        given = [row for row in own if row["asked"] in item.asked_in]
        found.append(
            Contribution(
                enterprise_id=key,
                name_zh=own[0]["name_zh"],
                name_en=own[0]["name_en"],
                value=max((Fraction(row["given"]) for row in given), default=None),
                completeness=None,
                assessment_ids=tuple(row["assessment_id"] for row in given),
            )
        )
    return found


def frozen(found: Mapping[str, PlatformFigure]) -> dict[str, Any]:
    """The figures as they are frozen with a submission: exact, with the enterprises behind them."""
    return {
        key: {
            "basis": each.basis,
            "value": each.figure.value,
            "answered": each.figure.answered,
            "asked": each.figure.asked,
            "enterprises": [
                {
                    "enterprise_id": given.enterprise_id,
                    "value": given.value,
                    "assessments": list(given.assessment_ids),
                }
                for given in each.contributions
            ],
        }
        for key, each in found.items()
    }
