"""The production report of a shift, a day or a month as PDF: the figures of the console's OEE and energy pages."""

from collections.abc import Sequence
from typing import Final

from chejian_cloud.energy.schemas import CarrierSum, EnergySumOut
from chejian_cloud.kpi.report_schemas import Amount
from chejian_cloud.kpi.sheet_schemas import SheetKpi, SheetOut
from chejian_cloud.reports.blocks import Column, Figure
from chejian_cloud.reports.charts import Bar
from chejian_cloud.reports.numbers import NONE, Numbers
from chejian_cloud.reports.production import Production
from chejian_cloud.reports.report import Report

FACTORS: Final = ("oee", "availability", "effectiveness", "quality_ratio")
COUNTS: Final = ("produced", "good", "scrap", "rework")
MOST_STOPS: Final = 40
"""Stops that are listed; the Pareto chart sums all."""
_US: Final = 60_000_000
_TINY: Final = 0.05
"""[min] Steps below are left out, as on the console (`charts/steps.js`)."""
_SHADES: Final = {
    "not_scheduled": "closed",
    "planned_stop": "planned",
    "planned_maintenance": "planned",
    "no_data": "no_data",
    "no_order": "idle",
    "setup": "setup",
    "effective": "production",
}


def production_report(found: Production, language: str) -> Report:
    """Lay the figures out in one of the console's languages."""
    say = Numbers(language)
    sheet = found.sheet
    report = Report(
        language=language,
        title=say.t(f"report.production.{found.window}"),
        place=_place(found, say),
        window=say.span(*found.period),
        versions=[f"{k.id} {k.formula_version}" for k in sheet.kpis if k.id in FACTORS],
        computed_at=sheet.computed_at,
        provisional=sheet.provisional,
    )
    _key_figures(report, found, say)
    report.heading(say.t("report.losses"), say.t("losses.question"))
    report.bars(waterfall(found.steps, say), unit="min")
    _stops(report, found, say)
    _lines(report, sheet, say)
    _machines(report, sheet, say)
    _energy(report, found, say)
    _kpis(report, sheet.kpis, say)
    return report


def _place(found: Production, say: Numbers) -> str:
    workshop, line = found.where
    parts = [say.name(workshop, "enterprise_"), f"{workshop.code} {say.name(workshop)}"]
    return " · ".join([*parts, f"{line.code} {say.name(line)}"] if line else parts)


def _key_figures(report: Report, found: Production, say: Numbers) -> None:
    """OEE and its factors, told as the console does: a line at its bottleneck, a workshop by sums."""
    sheet, line = found.sheet, found.where.line
    told = sheet.lines[0] if line and sheet.lines else None
    values = {k.id: k.value for k in sheet.kpis}
    share = told.completeness if told else sheet.completeness
    flags = told.flags if told else sheet.flags
    notes = ", ".join(say.word("flag", flag) for flag in flags)
    figures = [
        Figure(
            say.t(f"kpi.{kpi}"),
            say.percent(getattr(told, kpi) if told else values.get(kpi)),
            share,
            notes if kpi == "oee" else "",
        )
        for kpi in FACTORS
    ]
    figures += [
        Figure(
            say.t(f"count.{name}"),
            f"{say.count(sheet.terms[name])} {say.t('unit.pieces')}"
            if sheet.terms.get(name) is not None
            else NONE,
            sheet.completeness,
        )
        for name in COUNTS
    ]
    report.figures(figures)
    if told:
        named = ", ".join(told.bottleneck)
        waits = {"starved": say.minutes(told.starved_us), "blocked": say.minutes(told.blocked_us)}
        report.text(
            say.t("sums.line", machines=named, sums=say.percent(values.get("oee")), **waits), muted=True
        )
    else:
        report.text(say.t("sums.workshop"), muted=True)
    if sheet.uncounted:
        report.text(say.t("sums.uncounted", machines=", ".join(sheet.uncounted)), muted=True)


def waterfall(steps: Sequence[Amount], say: Numbers) -> list[Bar]:
    """Bars from the calendar down to effective time [min], as `charts/steps.js` draws them."""
    whole = sum(step.us for step in steps)
    level, out = whole / _US, []
    for step in steps:
        size = step.us / _US
        effective = step.name == "effective"
        start, end = (0.0, size) if effective else (level, level - size)
        sign = "" if effective else "−" if size > 0 else "+"
        shown = say.fixed(size if effective else abs(size), 1)
        part = f" · {say.percent(step.us / whole)}" if whole else ""
        if effective or abs(size) >= _TINY:
            out.append(
                Bar(
                    say.t(f"step.{step.name}"),
                    start,
                    end,
                    f"{sign}{shown}{part}",
                    _SHADES.get(step.name, "delay"),
                    hatched=step.name == "no_data",
                )
            )
        level -= size
    return out


def _stops(report: Report, found: Production, say: Numbers) -> None:
    report.heading(say.t("oee.pareto"), say.t("oee.pareto.question"))
    if not found.bars:
        report.text(say.t("report.no_stops"), muted=True)
    report.bars(
        [
            Bar(
                say.name(bar),
                0,
                bar.duration_us / _US,
                f"{say.minutes(bar.duration_us)} · {say.percent(bar.share)}",
                "delay" if bar.code else "idle",
            )
            for bar in found.bars
        ],
        unit="min",
    )
    report.heading(say.t("stops.list"))
    codes = {m.equipment_id: m.code for m in found.sheet.machines}
    shown = found.stops[:MOST_STOPS]
    rows = [
        [
            codes.get(stop.equipment_id, str(stop.equipment_id)),
            say.clock(stop.start),
            say.minutes(int((stop.end - stop.start).total_seconds() * 1_000_000)),
            say.word("state", str(stop.state)),
            _reason(found, stop.reason, say) if stop.reason else _unexplained(stop.needs_reason, say),
            stop.comment,
            stop.user_name,
        ]
        for stop in shown
    ]
    head = (
        "waits.machine",
        "stops.start",
        "report.minutes",
        "timeline.state",
        "stops.reason",
        "stops.comment",
        "stops.by",
    )
    weights = (1.2, 1.5, 0.8, 0.8, 1.5, 1.8, 1)
    columns = [Column(say.t(key), w, key == "report.minutes") for key, w in zip(head, weights, strict=True)]
    report.table(columns, rows, empty=say.t("report.no_stops"))
    if len(found.stops) > len(shown):
        report.text(say.t("report.more_stops", n=len(found.stops) - len(shown)), muted=True)


def _reason(found: Production, code: str, say: Numbers) -> str:
    node = found.reasons.get(code)
    if node is None:
        return code
    return node.name_en if say.language == "en" else node.name_zh


def _unexplained(needed: bool, say: Numbers) -> str:
    return say.t("stops.unexplained" if needed else "stops.needs_none")


def _lines(report: Report, sheet: SheetOut, say: Numbers) -> None:
    if not sheet.lines:
        return
    report.heading(say.t("sums.lines"), say.t("sums.lines.caption"))
    columns = [
        Column(say.t("sums.name"), 2),
        *(Column(say.t(f"kpi.{kpi}"), 1.4 if kpi == "oee" else 1, numbers=True) for kpi in FACTORS),
        Column(say.t("sums.bottleneck"), 1.4),
        Column(say.t("sums.completeness"), 1, numbers=True),
    ]
    rows = [
        [
            f"{line.code} {say.name(line)}",
            *(say.percent(getattr(line, kpi)) for kpi in FACTORS),
            ", ".join(line.bottleneck),
            say.percent(line.completeness),
        ]
        for line in sheet.lines
    ]
    report.table(columns, rows, empty=say.t("kpis.empty"))


def _machines(report: Report, sheet: SheetOut, say: Numbers) -> None:
    report.heading(say.t("sums.machines"), say.t("sums.machines.question"))
    columns = [
        Column(say.t("sums.name"), 2.2),
        *(Column(say.t(f"kpi.{kpi}"), 1.4 if kpi == "oee" else 1, numbers=True) for kpi in FACTORS),
        Column("MTBF [h]", 0.9, numbers=True),
        Column("MTTR [h]", 0.9, numbers=True),
        Column(say.t("sums.completeness"), 0.9, numbers=True),
        Column(say.t("sums.flags"), 1.6),
    ]
    worst = sorted(sheet.machines, key=lambda m: (m.oee is None, m.oee or 0.0))
    rows = [
        [
            f"{m.code} {say.name(m)}",
            *(say.percent(getattr(m, kpi)) for kpi in FACTORS),
            say.fixed(m.mtbf, 2),
            say.fixed(m.mttr, 2),
            say.percent(m.completeness),
            ", ".join(say.word("flag", flag) for flag in m.flags),
        ]
        for m in worst
    ]
    report.table(columns, rows, empty=say.t("workshop.no_machines"))


def _energy(report: Report, found: Production, say: Numbers) -> None:
    report.heading(say.t("energy.sum"), say.t("energy.standard"))
    if not found.energy:
        report.text(say.t("energy.empty"), muted=True)
        return
    kgce = _total([each.kgce for each in found.energy])
    output = _total([each.output for each in found.energy])
    shares = [c.completeness for each in found.energy for c in each.carriers if c.counted]
    share = min(shares, default=0.0)
    known = [each.output_completeness for each in found.energy if each.output_completeness is not None]
    counted = min(known, default=None)
    each_item = kgce / output if kgce is not None and output else None
    pieces = say.t("unit.pieces")
    days = say.t("report.days", n=len(found.energy)) if found.window == "month" else ""
    report.figures(
        [
            Figure(say.t("energy.total"), _with(say.measured(kgce, 5), "kgce"), share, days),
            Figure(
                say.t("energy.per_unit"),
                _with(say.measured(each_item), f"kgce/{pieces}"),
                share,
                say.t("energy.total_by_output"),
            ),
            Figure(
                say.t("energy.output"), _with(say.count(output), pieces), counted, _machines_of(found.energy)
            ),
        ]
    )
    columns = [
        Column(say.t("energy.carrier"), 1.2),
        Column(say.t("meter.used"), 1.3, numbers=True),
        Column(say.t("energy.coal"), 1.3, numbers=True),
        Column(say.t("energy.per_unit"), 1.5, numbers=True),
        Column(say.t("energy.completeness"), 1, numbers=True),
        Column(say.t("energy.flags"), 2),
    ]
    report.table(columns, carriers(found.energy, say), empty=say.t("energy.empty"))


def carriers(energy: Sequence[EnergySumOut], say: Numbers) -> list[list[str]]:
    """A row for each carrier; over several windows a sum is told only where each of them is known."""
    own: dict[str, list[CarrierSum]] = {}
    for each in energy:
        for carrier in each.carriers:
            own.setdefault(carrier.carrier, []).append(carrier)
    output = _total([each.output for each in energy])
    rows = []
    for name, parts in own.items():
        used = _total([part.value for part in parts])
        unit = say.unit(parts[0].unit)
        per = used / output if used is not None and output else None
        coal = _with(say.measured(_total([part.kgce for part in parts]), 5), "kgce")
        flags = sorted({flag for part in parts for flag in part.flags})
        rows.append(
            [
                say.word("carrier", name),
                _with(say.measured(used, 5), unit),
                coal if parts[0].counted else f"{coal} ({say.t('energy.not_counted')})",
                _with(say.measured(per), f"{unit}/{say.t('unit.pieces')}"),
                say.percent(min(part.completeness for part in parts)),
                ", ".join(say.word("flag", flag) for flag in flags),
            ]
        )
    return rows


def _total(values: Sequence[float | None]) -> float | None:
    """The sum; None where a part is not known."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _with(text: str, unit: str) -> str:
    return NONE if text == NONE else f"{text} {unit}"


def _machines_of(energy: Sequence[EnergySumOut]) -> str:
    return ", ".join(sorted({code for each in energy for code in each.output_machines}))


def _kpis(report: Report, kpis: Sequence[SheetKpi], say: Numbers) -> None:
    report.heading(say.t("sheet.title"), say.t("sheet.caption"))
    columns = [
        Column(say.t("sheet.kpi"), 2.4),
        Column(say.t("sheet.value"), 1.2, numbers=True),
        Column(say.t("sums.completeness"), 1, numbers=True),
        Column(say.t("sheet.why"), 2),
        Column(say.t("evidence.version"), 0.8, numbers=True),
    ]
    rows = [
        [
            say.name(kpi),
            _value(kpi, say),
            say.percent(kpi.completeness),
            _why(kpi, say),
            kpi.formula_version or NONE,
        ]
        for kpi in kpis
    ]
    report.table(columns, rows, empty=say.t("kpis.empty"))


def _value(kpi: SheetKpi, say: Numbers) -> str:
    if kpi.value is None:
        return NONE
    return say.percent(kpi.value) if kpi.unit == "1" else f"{say.fixed(kpi.value, 2)} {kpi.unit}"


def _why(kpi: SheetKpi, say: Numbers) -> str:
    if kpi.reason is None:
        return ""
    if kpi.reason == "not_delivered":
        return say.t("reason.not_delivered", what=say.word("needs", kpi.id))
    told = say.word("flag", kpi.reason)
    return say.word("reason", kpi.reason) if told == kpi.reason else told
