"""Entries of the programme, milestones, and what the province observed of its targets; all of it simulated and named so."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
from chejian_cloud.db.app import Enterprise, Line, Workshop
from chejian_cloud.db.engine import bind_rows
from chejian_cloud.db.rows import EVERYTHING
from chejian_cloud.programme import keeping
from chejian_cloud.programme.plans import Programme
from chejian_cloud.programme.schemas import EnergyYearIn, EntryIn, MilestoneIn, ObservationIn
from chejian_simulators.province import Province
from chejian_simulators.province import Workshop as Simulated
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

_SOURCE = "模拟数据 (simulated)"
_USER = "模拟省级"
_STEPS = ("registered", "contract", "equipment", "connected", "accepted")
_APART = timedelta(days=60)
"""Between two milestones."""
_YEAR = 365.25
_ENERGY = 4975.0
"""[10 000 tce] of the base year, as in the plan."""
_REAL_SECTORS = {"230100": "power", "230200": "machine_tools", "230800": "dairy"}
"""Of the demo's three workshops with the whole chain, by city."""


def keep_all(
    engine: Engine,
    programme: Programme,
    province: Province,
    enterprises: Mapping[str, int],
    workshops: Mapping[str, int],
    now: datetime,
) -> None:
    """Enter everything as the province would."""
    rng = np.random.default_rng([province.seed, 11])
    for each in province.workshops:
        with Session(engine) as session, session.begin():
            bind_rows(session, EVERYTHING)
            _entries(session, programme, each, enterprises[each.enterprise], workshops[each.code], rng, now)
    with Session(engine) as session, session.begin():
        bind_rows(session, EVERYTHING)
        _chains(session, programme, {each.code for each in province.workshops}, now)
        _observe(session, programme, rng, now)


def _entries(
    session: Session,
    programme: Programme,
    each: Simulated,
    enterprise: int,
    workshop: int,
    rng: np.random.Generator,
    now: datetime,
) -> None:
    common: dict[str, Any] = {
        "enterprise_id": enterprise,
        "city_code": each.city.code,
        "sector": each.sector.id,
        "industry": each.sector.industry,
        "status": each.status,
        "counts_from": each.counts_from,
        "workshop_id": workshop,
    }
    entry = EntryIn(
        **common,
        kind="workshop",
        code=each.code,
        name_zh=each.name_zh,
        name_en=each.name_en,
        investment=each.investment,
    )
    key = keeping.add(session, programme, entry, _USER, now)
    last = each.counts_from or now.date()
    for number, step in enumerate(reversed(_STEPS)):
        reached, late = last - number * _APART, timedelta(days=int(rng.integers(-20, 30)))
        asked = MilestoneIn(
            due_on=reached - late, reached_on=reached
        )  # the last one on the day from which it counts
        if each.status != "recognised" and number == 0:
            asked = MilestoneIn(due_on=last + _APART, reached_on=None)
        keeping.set_milestone(session, key, step, asked, _USER, now)
    for number in range(1, each.lines + 1):
        line = EntryIn(
            **common,
            kind="line",
            code=f"{each.code}-{number}",
            name_zh=f"{each.name_zh}{number}号线",
            name_en=f"{each.name_en}, line {number}",
        )
        keeping.add(session, programme, line, _USER, now)


def _chains(session: Session, programme: Programme, simulated: set[str], now: datetime) -> None:
    """The workshops that run with the whole chain are of the programme, too, with their lines."""
    rows = session.execute(
        select(Workshop, Enterprise)
        .join(Enterprise, Enterprise.enterprise_id == Workshop.enterprise_id)
        .where(Workshop.code.not_in(simulated))
    ).all()
    for workshop, enterprise in rows:
        entry = EntryIn(
            enterprise_id=enterprise.enterprise_id,
            kind="workshop",
            code=workshop.code,
            name_zh=workshop.name_zh,
            name_en=workshop.name_en,
            city_code=workshop.city_code,
            sector=_REAL_SECTORS.get(workshop.city_code, "power"),
            industry="process" if _REAL_SECTORS.get(workshop.city_code) == "dairy" else "discrete",
            status="running",
            workshop_id=workshop.workshop_id,
        )
        keeping.add(session, programme, entry, _USER, now)
        for line in session.scalars(select(Line).where(Line.workshop_id == workshop.workshop_id)):
            own = {"kind": "line", "code": f"{workshop.code}-{line.code}", "line_id": line.line_id}
            names = {"name_zh": line.name_zh, "name_en": line.name_en}
            keeping.add(session, programme, entry.model_copy(update={**own, **names}), _USER, now)


def _observe(session: Session, programme: Programme, rng: np.random.Generator, now: datetime) -> None:
    base = programme.plan.target("T2").base_year
    energy = _ENERGY
    for year in range(base, now.year):
        growth = float(rng.uniform(0.025, 0.04)) if year > base else 0.0
        body = EnergyYearIn(energy=round(energy, 1), growth=round(growth, 4), basis="equal", source=_SOURCE)
        keeping.energy(session, programme, year, body, _USER, now)
        energy *= 1 - float(rng.uniform(0.002, 0.012))
    for target, first, step in (
        ("T4", 204, 21),
        ("T9.certified", 7, 9),
        ("T9.assessed", 940, 180),
        ("T9.erp", 0.682, 0.021),
        ("T9.mes", 0.76, 0.012),
    ):
        ends = [date(year, 12, 31) for year in range(base + 1, now.year)]
        for day in [*ends, _quarter_before(now.date())]:
            years = (day - date(base, 12, 31)).days / _YEAR
            observation = ObservationIn(value=_rounded(first + step * years), source=_SOURCE)
            keeping.observe(session, programme, target, day, observation, _USER, now)


def _quarter_before(day: date) -> date:
    """Last day of the quarter before a day's."""
    return date(day.year, (day.month - 1) // 3 * 3 + 1, 1) - timedelta(days=1)


def _rounded(value: float) -> float:
    return round(value) if value > 1 else round(value, 4)
