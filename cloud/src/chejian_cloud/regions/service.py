"""What people see of a region's form: values beside what the platform measured, the index down to each source, comparisons."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import groupby

from chejian_analytics.assessment import (
    AnswerError,
    Basis,
    Item,
    Method,
    Node,
    NodeScore,
    Published,
    Standard,
    indicator_points,
)
from chejian_analytics.assessment.result import Assessment as Result
from chejian_analytics.assessment.tree import shape
from sqlalchemy.orm import Session

from chejian_cloud.assessment.service import standard_out
from chejian_cloud.db.regions import RegionAssessment, RegionValue
from chejian_cloud.paging import Part
from chejian_cloud.regions import platform, repository
from chejian_cloud.regions import schemas as out
from chejian_cloud.regions.forms import RegionForm, check, load, regional, with_values

_EVENT = ("revision", "kind", "at", "user_name", "comment", "sha256")
_MOST = 5000
"""Forms of one standard that are compared; 14 regions have as many in 350 years."""
_PERCENT = 100


def names(session: Session) -> list[out.RegionOut]:
    """Provinces and cities that the caller oversees."""
    return [out.RegionOut.model_validate(dict(row)) for row in repository.names(session)]


def listed(session: Session, standard: str | None, part: Part) -> list[out.RegionFormBrief]:
    """Forms that the caller may see, newest first."""
    rows = repository.listed(session, part, standard=standard)
    return [out.RegionFormBrief.model_validate(dict(row)) for row in rows]


def form_of(session: Session, key: int) -> out.RegionFormOut:
    """A form with values, sources, result and steps.

    Raises:
        NotFoundError: there is none, or it is of a region that the caller does not oversee.
    """
    form = load(session, key)
    result = check(form)
    here = platform.figures(session, form.standard, form.row.region, form.row.year)
    shares = _shares(form)
    return out.RegionFormOut(
        **dict(repository.listed(session, Part(1), key=key)[0]),
        lock=form.row.lock,
        standard=standard_out(form.standard),
        nodes=[_node(form, node, result, shares) for node in form.standard.nodes],
        items=[_item(form, item, result, shares, here.get(item.id)) for item in form.standard.items],
        result=out.RegionResultOut(
            total=_float(result.total),
            answered=float(result.answered),
            normaliser=result.normaliser,
            weakest=form.weakest,
        ),
        events=[
            out.RegionEventOut.model_validate({name: getattr(each, name) for name in _EVENT})
            for each in repository.events(session, key)
        ],
    )


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def _shares(form: RegionForm) -> Mapping[str, Fraction]:
    """Weight in the total of each class, and of each indicator as it counts now; empty where the standard has no total."""
    if form.standard.method is not Method.INDEX:
        return {}
    found: dict[str, Fraction] = {}
    for child in shape(form.standard, form.standard.industries[0]).children:
        node = "" if child.node is None else child.node.id
        found[node] = child.share
        leaves = [(item, part) for item, part in child.leaves() if item.id in form.values]
        whole = sum((part for _, part in leaves), Fraction(0))
        if node not in form.values:
            found |= {item.id: child.share * part / whole for item, part in leaves}
    return found


def _said(row: RegionValue | None) -> dict[str, object]:
    names = ("value", "source", "confidence", "changed_by", "changed_at")
    return {name: getattr(row, name, None) for name in names} | {"note": row.note if row else ""}


def _node(form: RegionForm, node: Node, result: Result, shares: Mapping[str, Fraction]) -> out.RegionNodeOut:
    score: NodeScore | None = result.scores.get(node.id)
    known = score is not None and score.answered > 0
    return out.RegionNodeOut.model_validate(
        {
            "id": node.id,
            "name_zh": node.name_zh,
            "name_en": node.name_en,
            "weight": _float(shares.get(node.id)),
            "points": float(score.score * _PERCENT) if score is not None and known else None,
            "answered": float(score.answered) if score is not None else 0.0,
            "may_be_given": form.standard.method is Method.INDEX,
            **_said(form.values.get(node.id)),
        }
    )


def _points(form: RegionForm, item: Item) -> float | None:
    answer = next((each for each in form.answers if each.item == item.id), None)
    if answer is None or form.normaliser is None or form.standard.method is not Method.INDEX:
        return None
    try:
        return float(indicator_points(item, answer, form.normaliser[1]))
    except AnswerError:
        return None


def _item(
    form: RegionForm,
    item: Item,
    result: Result,
    shares: Mapping[str, Fraction],
    here: platform.PlatformFigure | None,
) -> out.RegionItemOut:
    row = form.values.get(item.id)
    own = ("id", "node", "name_zh", "name_en", "unit", "lower_is_better", "formula_zh", "formula_en")
    beside = next((figure.beside for figure in result.figures if figure.item == item.id), ())
    references = beside or tuple((each, None) for each in item.references)
    return out.RegionItemOut.model_validate(
        {
            **{name: getattr(item, name) for name in own},
            "scale": item.scale.value,
            "definition_source_zh": item.source_zh,
            "definition_source_en": item.source_en,
            "definition_confidence": item.confidence,
            "authority": item.authority.value,
            **_said(row),
            "base": row.base if row else None,
            "points": _points(form, item),
            "share": _float(shares.get(item.id)),
            "references": [
                {
                    **{
                        name: getattr(each, name)
                        for name in ("year", "kind", "source_zh", "source_en", "confidence")
                    },
                    "value": float(each.value),
                    "difference": _float(difference),
                }
                for each, difference in references
            ],
            "platform": _platform(item, here) if here else None,
        }
    )


def _platform(item: Item, here: platform.PlatformFigure) -> out.PlatformOut:
    return out.PlatformOut(
        basis="measured" if here.basis is Basis.MEASURED else "declared",
        value=_float(here.figure.value),
        answered=here.figure.answered,
        asked=here.figure.asked,
        indicator=item.evidence,
        needs_completeness=float(item.needs_completeness),
        enterprises=[
            out.PlatformEnterpriseOut(
                enterprise_id=each.enterprise_id,
                enterprise_name_zh=each.name_zh,
                enterprise_name_en=each.name_en,
                value=_float(each.value),
                completeness=_float(each.completeness),
                assessment_ids=list(each.assessment_ids),
            )
            for each in here.contributions
        ],
    )


def compared(session: Session, standard: str, year: int | None = None) -> out.ComparisonOut:
    """Regions and years of one standard side by side, by region and year.

    Args:
        session: of the caller.
        standard: its id.
        year: only this one; None: all.

    Raises:
        NotFoundError: there is no such standard.
        InvalidValueError: it is not for regions.
    """
    found = regional(standard)
    briefs = {
        row["region_assessment_id"]: row
        for row in repository.listed(session, Part(_MOST), standard=standard)
        if year is None or row["year"] == year
    }
    by_form = {
        key: list(rows)
        for key, rows in groupby(repository.values(session, briefs), lambda each: each.region_assessment_id)
    }
    rows = []
    for key, brief in briefs.items():
        row = session.get_one(RegionAssessment, key)
        rows.append(_compared(with_values(row, by_form.get(key, [])), dict(brief)))
    rows += [_published(found, each) for each in found.published if year in {None, each.year}]
    rows.sort(key=lambda each: (each.region, each.year, each.state))
    return out.ComparisonOut(
        standard=standard_out(found),
        has_total=found.method is Method.INDEX,
        columns=_columns(found),
        rows=rows,
    )


def _published(standard: Standard, row: Published) -> out.ComparedOut:
    columns = [column.id for column in _columns(standard)]
    return out.ComparedOut(
        region_assessment_id=None,
        region=row.region,
        region_name_zh=row.name_zh,
        region_name_en=row.name_en,
        year=row.year,
        standard_version=standard.version,
        normaliser="",
        state="published",
        source_zh=row.source_zh,
        source_en=row.source_en,
        total=_float(row.total),
        values={column: _float(row.values.get(column)) for column in columns},
        answered=sum(column in row.values for column in columns) / len(columns),
        weakest=row.confidence,
    )


def _columns(standard: Standard) -> list[out.ColumnOut]:
    """Classes of an index, items of other standards."""
    if standard.method is Method.INDEX:
        return [
            out.ColumnOut(id=n.id, name_zh=n.name_zh, name_en=n.name_en, scale="quantity", unit="points")
            for n in standard.nodes
        ]
    return [
        out.ColumnOut(id=i.id, name_zh=i.name_zh, name_en=i.name_en, scale=i.scale.value, unit=i.unit)
        for i in standard.items
    ]


def _compared(form: RegionForm, brief: dict[str, object]) -> out.ComparedOut:
    result = check(form)
    values: dict[str, float | None] = {}
    for column in _columns(form.standard):
        if form.standard.method is Method.INDEX:
            score = result.scores.get(column.id)
            values[column.id] = float(score.score * _PERCENT) if score and score.answered else None
        else:
            row = form.values.get(column.id)
            values[column.id] = None if row is None else float(Fraction(row.value))
    shown = (
        "region_assessment_id",
        "region",
        "region_name_zh",
        "region_name_en",
        "year",
        "standard_version",
        "state",
    )
    return out.ComparedOut.model_validate(
        {
            **{name: brief[name] for name in shown},
            "normaliser": result.normaliser,
            "source_zh": "",
            "source_en": "",
            "total": _float(result.total),
            "values": values,
            "answered": float(result.answered),
            "weakest": form.weakest,
        }
    )
