"""Public recordings are played exactly, each once before any comes twice; other folders are refused clearly."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chejian_simulators.model import PlantModel
from chejian_simulators.plant import Plant
from chejian_simulators.recordings import RecordingError, play_list, read_folder
from chejian_simulators.truth import truth_of

FIVE_HOURS_MS = 5 * 3_600_000


@pytest.fixture(scope="module")
def played(harbin: Plant, epoch_ms: int, recordings: Path) -> PlantModel:
    model = PlantModel(harbin, seed=7, epoch_ms=epoch_ms, recordings=recordings)
    model.advance(epoch_ms + FIVE_HOURS_MS)
    return model


def test_a_block_is_counts_times_scale_as_singles(recordings: Path) -> None:
    for block in play_list(recordings, "faults", 12_000) + play_list(recordings, "healthy", 48_000):
        (path,) = (recordings / "cwru").glob(f"{block.record}_*.npz")
        with np.load(path) as archive:
            want = (archive["de"].astype(np.float64) * archive["scale_de"]).astype(np.float32)
            assert block.rpm == archive["rpm"]
        made = block.samples()
        assert made.dtype == np.float32
        assert made.tobytes() == want.tobytes()
        assert made.size == block.count


def test_the_play_list_is_every_public_drive_end_fault_record_and_the_normal_one(recordings: Path) -> None:
    faults = play_list(recordings, "faults", 12_000)
    assert [b.record for b in faults] == [
        *(105, 106, 107, 118, 119, 120, 130, 131, 132, 158, 170, 209, 211, 222, 224, 234, 236)
    ]
    assert {b.record for b in read_folder(recordings)} - {b.record for b in faults} == {97, 279}
    assert [b.record for b in play_list(recordings, "healthy", 48_000)] == [97]
    assert play_list(recordings / "cwru", "faults", 12_000) == faults


def test_within_five_hours_every_record_was_under_test(played: PlantModel) -> None:
    equipment = truth_of(played, played.now_ms)["equipment"]
    waves = equipment["MTS-01"]["waveforms"]
    assert [w["source"] for w in waves][:17] == [
        f"cwru:{n}"
        for n in (105, 106, 107, 118, 119, 120, 130, 131, 132, 158, 170, 209, 211, 222, 224, 234, 236)
    ]
    assert all(w["serial"].endswith(w["source"].removeprefix("cwru:")) for w in waves)
    first = waves[0]
    assert {k: first[k] for k in ("sample_rate", "count", "rpm", "part", "grade")} == {
        "sample_rate": 12_000,
        "count": 121_265,
        "rpm": 1797.0,
        "part": "inner_race",
        "grade": "Y2",
    }
    assert {w["part"] for w in waves} == {"inner_race", "outer_race", "rolling_element"}
    healthy = equipment["MTS-02"]["waveforms"]
    assert {(w["source"], w["part"], w["grade"], w["count"]) for w in healthy} == {
        ("cwru:97", None, None, 121_969)
    }


def test_folders_and_files_that_are_no_recordings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"no recordings; expected CWRU records as \.npz"):
        read_folder(tmp_path)
    (tmp_path / "1_x.npz").write_bytes(b"not a zip")
    with pytest.raises(RecordingError, match=r"1_x\.npz: no recording as described"):
        read_folder(tmp_path)
    record: dict[str, Any] = {
        "de": np.zeros(10, np.int16),
        "scale_de": 0.1,
        "fs": 12_000,
        "rpm": 1797,
        "load_hp": 0,
    }
    np.savez(tmp_path / "1_x.npz", label="normal", fault_end="", record=1, **record)
    assert read_folder(tmp_path)[0].part is None
    with pytest.raises(RecordingError, match="no record fits; expected faults drive-end records at 12000 Hz"):
        play_list(tmp_path, "faults", 12_000)
    np.savez(tmp_path / "1_x.npz", label="gear", fault_end="", record=1, **record)
    with pytest.raises(RecordingError, match="gear"):
        read_folder(tmp_path)
