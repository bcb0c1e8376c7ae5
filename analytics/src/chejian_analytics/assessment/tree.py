"""Scores up the tree: what applies, with which share of the whole, exactly."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from chejian_analytics.assessment.definition import Authority, Item, Node, Standard

_ONE = Fraction(1)
_ZERO = Fraction(0)
_SHAPES = 1024
"""Shapes and branches kept in memory: standards x industries x sets of what does not apply."""


class WeightsMissingError(ValueError):
    """A standard whose weights are not known for an industry.

    Attributes:
        nodes: those without a weight.
    """

    def __init__(self, standard: Standard, industry: str, nodes: Collection[str]) -> None:
        self.nodes = tuple(nodes)
        super().__init__(
            f"{standard.id} {standard.version}: no weights for industry {industry}: {', '.join(nodes)}; "
            "give them in a file of your own with a new version, or choose an industry whose weights are there"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Branch:
    """A node that applies, for one industry and one set of what does not apply.

    Attributes:
        node: of the standard; None at the root.
        share: of the score above, 0 to 1; sisters sum to 1.
        children: branches below, each with a share above 0.
        items: of a leaf, with their shares of its score.
    """

    node: Node | None
    share: Fraction
    children: tuple["Branch", ...]
    items: tuple[tuple[Item, Fraction], ...]

    def leaves(self) -> tuple[tuple[Item, Fraction], ...]:
        """Items below with their share of this branch's score; the shares sum to 1."""
        return _leaves(self)

    def find(self, node: str) -> "Branch | None":
        """The branch of a node; None where it does not apply."""
        if self.node is not None and self.node.id == node:
            return self
        return next((found for child in self.children if (found := child.find(node))), None)


@lru_cache(maxsize=_SHAPES)
def _leaves(branch: Branch) -> tuple[tuple[Item, Fraction], ...]:
    below = ((item, part * child.share) for child in branch.children for item, part in child.leaves())
    return (*branch.items, *below)


def shape(standard: Standard, industry: str, cut: Collection[str] = (), level: int = 0) -> Branch:
    """The tree that applies, its shares renormalised over what is left.

    Args:
        standard: to be applied.
        industry: one of the standard's; checked by the caller, like what may be cut.
        cut: ids of nodes that the enterprise declares not applicable.
        level: maturity level whose items are taken; 0 where the standard has none.

    Raises:
        ValueError: nothing is left that applies.
        WeightsMissingError: weights are not known and the standard does not fall back on equal ones.
    """
    return _shape(standard, industry, frozenset(cut), level)


@lru_cache(maxsize=_SHAPES)
def _shape(standard: Standard, industry: str, cut: frozenset[str], level: int) -> Branch:
    builder = _Builder(standard, industry, cut, level)
    if missing := builder.missing():
        raise WeightsMissingError(standard, industry, missing)
    branch = builder.branch(None, _ONE)
    if branch is None:
        raise ValueError(f"{standard.id}: nothing is left that applies to industry {industry}")
    return branch


class _Builder:
    def __init__(self, standard: Standard, industry: str, cut: frozenset[str], level: int) -> None:
        self._standard, self._industry, self._level = standard, industry, level
        self._nodes = [n for n in standard.nodes if n.id not in cut and industry in n.industries]

    def missing(self) -> list[str]:
        if self._standard.weights_missing is not Authority.NONE:
            return []
        return [node.id for node in self._nodes if self._industry not in node.weights]

    def branch(self, node: Node | None, share: Fraction) -> Branch | None:
        own = "" if node is None else node.id
        below = [(child, self._weight(child)) for child in self._nodes if child.parent == own]
        built = [
            (made, weight) for child, weight in below if weight > 0 and (made := self.branch(child, _ONE))
        ]
        total = sum((weight for _, weight in built), _ZERO)
        items = [] if node is None else self._items(node)
        if not built and not items:
            return None
        children = tuple(Branch(c.node, weight / total, c.children, c.items) for c, weight in built)
        return Branch(node, share, children, tuple(items))

    def _weight(self, node: Node) -> Fraction:
        return node.weights.get(self._industry, _ONE)

    def _items(self, node: Node) -> list[tuple[Item, Fraction]]:
        found = [
            i for i in self._standard.items if i.node == node.id and i.level == self._level and i.weight > 0
        ]
        total = sum((item.weight for item in found), _ZERO)
        return [(item, item.weight / total) for item in found]


@dataclass(frozen=True, slots=True)
class NodeScore:
    """Score of one node.

    Attributes:
        node: its id; "" is the root.
        score: 0 to 1; what is not answered counts 0.
        answered: share of its items that are answered, by weight, 0 to 1.
        share: of the score above.
    """

    node: str
    score: Fraction
    answered: Fraction
    share: Fraction


def score(branch: Branch, scores: Mapping[str, Fraction]) -> dict[str, NodeScore]:
    """Scores of a branch and all below it.

    Args:
        branch: as `shape` gives it.
        scores: by item, 0 to 1; items without an answer are missing.

    Returns:
        By node id, "" for the root. A score lies between the least and the greatest score below it.
    """
    found: dict[str, NodeScore] = {}
    _score(branch, scores, found)
    return found


def _score(branch: Branch, scores: Mapping[str, Fraction], found: dict[str, NodeScore]) -> NodeScore:
    total, answered = _ZERO, _ZERO
    for item, share in branch.items:
        given = scores.get(item.id)
        if given is not None:
            total += share * given
            answered += share
    for child in branch.children:
        below = _score(child, scores, found)
        total += child.share * below.score
        answered += child.share * below.answered
    own = "" if branch.node is None else branch.node.id
    found[own] = NodeScore(own, total, answered, branch.share)
    return found[own]
