"""The boards that ship with this version (classic JSON, made by tools/gen_boards.py), and the statements inside."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BoardFile:
    """A board as Grafana provisions it.

    Attributes:
        uid: its address.
        title: Chinese and English.
        content: the classic model.
    """

    uid: str
    title: str
    content: Json


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a board.

    Attributes:
        board: uid.
        where: "panel 4", "variable line" or "annotation ...".
        title: of what it belongs to.
        sql: with macros and variables.
        table: whether its rows are a table; else time series.
    """

    board: str
    where: str
    title: str
    sql: str
    table: bool


def boards() -> list[BoardFile]:
    """All boards, by uid."""
    folder = resources.files("chejian.boards") / "generated"
    found = [json.loads(f.read_text("utf-8")) for f in folder.iterdir() if f.name.endswith(".json")]
    return [BoardFile(b["uid"], b["title"], b) for b in sorted(found, key=lambda b: str(b["uid"]))]


def statements(board: BoardFile) -> Iterator[Statement]:
    """Everything that the board asks the database: panels, variables, annotations."""
    for panel in board.content["panels"]:
        for target in panel["targets"]:
            where = f"panel {panel['id']}"
            yield Statement(board.uid, where, panel["title"], target["rawSql"], target["format"] == "table")
    for variable in board.content["templating"]["list"]:
        if variable["type"] == "query":
            name = variable["name"]
            yield Statement(board.uid, f"variable {name}", variable["label"], variable["query"], table=True)
    for note in board.content["annotations"]["list"]:
        name = note["name"]
        yield Statement(board.uid, f"annotation {name}", name, note["target"]["rawSql"], table=True)
