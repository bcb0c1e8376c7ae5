"""What people and other systems said about an equipment's time and items, as the analytics take it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from chejian_analytics.kpi import Correction, Loss, ReasonSpan, Windows
from chejian_contract.signals import Role
from sqlalchemy import text
from sqlalchemy.orm import Session

from chejian_cloud.clock import from_us, to_us
from chejian_cloud.reasons.stops import Journal, journals, produces_again_us
from chejian_cloud.reasons.tree import ReasonNode, load_tree
from chejian_cloud.worker.setup import Setup

_ORDERS = text("""
SELECT started_at, ended_at FROM app.production_order
 WHERE equipment_id = :equipment_id AND started_at < :hi AND (ended_at IS NULL OR ended_at > :lo)
 ORDER BY started_at
""")
_CORRECTIONS = text("""
SELECT equipment_id, time, scrap, rework FROM app.inspection_result
 WHERE equipment_id = ANY(:equipment_ids) AND time >= :lo AND time < :hi AND withdrawn_at IS NULL
 ORDER BY time, inspection_id
""")
_OPEN = text("""
SELECT EXISTS (SELECT FROM app.stop_reason r
                WHERE r.equipment_id = :equipment_id AND r."end" IS NULL AND r.start <= :at
                  AND NOT EXISTS (SELECT FROM app.stop_reason_change u WHERE u.undoes = r.change_id))
""")


def corrections_of(
    session: Session, equipment_ids: Collection[int], lo_us: int, hi_us: int
) -> dict[int, list[Correction]]:
    """Items made in [lo, hi) that inspections moved, by time; machines without any are left out."""
    span = {"equipment_ids": list(equipment_ids), "lo": from_us(lo_us), "hi": from_us(hi_us)}
    out: dict[int, list[Correction]] = {}
    for row in session.execute(_CORRECTIONS, span):
        out.setdefault(row.equipment_id, []).append(Correction(to_us(row.time), row.scrap, row.rework))
    return out


def reason_spans(
    journal: Journal, tree: Mapping[str, ReasonNode], lo_us: int, hi_us: int
) -> list[ReasonSpan]:
    """Reasons of stops in [lo, hi) out of a journal, disjoint."""
    return [
        ReasonSpan(
            s.start_us, s.end_us, s.reason, None if (loss := tree[s.reason].loss) is None else Loss(loss)
        )
        for s in journal.said(lo_us, hi_us)
        if s.reason is not None
    ]


@dataclass(frozen=True, slots=True)
class Facts:
    """Reads the facts of one equipment; asks only for what its set-up says that there is.

    Args:
        session: of the unit's transaction.
        setup: of the equipment.
    """

    session: Session
    setup: Setup

    def reasons(self, lo_us: int, hi_us: int) -> list[ReasonSpan]:
        """Reasons of stops in [lo, hi), disjoint."""
        if not self.setup.explained:
            return []
        key, states = self.setup.equipment_id, self.setup.of(Role.MACHINE_STATE)
        found = journals(self.session, [key], lo_us, hi_us, lambda _: {key: states})
        return reason_spans(found[key], load_tree(self.session), lo_us, hi_us)

    def open_until(self, at_us: int) -> int:
        """When the reasons without end that hold at a time end [us]; that time itself when there are none."""
        if not self.setup.explained:
            return at_us
        values = {"equipment_id": self.setup.equipment_id, "at": from_us(at_us)}
        if not self.session.scalar(_OPEN, values):
            return at_us
        return produces_again_us(self.session, [(self.setup.of(Role.MACHINE_STATE), at_us + 1)])[0]

    def orders(self, lo_us: int, hi_us: int) -> Windows | None:
        """Time in [lo, hi) with an order in work, by the actual times of other systems; None: they never gave any."""
        if not self.setup.ordered:
            return None
        rows = self.session.execute(_ORDERS, self._span(lo_us, hi_us)).all()
        return Windows.union_of(
            [to_us(row.started_at) for row in rows],
            [hi_us if row.ended_at is None else to_us(row.ended_at) for row in rows],
        )

    def corrections(self, lo_us: int, hi_us: int) -> list[Correction]:
        """Items made in [lo, hi) that inspections moved."""
        if not self.setup.inspected:
            return []
        key = self.setup.equipment_id
        return corrections_of(self.session, [key], lo_us, hi_us).get(key, [])

    def _span(self, lo_us: int, hi_us: int) -> dict[str, object]:
        return {"equipment_id": self.setup.equipment_id, "lo": from_us(lo_us), "hi": from_us(hi_us)}
