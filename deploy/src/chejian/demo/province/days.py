"""Days of KPIs and electricity through the worker's own writers, and hourly rollups by its binary COPY."""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np
import psycopg
from chejian_analytics.energy import Carrier
from chejian_analytics.kpi import KPIS, OeeTerms, oee
from chejian_cloud.clock import hour_floor, to_us
from chejian_cloud.db.edition import Edition
from chejian_cloud.db.engine import raw_connection
from chejian_cloud.db.rollups import HOUR_TABLE, ROW, RollupPartitions, write_changes
from chejian_cloud.energy.carriers import per_unit
from chejian_cloud.energy.factors import stored_factors
from chejian_cloud.worker.energy_store import FORMULA_VERSION, NO_FACTOR
from chejian_cloud.worker.kpi_rows import WindowResult
from chejian_cloud.worker.revisions import LateRun, Revisions
from chejian_cloud.worker.store import store_kpis
from chejian_contract.signals import SignalKind
from chejian_simulators.province import Days, Machine, Province, Workshop
from sqlalchemy.orm import Session

from chejian.demo.province.lines import line
from chejian.demo.province.registry import METER_TYPE
from chejian.demo.province.telemetry import Series
from chejian.demo.province.times import assessed_at, heard_at, start_of

_DAY = timedelta(days=1)
_DAY_US = 86_400_000_000
_HOUR_US = 3_600_000_000
_FULL_DAYS = 62
"""[d] for which all KPIs of a day are kept; before that OEE alone, which trends are made of."""
_ROLLED_DAYS = 31
"""[d] of hourly rollups: what the evidence of an assessment looks back on, and a day."""
_SAMPLES = 120
"""Samples of a signal in an hour: one each 30 s, the heartbeat."""
_SETTLE = timedelta(seconds=60)
_OEE = next(kpi for kpi in KPIS if kpi.id == "oee")
_OEE_DAYS = """
COPY app.kpi_value (equipment_id, kpi, window_kind, start, "end", value, numerator, denominator, completeness, flags,
                    formula_version, provisional, inputs, computed_at, known_since) FROM STDIN
"""
_ENERGY = """
COPY app.energy_value (equipment_id, window_kind, start, "end", amount, covered_us, output, completeness, kgce, factor, shares,
                       flags, formula_version, provisional, computed_at) FROM STDIN
"""

Ids = Mapping[str, int]
"""Code of an equipment -> its id."""


def store_machine(
    session: Session, province: Province, workshop: Workshop, machine: Machine, ids: Ids, now: datetime
) -> None:
    """All days of a machine and its meter, in the session's transaction."""
    windows = [
        WindowResult(
            "day", start_of(province, day), start_of(province, day + 1), oee(terms), provisional=False
        )
        for day, terms in enumerate(_terms(machine, workshop.sector.cycle_us))
    ]
    _store_old(session, ids[machine.code], windows[:-_FULL_DAYS], now)
    recent = windows[-_FULL_DAYS:]
    span = (recent[0].start, recent[-1].end)
    revisions = Revisions(session, LateRun(), now=now, settle=_SETTLE)
    store_kpis(session, ids[machine.code], recent, revisions, now, span=span, floor=span[0])
    session.flush()


def _store_old(session: Session, equipment_id: int, windows: Sequence[WindowResult], now: datetime) -> None:
    with raw_connection(session).cursor() as cursor, cursor.copy(_OEE_DAYS) as copy:
        copy.write("".join(_old_line(equipment_id, each, now) for each in windows))


def _old_line(equipment_id: int, window: WindowResult, now: datetime) -> str:
    r = window.result
    return line((
        *(equipment_id, _OEE.id, window.kind, window.start, window.end),
        *(_OEE.function(r), _OEE.numerator(r), _OEE.denominator(r), r.completeness, r.flags),
        *(_OEE.formula_version, window.provisional, json.dumps(r.terms()), now, now),
    ))  # fmt: skip


def _terms(machine: Machine, cycle_us: int) -> Iterator[OeeTerms]:
    """Terms of each day; a machine that sends nothing is unknown all day."""
    d = machine.days
    for day in range(len(d.apt_us)):
        known = machine.sends
        produced, good = (int(d.produced[day]), int(d.good[day])) if known else (0, 0)
        fault = int(d.fault_us[day]) if known else 0
        yield OeeTerms(
            calendar_us=_DAY_US,
            not_scheduled_us=0,
            planned_stop_us=0,
            no_data_us=int(d.no_data_us[day]) if known else _DAY_US,
            adot_us=int(d.adot_us[day]) if known else 0,
            adet_us=fault,
            aust_us=int(d.aust_us[day]) if known else 0,
            apt_us=int(d.apt_us[day]) if known else 0,
            ideal_us=produced * cycle_us,
            effective_us=good * cycle_us,
            produced=produced,
            good=good,
            scrap=produced - good,
            fault_us=fault,
            failures=int(fault > 0),
        )


def store_meters(session: Session, province: Province, workshop: Workshop, ids: Ids, now: datetime) -> None:
    """All days of the meters of a workshop's machines that send, in the session's transaction."""
    factors = _Factors(session)
    with raw_connection(session).cursor() as cursor, cursor.copy(_ENERGY) as copy:
        for machine in workshop.machines:
            if machine.sends:
                copy.write("".join(_meter_lines(factors, province, machine.days, ids[machine.meter], now)))


class _Factors:
    """Coal equivalent of electricity by day, as the worker keeps it with each window."""

    def __init__(self, session: Session) -> None:
        self._stored = stored_factors(session)
        self._scale = per_unit(METER_TYPE, Carrier.ELECTRICITY)
        self._known: dict[str, tuple[float, str] | None] = {}

    def of(self, day: str) -> tuple[float, str] | None:
        """[kgce] of the meter's unit and the factor as JSON; None where none is valid."""
        if day not in self._known:
            self._known[day] = self._read(day)
        return self._known[day]

    def _read(self, day: str) -> tuple[float, str] | None:
        found = self._stored.find(Carrier.ELECTRICITY, day)
        if found is None:
            return None
        origin, kept = found
        factor = {
            "origin": origin,
            "value": kept.value.value,
            "kgce": str(kept.kgce),
            "unit": kept.unit,
            "per_unit": self._scale,
            "valid_from": kept.valid_from.isoformat(),
            "valid_to": kept.valid_to.isoformat() if kept.valid_to else None,
            "source": kept.source,
            "confidence": kept.confidence,
        }
        return float(kept.kgce) / self._scale, json.dumps(factor, ensure_ascii=False)


def _meter_lines(
    factors: _Factors, province: Province, days: Days, meter_id: int, now: datetime
) -> Iterator[str]:
    for day in range(len(days.apt_us)):
        covered, start = _DAY_US - int(days.no_data_us[day]), start_of(province, day)
        if not covered:
            continue
        amount, good = int(days.energy_wh[day]), int(days.good[day])
        found = factors.of(start.date().isoformat())
        kgce, factor = (None, None) if found is None else (found[0] * amount, found[1])
        states = {"state": {"1": {"amount": amount, "us": int(days.apt_us[day])}}}
        yield line((
            *(meter_id, "day", start, start + _DAY, amount, covered, good, covered / _DAY_US, kgce, factor),
            *(json.dumps(states), () if factor else (NO_FACTOR,), FORMULA_VERSION, False, now),
        ))  # fmt: skip


def ensure_hours(connection: psycopg.Connection, edition: Edition, province: Province, now: datetime) -> None:
    """Make the partitions that `store_hours` needs."""
    partitions = RollupPartitions(edition)
    for workshop in province.workshops:
        for first, end in _spans(workshop, now):
            partitions.ensure(connection, HOUR_TABLE, first, end)


def _spans(workshop: Workshop, now: datetime) -> list[tuple[int, int]]:
    """Start and end of 31 days before each assessment of a workshop [us]."""
    ends = [hour_floor(to_us(at)) for at in assessed_at(workshop, now).values()]
    return [(end - _ROLLED_DAYS * 24 * _HOUR_US, end) for end in ends]


def store_hours(
    session: Session,
    province: Province,
    number: int,
    series: Mapping[str, Sequence[Series]],
    now: datetime,
) -> None:
    """Hourly rollups of every number that a workshop sends, for 31 days before each assessment.

    Args:
        session: whose transaction they belong to.
        province: whose workshops.
        number: of the workshop in it, from 0.
        series: by device.
        now: the present.
    """
    workshop, rng = province.workshops[number], np.random.default_rng([province.seed, number, 7])
    numbers = [
        each
        for machine in workshop.machines
        for code in (machine.code, machine.meter)
        for each in series.get(code, ())
        if each.kind in {SignalKind.MEASUREMENT, SignalKind.TOTAL_INCREASING}
    ]
    for first, end in _spans(workshop, now):
        until = min(end, hour_floor(to_us(heard_at(workshop, now))))
        hours = np.arange(first, until, _HOUR_US, dtype=np.int64)
        rows = np.concatenate([_hours(rng, each, hours) for each in numbers])
        write_changes(raw_connection(session), HOUR_TABLE, np.empty(0, ROW), rows)


def _hours(
    rng: np.random.Generator, series: Series, hours: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> np.ndarray[tuple[int], np.dtype[np.void]]:
    rows = np.zeros(len(hours), ROW)
    total = series.kind is SignalKind.TOTAL_INCREASING
    step = rng.integers(5, 60, len(hours))
    level = np.cumsum(step).astype(np.float64) if total else 50.0 + rng.normal(0.0, 5.0, len(hours))
    rows["series_id"], rows["bucket"] = series.series_id, hours
    rows["first_time"], rows["last_time"] = hours, hours + _HOUR_US - 30_000_000
    rows["known_us"], rows["samples"], rows["good"] = _HOUR_US, _SAMPLES, _SAMPLES
    rows["minimum"] = level - step if total else level - 3.0
    rows["maximum"] = level if total else level + 3.0
    rows["first"], rows["last"], rows["mean"] = (
        rows["minimum"],
        rows["maximum"],
        (rows["minimum"] + rows["maximum"]) / 2,
    )
    rows["increment"] = step if total else -1
    rows["resets"] = 0 if total else -1
    return rows
