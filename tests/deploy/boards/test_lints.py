"""Rules that hold of every board: the traps of Grafana that cost an evening each."""

import copy
import json
import re
from typing import Any

import pytest
from chejian.boards import BoardFile, Statement, boards, statements

from deploy.grafana.model import DATASOURCE
from tests.deploy.boards.asking import all_statements
from tools.gen_boards import lost, through_sdk

BOARDS = boards()
ALL = all_statements()
SUBJECTS = ("bearing", "data", "energy", "oee", "province", "states")
CONSOLE_PATH = r"\$\{console\}/at/\$\{[^}]+\}/(equipment|workshops)/\$\{[^}]+\}\?page=(oee|stops|diagnosis)$"
LEGENDS = ("timeseries", "barchart", "state-timeline", "xychart")


def _panels(board: BoardFile) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = board.content["panels"]
    return found


def test_the_boards_are_these() -> None:
    assert [b.uid for b in BOARDS] == [f"chejian-{name}" for name in SUBJECTS]


@pytest.mark.parametrize("board", BOARDS, ids=lambda b: b.uid)
def test_the_sdk_gives_the_file_back_as_it_is(board: BoardFile) -> None:
    assert through_sdk(board.content) == board.content


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ((), "refesh"),
        (("panels", 1, "fieldConfig", "defaults"), "unitt"),
        (("panels", 3, "options"), "legendd"),
    ],
)
def test_a_key_that_grafana_does_not_know_is_named(path: tuple[str | int, ...], key: str) -> None:
    wrong = copy.deepcopy(BOARDS[0].content)
    at: Any = wrong
    for step in path:
        at = at[step]
    at[key] = 1
    assert any(found.endswith(f"/{key}") for found in lost(wrong, through_sdk(wrong)))


@pytest.mark.parametrize("board", BOARDS, ids=lambda b: b.uid)
def test_ids_titles_units_and_legends(board: BoardFile) -> None:
    panels = _panels(board)
    ids = [p["id"] for p in panels]
    assert len(set(ids)) == len(ids)
    assert min(ids) > 0
    assert len({p["title"] for p in panels}) == len(panels)
    for panel in panels:
        assert re.search(r"[\u4e00-\u9fff].* · .*[A-Za-z]", panel["title"]), panel["title"]
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        if panel["type"] in LEGENDS:
            assert panel["options"]["legend"]["showLegend"], panel["title"]
        assert panel["datasource"] == DATASOURCE
        assert all(t["datasource"] == DATASOURCE for t in panel["targets"])


@pytest.mark.parametrize("board", BOARDS, ids=lambda b: b.uid)
def test_panels_do_not_overlap(board: BoardFile) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in _panels(board):
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("board", BOARDS, ids=lambda b: b.uid)
def test_no_colour_stands_alone(board: BoardFile) -> None:
    """A colour belongs to a word: value mappings have texts, and panels that colour by thresholds show the value."""
    for panel in _panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        for mapping in defaults.get("mappings", []):
            assert all(option["text"].strip() for option in mapping["options"].values())
        if panel["type"] == "state-timeline":
            assert defaults["mappings"]
            assert panel["options"]["showValue"] != "never"
        if panel["type"] == "stat":
            assert panel["options"]["textMode"] == "value_and_name"
        if panel["type"] == "bargauge":
            assert panel["options"]["valueMode"] != "hidden"


@pytest.mark.parametrize("board", BOARDS, ids=lambda b: b.uid)
def test_links_lead_to_the_other_boards_and_the_console(board: BoardFile) -> None:
    kinds = {link["type"]: link for link in board.content["links"]}
    assert kinds["dashboards"]["tags"] == ["chejian"]
    assert kinds["dashboards"]["keepTime"]
    assert kinds["dashboards"]["includeVars"]
    assert kinds["link"]["url"].startswith("${console}/")
    assert board.content["tags"] == ["chejian"]
    assert any(v["name"] == "console" for v in board.content["templating"]["list"])


@pytest.mark.parametrize("board", BOARDS, ids=lambda b: b.uid)
def test_a_link_reads_columns_of_its_panel(board: BoardFile) -> None:
    """Links from rows lead to the console by codes; a column that the statement lacks would lead nowhere."""
    for panel in _panels(board):
        for link in panel["fieldConfig"]["defaults"].get("links", []):
            read = re.findall(r"\$\{__data\.fields\.(\w+)", link["url"])
            columns = {o["matcher"]["options"] for o in panel["fieldConfig"]["overrides"]}
            assert set(read) <= columns, f"{panel['title']}: {link['url']}"
            assert not read or re.match(CONSOLE_PATH, link["url"]), link["url"]


@pytest.mark.parametrize("statement", ALL, ids=lambda s: f"{s.board} {s.where}")
def test_a_statement_keeps_clear_of_the_known_traps(statement: Statement) -> None:
    sql = statement.sql
    assert not re.search(r"GROUP BY\s+(?!\d)", sql), "groups by number: a column of that name would win"
    assert not re.search(r"\$__\w+\([^)]*\(", sql), "a macro's arguments end at the first parenthesis"
    assert "BETWEEN" not in sql
    assert "$__timeFilter" not in sql, "both of its ends are included: sums would count an edge twice"
    assert not re.search(r"\b(app|telemetry|public)\.", sql), "boards read schema boards only"
    assert not re.search(r"\bavg\((oee|value_ratio|availability)", sql)
    if not statement.table:
        assert re.search(r"\btime\b", sql)
        assert "ORDER BY" in sql


def test_boards_have_variables_for_every_place() -> None:
    names = {b.uid: [v["name"] for v in b.content["templating"]["list"]] for b in BOARDS}
    assert names["chejian-oee"] == ["enterprise", "workshop", "line", "equipment", "shift", "console"]
    for board in BOARDS:
        used = {n for s in statements(board) for n in re.findall(r"\$\{?([a-z]\w*)", s.sql)}
        assert used <= set(names[board.uid]), board.uid
        assert json.dumps(board.content, ensure_ascii=False).count("Infinity") == 0
