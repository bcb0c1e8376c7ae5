"""Good and bad configurations; a bad file says in its first line what the error must say."""

from pathlib import Path

import pytest
from chejian_edge.cli import main

CORPUS = Path(__file__).parent / "config"


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.good.toml")), ids=lambda p: p.name)
def test_good(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--config", str(path)]) == 0
    assert f"{path}: good" in capsys.readouterr().out


@pytest.mark.parametrize("path", sorted(CORPUS.glob("*.bad.toml")), ids=lambda p: p.name)
def test_bad(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = path.read_text("utf-8").splitlines()[0]
    expected = first.removeprefix("# expect: ")
    assert expected != first
    assert main(["check", "--config", str(path)]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"{path}: {expected}"), said
