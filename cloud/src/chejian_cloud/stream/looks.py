"""One look at the database: machines at this moment, and what each watched view says of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine

from chejian_cloud.clock import Clock
from chejian_cloud.db.engine import bind_rows
from chejian_cloud.db.rows import EVERYTHING as EVERY_ROW
from chejian_cloud.registry.scope import EVERYTHING, Scope
from chejian_cloud.registry.service import machine_types
from chejian_cloud.stream import repository
from chejian_cloud.stream.machines import Machine, machine, summarize
from chejian_cloud.stream.schemas import OverviewOut, WorkshopsOut


@dataclass(frozen=True, slots=True)
class View:
    """What a page watches: the machines of a scope, or (`in_short`) all workshops.

    Attributes:
        scope: part of the organisation.
        in_short: workshops with their counts instead of machines.
        rows: enterprises that the watcher may see, as `bind_rows` takes them.
    """

    scope: Scope = EVERYTHING
    in_short: bool = False
    rows: str = EVERY_ROW


ALL_MACHINES = View()
ALL_WORKSHOPS = View(in_short=True)


def look(engine: Engine, now_minus_hold: Clock, views: Collection[View]) -> Mapping[View, str]:
    """Each of `views` at this moment as JSON, from one look at the machines for all who may see the same rows.

    Args:
        engine: of the database, scoped.
        now_minus_hold: the present time less the hold: a state that ended before it is no data any more.
        views: that are wanted.
    """
    told: dict[View, str] = {}
    for rows in {view.rows for view in views}:
        same = [view for view in views if view.rows == rows]
        machines, workshops = read_machines(engine, now_minus_hold, {view.scope for view in same}, rows)
        for view in same:
            seen = in_short(workshops, machines) if view.in_short else overview(machines, view.scope)
            told[view] = seen.model_dump_json()
    return told


def read_machines(
    engine: Engine, now_minus_hold: Clock, scopes: Collection[Scope], rows: str
) -> tuple[list[Machine], Mapping[int, str]]:
    """Machines of scopes at this moment, and the codes of all workshops by id, as far as `rows` lets see."""
    with engine.begin() as connection:  # committed: a rollback would forget what is prepared
        bind_rows(connection, rows)
        found = repository.overview(connection, machine_types(), scopes)
        workshops = repository.workshops(connection)
    oldest = now_minus_hold()
    return [machine(row, oldest) for row in found], {w["workshop_id"]: w["code"] for w in workshops}


def overview(machines: Sequence[Machine], scope: Scope) -> OverviewOut:
    """The machines of a scope."""
    inside = (m for m in machines if scope.holds(m.row["workshop_id"], m.row["line_id"]))
    return OverviewOut(equipment=[m.now() for m in inside])


def in_short(workshops: Mapping[int, str], machines: Sequence[Machine]) -> WorkshopsOut:
    """Workshops [id -> code] in short, from all machines."""
    inside: dict[int, list[Machine]] = {workshop_id: [] for workshop_id in workshops}
    for one in machines:
        inside.setdefault(one.row["workshop_id"], []).append(one)
    return WorkshopsOut(workshops=[summarize(i, code, inside[i]) for i, code in workshops.items()])
