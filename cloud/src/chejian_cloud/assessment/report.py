"""The report of an assessment (评估诊断报告) as an Excel file; text is never a formula, whatever a name begins with."""

import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter  # type: ignore[import-untyped] # it ships no types
from chejian_analytics.assessment import Authority
from pydantic import BaseModel

from chejian_cloud.assessment.schemas import BenchmarkOut, FormOut, GroupOut, ResultOut, RevisionOut

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
Sheet = tuple[str, Sequence[str], Iterable[Sequence[Any]]]
_WIDTHS = 24
_GROUPS = {
    "industry": ("同行业其他企业", "Others of the industry"),
    "province": ("全省其他企业", "Others of the province"),
}
_AUTHORITIES = {
    Authority.STANDARD.value: "标准 standard",
    Authority.PROJECT_DEFAULT.value: "项目默认 project default",
    Authority.NONE.value: "无 none",
}
_LADDERS = {"workshop": "车间 workshop", "factory": "工厂 factory"}
_REASONS = {
    "few": "企业太少，不公布 too few enterprises to be told",
    "deducible": "可推算出少数企业，不公布 would give a few enterprises away",
}


def as_xlsx(
    form: FormOut, result: ResultOut, revisions: Sequence[RevisionOut], benchmark: BenchmarkOut
) -> bytes:
    """Result, items, gaps, evidence, steps, certification: a sheet each, heads in both languages."""
    sheets = (
        _result(form, result, revisions, benchmark),
        _items(form),
        _gaps(result),
        _evidence(form),
        _steps(form, revisions),
        _certification(form),
    )
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, options) as book:
        bold, wrapped = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        for name, head, rows in sheets:
            sheet = book.add_worksheet(name)
            for column, title in enumerate(head):
                sheet.write_string(0, column, title, bold)
            for number, row in enumerate(rows, 1):
                for column, value in enumerate(row):
                    if isinstance(value, int | float) and not isinstance(value, bool):
                        sheet.write_number(number, column, value, wrapped)
                    elif value is not None:
                        sheet.write_string(number, column, _text(value), wrapped)
            sheet.freeze_panes(1, 1)
            sheet.set_column(0, len(head) - 1, _WIDTHS)
    return out.getvalue()


def _both(row: BaseModel, key: str) -> str:
    """A text in both languages; once where they are the same."""
    return "\n".join(dict.fromkeys(getattr(row, f"{key}_{tag}") for tag in ("zh", "en")))


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "是 yes" if value else "否 no"
    return value.isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)


def _result(
    form: FormOut, result: ResultOut, revisions: Sequence[RevisionOut], benchmark: BenchmarkOut
) -> Sheet:
    last = revisions[-1] if revisions else None
    rows: list[Sequence[Any]] = [
        ("企业 Enterprise", f"{form.enterprise_name_zh} {form.enterprise_name_en}".strip()),
        ("车间 Workshop", f"{form.workshop_name_zh or ''} {form.workshop_name_en or ''}".strip() or "-"),
        ("标准 Standard", f"{_both(form.standard, 'document')} {form.standard.name_zh}"),
        ("数据文件版本 Version of the data file", f"{form.standard.version} {form.standard.digest}"),
        ("出处 Source", f"{_both(form.standard, 'source')} ({form.standard.confidence})"),
        ("说明 Note", _both(form.standard, "note")),
        ("实测时间范围 Window of evidence", f"{_text(form.window_start)} - {_text(form.window_end)}"),
        ("状态 State", form.state),
        ("版本 Revision", form.revision),
        ("总分 Total", result.total),
        *(
            (
                f"等级 Level {_LADDERS.get(each.ladder, each.ladder)}".strip(),
                f"{each.name_zh} {each.name_en}".strip() or "-",
            )
            for each in result.levels
        ),
        ("已答占比 Answered", result.answered),
        ("实测占比 Measured", result.measured),
        ("申报并附材料占比 Declared with attachment", result.attached),
        ("申报占比 Declared", result.declared),
        ("与实测矛盾 Contradicted by telemetry", len(result.contradictions)),
        *(row for group in benchmark.groups for row in _group(group)),
        ("冻结内容校验 SHA-256 of what was submitted", last.sha256 if last else "-"),
        ("内容原样 Intact", last.intact if last else "-"),
        *((f"分项 {axis.name_zh} {axis.name_en}", axis.value) for axis in result.radar),
    ]
    return "结论 Result", ("项目 What", "内容 Value"), rows


def _group(each: GroupOut) -> list[Sequence[Any]]:
    zh, en = _GROUPS[each.group]
    if each.reason:
        return [(f"{zh} {en}", _REASONS[each.reason])]
    return [
        (f"{zh}：下四分位 {en}: lower quartile", each.lower),
        (f"{zh}：中位数 {en}: median", each.median),
        (f"{zh}：上四分位 {en}: upper quartile", each.upper),
        (f"{zh}：企业数 {en}: enterprises", each.others),
    ]


def _items(form: FormOut) -> Sheet:
    against = {each.item: each for each in form.contradictions_now}
    head = (
        *(
            "条目 Item",
            "Item",
            "答案 Answer",
            "依据 Basis",
            "实测 Measured",
            "数据完整度 Completeness",
            "矛盾 Contradicted",
        ),
        *("附件 Attachments", "出处 Source", "可信度 Confidence", "谁规定 Authority"),
    )
    rows = [
        (
            *(item.name_zh, item.name_en, ", ".join(item.given) or "-", item.basis or "-", item.measured),
            item.completeness,
            _contradiction(against.get(item.id)),
            ", ".join(f"{a['name']} {a['sha256'][:12]}" for a in item.attachments),
            *(_both(item, "source"), item.confidence, _AUTHORITIES[item.authority]),
        )
        for item in form.items
    ]
    return "条目 Items", head, rows


def _contradiction(found: Any) -> str:
    if found is None:
        return ""
    return f"申报 declared {found.declared:g}, 实测 measured {found.measured:g}"


def _gaps(result: ResultOut) -> Sheet:
    head = ("下一级 Next level", "条目 Item", "Item", "现在 Now", "需要 Needed", "改动量 Change", "贡献 Gain")
    rows = [
        (
            f"{advice.level.name_zh} {advice.level.name_en}" if advice.level else "-",
            *(move.name_zh, move.name_en),
            ", ".join(f"{v:g}" for v in move.before) or "-",
            ", ".join(f"{v:g}" for v in move.to),
            *(move.change, move.gain),
        )
        for advice in result.advice
        for move in advice.moves
    ]
    return "差距与建议 Gaps", head, rows


def _evidence(form: FormOut) -> Sheet:
    head = (
        *("指标 Indicator", "Indicator", "数值 Value", "分子 Numerator", "分母 Denominator", "单位 Unit"),
        *("数据完整度 Completeness", "起 From", "止 To", "算法 Formula", "查询 Query"),
    )
    rows = [
        (
            *(each.name_zh, each.name_en, each.value, each.numerator, each.denominator, each.unit),
            *(each.completeness, each.window_start, each.window_end, _both(each, "formula"), each.query),
        )
        for each in form.evidence
    ]
    lacking = [
        (each.name_zh, each.name_en, f"未测量 not measured: {each.needs_zh} / {each.needs_en}")
        for each in form.not_measured
    ]
    return "证据 Evidence", head, [*rows, *lacking]


def _certification(form: FormOut) -> Sheet:
    """Steps of GB/T 23001 as the programme has them."""
    head = ("节点 Step", "截止 Due", "完成 Reached", "逾期 Overdue")
    rows = [(each.kind, each.due_on, each.reached_on, each.overdue) for each in form.certification]
    return "贯标 Certification", head, rows


def _steps(form: FormOut, revisions: Sequence[RevisionOut]) -> Sheet:
    intact = {each.sha256: each.intact for each in revisions}
    head = (
        "版本 Revision",
        "步骤 Step",
        "时间 At",
        "办理人 By",
        "意见 Comment",
        "截止 Due",
        "SHA-256",
        "原样 Intact",
    )
    rows = [
        (
            *(each.revision, each.kind, each.at, each.user_name, each.comment, each.due_on, each.sha256),
            intact.get(each.sha256) if each.sha256 else None,
        )
        for each in form.events
    ]
    return "过程 Steps", head, rows
