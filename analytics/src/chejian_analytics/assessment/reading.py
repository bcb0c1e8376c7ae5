"""Reads a standard from its TOML file; a broken file is refused with everything that is wrong with it."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from chejian_analytics.assessment.canonical import digest
from chejian_analytics.assessment.checking import check
from chejian_analytics.assessment.definition import (
    CONFIDENCE,
    INDUSTRIES,
    Authority,
    Item,
    Level,
    Method,
    Node,
    Published,
    Reference,
    Scale,
    Standard,
)
from chejian_analytics.assessment.evidence import INDICATORS
from chejian_analytics.assessment.normalisers import NORMALISERS
from chejian_analytics.assessment.problems import DataFileError, Problem, Table

SCHEMA = 1
"""Layout of the file that this code reads."""

SUBJECTS = ("enterprise", "workshop", "region")
_WORDS = ("version", "document", "source", "note", "formula")
"""Keys, beside those ending in _zh and _en, that rule nothing."""
_LEVELS = 5
_GREAT = 1_000_000_000
"""Bound of quantities and years' figures, only to catch slips."""


class _Defaults(NamedTuple):
    source: tuple[str, str] | None
    confidence: str
    authority: str


def read_standard(text: str, file: str) -> Standard:
    """A standard from the text of its file.

    Args:
        text: TOML.
        file: name, for the problems.

    Raises:
        DataFileError: lists every problem with file, key, value and what is allowed.
    """
    try:
        data = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise DataFileError([Problem(file, "(file)", str(error), "TOML")]) from error
    problems: list[Problem] = []
    standard = _standard(Table(file, "", data, problems), data)
    if not problems:
        problems += check(standard, file)
    if problems:
        raise DataFileError(problems)
    return standard


def _standard(table: Table, data: Mapping[str, Any]) -> Standard:
    table.integer("schema", SCHEMA, SCHEMA)
    head = words(table, _Defaults(None, "", Authority.STANDARD))
    defaults = _Defaults((head["source_zh"], head["source_en"]), head["confidence"], head["authority"])
    method = Method(table.choice("method", tuple(Method)))
    industries = table.words("industries", INDUSTRIES) or INDUSTRIES
    rating = table.table("rating")
    nodes = tuple(_node(each, defaults, industries) for each in table.tables("node"))
    items = tuple(_item(each, defaults) for each in table.tables("item"))
    made = Standard(
        **head,
        **_both("document", table.both("document")),
        version=table.text("version"),
        subject=table.choice("subject", SUBJECTS),
        region=table.text("region", optional=True) or "100000",
        year=table.integer("year", 1990, 2100, default=0),
        method=method,
        industries=industries,
        weights_missing=Authority(
            rating.choice(
                "weights_missing", (Authority.PROJECT_DEFAULT, Authority.NONE), default=Authority.NONE
            )
        ),
        nodes=nodes,
        items=items,
        bands=_levels(rating, "band", defaults),
        levels=_levels(rating, "level", defaults),
        grades=tuple(sorted(rating.numbers("grades", 0, 1))),
        met_from=rating.number("met_from", 0, 1) or Fraction(0),
        normaliser=rating.choice("normaliser", tuple(NORMALISERS), default=""),
        published=tuple(_published(each, defaults, nodes, items) for each in table.tables("published")),
        earlier=tuple(_earlier(each, data) for each in table.tables("earlier")),
        digest=_safe_digest(data),
    )
    expand = rating.words("one_item_for_each", ("leaf", "level"))
    rating.close()
    table.close()
    return replace(made, items=made.items + _made_items(made, expand)) if expand else made


def words(table: Table, defaults: _Defaults) -> dict[str, Any]:
    """Names and origin of one table; source, confidence and authority fall back on the file's."""
    return {
        "id": table.text("id"),
        "name_zh": table.text("name_zh"),
        "name_en": table.text("name_en"),
        **_both("source", table.both("source", default=defaults.source)),
        "confidence": table.choice("confidence", tuple(CONFIDENCE), default=defaults.confidence or None),
        "authority": Authority(table.choice("authority", tuple(Authority), default=defaults.authority)),
        **_both("note", table.both("note", default=("", ""))),
    }


def _both(key: str, texts: tuple[str, str]) -> dict[str, Any]:
    return {f"{key}_zh": texts[0], f"{key}_en": texts[1]}


def _earlier(table: Table, data: Mapping[str, Any]) -> str:
    found = table.text("digest")
    if not re.fullmatch("[0-9a-f]{64}", found):
        table.wrong("digest", "SHA-256 of the earlier content, 64 hexadecimal digits")
    rules = _safe_digest(_wordless(data))
    if table.text("rules") != rules:
        table.wrong(
            "rules", f"{rules}, this file's content without its words; no earlier where more was changed"
        )
    table.close()
    return found


def _node(table: Table, defaults: _Defaults, industries: tuple[str, ...]) -> Node:
    node = Node(
        **words(table, defaults),
        parent=table.text("parent", optional=True),
        weights=table.by_name("weight", industries, 0, 100),
        weight_confidence=table.words_by_name("weight_confidence", industries, tuple(CONFIDENCE)),
        industries=table.words("industries", industries) or industries,
        may_be_cut=table.flag("may_be_cut"),
        aspect=table.flag("aspect"),
    )
    table.close()
    return node


def _item(table: Table, defaults: _Defaults) -> Item:
    item = Item(
        **words(table, defaults),
        node=table.text("node"),
        scale=Scale(table.choice("scale", tuple(Scale))),
        unit=table.text("unit", optional=True),
        level=table.integer("level", 1, _LEVELS, default=0),
        weight=_or_one(table.number("weight", 0, 100)),
        lower_is_better=table.flag("lower_is_better"),
        evidence=table.choice("evidence", sorted(INDICATORS), default=""),
        tolerance=table.number("tolerance", 0, 100) or Fraction(0),
        needs_completeness=table.number("needs_completeness", 0, 1) or Fraction(0),
        aggregate=table.choice("aggregate", ("mean", "share"), default=""),
        asked_in=table.words("asked_in"),
        **_both("formula", table.both("formula", default=("", ""))),
        references=tuple(_reference(each, defaults) for each in table.tables("reference")),
    )
    table.close()
    return item


def _or_one(number: Fraction | None) -> Fraction:
    return Fraction(1) if number is None else number


def _reference(table: Table, defaults: _Defaults) -> Reference:
    reference = Reference(
        year=table.integer("year", 1990, 2100),
        kind=table.choice("kind", ("value", "target")),
        value=table.needed("value", 0, _GREAT),
        **_both("source", table.both("source", default=defaults.source)),
        confidence=table.choice("confidence", tuple(CONFIDENCE), default=defaults.confidence or None),
    )
    table.close()
    return reference


def _published(
    table: Table, defaults: _Defaults, nodes: tuple[Node, ...], items: tuple[Item, ...]
) -> Published:
    known = [each.id for each in (*nodes, *items)]
    row = Published(
        region=table.text("region"),
        name_zh=table.text("name_zh"),
        name_en=table.text("name_en"),
        year=table.integer("year", 1990, 2100),
        values=table.by_name("values", known, 0, _GREAT),
        total=table.number("total", 0, _GREAT),
        **_both("source", table.both("source", default=defaults.source)),
        confidence=table.choice("confidence", tuple(CONFIDENCE), default=defaults.confidence or None),
    )
    table.close()
    return row


def _levels(rating: Table, key: str, defaults: _Defaults) -> tuple[Level, ...]:
    return tuple(sorted((_level(each, i, defaults) for i, each in enumerate(rating.tables(key))), key=_rank))


def _rank(level: Level) -> tuple[str, int]:
    return level.ladder, level.number


def _level(table: Table, index: int, defaults: _Defaults) -> Level:
    needs = table.table("needs")
    level = Level(
        **words(table, defaults),
        number=table.integer("number", 1, 10, default=index + 1),
        at_least=table.number("at_least", 0, 100) or Fraction(0),
        needs={name: needs.needed(name, 0, 100) for name in needs.keys()},  # noqa: SIM118 - no mapping
        ladder=table.text("ladder", optional=True),
    )
    table.close()
    return level


def _made_items(standard: Standard, expand: tuple[str, ...]) -> tuple[Item, ...]:
    """Items that the file leaves to us: one for each leaf, or for each leaf and maturity level, without one."""
    taken = {(item.node, item.level) for item in standard.items}
    parents = {node.parent for node in standard.nodes}
    levels = [level.number for level in standard.levels] if "level" in expand else [0]
    make: Callable[[Node, int], Item] = lambda node, level: _made(standard, node, level)  # noqa: E731
    return tuple(
        make(node, level)
        for node in standard.nodes
        if node.id not in parents
        for level in levels
        if (node.id, level) not in taken
    )


def _made(standard: Standard, node: Node, level: int) -> Item:
    by_number = {each.number: each for each in standard.levels}
    end_zh = f"：{by_number[level].name_zh}要求" if level else ""
    end_en = f": requirements of level {level}" if level else ""
    return Item(
        id=f"{node.id}.{level}" if level else f"{node.id}.score",
        name_zh=node.name_zh + end_zh,
        name_en=node.name_en + end_en,
        source_zh=node.source_zh,
        source_en=node.source_en,
        confidence=node.confidence,
        authority=node.authority,
        node=node.id,
        scale=Scale.GRADES if level else Scale.SCORE,
        level=level,
    )


def _wordless(value: Any) -> Any:
    """What a file rules: its content without version and texts for people."""
    if isinstance(value, list):
        return [_wordless(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    return {key: _wordless(each) for key, each in value.items() if not _is_words(key, each)}


def _is_words(key: str, value: object) -> bool:
    return key == "earlier" or (isinstance(value, str) and (key in _WORDS or key.endswith(("_zh", "_en"))))


def _safe_digest(data: Mapping[str, Any]) -> str:
    """Digest of the parsed file; "" where it holds what has no canonical text, which the reader then names."""
    try:
        return digest(data)
    except (TypeError, ValueError):
        return ""
