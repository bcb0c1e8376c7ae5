"""A second engine, written from docs/oee-conformance.md and docs/kpis.md alone: what another vendor would write.

Plain Python over instants, piece by piece; it shares no code with Chejian. Only the holidays are read from the same files.
"""

import tomllib
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Case = Mapping[str, Any]
Span = tuple[datetime, datetime]
HOLIDAYS = Path(__file__).parents[3] / "analytics/src/chejian_analytics/kpi/holidays"
SHORT = {"FAULT", "STOPPED"}
WAITING = {"STOPPED", "IDLE", "STARVED", "BLOCKED", "SETUP"}
MODES = {
    "SETUP": dict.fromkeys(("PRODUCING", "STOPPED", "IDLE", "STARVED", "BLOCKED"), "SETUP"),
    "MAINTENANCE": dict.fromkeys(
        ("PRODUCING", "SETUP", "FAULT", "STOPPED", "STARVED", "BLOCKED", "IDLE"), "MAINTENANCE"
    ),
}
CLASS = {
    "PRODUCING": "production",
    "SETUP": "setup",
    "FAULT": "fault",
    "STOPPED": "stop",
    "STARVED": "starved",
    "BLOCKED": "blocked",
    "IDLE": "no_order",
    "MAINTENANCE": "maintenance",
    "OFF": "no_order",
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


@cache
def holidays(year: int) -> tuple[frozenset[date], frozenset[date]]:
    """Days off and adjusted working days of China."""
    data = tomllib.loads((HOLIDAYS / f"cn-{year}.toml").read_text(encoding="utf-8"))
    off = {
        h["first"] + timedelta(days=i)
        for h in data["holiday"]
        for i in range((h["last"] - h["first"]).days + 1)
    }
    return frozenset(off), frozenset(data["workdays"])


class Calendar:
    """Scheduled, planned stops and planned maintenance, as lists of spans."""

    def __init__(self, case: Case, first: date, last: date) -> None:
        self.zone = ZoneInfo(case["timezone"])
        given = case["calendar"]
        self.scheduled: list[Span] = []
        self.stops: list[Span] = []
        self.maintenance: list[Span] = []
        exceptions = {d["day"]: d["shifts"] for d in given.get("days", [])}
        day = first
        while day <= last:
            versions = [v for v in given["versions"] if date.fromisoformat(v["valid_from"]) <= day]
            if versions:
                self._add_day(day, max(versions, key=lambda v: v["valid_from"]), exceptions)
            day += timedelta(days=1)
        places = {
            "overtime": self.scheduled,
            "planned_stop": self.stops,
            "planned_maintenance": self.maintenance,
        }
        for span in given.get("spans", []):
            places[span["kind"]].append((at(span["start"]), at(span["end"])))

    def _add_day(self, day: date, version: Mapping[str, Any], exceptions: Mapping[str, list[str]]) -> None:
        worked = day.isoweekday() in version.get("workdays", range(1, 8))
        if "holidays" in version:
            off, on = holidays(day.year)
            worked = day in on or (worked and day not in off)
        for shift in version["shifts"]:
            if shift["code"] in exceptions.get(day.isoformat(), [shift["code"]] if worked else []):
                span = self._span(day, shift["start"], shift["end"])
                self.scheduled.append(span)
                for start, end in shift.get("breaks", []):
                    rest = self._span(day, start, end)
                    behind_midnight = rest[0] < span[0]
                    self.stops.append(
                        self._span(day + timedelta(days=1), start, end) if behind_midnight else rest
                    )
        self.stops += [self._span(day, start, end) for start, end in version.get("planned_stops", [])]

    def _span(self, day: date, start: str, end: str) -> Span:
        a, b = time.fromisoformat(start), time.fromisoformat(end)
        behind = day + timedelta(days=b <= a)
        # Through UTC: two times of one zone are subtracted by the clock on the wall.
        utc = ZoneInfo("UTC")
        return (
            datetime.combine(day, a, self.zone).astimezone(utc),
            datetime.combine(behind, b, self.zone).astimezone(utc),
        )


def inside(spans: list[Span], t: datetime) -> bool:
    return any(a <= t < b for a, b in spans)


class Engine:
    """One case, classified piece by piece."""

    def __init__(self, case: Case) -> None:
        self.case = case
        windows = [(at(w["start"]), at(w["end"])) for w in case["windows"]]
        first = min(a for a, _ in windows) - timedelta(days=3)
        last = max(b for _, b in windows) + timedelta(days=3)
        self.calendar = Calendar(case, first.date(), last.date())
        self.states = sorted(((at(t), s) for t, s in case["states"]), key=lambda row: row[0])
        self.modes = sorted((at(t), m) for t, m in case.get("modes", []))
        self.products = sorted((at(t), p) for t, p in case.get("products", []))
        self.orders = [(at(a), at(b)) for a, b in case["orders"]] if "orders" in case else None
        self.reasons = [(at(r["start"]), at(r["end"]), r.get("loss")) for r in case.get("reasons", [])]
        hold = case["hold_s"]
        self.hold = timedelta(seconds=hold) if hold is not None else timedelta.max
        self.edges = self._edges(windows, first, last)
        self.state = [self._state(t) for t in self.edges[:-1]]
        rules = case.get("rules", {})
        self.minor = self._runs(SHORT, rules.get("minor_stop_s", 0), lambda _a, _b: True)
        self.changeover = self._runs(WAITING, rules.get("changeover_s", 0), self._product_changes)
        self.classes = [self._class(i) for i in range(len(self.state))]

    def _edges(self, windows: list[Span], first: datetime, last: datetime) -> list[datetime]:
        found = {first, last, *(t for t, _ in self.modes), *(t for t, _ in self.states)}
        if self.hold != timedelta.max:
            found |= {t + self.hold for t, _ in self.states}
        c = self.calendar
        for spans in (windows, c.scheduled, c.stops, c.maintenance, self.orders or []):
            found |= {t for span in spans for t in span}
        found |= {t for a, b, _ in self.reasons for t in (a, b)}
        return sorted(t for t in found if first <= t <= last)

    def _state(self, t: datetime) -> str | None:
        before = [row for row in self.states if row[0] <= t]
        if not before or (self.hold != timedelta.max and t >= before[-1][0] + self.hold):
            return None
        state: str | None = before[-1][1]
        modes = [m for at_, m in self.modes if at_ <= t]
        return MODES.get(modes[-1] if modes else "", {}).get(state or "", state)

    def _runs(
        self, member: set[str], limit_s: float, also: Callable[[datetime, datetime], bool]
    ) -> list[bool]:
        """For each piece whether it is in an unbroken run of some states up to a limit."""
        out, i = [False] * len(self.state), 0
        while i < len(self.state):
            j = i
            while j < len(self.state) and self.state[j] in member:
                j += 1
            a, b = self.edges[i], self.edges[j] if j < len(self.edges) else self.edges[-1]
            if j > i and b - a <= timedelta(seconds=limit_s) and also(a, b):
                out[i:j] = [True] * (j - i)
            i = max(j, i + 1)
        return out

    def _product_changes(self, a: datetime, b: datetime) -> bool:
        pairs = pairwise(self.products)
        return any(a <= t <= b and before != after for (_, before), (t, after) in pairs)

    def _class(self, i: int) -> str:
        t = self.edges[i]
        if not inside(self.calendar.scheduled, t):
            return "not_scheduled"
        if inside(self.calendar.maintenance, t):
            return "planned_maintenance"
        if inside(self.calendar.stops, t):
            return "planned_stop"
        state = self.state[i]
        if state is None:
            return "no_data"
        found = CLASS[state]
        if self.orders is not None:
            if inside(self.orders, t):
                found = "stop" if state in {"IDLE", "OFF"} else found
            elif state in {"FAULT", "STOPPED", "STARVED", "BLOCKED"}:
                found = "no_order"
        if self.minor[i] and found in {"fault", "stop"}:
            found = "minor_stop"
        if self.changeover[i] and found in {"stop", "no_order", "starved", "blocked"}:
            found = "setup"
        given = [loss for a, b, loss in self.reasons if a <= t < b]
        return (given[-1] or found) if given and found != "production" else found

    def seconds(self, start: datetime, end: datetime) -> dict[str, float]:
        out: dict[str, float] = {}
        for i, name in enumerate(self.classes):
            if start <= self.edges[i] < end:
                out[name] = out.get(name, 0) + (self.edges[i + 1] - self.edges[i]).total_seconds()
        return out

    def events(self, start: datetime, end: datetime) -> dict[str, int]:
        """What begins in a window; a meal neither begins nor cuts an event, overrun planned maintenance is no failure."""
        c, pieces = self.classes, range(len(self.classes))
        meal = [c[i] == "planned_stop" and inside(self.calendar.stops, self.edges[i]) for i in pieces]
        failing = [
            c[i] in {"fault", "maintenance"} or (meal[i] and self.state[i] == "FAULT" and not self.minor[i])
            for i in pieces
        ]
        overrun = [
            c[i] in {"planned_stop", "planned_maintenance"} and self.state[i] in {"FAULT", "MAINTENANCE"}
            for i in pieces
        ]
        minor = [c[i] == "minor_stop" or (meal[i] and self.minor[i]) for i in pieces]
        setup = [c[i] == "setup" or (meal[i] and self.state[i] == "SETUP") for i in pieces]

        def begins(which: list[bool], held: list[bool]) -> int:
            return sum(
                which[i] and not which[i - 1] and not held[i - 1] and start <= self.edges[i] < end
                for i in pieces[1:]
            )

        never = [False] * len(c)
        return {
            "failures": begins(failing, overrun),
            "minor_stops": begins(minor, never),
            "setups": begins(setup, never),
        }

    def increments(self, name: str) -> list[tuple[datetime, int]] | None:
        """(time, items) of each reading behind the first; the first itself with 0."""
        given = self.case.get("counters", {}).get(name)
        if given is None:
            return None
        rows = sorted((at(t), v) for t, v in given["samples"])
        modulus, least = given.get("modulus"), given.get("least_cycle_s", 0)
        replaced = [at(t) for t in given.get("replaced", [])]
        out = [(rows[0][0], 0)]
        for (before, old), (now, new) in pairwise(rows):
            step = new - old
            if step < 0:
                wrapped = step + (modulus or 0)
                step = wrapped if modulus and old < modulus and 2 * wrapped < modulus else new
            too_fast = step > 1 and (step - 1) * least > (now - before).total_seconds()
            if too_fast or any(before < t <= now for t in replaced):
                step = 0
            out.append((now, step))
        return out

    def counts(self, start: datetime, end: datetime) -> dict[str, int | None]:
        def items(name: str) -> int | None:
            found = self.increments(name)
            if found is None or found[0][0] >= end:
                return None
            return sum(n for t, n in found if start <= t < end)

        made, good, scrap, rework = (items(n) for n in ("produced", "good", "scrap", "rework"))
        again = rework or 0
        if made is None and good is not None and scrap is not None:
            made = good + scrap + again
        elif good is None and made is not None and scrap is not None:
            good = made - scrap - again
        elif scrap is None and made is not None and good is not None:
            scrap = made - good - again
        return {"produced": made, "good": good, "scrap": scrap, "rework": rework}

    def ideal(self, name: str, start: datetime, end: datetime) -> float | None:
        """Sum of ideal cycles of the items of a counter [s]; None where one is not known."""
        total = 0.0
        for t, n in self.increments(name) or []:
            if n and start <= t < end:
                running = [p for at_, p in self.products if at_ < t]
                cycle = self._cycle(running[-1] if running else "", t)
                if cycle is None:
                    return None
                total += n * cycle
        return total

    def _ideals(self, start: datetime, end: datetime) -> tuple[float | None, float | None]:
        """Ideal time of all items and of the good ones; the counter that is missing follows from the others."""
        names = ("produced", "good", "scrap", "rework")
        made, good, scrap, rework = (self.ideal(name, start, end) for name in names)
        counters = self.case.get("counters", {})
        bad = None if scrap is None or rework is None else scrap + rework
        if "produced" not in counters:
            made = None if good is None or bad is None else good + bad
        if "good" not in counters:
            good = None if made is None or bad is None else made - bad
        return made, None if made is None else good

    def _cycle(self, product: str, t: datetime) -> float | None:
        for wanted in (product, ""):
            known = [
                (at(c["valid_from"]), c["cycle_s"])
                for c in self.case.get("ideal_cycles", [])
                if c["product"] == wanted and at(c["valid_from"]) <= t
            ]
            if known:
                return float(max(known)[1])
        return None

    def kpis(self, start: datetime, end: datetime) -> dict[str, float | None]:
        s, n, fe = self.seconds(start, end), self.counts(start, end), self.events(start, end)["failures"]
        apt, aust, adot = (s.get(k, 0) for k in ("production", "setup", "no_order"))
        repair = s.get("fault", 0) + s.get("maintenance", 0)
        adet = repair + sum(s.get(k, 0) for k in ("stop", "minor_stop", "starved", "blocked"))
        pbt = apt + aust + adet + adot
        ideal, good_ideal = self._ideals(start, end) if n["produced"] is not None else (None, None)
        if n["good"] is None:
            good_ideal = None
        hours = [(k, v / 3600) for k, v in (("mtbf", apt + aust), ("mttf", pbt - repair), ("mttr", repair))]
        quotients = {
            "availability": (apt, pbt),
            "effectiveness": (ideal, apt),
            "quality_ratio": (n["good"], n["produced"]),
            "oee": (good_ideal, pbt),
            "nee": (None if good_ideal is None else good_ideal * (apt + aust), apt * pbt),
            "teep": (good_ideal if pbt else None, (end - start).total_seconds() - s.get("no_data", 0)),
            "allocation_efficiency": (apt + aust + adet, pbt),
            "utilization_efficiency": (apt, apt + aust + adet),
            "technical_efficiency": (apt, apt + adet),
            "setup_ratio": (aust, apt + aust),
            "scrap_ratio": (n["scrap"], n["produced"]),
            "rework_ratio": (n["rework"], n["produced"]),
            "corrective_maintenance_ratio": (
                s.get("maintenance", 0),
                s.get("maintenance", 0) + s.get("planned_maintenance", 0),
            ),
            **{name: (value, fe) for name, value in hours},
            **{f"{name}_iso22400": (value, fe + 1) for name, value in hours},
        }
        return {k: None if a is None or not b else a / b for k, (a, b) in quotients.items()}

    def completeness(self, start: datetime, end: datetime) -> float:
        s = self.seconds(start, end)
        busy = sum(
            v for k, v in s.items() if k not in {"not_scheduled", "planned_stop", "planned_maintenance"}
        )
        return 1 - s.get("no_data", 0) / busy
