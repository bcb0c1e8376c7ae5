"""docs/boards.md names the panel that answers each question, or why there is none."""

import re
from pathlib import Path

from chejian.boards import boards

TEXT = (Path(__file__).parents[3] / "docs" / "boards.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")] for line in TEXT.splitlines() if line[:2] == "| "
]
TABLE = ROWS[ROWS.index(["subject", "question or figure", "panel", "note"]) + 1 :]
PANEL = re.compile(r"`(chejian-[a-z]+) (\d+)`")
PANELS = {(board.uid, panel["id"]) for board in boards() for panel in board.content["panels"]}


def _named() -> list[tuple[str, int]]:
    return [(uid, int(number)) for row in TABLE for uid, number in PANEL.findall(row[2])]


def test_every_row_has_panels_or_a_reason() -> None:
    for subject, question, panel, note in TABLE:
        assert subject
        assert question
        if not PANEL.findall(panel):
            assert panel == "-", f"{question}: {panel}"
            assert len(note) > 20, f"{question}: no panel and no reason"


def test_a_named_panel_exists_and_every_panel_is_named_once() -> None:
    named = _named()
    assert len(set(named)) == len(named)
    assert set(named) == PANELS
