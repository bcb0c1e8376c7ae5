"""The score table: the published bars on the public recordings, the same text each time."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks import diagnosis_score, run_to_failure
from tests.analytics.diagnosis.recorded import IMS, everything, ims


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


def test_a_run_to_failure_leaves_its_baseline_late(recordings: Path) -> None:
    ((name, snapshots, onset, early),) = run_to_failure.rows(recordings)
    assert (name, snapshots) == ("Bearing1_2_every10", "88")
    assert 20 < int(onset.split()[0]) <= 100
    assert early.endswith(" of 24")


def test_joined_snapshots_are_read_one_by_one(tmp_path: Path) -> None:
    """The format of the IMS excerpts, with a defect that only the geometry's outer race explains."""
    random = np.random.default_rng(1)
    samples = random.normal(size=3 * 20_480)
    ring = 6 * np.exp(-np.arange(60) / 12.0) * np.sin(np.arange(60) * 1.3)
    interval = 20_000.0 / (IMS.bpfo * 2000 / 60 * 1.001)
    times = np.cumsum(interval * (1.0 + 0.01 * random.normal(size=720)))
    for at in times[times < samples.size - 60].astype(int):
        samples[at : at + 60] += ring
    (tmp_path / "ims").mkdir()
    np.savez(tmp_path / "ims" / "outer_1.npz", x=samples.astype(np.float32), fs=20_000, label="outer")
    found = list(ims(tmp_path))
    assert [(r.name, r.damaged, r.channels[0].size) for r in found] == [
        (f"outer_1#{i}", "outer_race", 20_480) for i in (1, 2, 3)
    ]
    assert [r.diagnose().part for r in found] == ["outer_race"] * 3
    assert pytest.approx(236.4, abs=0.1) == IMS.bpfo * 2000 / 60  # the published outer-race frequency


def test_an_empty_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["diagnosis_score", str(tmp_path)])
    with pytest.raises(SystemExit):
        diagnosis_score.main()
    assert "holds a recording" in capsys.readouterr().err
