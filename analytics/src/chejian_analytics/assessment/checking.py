"""What must hold between the parts of a standard: references, weights, rules."""

from collections import Counter
from collections.abc import Iterable, Iterator
from fractions import Fraction

from chejian_analytics.assessment.definition import Item, Level, Method, Node, Scale, Standard
from chejian_analytics.assessment.problems import Problem

_WHOLE = 100
"""Percent that the weights of sisters sum to."""


def check(standard: Standard, file: str) -> list[Problem]:
    """Problems between the parts; empty when it is sound."""
    found = [
        *_tree(standard),
        *_weights(standard),
        *_items(standard),
        *_rating(standard),
    ]
    return [Problem(file, key, value, allowed) for key, value, allowed in found]


Found = Iterator[tuple[str, str, str]]


def _tree(standard: Standard) -> Found:
    yield from _twice("node", (node.id for node in standard.nodes))
    seen: set[str] = {""}
    for index, node in enumerate(standard.nodes):
        if node.parent not in seen:
            yield f"node[{index}].parent", repr(node.parent), "a node above it in the file"
        seen.add(node.id)
    if not standard.nodes:
        yield "node", "(missing)", "at least one node"
    filled = {item.node for item in standard.items} | {node.parent for node in standard.nodes}
    for index, node in enumerate(standard.nodes):
        if node.id not in filled:
            yield f"node[{index}].id", repr(node.id), "a node with items or nodes below it"


def _weights(standard: Standard) -> Found:
    for parent in dict.fromkeys(node.parent for node in standard.nodes):
        for industry in standard.industries:
            sisters = [n for n in standard.nodes if n.parent == parent and industry in n.industries]
            known = [n.weights[industry] for n in sisters if industry in n.weights]
            key = f"weights of {', '.join(n.id for n in sisters)} ({industry})"
            if len(known) == len(sisters) > 0 and sum(known) != _WHOLE:
                yield key, f"sum {float(sum(known)):g}", f"sum {_WHOLE}"
            elif sum(known) > _WHOLE:
                yield key, f"sum {float(sum(known)):g} without the unknown ones", f"sum {_WHOLE}"
            elif standard.weights_missing == "project default" and 0 < len(known) < len(sisters):
                yield key, f"{len(known)} of {len(sisters)} given", "all or none"


def _items(standard: Standard) -> Found:
    yield from _twice("item", (item.id for item in standard.items))
    nodes = {node.id: node for node in standard.nodes}
    parents = {node.parent for node in standard.nodes}
    for index, item in enumerate(standard.items):
        key = f"item[{index}]"
        if item.node not in nodes or item.node in parents:
            yield f"{key}.node", repr(item.node), "a node without nodes below it"
        yield from _item(standard, key, item)


def _item(standard: Standard, key: str, item: Item) -> Found:
    for each in item.asked_in:
        if item.aggregate != "share" or not all(each.partition(":")):
            yield f"{key}.asked_in", repr(each), '"standard:item", where aggregate is share'
    if item.scale is Scale.GRADES and not standard.grades:
        yield "rating.grades", "(missing)", f"a list of grades, since {item.id} is graded"
    if (standard.method is Method.MATURITY) != (item.level > 0):
        allowed = "a level from 1" if standard.method is Method.MATURITY else "no level"
        yield f"{key}.level", repr(item.level), allowed
    if item.evidence and not item.needs_completeness > 0:
        yield f"{key}.needs_completeness", "0", "a number above 0, since telemetry may contradict"
    if item.scale is Scale.QUANTITY and standard.method in {Method.STAGES, Method.MATURITY}:
        yield f"{key}.scale", repr(item.scale.value), "a scale with bounds, since scores are asked for"


def _rating(standard: Standard) -> Found:
    yield from _twice("rating.level", (level.id for level in standard.levels))
    yield from _twice("rating.band", (band.id for band in standard.bands))
    if standard.method in {Method.STAGES, Method.MATURITY, Method.REQUIREMENTS} and not standard.levels:
        yield "rating.level", "(missing)", f"levels, since the method is {standard.method}"
    if standard.method is Method.STAGES:
        yield from _rising("rating.band", standard.bands)
        aspects = [node for node in standard.nodes if node.aspect]
        yield from _stage_needs(standard, aspects)
    if standard.method is Method.MATURITY:
        yield from _rising("rating.level", standard.levels)
        if [level.number for level in standard.levels] != list(range(1, len(standard.levels) + 1)):
            yield "rating.level", repr([level.number for level in standard.levels]), "numbers 1, 2, 3 ..."
        if not standard.met_from:
            yield "rating.met_from", "(missing)", "the score from which a level counts as met, above 0"
        for level in standard.levels:
            if level.at_least != level.number - 1 + standard.met_from:
                yield (
                    f"rating.level {level.id}.at_least",
                    f"{float(level.at_least):g}",
                    "number - 1 + met_from",
                )
    if standard.method is Method.REQUIREMENTS:
        yield from _needs_known(standard.levels, [item.id for item in standard.items], "an item")
        yield from _needs_fit(standard)


def _stage_needs(standard: Standard, aspects: list[Node]) -> Found:
    yield from _needs_known(standard.levels, [node.id for node in aspects], "a node with aspect = true")
    numbers = {Fraction(band.number) for band in standard.bands}
    for level in standard.levels:
        for aspect, number in level.needs.items():
            if number not in numbers:
                yield f"rating.level {level.id}.needs.{aspect}", f"{number}", "the number of a band"


def _needs_known(levels: Iterable[Level], known: list[str], what: str) -> Found:
    for level in levels:
        for name in level.needs:
            if name not in known:
                yield f"rating.level {level.id}.needs", repr(name), f"{what}: {', '.join(known)}"


def _needs_fit(standard: Standard) -> Found:
    scales = {item.id: item.scale for item in standard.items}
    tops = {Scale.SHARE: 1, Scale.YES_NO: 1, Scale.LEVEL: 5, Scale.SCORE: 100}
    for level in standard.levels:
        for name, least in level.needs.items():
            top = tops.get(scales.get(name, Scale.QUANTITY))
            if not least > 0 or (top is not None and least > top):
                yield (
                    f"rating.level {level.id}.needs.{name}",
                    f"{float(least):g}",
                    f"above 0, at most {top or 'any'}",
                )
        if not level.needs:
            yield f"rating.level {level.id}.needs", "(missing)", "at least one condition"


def _rising(key: str, levels: tuple[Level, ...]) -> Found:
    limits = [level.at_least for level in levels]
    if limits != sorted(set(limits)):
        yield f"{key}.at_least", ", ".join(f"{float(x):g}" for x in limits), "rising numbers"


def _twice(key: str, ids: Iterable[str]) -> Found:
    for name, count in Counter(ids).items():
        if count > 1:
            yield f"{key}.id", repr(name), "an id that no other has"
