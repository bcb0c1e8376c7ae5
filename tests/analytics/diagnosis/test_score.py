"""The score table: the published bars on the public recordings, the same text each time."""

from pathlib import Path

import pytest

from benchmarks import diagnosis_score
from tests.analytics.diagnosis.recorded import everything


def row(text: str, name: str) -> list[int]:
    (line,) = [line for line in text.splitlines() if line.startswith(name)]
    return [int(cell) for cell in line[len(name) :].split()]


def test_the_table_of_the_public_recordings(recordings: Path) -> None:
    results = [(recording, recording.diagnose()) for recording in everything(recordings)]
    text = diagnosis_score.score_table(results)
    assert row(text, "CWRU DE Y1 Y2") == [13, 13, 0, 0, 0, 0]
    assert row(text, "MFPT inner_race") == row(text, "MFPT outer_race") == [2, 2, 0, 0, 0, 0]
    assert row(text, "ADI inner_race") == [3, 3, 0, 0, 0, 0]
    assert row(text, "ADI sound bearing") == [11, 0, 0, 0, 0, 0]
    assert row(text, "all")[2] == 0  # no wrong part anywhere
    assert row(diagnosis_score.confusion(results), "inner_race")[:3] == [0, 12, 0]
    assert text == diagnosis_score.score_table([(r, r.diagnose()) for r, _ in results])


def test_imbalance_weights_are_in_order(recordings: Path) -> None:
    assert diagnosis_score.weights_in_order(recordings).endswith("3 of 3 neighbouring pairs in order")


def test_an_empty_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["diagnosis_score", str(tmp_path)])
    with pytest.raises(SystemExit):
        diagnosis_score.main()
    assert "holds a recording" in capsys.readouterr().err
