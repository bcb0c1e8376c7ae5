"""Fills a database whose schemas are there with a simulated province, through the product's own writers."""

import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

from chejian_cloud.db.app import Enterprise, Equipment, Line, Workshop
from chejian_cloud.db.edition import detect_edition
from chejian_cloud.db.engine import connect, make_engine
from chejian_cloud.db.programme import ProgrammeEntry
from chejian_cloud.programme.plans import load
from chejian_cloud.registry.seed import seed
from chejian_simulators.province import MONTHS, Province, make_province, truth_of
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from chejian.demo.province.days import ensure_hours, store_hours, store_machine, store_meters
from chejian.demo.province.forms import assess
from chejian.demo.province.programme import keep_all
from chejian.demo.province.regions import keep_regions
from chejian.demo.province.registry import registry_text
from chejian.demo.province.telemetry import Series, announce

_ZONE = ZoneInfo("Asia/Shanghai")
_TIDY = ("VACUUM app.kpi_value", "VACUUM app.energy_value", "ANALYZE")
"""As autovacuum would in a while: sums then read indexes alone, and plans know how much there is."""
_THREADS = 3
"""Workshops at a time: while one waits for the database, another one is computed."""

Say = Callable[[str], None]


class Size(NamedTuple):
    """How much is simulated.

    Attributes:
        workshops: beside those that are in the database already.
        lines: of the programme in all, those that are in the database included.
        months: whole ones of history.
    """

    workshops: int
    lines: int
    months: int


FULL = Size(97, 1000, MONTHS)
"""With the demo's three workshops that run with the whole chain: 100 workshops and 1,000 lines."""


def fill(
    dsn: str,
    plan: Path,
    truth: Path,
    now: datetime,
    say: Say,
    *,
    size: Size = FULL,
    seed_number: int = 1,
) -> bool:
    """Fill the database, unless it has entries of the programme already; whether it did.

    Args:
        dsn: PostgreSQL URL of the owner.
        plan: file of the plan that the platform is held against.
        truth: file that is written first: what pages have to show.
        now: the present, aware.
        say: takes a line of progress.
        size: of what is simulated.
        seed_number: of everything.
    """
    owner = make_engine(dsn, application="chejian demo province")
    caller = make_engine(dsn, application="chejian demo province", scoped=True)
    try:
        with Session(owner) as session:
            if session.scalars(select(ProgrammeEntry).limit(1)).first() is not None:
                return False
            chains = session.scalar(select(func.count()).select_from(Line)) or 0
        last = now.astimezone(_ZONE).date() - timedelta(days=1)
        province = make_province(
            seed_number, last, workshops=size.workshops, months=size.months, lines=size.lines - chains
        )
        truth.parent.mkdir(parents=True, exist_ok=True)
        known = {**truth_of(province), "lines_of_others": chains}
        truth.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n", "utf-8")
        _store(dsn, owner, province, now, say)
        enterprises, workshops = _ids(owner, Enterprise), _ids(owner, Workshop)
        say("province: assessments and entries of the programme")
        with ThreadPoolExecutor(_THREADS) as pool:
            entries = pool.submit(keep_all, caller, load(plan), province, enterprises, workshops, now)
            forms = [
                pool.submit(assess, caller, province, number, (enterprises, workshops), now)
                for number in range(len(province.workshops))
            ]
            _finish([entries, *forms])
        keep_regions(caller, now)
        _tidy(dsn)
        return True
    finally:
        owner.dispose()
        caller.dispose()


def _store(dsn: str, owner: Engine, province: Province, now: datetime, say: Say) -> None:
    say("province: registry")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "province.toml")
        file.write_text(registry_text(province), "utf-8")
        seed(dsn, file)
    say("province: births")
    with connect(dsn, application="chejian demo province", autocommit=True) as connection:
        series = announce(connection, province, now)
    ids = _ids(owner, Equipment)
    with owner.connect() as found:
        edition = detect_edition(found)
    with connect(dsn, application="chejian demo province") as connection:
        ensure_hours(connection, edition, province, now)
    say("province: days and hours")
    with ThreadPoolExecutor(_THREADS) as pool:
        _finish([
            pool.submit(_figures, owner, province, number, ids, series, now)
            for number in range(len(province.workshops))
        ])  # fmt: skip
    _tidy(dsn)


def _figures(
    owner: Engine,
    province: Province,
    number: int,
    ids: Mapping[str, int],
    series: Mapping[str, Sequence[Series]],
    now: datetime,
) -> None:
    """Days of KPIs and electricity of a workshop, and hours of what its signals were."""
    workshop = province.workshops[number]
    with Session(owner) as session, session.begin():
        for machine in workshop.machines:
            store_machine(session, province, workshop, machine, ids, now)
        store_meters(session, province, workshop, ids, now)
        store_hours(session, province, number, series, now)


def _finish(tasks: Sequence[Future[None]]) -> None:
    """Wait for all; the first error of the first that failed ends the filling."""
    try:
        for each in tasks:
            each.result()
    finally:
        for each in tasks:
            each.cancel()


def _tidy(dsn: str) -> None:
    with connect(dsn, application="chejian demo province", autocommit=True) as connection:
        for statement in _TIDY:
            connection.execute(statement.encode())


def _ids(engine: Engine, model: type[Enterprise | Workshop | Equipment]) -> Mapping[str, int]:
    with Session(engine) as session:
        key = next(iter(model.__table__.primary_key))
        return dict(session.execute(select(model.code, key)).all())
