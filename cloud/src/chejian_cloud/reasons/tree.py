"""The reason tree: the standard one that ships, and what each reason inherits from its parents."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources

from chejian_analytics.kpi.losses import CATEGORY_OF_LOSS, REASON_LOSSES, Loss
from chejian_contract.config import ConfigValueError, from_table
from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db.production import Reason

_LOSSES = ", ".join(sorted(REASON_LOSSES))
_STANDARD = "tree.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonSeed:
    """`[[reason]]` of a registry file; `child` nests. Without `loss` that of the parent holds."""

    code: str
    name_zh: str
    name_en: str
    loss: str | None = None
    active: bool = True
    child: tuple["ReasonSeed", ...] = ()

    def __post_init__(self) -> None:
        if not self.code or self.code != self.code.strip():
            raise ConfigValueError("code", self.code, "text without spaces around it")
        if self.loss is not None and self.loss not in REASON_LOSSES:
            raise ConfigValueError("loss", self.loss, _LOSSES)


@dataclass(frozen=True, slots=True)
class _StandardTree:
    reason: tuple[ReasonSeed, ...]


@dataclass(frozen=True, slots=True)
class ReasonNode:
    """A reason with what it inherits.

    Attributes:
        reason_id: of it.
        code: of it.
        parent: code of its parent; None: a root.
        name_zh: Chinese name.
        name_en: English name.
        loss: class of time that its stops count as; None: the machine state decides.
        category: its ISO 22400-2 time category.
        active: whether it is offered.
        leaf: whether stops can be given this reason.
    """

    reason_id: int
    code: str
    parent: str | None
    name_zh: str
    name_en: str
    loss: str | None
    category: str | None
    active: bool
    leaf: bool


def standard_tree() -> tuple[ReasonSeed, ...]:
    """The reasons that ship with this version."""
    file = resources.files("chejian_cloud.reasons") / _STANDARD
    return from_table(_StandardTree, tomllib.loads(file.read_text("utf-8")), source=_STANDARD).reason


def add_missing(session: Session) -> int:
    """Add the standard reasons that are not there; those that are stay as people made them. Returns their number."""
    known = {r.code: r for r in session.scalars(select(Reason))}
    added = 0
    for parent, position, seed in walk(standard_tree()):
        if seed.code in known:
            continue
        row = Reason(
            code=seed.code,
            parent_id=known[parent].reason_id if parent is not None else None,
            name_zh=seed.name_zh,
            name_en=seed.name_en,
            loss=seed.loss,
            position=position,
        )
        session.add(row)
        session.flush()
        known[seed.code] = row
        added += 1
    return added


def walk(
    seeds: Sequence[ReasonSeed], parent: str | None = None
) -> Iterator[tuple[str | None, int, ReasonSeed]]:
    """Code of the parent, place among its siblings and each reason, parents first."""
    for position, seed in enumerate(seeds):
        yield parent, position, seed
        yield from walk(seed.child, seed.code)


def load_tree(session: Session) -> dict[str, ReasonNode]:
    """All reasons by code: parents before children, siblings in their order."""
    rows = session.scalars(select(Reason).order_by(Reason.position, Reason.reason_id)).all()
    children: dict[int | None, list[Reason]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(row)
    out: dict[str, ReasonNode] = {}
    for root in children.get(None, ()):
        out |= {node.code: node for node in _below(root, None, children)}
    return out


def _below(
    row: Reason, parent: ReasonNode | None, children: Mapping[int | None, Sequence[Reason]]
) -> Iterator[ReasonNode]:
    own = children.get(row.reason_id, ())
    loss = row.loss or (parent.loss if parent else None)
    node = ReasonNode(
        row.reason_id,
        row.code,
        parent.code if parent else None,
        row.name_zh,
        row.name_en,
        loss,
        None if loss is None else CATEGORY_OF_LOSS[Loss(loss)].value,
        row.active and (parent.active if parent else True),
        not own,
    )
    yield node
    for child in own:
        yield from _below(child, node, children)
