"""The report of an assessment (评估诊断报告) as PDF: what the Excel file of `assessment.report` says, with a radar chart."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Final

from chejian_cloud.assessment.schemas import (
    BenchmarkOut,
    EvidenceOut,
    FormOut,
    GroupOut,
    ItemOut,
    ResultOut,
    RevisionOut,
)
from chejian_cloud.reports.blocks import Column, Figure
from chejian_cloud.reports.charts import Bar
from chejian_cloud.reports.curves import Curve
from chejian_cloud.reports.numbers import NONE, Numbers
from chejian_cloud.reports.report import Report

_AXES: Final = 3
"""Axes of a radar chart at least."""
_QUARTILES: Final = ("report.lower", "report.median", "report.upper", "report.others")
_RINGS: Final = (0.25, 0.5, 0.75, 1.0)


def assessment_report(
    form: FormOut,
    result: ResultOut,
    revisions: Sequence[RevisionOut],
    benchmark: BenchmarkOut,
    language: str,
) -> Report:
    """Lay an assessment out in one of the console's languages."""
    say = Numbers(language)
    standard = form.standard
    report = Report(
        language=language,
        title=say.t("report.assessment"),
        place=_place(form, say),
        window=say.span(form.window_start, form.window_end),
        versions=[f"{say.text(standard, 'document')} {standard.version} {standard.digest[:12]}"],
        computed_at=max((each.measured_at for each in form.evidence), default=None),
        provisional=False,
    )
    report.text(
        f"{say.text(standard, 'document')} {say.name(standard)} · {say.word('assess_state', form.state)}"
    )
    source, note = say.text(standard, "source"), say.text(standard, "note")
    report.text(f"{source} ({standard.confidence}) {note}", muted=True)
    _result(report, result, say)
    _radar(report, result, say)
    _benchmark(report, benchmark, say)
    _advice(report, result, {item.id: item.scale for item in form.items}, say)
    _items(report, form, say)
    _evidence(report, form, say)
    _steps(report, form, revisions, say)
    return report


def _place(form: FormOut, say: Numbers) -> str:
    workshop = say.name(form, "workshop_") if form.workshop else ""
    return " · ".join(part for part in (say.name(form, "enterprise_"), workshop) if part)


def _result(report: Report, result: ResultOut, say: Numbers) -> None:
    """Total and levels; how much of them is measured takes the place of completeness."""
    told = say.t("report.rests_on", share=say.percent(result.measured))
    levels = [
        Figure(
            say.word("ladder", level.ladder) if level.ladder else say.t("assess.standing"),
            say.name(level) or say.t("assess.no_level"),
            None,
            told,
        )
        for level in result.levels
    ]
    total = [Figure(say.t("assess.total"), say.measured(result.total), None, told)]
    report.figures([*(total if result.total is not None else []), *levels])
    shares = (
        (say.t("assess.answered"), say.percent(result.answered)),
        (say.t("basis.measured"), say.percent(result.measured)),
        (say.t("basis.declared_with_attachment"), say.percent(result.attached)),
        (say.t("basis.declared"), say.percent(result.declared)),
        (say.t("assess.contradictions"), say.count(len(result.contradictions))),
    )
    report.table(
        [Column(name, 1, numbers=True) for name, _ in shares], [[share for _, share in shares]], empty=""
    )


def _radar(report: Report, result: ResultOut, say: Numbers) -> None:
    report.heading(say.t("assess.radar"), say.t("assess.radar.question"))
    if len(result.radar) >= _AXES:
        rings = [ring for ring in _RINGS if ring <= 1] + (
            [1.25] if max(a.value for a in result.radar) > 1 else []
        )
        own = Curve(say.t("report.own"), [axis.value for axis in result.radar])
        report.radar([say.name(axis) for axis in result.radar], [own], rings)
    elif result.radar:
        report.bars([Bar(say.name(a), 0, a.value, say.percent(a.value)) for a in result.radar])
    else:
        report.text(say.t("assess.radar.none"), muted=True)


def _benchmark(report: Report, benchmark: BenchmarkOut, say: Numbers) -> None:
    """Quartiles of the others; a group too small to stay unknown is not told."""
    report.heading(say.t("report.benchmark"), say.t("report.benchmark.question", least=benchmark.least))
    columns = [
        Column(say.t("report.group"), 1.5),
        *(
            Column(say.t(f"report.{name}"), 1, numbers=True)
            for name in ("lower", "median", "upper", "others")
        ),
        Column("", 2.4),
    ]
    own = ["", say.measured(benchmark.own), "", "", ""]
    rows = [[say.t("report.own"), *own]]
    rows += [_group(each, say) for each in benchmark.groups]
    report.table(columns, rows, empty=NONE)


def _group(each: GroupOut, say: Numbers) -> list[str]:
    numbers = [say.measured(value) for value in (each.lower, each.median, each.upper)]
    why = say.t(f"report.hidden.{each.reason}") if each.reason else ""
    return [say.t(f"report.group.{each.group}"), *numbers, say.count(each.others), why]


def _told(say: Numbers, scale: str | None, value: float | None) -> str:
    """A value of an item as the page of the assessment writes it; without a scale it is a number."""
    if value is not None and scale == "yes_no" and value in {0, 1}:
        return say.t("assess.yes" if value else "assess.no")
    return say.percent(value) if scale == "share" else say.measured(value)


def _advice(report: Report, result: ResultOut, scales: Mapping[str, str], say: Numbers) -> None:
    report.heading(say.t("assess.gaps"), say.t("assess.gaps.question"))
    levels = {each.level.id: say.name(each.level) for each in result.advice if each.level}
    gaps = [
        [
            say.name(gap),
            levels.get(gap.level, gap.level),
            *(_told(say, scales.get(gap.subject), value) for value in (gap.value, gap.at_least)),
        ]
        for gap in result.gaps
    ]
    heads = ("assess.node", "assess.next_level", "assess.now", "assess.needed")
    columns = [Column(say.t(key), 2 if i == 0 else 1, i > 1) for i, key in enumerate(heads)]
    report.table(columns, gaps, empty=say.t("assess.gaps.none"))
    for advice in result.advice:
        if not advice.moves:
            continue
        level = say.name(advice.level) if advice.level else NONE
        report.text(f"{say.t('assess.next_level')}: {level}")
        moves = [
            [
                say.name(move),
                ", ".join(_told(say, scales.get(move.item), v) for v in move.before) or NONE,
                ", ".join(_told(say, scales.get(move.item), v) for v in move.to),
                say.percent(move.change),
            ]
            for move in advice.moves
        ]
        heads = ("assess.item", "assess.now", "assess.needed", "assess.change")
        columns = [Column(say.t(key), 3 if i == 0 else 1, i > 0) for i, key in enumerate(heads)]
        report.table(columns, moves, empty="")


def _items(report: Report, form: FormOut, say: Numbers) -> None:
    report.heading(say.t("assess.items"), say.t("assess.items.question"))
    against = {each.item: each for each in form.contradictions_now}
    heads = ("item", "answer", "basis", "telemetry", "completeness", "source")
    weights = (2.4, 0.9, 1.1, 1.5, 1.1, 2)
    columns = [
        Column(say.t(f"assess.{key}"), w, key == "completeness")
        for key, w in zip(heads, weights, strict=True)
    ]
    rows = [_item(item, against.get(item.id), say) for item in form.items]
    report.table(columns, rows, empty=NONE)


def _item(item: ItemOut, against: object, say: Numbers) -> list[str]:
    measured = say.percent(item.measured)
    if against is not None:
        over = getattr(against, "over_declared", False)
        told = {name: say.percent(getattr(against, name)) for name in ("declared", "measured")}
        measured = say.t("assess.over_declared" if over else "assess.under_declared", **told)
    return [
        say.name(item),
        ", ".join(_told(say, item.scale, float(Fraction(each))) for each in item.given) or NONE,
        say.word("basis", item.basis.replace(" ", "_")) if item.basis else NONE,
        measured,
        say.percent(item.completeness),
        f"{say.text(item, 'source')} ({item.confidence})",
    ]


def _evidence(report: Report, form: FormOut, say: Numbers) -> None:
    report.heading(say.t("assess.evidence"), say.t("assess.evidence.question"))
    heads = ("indicator", "value", "fraction", "completeness", "window")
    weights = (2.3, 0.8, 1.2, 1.1, 2.8)
    columns = [
        Column(say.t(f"assess.{key}"), w, key in {"value", "fraction", "completeness"})
        for key, w in zip(heads, weights, strict=True)
    ]
    rows = [
        [
            say.name(each),
            _value(each, say),
            f"{say.count(each.numerator)} / {say.count(each.denominator)}",
            say.percent(each.completeness),
            say.span(each.window_start, each.window_end),
        ]
        for each in form.evidence
    ]
    report.table(columns, rows, empty=NONE)
    for lacking in form.not_measured:
        needs = lacking.needs_zh if say.language == "zh-CN" else lacking.needs_en
        report.text(f"{say.name(lacking)}: {say.t('assess.not_measured', needs=needs)}", muted=True)
    _certification(report, form, say)


def _certification(report: Report, form: FormOut, say: Numbers) -> None:
    """Steps of 贯标, as the programme has them."""
    report.heading(say.t("assess.certification"), say.t("assess.certification.question"))
    heads = ("step", "due", "certification.reached")
    columns = [Column(say.t(f"assess.{key}"), 2 if key == "step" else 1) for key in heads]
    late = {True: say.t("assess.late"), False: say.t("assess.certification.open")}
    rows = [
        [
            say.word("milestone", each.kind),
            str(each.due_on or NONE),
            str(each.reached_on or late[each.overdue]),
        ]
        for each in form.certification
    ]
    report.table(columns, rows, empty=say.t("assess.certification.none"))


def _value(each: EvidenceOut, say: Numbers) -> str:
    """A share, or electricity for one item, as the page of the assessment writes it."""
    if each.value is None:
        return say.t("assess.no_value")
    return f"{say.measured(each.value)} Wh" if each.unit == "Wh per item" else say.percent(each.value)


def _steps(report: Report, form: FormOut, revisions: Sequence[RevisionOut], say: Numbers) -> None:
    report.heading(say.t("assess.steps"), say.t("assess.steps.question"))
    intact = {each.sha256: each.intact for each in revisions}
    heads = ("at", "step", "by", "comment", "seal")
    weights = (1.4, 0.9, 1, 2, 2.2)
    columns = [Column(say.t(f"assess.{key}"), w) for key, w in zip(heads, weights, strict=True)]
    rows = []
    for each in form.events:
        seal = ""
        if each.sha256:
            state = "assess.intact" if intact.get(each.sha256) else "assess.tampered"
            seal = f"{each.sha256[:16]}… {say.t(state)}"
        step = say.t("assess.step.of", n=each.revision, step=say.word("assess_event", each.kind))
        rows.append([say.moment(each.at), step, each.user_name, each.comment, seal])
    report.table(columns, rows, empty=NONE)
