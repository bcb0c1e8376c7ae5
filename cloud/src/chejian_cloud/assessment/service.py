"""What people see of forms: answers beside what telemetry says, and what the engine makes of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from fractions import Fraction
from zoneinfo import ZoneInfo

from chejian_analytics.assessment import (
    INDICATORS,
    Basis,
    Item,
    Level,
    Move,
    Standard,
    advise,
    radar,
)
from chejian_analytics.assessment.canonical import exact_text
from chejian_analytics.assessment.result import Assessment as Result
from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.assessment import evidence as measuring
from chejian_cloud.assessment import forms, repository
from chejian_cloud.assessment import schemas as out
from chejian_cloud.assessment.forms import Form
from chejian_cloud.clock import utc_now
from chejian_cloud.db.assessment import AssessmentEvent, AssessmentEvidence
from chejian_cloud.db.programme import MILESTONES
from chejian_cloud.paging import Part

CHINA = ZoneInfo("Asia/Shanghai")
_STEP = ("revision", "kind", "at", "user_name", "comment", "due_on", "sha256")


def standards() -> list[out.StandardOut]:
    """All standards at hand."""
    return [standard_out(each) for each in forms.standards()]


def standard_out(each: Standard) -> out.StandardOut:
    """A standard for people."""
    names = (
        "id",
        "version",
        "digest",
        "document_zh",
        "document_en",
        "name_zh",
        "name_en",
        "subject",
        "confidence",
        "source_zh",
        "source_en",
        "note_zh",
        "note_en",
    )
    return out.StandardOut(
        **{name: getattr(each, name) for name in names},
        method=each.method.value,
        industries=list(each.industries),
        items=len(each.items),
        measured_items=sum(bool(item.evidence) for item in each.items),
    )


def listed(session: Session, standard: str | None, part: Part) -> list[out.AssessmentOut]:
    """Forms that the caller may see, newest first."""
    rows = repository.listed(session, part, standard=standard)
    return [out.AssessmentOut.model_validate(dict(row)) for row in rows]


def form_of(session: Session, assessment_id: int) -> out.FormOut:
    """A form as it is filled in.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    form = forms.load(session, assessment_id)
    row: RowMapping = repository.listed(session, Part(1), key=assessment_id)[0]
    result = forms.check(form)
    return out.FormOut(
        **dict(row),
        lock=form.row.lock,
        standard=standard_out(form.standard),
        nodes=_nodes(form),
        items=[_item(form, item) for item in form.standard.items],
        evidence=[evidence_out(each) for each in form.evidence],
        not_measured=_not_measured(),
        certification=_certification(session, form.row.enterprise_id),
        contradictions_now=_contradictions(result),
        too_incomplete=list(result.findings.too_incomplete),
        attachments=[
            out.AttachmentOut.model_validate(dict(a)) for a in repository.attachments(session, assessment_id)
        ],
        events=_events(repository.events(session, assessment_id)),
    )


def _not_measured() -> list[out.NotMeasuredOut]:
    names = ("name_zh", "name_en", "formula_zh", "formula_en", "needs_zh", "needs_en")
    return [
        out.NotMeasuredOut(indicator=each.id, **{name: getattr(each, name) for name in names})
        for each in INDICATORS.values()
        if each.needs_en
    ]


def _certification(session: Session, enterprise_id: int) -> list[out.CertificationOut]:
    """Steps of 贯标 by day, those without a day reached by the day they are due."""
    today = utc_now().astimezone(CHINA).date()
    steps = [
        out.CertificationOut(
            programme_entry_id=each.programme_entry_id,
            kind=each.kind,
            due_on=each.due_on,
            reached_on=each.reached_on,
            overdue=each.reached_on is None and each.due_on is not None and each.due_on < today,
        )
        for each in repository.certification(session, enterprise_id)
    ]
    order = MILESTONES.index
    return sorted(steps, key=lambda each: (each.programme_entry_id, order(each.kind)))


def _events(rows: Sequence[AssessmentEvent]) -> list[out.EventOut]:
    """Steps; a submission is late after the deadline that the start or return before it set, in the province's time."""
    told, due_on = [], None
    for each in rows:
        if each.kind in {"start", "return"}:
            due_on = each.due_on
        late = each.kind == "submit" and due_on is not None and each.at.astimezone(CHINA).date() > due_on
        told.append(
            out.EventOut.model_validate({name: getattr(each, name) for name in _STEP} | {"late": late})
        )
    return told


def _nodes(form: Form) -> list[out.NodeOut]:
    industry = form.row.industry
    return [
        out.NodeOut(
            **{name: getattr(node, name) for name in ("id", "parent", "name_zh", "name_en", "may_be_cut")},
            cut=node.id in form.row.not_applicable,
        )
        for node in form.standard.nodes
        if industry in node.industries
    ]


def _item(form: Form, item: Item) -> out.ItemOut:
    answer = next((a for a in form.answers if a.item == item.id), None)
    indicator = form.indicators.get(item.evidence)
    value = indicator.value if indicator else None
    names = (
        *("id", "node", "name_zh", "name_en", "unit", "level", "source_zh", "source_en", "confidence"),
        *("note_zh", "note_en", "formula_zh", "formula_en"),
    )
    return out.ItemOut(
        **{name: getattr(item, name) for name in names},
        scale=item.scale.value,
        authority=item.authority.value,
        given=[exact_text(v) for v in answer.values] if answer else [],
        base=exact_text(answer.base) if answer and answer.base is not None else None,
        basis=answer.basis.value if answer else None,
        attachments=[asdict(a) for a in answer.attachments] if answer else [],
        indicator=item.evidence,
        measured=_float(value),
        completeness=float(indicator.completeness) if indicator else None,
        tolerance=float(item.tolerance),
        needs_completeness=float(item.needs_completeness),
    )


def _float(value: Fraction | None) -> float | None:
    return None if value is None else float(value)


def evidence_out(row: AssessmentEvidence) -> out.EvidenceOut:
    """Stored evidence for people."""
    figure = forms.indicator_of(row)
    zh, en, formula_zh, formula_en = measuring.names_of(row.indicator)
    names = (
        "indicator",
        "window_start",
        "window_end",
        "numerator",
        "denominator",
        "unit",
        "query",
        "links",
        "detail",
    )
    return out.EvidenceOut(
        **{name: getattr(row, name) for name in names},
        measured_at=row.measured_at,
        name_zh=zh,
        name_en=en,
        formula_zh=formula_zh,
        formula_en=formula_en,
        value=_float(figure.value),
        completeness=float(figure.completeness),
    )


def _contradictions(result: Result) -> list[out.ContradictionOut]:
    return [
        out.ContradictionOut(
            item=c.item,
            declared=float(c.declared),
            measured=float(c.measured),
            tolerance=float(c.tolerance),
            completeness=float(c.completeness),
            indicator=c.indicator,
            over_declared=c.over_declared,
        )
        for c in result.findings.contradictions
    ]


def result_of(session: Session, assessment_id: int) -> out.ResultOut:
    """Scores, level, radar, gaps and advice of a form as it is now.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    form = forms.load(session, assessment_id)
    result, standard = forms.check(form), form.standard
    words = _words(standard)
    return out.ResultOut(
        total=_float(result.total),
        answered=float(result.answered),
        measured=float(result.founded[Basis.MEASURED]),
        attached=float(result.founded[Basis.ATTACHED]),
        declared=float(result.founded[Basis.DECLARED]),
        levels=[_level(ladder, level) for ladder, level in result.levels.items()],
        scores=_scores(words, {k: v.score for k, v in result.scores.items() if k}),
        level_scores=[float(each) for each in result.level_scores],
        radar=_scores(words, radar(standard, result)),
        gaps=[
            out.GapOut(
                level=s.level,
                subject=s.subject,
                name_zh=words.get(s.subject, (s.subject, ""))[0],
                name_en=words.get(s.subject, ("", s.subject))[1],
                value=_float(s.value),
                at_least=float(s.at_least),
            )
            for s in result.shortfalls
        ],
        advice=[_advice(form, ladder, words) for ladder in result.levels],
        contradictions=_contradictions(result),
    )


def _words(standard: Standard) -> Mapping[str, tuple[str, str]]:
    return {each.id: (each.name_zh, each.name_en) for each in (*standard.nodes, *standard.items)}


def _scores(words: Mapping[str, tuple[str, str]], values: Mapping[str, Fraction]) -> list[out.ScoreOut]:
    return [
        out.ScoreOut(id=key, name_zh=words[key][0], name_en=words[key][1], value=float(value))
        for key, value in values.items()
        if key in words
    ]


def _level(ladder: str, level: Level | None) -> out.LevelOut:
    if level is None:
        return out.LevelOut(ladder=ladder, id=None, number=0, name_zh="", name_en="")
    return out.LevelOut(
        ladder=ladder, id=level.id, number=level.number, name_zh=level.name_zh, name_en=level.name_en
    )


def _advice(form: Form, ladder: str, words: Mapping[str, tuple[str, str]]) -> out.AdviceOut:
    found = advise(
        form.standard,
        form.answers,
        industry=form.row.industry,
        not_applicable=form.row.not_applicable,
        ladder=ladder,
    )

    def told(moves: Iterable[Move]) -> list[out.MoveOut]:
        return [
            out.MoveOut(
                item=m.item,
                name_zh=words[m.item][0],
                name_en=words[m.item][1],
                before=[float(v) for v in m.before],
                to=[float(v) for v in m.values],
                change=float(m.change),
                gain=float(m.gain),
                basis=m.basis.value if m.basis else None,
            )
            for m in moves
        ]

    return out.AdviceOut(
        ladder=ladder,
        level=_level(ladder, found.level) if found.level else None,
        reachable=found.reachable,
        moves=told(found.moves),
        alone=told(found.alone),
    )
