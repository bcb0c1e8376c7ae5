"""A tree of meters: what a main meter shows and its sub-meters do not is the unmetered remainder."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TreeNode:
    """A meter's place.

    Attributes:
        amount: its own reading over a window, in the unit of the whole tree; None: not known.
        parent: key of the meter above it; None for a main meter.
    """

    amount: int | None
    parent: str | None = None


def remainders(nodes: Mapping[str, TreeNode]) -> dict[str, int | None]:
    """Unmetered remainder of each meter that has sub-meters.

    Negative where the sub-meters show more than the main meter: a wrong tree, a wrong ratio or a missing reading, and worth
    showing as it is. None where the meter or one of its sub-meters is not known.

    Raises:
        ValueError: when a parent is unknown, or meters stand above each other in a circle.
    """
    children: dict[str, list[str]] = {}
    for key, node in nodes.items():
        if node.parent is not None:
            if node.parent not in nodes:
                raise ValueError(f"meter {key!r}: parent {node.parent!r} is unknown")
            children.setdefault(node.parent, []).append(key)
        _check_path(key, nodes)
    return {key: _remainder(nodes, key, below) for key, below in children.items()}


def _check_path(key: str, nodes: Mapping[str, TreeNode]) -> None:
    seen = {key}
    at = nodes[key].parent
    while at is not None and at in nodes:
        if at in seen:
            raise ValueError(f"meter {key!r} stands above itself through {at!r}")
        seen.add(at)
        at = nodes[at].parent


def _remainder(nodes: Mapping[str, TreeNode], key: str, below: list[str]) -> int | None:
    own, parts = nodes[key].amount, [nodes[b].amount for b in below]
    known = [p for p in parts if p is not None]
    return own - sum(known) if own is not None and len(known) == len(parts) else None
