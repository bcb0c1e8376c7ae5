"""Taking marks: what is dirty, of which equipment, and what has to wait."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from chejian_cloud.clock import HOUR_US, from_us, to_us
from chejian_cloud.db.engine import raw_connection
from chejian_cloud.worker.revisions import SAMPLES

MAX_MARKS = 5000
"""Marks taken at once: 200 days of one equipment, or a day of 200; the rest is taken in the next round."""
MAX_SPAN_HOURS = 48
"""Longest piece of adjoining hours in one transaction, so that memory stays small and results show soon."""

MAX_CAUSES = 5
"""Edits that a revision names; a recomputation may gather hundreds."""

_TAKE = text("""
SELECT 'telemetry' AS origin, d.device_id AS key, g.equipment_id, d.hour, d.lo, d.hi, d.gen,
       n.group_id || '/' || n.edge_node || '/' || v.name AS name, false AS passed_on, true AS samples
  FROM telemetry.dirty d
  JOIN telemetry.device v USING (device_id)
  JOIN telemetry.node n USING (node_id)
  LEFT JOIN app.equipment_feed g ON g.group_id = n.group_id AND g.edge_node = n.edge_node AND g.device = v.name
 WHERE g.equipment_id IS NULL OR g.equipment_id <> ALL(:pausing)
UNION ALL
SELECT 'app', a.equipment_id, a.equipment_id, a.hour, a.lo, a.hi, a.gen, a.reason, a.reason = 'machine', a.samples FROM app.dirty a
 WHERE a.equipment_id <> ALL(:pausing)
 ORDER BY hour LIMIT :limit
""")
_DELETE = {
    "telemetry": "DELETE FROM telemetry.dirty WHERE device_id = %s AND hour = %s AND gen = %s",
    "app": "DELETE FROM app.dirty WHERE equipment_id = %s AND hour = %s AND gen = %s",
}
_MARK_METER = """
INSERT INTO app.dirty AS d (equipment_id, hour, lo, hi, reason) VALUES (%s, %s, %s, %s, 'machine')
ON CONFLICT (equipment_id, hour) DO UPDATE
   SET lo = least(d.lo, excluded.lo), hi = greatest(d.hi, excluded.hi), gen = d.gen + 1
"""
_STILL_UNMAPPED = text("""
SELECT v.device_id FROM telemetry.device v JOIN telemetry.node n USING (node_id)
 WHERE v.device_id = ANY(:keys) AND NOT EXISTS (
       SELECT FROM app.equipment_feed g
        WHERE g.group_id = n.group_id AND g.edge_node = n.edge_node AND g.device = v.name)
""")


@dataclass(frozen=True, slots=True)
class Mark:
    """A dirty mark as it was seen.

    Attributes:
        origin: schema that holds it, "telemetry" or "app".
        key: device id (telemetry) or equipment id (app).
        equipment_id: that it touches; None: the device feeds no registered equipment.
        hour_us: start of its hour [us since 1970].
        lo_us: first time that changed.
        hi_us: last time that changed.
        gen: generation; a mark that was renewed since has another and must stay.
        name: group/node/device, or what asked for it (app), for people.
        passed_on: whether it came from the machine of a meter, see `pass_on`.
        samples: whether samples changed or belong elsewhere now; else only what is said about them.
    """

    origin: str
    key: int
    equipment_id: int | None
    hour_us: int
    lo_us: int
    hi_us: int
    gen: int
    name: str
    passed_on: bool = False
    samples: bool = True


@dataclass(frozen=True, slots=True)
class Unit:
    """One transaction's work: an equipment and adjoining marks of it; none when only the clock or a person asks.

    `asked` says what a person asked for; such a unit leaves rollups and diagnoses alone.
    """

    equipment_id: int
    marks: tuple[Mark, ...]
    lo_us: int
    hi_us: int
    asked: str = ""

    @property
    def samples(self) -> bool:
        """Whether samples changed, so that rollups and diagnoses are touched, too."""
        return not self.asked and (not self.marks or any(m.samples for m in self.marks))

    @property
    def cause(self) -> str:
        """What asked for it: each edit once, or samples."""
        edits = sorted({m.name for m in self.marks if m.origin == "app"})
        return self.asked or "; ".join(edits[:MAX_CAUSES]) or SAMPLES


def take_marks(session: Session, pausing: Sequence[int] = (), limit: int = MAX_MARKS) -> list[Mark]:
    """The marks of earliest hours; takes nothing away.

    Args:
        session: in a transaction.
        pausing: equipment that is left out: its marks, kept after a failure, would take the place of others'.
        limit: of marks.
    """
    return [
        Mark(
            row.origin,
            row.key,
            row.equipment_id,
            to_us(row.hour),
            to_us(row.lo),
            to_us(row.hi),
            row.gen,
            row.name,
            row.passed_on,
            row.samples,
        )
        for row in session.execute(_TAKE, {"limit": limit, "pausing": list(pausing)})
    ]


def delete_marks(session: Session, marks: Iterable[Mark]) -> None:
    """Delete marks that are still as they were seen; call it in the transaction that stores the results."""
    # One by one, in the order in which the gateway renews marks, so that the two never wait for each other.
    ordered = sorted(marks, key=lambda m: (m.key, m.hour_us))
    with raw_connection(session).cursor() as cursor:
        for origin, statement in _DELETE.items():
            own = [(m.key, from_us(m.hour_us), m.gen) for m in ordered if m.origin == origin]
            if own:
                cursor.executemany(statement, own)


def pass_on(session: Session, marks: Iterable[Mark], meters: Iterable[int]) -> None:
    """Mark meters for what a machine's marks of samples say; call it in the transaction that deletes those.

    So a late state or count of a machine brings the energy of its meters up to date, whichever is worked off first. Rows
    are renewed in the order of equipment and hour, like every writer of `app.dirty` does, so that none waits for another.
    """
    own = sorted((m for m in marks if m.origin == "telemetry"), key=lambda m: m.hour_us)
    rows = [
        (meter, from_us(m.hour_us), from_us(m.lo_us), from_us(m.hi_us))
        for meter in sorted(meters)
        for m in own
    ]
    if rows:
        with raw_connection(session).cursor() as cursor:
            cursor.executemany(_MARK_METER, rows)


def still_unmapped(session: Session, marks: Iterable[Mark]) -> list[Mark]:
    """Those of some marks whose device feeds no equipment; ask it under `marks.lock_registry`."""
    wanted = list(marks)
    rows = session.scalars(_STILL_UNMAPPED, {"keys": [m.key for m in wanted]}).all()
    return [m for m in wanted if m.key in rows]


def units_of(marks: Sequence[Mark]) -> list[Unit]:
    """Group marks by equipment and adjoining hours, earliest first; marks without equipment are left out."""
    by_equipment: dict[int, list[Mark]] = {}
    for mark in marks:
        if mark.equipment_id is not None:
            by_equipment.setdefault(mark.equipment_id, []).append(mark)
    units = [
        Unit(equipment_id, tuple(group), min(m.lo_us for m in group), max(m.hi_us for m in group))
        for equipment_id, own in by_equipment.items()
        for group in _adjoining(sorted(own, key=lambda m: m.hour_us))
    ]
    return sorted(units, key=lambda u: u.lo_us)


def _adjoining(marks: Sequence[Mark]) -> list[list[Mark]]:
    groups: list[list[Mark]] = []
    for mark in marks:
        adjoins = groups and mark.hour_us - groups[-1][-1].hour_us <= HOUR_US
        if adjoins and mark.hour_us - groups[-1][0].hour_us < MAX_SPAN_HOURS * HOUR_US:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return groups
