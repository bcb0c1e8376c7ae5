"""Samples in any order, with people's edits in between: the tables are those of a plant where all was known at once."""

import random
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from chejian_cloud.calendar import edits as calendar
from chejian_cloud.calendar.schemas import DayIn, SpanIn, VersionIn
from chejian_cloud.db.engine import make_engine
from chejian_cloud.orders import service as orders
from chejian_cloud.orders.schemas import InspectionIn
from chejian_cloud.reasons import service as reasons
from chejian_cloud.reasons.schemas import AssignIn, CommentIn, PartIn, SplitIn, UndoIn
from chejian_cloud.registry import cycles
from chejian_cloud.registry.cycles import CycleIn
from sqlalchemy.orm import Session

from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import KPIS, Bench, after, production, rows

pytestmark = pytest.mark.long
STATES = """
SELECT start, "end", state, category, loss FROM app.state_interval WHERE equipment_id = 1 ORDER BY start
"""
HOURS = 9
NOW = 30
CODES = [
    "planned.maintenance",
    "no_order.plan",
    "setup.tool",
    "breakdown.tool",
    "supply.material",
    "minor.jam",
]
Edit = Callable[[Session], Any]


def moment(rng: random.Random) -> datetime:
    return after(minutes=rng.randrange(HOURS * 60), seconds=rng.randrange(60))


def an_edit(rng: random.Random) -> Edit:
    """One thing that a person says; random, but the same whenever it is said."""
    start = moment(rng)
    end = start + timedelta(seconds=rng.randrange(1, 7200))
    code = rng.choice([*CODES, None])
    who: dict[str, Any] = {"user_name": "li"}
    seconds = rng.choice([45.0, 80.0, 120.5])
    open_end = rng.random() < 0.3
    scrap = rng.randrange(-2, 4) or 1
    kind = rng.choice(["overtime", "closed", "planned_stop", "planned_maintenance"])
    middle = start + (end - start) / 2
    choices: list[Edit] = [
        lambda s: reasons.assign(
            s, 1, AssignIn(start=start, end=None if open_end else end, reason=code, **who)
        ),
        lambda s: reasons.split(
            s,
            1,
            SplitIn(
                start=start, parts=[PartIn(end=middle, reason=code), PartIn(end=end, reason=CODES[0])], **who
            ),
        ),
        lambda s: reasons.comment(s, 1, CommentIn(start=start, end=end, comment="x", **who)),
        lambda s: cycles.put_cycle(
            s, 1, CycleIn(product="SHAFT-A", seconds=seconds, valid_from=start, **who)
        ),
        lambda s: orders.inspect(s, 1, InspectionIn(time=start, scrap=scrap, rework=1, **who)),
        lambda s: calendar.add_span(s, 1, SpanIn(start=start, end=end, kind=kind, **who)),
    ]
    return rng.choice(choices)


def rare_edits() -> list[Edit]:
    shift = {"code": "D", "start": "09:00", "end": "17:00", "breaks": [{"start": "12:00", "end": "12:20"}]}
    version = VersionIn.model_validate({"shifts": [shift], "user_name": "li"})
    return [
        lambda s: reasons.undo(s, 1, UndoIn(user_name="li")),
        lambda s: calendar.put_day(s, 1, date(2026, 3, 2), DayIn(shifts=["B"], user_name="li")),
        lambda s: calendar.put_version(s, 1, date(2026, 3, 3), version),
        lambda s: reasons.undo(s, 1, UndoIn(user_name="li")),
        lambda s: calendar.delete_day(s, 1, date(2026, 3, 2), "li"),
    ]


def say(dsn: str, edit: Edit) -> None:
    engine = make_engine(dsn, application="test")
    with Session(engine) as session, session.begin():
        edit(session)
    engine.dispose()


@pytest.mark.system
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_edits_and_samples_in_any_order_give_the_same_bits(seed: int, make_seeded: Callable[[], str]) -> None:
    rng = random.Random(seed)
    samples = [*production(seed, HOURS), ("Counts/Scrap", int(after().timestamp() * 1000), 0)]
    said = [*(an_edit(rng) for _ in range(6)), *rare_edits(), *(an_edit(rng) for _ in range(3))]
    plain, mixed = PlantRows(make_seeded()), PlantRows(make_seeded())
    for edit in said:
        say(plain.dsn, edit)
    plain.write("CNC-01", samples)
    with Bench(plain.dsn, after(hours=NOW)) as bench:
        bench.settle()
    rng.shuffle(samples)
    size = len(samples) // 8 + 1
    todo: list[Any] = [samples[i : i + size] for i in range(0, len(samples), size)]
    places = sorted(rng.sample(range(len(todo) + len(said)), len(said)))
    steps = iter(todo)
    queue = [said.pop(0) if i in places else next(steps) for i in range(len(todo) + len(places))]
    clock = sorted(rng.uniform(HOURS, NOW - 1) for _ in queue)
    with Bench(mixed.dsn, after(hours=HOURS)) as bench:
        for step, hours in zip(queue, clock, strict=True):
            bench.now = after(hours=hours)
            if callable(step):
                say(mixed.dsn, step)
            else:
                mixed.write("CNC-01", step)
            if rng.random() < 0.6:
                bench.step()
        bench.now = after(hours=NOW)
        bench.settle()
    assert rows(mixed.dsn, STATES) == rows(plain.dsn, STATES)
    wanted = [r for r in rows(plain.dsn, KPIS) if r["code"] == "CNC-01"]
    assert [r for r in rows(mixed.dsn, KPIS) if r["code"] == "CNC-01"] == wanted
    assert len({r["loss"] for r in rows(mixed.dsn, STATES)}) >= 5
    assert len({(r["window_kind"], r["start"]) for r in wanted}) > 30
