"""The programme's monthly bulletin as PDF: what `programme.bulletin` says, in one of the console's languages."""

from typing import Final

from chejian_analytics.assessment.programme import Places

from chejian_cloud.programme.bulletin_schemas import BulletinOut, BulletinTargetOut, MonthlyOut
from chejian_cloud.programme.schemas import ConcernOut, ReasonOut
from chejian_cloud.reports.blocks import Column, Figure
from chejian_cloud.reports.numbers import NONE, Numbers
from chejian_cloud.reports.report import Report

_COUNTED: Final = ("T1.workshops", "T1.lines")
_SHARES: Final = frozenset({"incomplete", "mostly declared"})
_DAYS: Final = frozenset({"stale", "not observed when due"})
_MOVES: Final = 30
"""Moves that are told of; the rest is counted."""


def bulletin_report(bulletin: BulletinOut, places: Places, language: str) -> Report:
    """Lay a bulletin out.

    Args:
        bulletin: of a month.
        places: with the names of the cities.
        language: tag of the console's languages.
    """
    page = _Page(bulletin, places, Numbers(language))
    page.figures()
    page.targets()
    page.cities()
    page.moves()
    page.at_risk()
    page.stale()
    return page.report


class _Page:
    def __init__(self, bulletin: BulletinOut, places: Places, say: Numbers) -> None:
        self.bulletin, self.say = bulletin, say
        self.names = {c.code: c.name_zh if say.language == "zh-CN" else c.name_en for c in places.cities}
        self.report = Report(
            language=say.language,
            title=say.t("report.bulletin"),
            place=bulletin.plan_zh if say.language == "zh-CN" else bulletin.plan_en,
            window=f"{bulletin.first} – {bulletin.last}",
            versions=[bulletin.plan, bulletin.standard],
            computed_at=bulletin.looked_at,
            provisional=bulletin.provisional,
        )

    def figures(self) -> None:
        b, say = self.bulletin, self.say
        counted = [each for each in b.targets if each.id in _COUNTED]
        self.report.figures(
            [
                *(Figure(say.name(t), told(say, t, t.value), None, self._line(t)) for t in counted),
                Figure(say.t("report.bulletin.at_risk"), say.count(len(b.at_risk)), None),
                Figure(say.t("prog.stale"), say.count(len(b.stale)), None),
                *(self._monthly(each) for each in b.indicators),
            ]
        )

    def _line(self, target: BulletinTargetOut) -> str:
        planned, goal = (told(self.say, target, value) for value in (target.planned, target.goal))
        return self.say.t("report.bulletin.line", planned=planned, goal=goal)

    def _monthly(self, each: MonthlyOut) -> Figure:
        say = self.say
        before = say.t("report.bulletin.before", value=say.percent(each.before))
        name = "OEE" if each.indicator == "oee" else say.t("prog.energy")
        return Figure(name, say.percent(each.value), each.completeness, before)

    def targets(self) -> None:
        say = self.say
        self.report.heading(say.t("prog.targets"), say.t("prog.targets.question"))
        head = ("prog.target", "report.bulletin.month_before", "prog.observed", "prog.planned")
        columns = [
            Column(say.t(head[0]), 3),
            *(Column(say.t(each), 1, numbers=True) for each in head[1:]),
            Column(say.t("prog.goal_column"), 1, numbers=True),
            Column(say.t("assess.state"), 1),
            Column(say.t("prog.reasons"), 4),
        ]
        rows = [
            [
                f"{t.id} {say.name(t)}",
                *(told(say, t, value) for value in (t.before, t.value, t.planned, t.goal)),
                say.word("target_status", t.status.replace(" ", "_")),
                "; ".join(self._why(t, reason) for reason in t.reasons),
            ]
            for t in self.bulletin.targets
            if t.value is not None or t.reasons
        ]
        self.report.table(columns, rows, empty=say.t("prog.none"))

    def _why(self, target: BulletinTargetOut, reason: ReasonOut) -> str:
        def number(value: float) -> str:
            if reason.why in _SHARES:
                return self.say.percent(value)
            return self.say.count(value) if reason.why in _DAYS else told(self.say, target, value)

        key = f"target_why.{reason.why.replace(' ', '_')}"
        return self.say.t(key, value=number(reason.value), limit=number(reason.limit))

    def cities(self) -> None:
        say = self.say
        self.report.heading(say.t("prog.map"))
        names = ("workshops", "recognised", "lines", "reporting", "stale")
        columns = [
            Column(say.t("prog.city"), 2.3),
            *(Column(say.t(f"prog.{name}"), 2 if name == "lines" else 1, numbers=True) for name in names),
            Column(say.t("assess.contradictions"), 1.2, numbers=True),
            Column("OEE", 0.8, numbers=True),
        ]
        rows = [
            [
                self.names[c.code],
                *(say.count(n) for n in (c.workshops, c.recognised)),
                f"{c.lines_recognised}/{c.lines}",
                *(say.count(n) for n in (c.reporting, c.stale, c.contradicted)),
                say.percent(c.oee),
            ]
            for c in self.bulletin.cities
        ]
        self.report.table(columns, rows, empty=say.t("prog.none"))

    def moves(self) -> None:
        say, moves = self.say, self.bulletin.moves
        self.report.heading(say.t("report.bulletin.moves"))
        columns = [
            Column(say.t("prog.rank"), 1, numbers=True),
            Column(say.t("report.bulletin.month_before"), 1, numbers=True),
            Column(say.t("prog.workshop"), 5),
            Column(say.t("prog.city"), 2),
            Column(say.t("assess.total"), 1, numbers=True),
            Column(say.t("report.bulletin.month_before"), 1, numbers=True),
        ]
        rows = [
            [
                str(m.rank),
                NONE if m.rank_before is None else str(m.rank_before),
                say.name(m),
                self.names.get(m.city_code, m.city_code),
                say.fixed(m.total, 1),
                say.fixed(m.total_before, 1),
            ]
            for m in moves[:_MOVES]
        ]
        self.report.table(columns, rows, empty=say.t("report.bulletin.moves.none"))
        if len(moves) > _MOVES:
            self.report.text(say.t("report.bulletin.moves.more", n=len(moves) - _MOVES), muted=True)

    def at_risk(self) -> None:
        say = self.say
        self.report.heading(say.t("report.bulletin.at_risk"))
        columns = [
            Column(say.t("prog.workshop"), 4),
            Column(say.t("prog.city"), 2),
            Column(say.t("prog.reasons"), 4),
        ]
        rows = [
            [
                say.name(each),
                self.names.get(each.city_code, each.city_code),
                "; ".join(map(self._concern, each.concerns)),
            ]
            for each in self.bulletin.at_risk
        ]
        self.report.table(columns, rows, empty=say.t("report.bulletin.at_risk.none"))

    def _concern(self, concern: ConcernOut) -> str:
        say = self.say
        if concern.kind == "overdue":
            return say.t("prog.concern.overdue", step=say.word("milestone", concern.milestone or ""))
        if concern.kind == "contradicted":
            return say.t("report.bulletin.contradicted")
        if concern.value is None:
            return say.t("prog.never_heard")
        return say.t("prog.concern.stale", n=say.fixed(concern.value, 1))

    def stale(self) -> None:
        say = self.say
        self.report.heading(say.t("prog.stale"), say.t("prog.stale.question"))
        columns = [
            Column(say.t("prog.workshop"), 4),
            Column(say.t("prog.city"), 2),
            Column(say.t("prog.last_seen"), 2),
            Column(say.t("prog.silent"), 2),
        ]
        rows = [
            [
                say.name(each),
                self.names.get(each.city_code, each.city_code),
                say.moment(each.last_seen) if each.last_seen else NONE,
                say.t("prog.never_heard")
                if each.silent_days is None
                else say.t("prog.silent_days", n=say.fixed(each.silent_days, 1)),
            ]
            for each in self.bulletin.stale
        ]
        self.report.table(columns, rows, empty=say.t("prog.stale.none"))


def told(say: Numbers, target: BulletinTargetOut, value: float | None) -> str:
    """A value of a target as the console writes it: quotients as percent."""
    return say.percent(value) if target.unit == "1" else say.measured(value, 5)
