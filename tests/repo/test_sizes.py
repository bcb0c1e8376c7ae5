"""Files stay small; functions mostly so."""

from pathlib import Path

import pytest

from tools import sizes


def test_no_file_is_over_the_stop() -> None:
    assert sizes.too_long() == []


def test_medians_hold() -> None:
    measured = sizes.figures()
    assert {key: measured[key] for key, aim in sizes.TARGETS.items() if measured[key] > aim} == {}


def test_long_file_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = tmp_path / "long.py"
    long.write_text("x = 1\n" * (sizes.HARD_STOP + 1))
    monkeypatch.setattr(sizes, "ROOT", tmp_path)
    monkeypatch.setattr(sizes, "python_sources", lambda: [long])
    assert sizes.too_long() == [
        f"long.py: {sizes.HARD_STOP + 1} lines, the stop is {sizes.HARD_STOP}: split it by concept"
    ]
