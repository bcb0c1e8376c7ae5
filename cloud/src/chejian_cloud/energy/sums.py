"""Energy of a line or workshop: sums over its meters, with the unmetered remainder and its output.

Computed from stored values when asked: whole numbers and the factors frozen into them, so there is nothing to keep.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from sqlalchemy import RowMapping
from sqlalchemy.orm import Session

from chejian_cloud.db.energy import EnergyValue
from chejian_cloud.energy import repository
from chejian_cloud.energy.figures import coal, number, per, total
from chejian_cloud.energy.schemas import CarrierSum, EnergySumOut, FactorUsed
from chejian_cloud.energy.service import Units, values_of
from chejian_cloud.jsontypes import TimeRange
from chejian_cloud.registry.schemas import EquipmentOut
from chejian_cloud.registry.scope import Scope
from chejian_cloud.registry.service import machines_of, require_scope

MISSING = "meter_missing"
"""Flag: a meter that is needed has no value of the window."""
Found = Mapping[int, EnergyValue]
"""Values of one window by meter."""


@dataclass(frozen=True, slots=True)
class Tree:
    """The meters of one carrier in a scope.

    Attributes:
        tops: whose parent stands elsewhere or nowhere.
        elsewhere: sub-meters of the scope's meters that stand elsewhere.
        children: all sub-meters of each top meter.
        codes: of the top meters.
        row: of one of them.
        counted: whether its standard coal is in the total.
    """

    tops: tuple[int, ...]
    elsewhere: tuple[int, ...]
    children: Mapping[int, tuple[int, ...]]
    codes: tuple[str, ...]
    row: RowMapping
    counted: bool

    @property
    def summed(self) -> set[int]:
        """Meters whose values make the amount."""
        return {*self.tops, *self.elsewhere}

    @property
    def balanced(self) -> set[int]:
        """Meters whose values make the unmetered remainder."""
        return {*self.children, *(c for own in self.children.values() for c in own)}

    @property
    def needed(self) -> set[int]:
        """Meters whose values it takes."""
        return self.summed | self.balanced


def energy_of_scope(session: Session, scope: Scope, window: str, period: TimeRange) -> list[EnergySumOut]:
    """Energy of a line or workshop in the windows that overlap a range, earliest first.

    Raises:
        NotFoundError: when the line or workshop is not registered.
        InvalidValueError: for too many values.
    """
    require_scope(session, scope)
    trees = trees_of_scope(session, scope)
    needed = {meter for tree in trees for meter in tree.needed}
    output = _Output(session, scope, window, period)
    windows: dict[tuple[datetime, datetime], dict[int, EnergyValue]] = {}
    for row in values_of(session, needed, window, period):
        windows.setdefault((row.start, row.end), {})[row.equipment_id] = row
    return [
        _sum(window, span, trees, found, output)
        for span, found in sorted(windows.items(), key=lambda item: item[0])
    ]


def carriers_of(
    own: Mapping[int, RowMapping], below: Sequence[RowMapping], found: Found
) -> tuple[list[CarrierSum], float | None]:
    """Carriers of some meters in one window, without output, and their comprehensive energy consumption [kgce].

    Args:
        own: the meters, id -> row.
        below: their sub-meters.
        found: values of the window.

    Returns:
        The carriers by name, and the standard coal of those that count, rounded once; None when one is not known.
    """
    trees = _trees_of(own, below)
    return [_carrier(tree, found, None) for tree in trees], number(_coal_of(trees, found))


def trees_of_scope(session: Session, scope: Scope) -> list[Tree]:
    """Meters of a scope by carrier."""
    own = {row["equipment_id"]: row for row in repository.meters(session, scope=scope)}
    below = repository.meters(session, equipment_ids=repository.sub_meters(session, list(own)))
    return _trees_of(own, below)


def _trees_of(own: Mapping[int, RowMapping], below: Sequence[RowMapping]) -> list[Tree]:
    carriers: dict[str, list[RowMapping]] = {}
    for row in own.values():
        carriers.setdefault(row["carrier"], []).append(row)
    return [_tree(rows, own, below) for _, rows in sorted(carriers.items())]


def _tree(rows: Sequence[RowMapping], own: Mapping[int, RowMapping], below: Sequence[RowMapping]) -> Tree:
    ids = {row["equipment_id"] for row in rows}
    tops = [row for row in rows if row["parent_id"] not in own]
    children = {
        top["equipment_id"]: tuple(b["equipment_id"] for b in below if b["parent_id"] == top["equipment_id"])
        for top in tops
    }
    return Tree(
        tuple(top["equipment_id"] for top in tops),
        tuple(b["equipment_id"] for b in below if b["parent_id"] in ids and b["equipment_id"] not in own),
        {top: own for top, own in children.items() if own},
        tuple(top["code"] for top in tops),
        rows[0],
        not any(top["made_on_site"] for top in tops),
    )


def _carrier(tree: Tree, found: Found, output: int | None) -> CarrierSum:
    unit = Units.of(tree.row)
    used = [found[meter] for meter in sorted(tree.needed) if meter in found]
    amount = _difference(tree.tops, tree.elsewhere, found)
    below = [child for own in tree.children.values() for child in own]
    parts = [found[meter].amount if meter in found else None for meter in below]
    kgce = _coal(tree, found)
    value = None if amount is None else Fraction(amount, unit.per_unit)
    return CarrierSum(
        carrier=tree.row["carrier"],
        unit=unit.unit,
        register_unit=unit.register_unit,
        amount=amount,
        value=number(value),
        per_unit=per(value, output),
        kgce=number(kgce),
        kgce_per_unit=per(kgce, output),
        counted=tree.counted,
        sub_metered=sum(p for p in parts if p is not None) if parts and None not in parts else None,
        remainder=_difference(tuple(tree.children), below, found) if below else None,
        remainder_completeness=_least(tree.balanced, found) if below else None,
        completeness=_least(tree.summed, found),
        flags=sorted(
            {f for row in used for f in row.flags} | ({MISSING} if len(used) < len(tree.needed) else set())
        ),
        meters=list(tree.codes),
        factors=_factors(used),
    )


def _least(meters: Iterable[int], found: Found) -> float:
    """Completeness of the least complete of some meters; 0 when one has no value."""
    return min((found[meter].completeness if meter in found else 0.0 for meter in meters), default=0.0)


def _difference(plus: Iterable[int], minus: Iterable[int], found: Found) -> int | None:
    """What some meters show less what others do; None when one has no value."""
    signed = [*((meter, 1) for meter in plus), *((meter, -1) for meter in minus)]
    if any(meter not in found for meter, _ in signed):
        return None
    return sum(sign * found[meter].amount for meter, sign in signed)


def _coal(tree: Tree, found: Found) -> Fraction | None:
    """Standard coal of a carrier [kgce]; None when a meter has no value or no factor."""
    signed = [*((meter, 1) for meter in tree.tops), *((meter, -1) for meter in tree.elsewhere)]
    return total(coal(found[m], sign * found[m].amount) if m in found else None for m, sign in signed)


def _coal_of(trees: Iterable[Tree], found: Found) -> Fraction | None:
    """Standard coal of all carriers that count [kgce]; None when one of them is not known."""
    return total(_coal(tree, found) for tree in trees if tree.counted)


def _factors(rows: Iterable[EnergyValue]) -> list[FactorUsed]:
    distinct = {tuple(sorted(row.factor.items())): row.factor for row in rows if row.factor is not None}
    return [FactorUsed.model_validate(factor) for factor in distinct.values()]


def _sum(
    window: str, span: tuple[datetime, datetime], trees: Sequence[Tree], found: Found, output: "_Output"
) -> EnergySumOut:
    start, end = span
    items = output.items(start)
    kgce = _coal_of(trees, found)
    return EnergySumOut(
        window=window,
        start=start,
        end=end,
        provisional=any(row.provisional for row in found.values()),
        output=items,
        output_machines=output.codes,
        output_completeness=output.completeness(start),
        kgce=number(kgce),
        kgce_per_unit=per(kgce, items),
        carriers=[_carrier(tree, found, items) for tree in trees],
    )


def output_machines(session: Session, scope: Scope) -> list[EquipmentOut]:
    """Machines whose good items are a scope's output."""
    named: dict[int, set[int]] = {}
    for line_id, equipment_id in repository.named_outputs(session, repository.lines_of(session, scope)):
        named.setdefault(line_id, set()).add(equipment_id)
    machines = machines_of(session, scope)
    return [m for m in machines if m.line_id not in named or m.equipment_id in named[m.line_id]]


class _Output:
    """Good items of a scope's output machines by window.

    Of each line they are the machines that the registry names, else all of it.
    """

    def __init__(self, session: Session, scope: Scope, window: str, period: TimeRange) -> None:
        machines = output_machines(session, scope)
        self.codes = [m.code for m in machines]
        self._good: dict[datetime, int] = {}
        self._least: dict[datetime, float] = {}
        ids = [m.equipment_id for m in machines]
        for start, terms, completeness in repository.outputs(session, ids, window, period.start, period.end):
            if terms.get("good") is not None:
                self._good[start] = self._good.get(start, 0) + int(terms["good"])
            if completeness is not None:
                self._least[start] = min(self._least.get(start, 1.0), completeness)

    def items(self, start: datetime) -> int | None:
        """Good items of the window that starts then; None when nothing counts them."""
        return self._good.get(start)

    def completeness(self, start: datetime) -> float | None:
        """Known part of the planned busy time of the least known machine; None without planned time."""
        return self._least.get(start)
