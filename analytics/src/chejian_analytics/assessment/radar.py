"""The axes of a radar: how far each node of a tree has come, from 0 to 1 of its own best."""

from fractions import Fraction

from chejian_analytics.assessment.definition import Method, Standard
from chejian_analytics.assessment.rating import maturity_total
from chejian_analytics.assessment.result import Assessment

_ZERO = Fraction(0)


def radar(standard: Standard, result: Assessment) -> dict[str, Fraction]:
    """Axes by node, in the order of the file; nodes that were cut are left out.

    Args:
        standard: that the result was computed with.
        result: of `assess`.

    Returns:
        Stages: scores of the aspects. Maturity: of each node that holds items the total S by its own level scores, as a
        part of the highest level, so that a subdomain shows the level it stands at by itself. Index: points / 100 of the
        classes, which may exceed 1. Other methods have no tree of scores: empty.

    Raises:
        ValueError: the result is of another content.
    """
    if result.standard != standard.reference:
        raise ValueError(f"result of {result.standard}, not of {standard.reference}")
    if standard.method is Method.MATURITY:
        leaves = dict.fromkeys(item.node for item in standard.items)
        kept = [node.id for node in standard.nodes if node.id in leaves and node.id in result.scores]
        return {node: _own_total(standard, result, node) for node in kept}
    wanted = [n.id for n in standard.nodes if n.aspect or standard.method is Method.INDEX]
    return {node: result.scores[node].score for node in wanted if node in result.scores}


def _own_total(standard: Standard, result: Assessment, node: str) -> Fraction:
    scores = [each[node].score if node in each else _ZERO for each in result.level_nodes]
    return maturity_total(scores, standard.met_from) / len(standard.levels)
