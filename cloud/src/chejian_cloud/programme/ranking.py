"""Workshops by their newest submissions: places with confidence, the spread of levels, and the axes of the radar."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from fractions import Fraction
from statistics import quantiles
from typing import Any, Final

from chejian_analytics.assessment import MIN_PEERS, Method, Standard, StandardRef
from chejian_analytics.assessment.rating import maturity_total
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.assessment import forms
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.programme import figures
from chejian_cloud.programme import schemas as out
from chejian_cloud.programme.plans import end_of

DEFAULT: Final = "gbt23020-2013"
"""Standard that workshops are ranked by: the national one of integration, with a total."""
_YEARS: Final = 5
"""That the spread of levels looks back on."""
HEAD: Final = (
    *("rank", "rank_before", "enterprise", "code", "name_zh", "name_en", "city_code", "sector", "status"),
    *(
        "state",
        "submitted_at",
        "total",
        "total_before",
        "level",
        "measured",
        "attached",
        "declared",
        "contradictions",
    ),
    *("contradicted_item", "item_declared", "item_measured"),
)
"""Columns of the file."""


def standard_of(name: str) -> Standard:
    """A standard that workshops can be ranked by.

    Raises:
        NotFoundError: there is none of that id.
        InvalidValueError: it is for regions.
    """
    found = forms.standard_of(name)
    if found.subject == "region":
        raise InvalidValueError("standard", name, "a standard for enterprises or workshops")
    return found


def ranking(
    session: Session, standard: Standard, on: date, since: date, where: Mapping[str, Any]
) -> list[out.RankedOut]:
    """Workshops of the programme, best first; those without a submission come last, by name.

    Order: total, then level, then measured share. Where the caller sees one enterprise only, no rank is told.
    """
    rows = sorted(figures.submitted(session, standard.id, end_of(on), dict(where)), key=_order)
    before = {
        r["programme_entry_id"]: r
        for r in figures.submitted(session, standard.id, end_of(since), dict(where))
    }
    alone = len({row["enterprise_id"] for row in rows}) < 2  # noqa: PLR2004 - one is nobody to be compared with
    ranks = {} if alone else _ranks(rows)
    old = {} if alone else _ranks(sorted(before.values(), key=_order))
    found = _worst(session, standard, [row for row in rows if row["contradictions"]])
    return [
        _ranked(standard, row, before[row["programme_entry_id"]], place, found).model_copy(
            update={
                "rank": ranks.get(row["programme_entry_id"]),
                "rank_before": old.get(row["programme_entry_id"]),
            }
        )
        for place, row in enumerate(rows, 1)
    ]


def _order(row: RowMapping) -> tuple[Any, ...]:
    if row["assessment_id"] is None:
        return True, 0.0, 0, 0.0, row["name_zh"], row["programme_entry_id"]
    return (False, *_merit(row), row["name_zh"], row["programme_entry_id"])


def _merit(row: RowMapping) -> tuple[float, int, float]:
    total = float("-inf") if row["total"] is None else row["total"]
    return -total, -(row["level_number"] or 0), -row["measured"]


def _ranks(rows: Sequence[RowMapping]) -> dict[int, int]:
    """Rank by entry: who is as good has the same one."""
    ranks: dict[int, int] = {}
    last, rank = None, 0
    for place, row in enumerate((r for r in rows if r["assessment_id"] is not None), 1):
        if _merit(row) != last:
            last, rank = _merit(row), place
        ranks[row["programme_entry_id"]] = rank
    return ranks


def _ranked(
    standard: Standard,
    row: RowMapping,
    before: RowMapping,
    place: int,
    worst: Mapping[tuple[int, int], out.WorstOut],
) -> out.RankedOut:
    zh, en = level_words(standard, row["level"])
    return out.RankedOut(
        **{name: row[name] for name in out.RankedOut.model_fields if name in row},
        place=place,
        rank=None,
        rank_before=None,
        total_before=before["total"],
        level_zh=zh,
        level_en=en,
        worst=worst.get((row["assessment_id"], row["revision"])),
    )


def level_words(standard: Standard, level: str | None) -> tuple[str, str]:
    """中文名称 and English name of a level; "" for none."""
    return next(((each.name_zh, each.name_en) for each in standard.levels if each.id == level), ("", ""))


def _worst(
    session: Session, standard: Standard, rows: Sequence[RowMapping]
) -> dict[tuple[int, int], out.WorstOut]:
    kept = figures.documents(session, [(row["assessment_id"], row["revision"]) for row in rows])
    found = {key: contradictions_of(standard, content) for key, content in kept.items()}
    return {key: max(each, key=_distance) for key, each in found.items() if each}


def _distance(each: out.WorstOut) -> float:
    return abs(each.declared - each.measured)


def contradictions_of(standard: Standard, content: bytes) -> list[out.WorstOut]:
    """Declared answers of a frozen submission that telemetry contradicts, with both numbers."""
    items = {item.id: item for item in standard.items}
    return [
        out.WorstOut(
            item=each["item"],
            name_zh=items[each["item"]].name_zh,
            name_en=items[each["item"]].name_en,
            **{name: float(Fraction(each[name])) for name in ("declared", "measured", "completeness")},
        )
        for each in json.loads(content)["result"]["findings"]["contradictions"]
        if each["item"] in items
    ]


def as_rows(ranked: Sequence[out.RankedOut]) -> Iterator[list[Any]]:
    """Rows below `HEAD`."""
    for each in ranked:
        worst = each.worst
        more = (worst.name_zh, worst.declared, worst.measured) if worst else (None, None, None)
        yield [*(getattr(each, name) for name in HEAD[:-3]), *more]


def distribution(
    session: Session, standard: Standard, on: date, where: Mapping[str, Any], entry: int | None
) -> out.DistributionOut:
    """Levels at the end of each of the last years and on a day, and quartiles of each axis."""
    levels: list[out.LevelCountOut] = []
    for year in range(on.year - _YEARS + 1, on.year + 1):
        rows = figures.submitted(session, standard.id, end_of(min(on, date(year, 12, 31))), dict(where))
        levels += _counts(standard, year, rows)
    enterprises = len({row["enterprise_id"] for row in rows if row["assessment_id"] is not None})
    return out.DistributionOut(
        standard=standard.id,
        name_zh=standard.name_zh,
        name_en=standard.name_en,
        least=MIN_PEERS,
        enterprises=enterprises,
        levels=levels,
        axes=_axes(session, standard, rows, entry, told=enterprises >= MIN_PEERS),
    )


def _counts(standard: Standard, year: int, rows: Sequence[RowMapping]) -> list[out.LevelCountOut]:
    counted = Counter(
        (row["level_number"] or 0, row["level"]) for row in rows if row["assessment_id"] is not None
    )
    return [
        out.LevelCountOut(
            year=year,
            level=level,
            level_zh=level_words(standard, level)[0],
            level_en=level_words(standard, level)[1],
            level_number=number,
            workshops=count,
        )
        for (number, level), count in sorted(counted.items(), key=lambda each: each[0][0])
    ]


def _axes(
    session: Session, standard: Standard, rows: Sequence[RowMapping], entry: int | None, *, told: bool
) -> list[out.AxisOut]:
    keys = {
        row["programme_entry_id"]: (row["assessment_id"], row["revision"])
        for row in rows
        if row["assessment_id"] is not None
        and standard.covers(StandardRef(standard.id, row["standard_version"], row["standard_digest"]))
    }
    documents = figures.documents(session, sorted(set(keys.values())))
    kept = {key: _radar(standard, content) for key, content in documents.items()}
    own = kept.get(keys.get(entry or 0, (0, 0)), {})
    words = {node.id: node for node in standard.nodes}
    axes = dict.fromkeys(axis for each in kept.values() for axis in each)
    result = []
    for axis in axes:
        values = [each[axis] for each in kept.values() if axis in each]
        lower, median, upper = (
            quantiles(values, n=4, method="inclusive") if told and len(values) > 1 else (None,) * 3
        )
        result.append(
            out.AxisOut(
                id=axis,
                name_zh=words[axis].name_zh,
                name_en=words[axis].name_en,
                lower=lower,
                median=median,
                upper=upper,
                own=own.get(axis),
            )
        )
    return result


def _radar(standard: Standard, content: bytes) -> dict[str, float]:
    """Axes of a frozen result as `chejian_analytics.assessment.radar` has them."""
    result = json.loads(content)["result"]
    if standard.method is Method.MATURITY:
        by_level = result["level_nodes"]
        leaves = [
            node for node in dict.fromkeys(item.node for item in standard.items) if node in result["scores"]
        ]
        return {
            node: float(
                maturity_total(
                    [Fraction(each[node]["score"]) if node in each else Fraction(0) for each in by_level],
                    standard.met_from,
                )
                / len(standard.levels)
            )
            for node in leaves
        }
    wanted = [node.id for node in standard.nodes if node.aspect]
    return {
        node: float(Fraction(result["scores"][node]["score"])) for node in wanted if node in result["scores"]
    }
