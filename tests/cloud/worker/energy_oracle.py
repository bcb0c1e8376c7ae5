"""What `app.energy_value` should hold, from all raw samples by the definitions: plain Python and exact fractions."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import floor, isnan
from pathlib import Path
from typing import Any

import psycopg
from chejian_analytics.kpi import Shift, day_windows, hour_windows, shift_windows
from chejian_cloud.clock import to_us
from chejian_cloud.registry.seed import seed

from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.oracle import HOLD_US, ZONE
from tests.cloud.worker.rounds import rows

ENERGY = Path(__file__).parents[1] / "registry" / "energy.good.toml"
READABLE = (192, 64)
REGISTER = {"EM": "Energy/ActiveEnergyImport", "WM": "Water/Volume"}
DEVICES = {
    "EVP-01": "evaporator",
    "PCK-01": "packing_line",
    "EM-01": "electricity_meter",
    "EM-02": "electricity_meter",
    "EM-03": "electricity_meter",
    "WM-01": "water_meter",
}
KGCE = {"EM": Fraction("0.1229"), "WM": Fraction("0.2571")}
Step = tuple[int, Any]
"""Time [us] and what holds, or is counted, from there."""


def energy_plant(dsn: str) -> PlantRows:
    """A plant on the registry of harbin.good.toml with what energy.good.toml adds."""
    seed(dsn, ENERGY)
    plant = PlantRows(dsn)
    for device, kind in DEVICES.items():
        plant.add_device(device, kind)
    return plant


@dataclass
class MeterOracle:
    """One meter, as registered in energy.good.toml."""

    plant: PlantRows
    code: str
    machine: str | None = None
    interval_us: int = 60_000_000
    modulus: int | None = None
    swap: tuple[int, int | None, int | None] | None = None
    totals: list[tuple[int, int]] = field(default_factory=list)
    events: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._read()

    def _read(self) -> None:
        """Totals at the readings, heartbeats left out."""
        found = self._samples(self.code, REGISTER[self.code[:2]])
        valid = [(t, int(v)) for t, v, q in found if q in READABLE and v >= 0 and v == int(v)]
        changes = [t for (_, a), (t, b) in pairwise(valid) if a != b]
        near = self.interval_us - 1_000_000
        kept = [
            (t, v)
            for i, (t, v) in enumerate(valid)
            if not (i and valid[i - 1][1] == v and 0 < next((c for c in changes if c > t), t) - t < near)
        ]
        total = 0
        for i, (t, v) in enumerate(kept):
            if i:
                total += self._rise(*kept[i - 1], t, v)
            self.totals.append((t, total))
        if self.swap:
            self.events.append((self.swap[0], "meter_replaced"))

    def _rise(self, before: int, old: int, at: int, new: int) -> int:
        if self.swap and before < self.swap[0] <= at:
            _, closing, opening = self.swap
            last = max((closing if closing is not None else old) - old, 0)
            return last + max(new - (opening if opening is not None else new), 0)
        if new >= old:
            return new - old
        if self.modulus and old < self.modulus and 2 * (new - old + self.modulus) < self.modulus:
            self.events.append((at, "meter_rollover"))
            return new - old + self.modulus
        self.events.append((at, "meter_reset"))
        return new

    def total(self, at: int) -> int:
        if not self.totals or at <= self.totals[0][0]:
            return 0
        i = bisect_right(self.totals, (at, 1 << 62)) - 1
        if i == len(self.totals) - 1:
            return self.totals[-1][1]
        (a, x), (b, y) = self.totals[i : i + 2]
        return x + floor(Fraction((y - x) * (at - a), b - a))

    def values(self, until_us: int) -> dict[tuple[str, int], tuple[Any, ...]]:
        """(kind, start) -> the row's numbers, of windows that have ended by then."""
        if not self.totals:
            return {}
        work = self._work() if self.machine else None
        return {
            (kind, start): self._value(start, end, work)
            for kind, start, end in self._windows(until_us)
            if end <= until_us and end > self.totals[0][0]
        }

    def _windows(self, until_us: int) -> Iterator[tuple[str, int, int]]:
        first = self.totals[0][0]
        shifts = [
            Shift(r["code"], r["start"].isoformat("seconds"), r["end"].isoformat("seconds"))
            for r in rows(self.plant.dsn, 'SELECT code, start, "end" FROM app.shift')
        ]
        kinds = {
            "hour": hour_windows(ZONE, first, until_us),
            "shift": shift_windows(shifts, ZONE, first, until_us).windows,
            "day": day_windows(ZONE, first, until_us),
        }
        for kind, found in kinds.items():
            for start, end in zip(found.start_us.tolist(), found.end_us.tolist(), strict=True):
                yield kind, start, end

    def _value(self, start: int, end: int, work: "_Work | None") -> tuple[Any, ...]:
        amount = self.total(end) - self.total(start)
        gap = 2 * self.interval_us + 10_000_000
        covered = sum(
            max(min(b, end) - max(a, start), 0) for (a, _), (b, _) in pairwise(self.totals) if b - a <= gap
        )
        flags = {name for at, name in self.events if start < at <= end}
        flags |= {"meter_gap"} if covered < end - start else set()
        output = work.output(start, end) if work else None
        shares = work.shares(start, end, self.total) if work else {}
        kgce = float(Fraction(amount, 1000) * KGCE[self.code[:2]])
        return end, amount, covered, output, covered / (end - start), kgce, shares, sorted(flags)

    def _work(self) -> "_Work":
        assert self.machine is not None
        return _Work(
            [
                (t, int(v) if q in READABLE and not isnan(v) else 0)
                for t, v, q in self._samples(self.machine, "State/MachineState")
            ],
            [(t, int(v)) for t, v, q in self._samples(self.machine, "Counts/Good") if q in READABLE],
            {"product": self._texts("Order/Product"), "order": self._texts("Order/Id")},
        )

    def _samples(self, device: str, signal: str) -> list[tuple[int, float, int]]:
        with psycopg.connect(self.plant.dsn) as connection:
            found = connection.execute(
                "SELECT time, value, quality FROM telemetry.sample WHERE series_id = %s ORDER BY time, value",
                (self.plant.series(device, signal),),
            ).fetchall()
        return [(to_us(t), v, q) for t, v, q in found]

    def _texts(self, signal: str) -> list[Step]:
        assert self.machine is not None
        with psycopg.connect(self.plant.dsn) as connection:
            found = connection.execute(
                "SELECT time, value FROM telemetry.text_sample WHERE series_id = %s ORDER BY time",
                (self.plant.series(self.machine, signal),),
            ).fetchall()
        return [(to_us(t), v) for t, v in found]


@dataclass
class _Work:
    """State samples, readings of the good count, and what the texts say."""

    states: list[Step]
    good: list[Step]
    texts: dict[str, list[Step]]

    def items(self) -> Iterator[tuple[int, int]]:
        for (_, a), (t, b) in pairwise(self.good):
            yield t, b - a if b >= a else b

    def output(self, start: int, end: int) -> int | None:
        if not self.good or self.good[0][0] >= end:
            return None
        return sum(n for t, n in self.items() if start <= t < end)

    def shares(
        self, start: int, end: int, total: Callable[[int], int]
    ) -> dict[str, dict[str, dict[str, int]]]:
        out: dict[str, dict[str, dict[str, int]]] = {"state": {}}
        for a, b, state in self._runs(start, end):
            _add(out["state"], str(state), amount=total(b) - total(a), us=b - a)
        for by, texts in self.texts.items():
            labels = [(0, ""), *texts]
            parts: dict[str, dict[str, int]] = {}
            for (a, name), (b, _) in pairwise([*labels, (1 << 62, "")]):
                lo, hi = max(a, start), min(b, end)
                if lo < hi:
                    _add(parts, name, amount=total(hi) - total(lo), us=hi - lo, output=0)
            for t, n in self.items():
                if start <= t < end:
                    name = [name for a, name in labels if a < t][-1]
                    _add(parts, name, amount=0, us=0, output=n)
            out[by] = {name: part for name, part in parts.items() if any(part.values())}
        return out

    def _runs(self, start: int, end: int) -> Iterator[tuple[int, int, int]]:
        edges = {start, end} | {e for t, _ in self.states for e in (t, t + HOLD_US) if start < e < end}
        for a, b in pairwise(sorted(edges)):
            i = bisect_right(self.states, (a, 99)) - 1
            state = self.states[i][1] if i >= 0 and a < self.states[i][0] + HOLD_US else 0
            yield a, b, state if 0 <= state <= 9 else 0


def _add(parts: dict[str, dict[str, int]], name: str, **numbers: int) -> None:
    own = parts.setdefault(name, dict.fromkeys(numbers, 0))
    for key, number in numbers.items():
        own[key] += number


def oracles(plant: PlantRows) -> list[MeterOracle]:
    """All meters of energy.good.toml."""
    swap = 1_772_427_630_000_000  # 2026-03-02T13:00:30+08:00
    return [
        MeterOracle(plant, "EM-01", interval_us=900_000_000),
        MeterOracle(plant, "EM-02", "EVP-01", modulus=2**32),
        MeterOracle(plant, "EM-03", "PCK-01", swap=(swap, 912_400, 17)),
        MeterOracle(plant, "WM-01"),
    ]


VALUES = """
SELECT e.code, window_kind, start, "end", amount, covered_us, output, completeness, kgce, shares, flags, factor, provisional,
       formula_version
  FROM app.energy_value JOIN app.equipment e USING (equipment_id) ORDER BY e.code, window_kind, start
"""


def stored_values(dsn: str, code: str) -> dict[tuple[str, int], tuple[Any, ...]]:
    """Rows of ended windows in the oracle's form."""
    names = ("amount", "covered_us", "output", "completeness", "kgce", "shares", "flags")
    return {
        (r["window_kind"], to_us(r["start"])): (to_us(r["end"]), *(r[name] for name in names))
        for r in rows(dsn, VALUES)
        if r["code"] == code and not r["provisional"]
    }
