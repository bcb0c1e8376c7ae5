"""The verdict on real recordings: published bars, and every line checked against the raw record."""

from pathlib import Path

import numpy as np
import pytest
from chejian_analytics.diagnosis import estimate_shaft_speed
from chejian_analytics.diagnosis.lines import SMEARED_CAP
from chejian_analytics.diagnosis.quality import features_of
from chejian_analytics.kernels.moments import moments

from tests.analytics.diagnosis.recorded import Recording, adi, cwru, cwru_counts, everything, mfpt

DIAGNOSABLE = (105, 106, 107, 130, 131, 132, 158, 170, 209, 211, 222, 234, 236)
"""Public drive-end records graded Y1 or Y2 by Smith & Randall, doi:10.1016/j.ymssp.2015.04.021."""

NOT_DIAGNOSABLE = (118, 119, 120, 224)


def drive_end(folder: Path, record: int) -> Recording:
    return next(item for item in cwru(folder) if item.group == "cwru de" and item.name == str(record))


@pytest.mark.parametrize(("record", "published"), [(106, 5.54), (119, 2.96), (131, 7.60), (170, 22.1)])
def test_kurtosis_is_the_published_one(recordings: Path, record: int, published: float) -> None:
    features = features_of(moments(cwru_counts(recordings, record)))
    assert features.kurtosis == pytest.approx(published, abs=0.05 if published > 10 else 0.011)


@pytest.mark.parametrize(
    ("record", "end", "said", "true", "within"), [(279, "fe", 1732, 1774, 3), (158, "de", 1773, 1796, 4)]
)
def test_wrong_speeds_of_the_files_are_found_out(
    recordings: Path, record: int, end: str, said: float, true: float, within: float
) -> None:
    speed = estimate_shaft_speed(cwru_counts(recordings, record, end), 12_000.0, said)
    assert speed.hz * 60 == pytest.approx(true, abs=within)
    assert speed.quality > 6


@pytest.mark.parametrize("record", DIAGNOSABLE)
def test_diagnosable_records_are_diagnosed(recordings: Path, record: int) -> None:
    recording = drive_end(recordings, record)
    verdict = recording.diagnose()
    assert verdict.part == recording.damaged
    assert verdict.confidence in ("confirmed", "probable")


@pytest.mark.parametrize("record", NOT_DIAGNOSABLE)
def test_records_that_experts_could_not_read_name_no_wrong_part(recordings: Path, record: int) -> None:
    assert drive_end(recordings, record).diagnose().part in (None, "rolling_element")


def test_sound_bearings_are_not_accused(recordings: Path) -> None:
    sound = [item for item in everything(recordings) if item.damaged is None]
    accused = [
        (item.name, item.group, item.diagnose().part) for item in sound if item.diagnose().part is not None
    ]
    assert len(sound) >= 19  # 97 at both ends, 11 of ADI, the far ends of CWRU faults
    assert accused == []


def test_mfpt_and_adi_race_faults_are_named(recordings: Path) -> None:
    found = {
        item.name: (item.damaged, item.diagnose().part) for item in [*mfpt(recordings), *adi(recordings)]
    }
    races = {name: pair for name, pair in found.items() if pair[0] in ("inner_race", "outer_race")}
    assert len(races) == 10
    assert {name for name, (damaged, part) in races.items() if part != damaged} <= {
        "1800_LOR_GS_BaLo_WA_00lb"
    }
    assert [name for name, (damaged, part) in found.items() if part not in (None, damaged)] == []


def test_a_heavy_ball_fault_is_impulsive_without_a_race(recordings: Path) -> None:
    verdict = next(item for item in adi(recordings) if "_HBF_" in item.name).diagnose()
    assert (verdict.confidence, verdict.part) == ("impulsive_unassigned", None)


@pytest.mark.parametrize("record", [105, 131, 222, 236])
def test_every_line_can_be_recomputed_from_the_raw_record(recordings: Path, record: int) -> None:
    """The whole chain once more with plain numpy: taper, whiten, analytic signal, square, transform, median."""
    recording = drive_end(recordings, record)
    verdict = recording.diagnose()
    bin_hz = recording.sample_rate / verdict.samples_used
    ratios = plain_ratios(recording.channels[0][: verdict.samples_used], recording.sample_rate)
    assert len(verdict.lines) in (5, 12)
    for line in verdict.lines:
        k = round(line.found_hz / bin_hz)
        assert k * bin_hz == pytest.approx(line.found_hz)
        assert abs(line.found_hz - line.expected_hz) <= max(1.51 * bin_hz, 0.26 * line.width_hz)
        if line.width_hz == 0.0:
            assert line.ratio == pytest.approx(ratios[k], rel=1e-6)
            continue
        half = round((line.width_hz / bin_hz - 1) / 2)
        around = [
            j for j in range(k - half, k + half + 1) if not any(m.covers(j * bin_hz) for m in verdict.masks)
        ]
        assert line.ratio == pytest.approx(np.minimum(ratios[around], SMEARED_CAP).mean(), rel=1e-6)
    assert {line.width_hz > 0 for line in verdict.lines} == {record == 222}
    strong = sum(line.ratio > (3 if line.width_hz else 5) for line in verdict.lines)
    assert strong >= 2


def plain_ratios(raw: np.ndarray, sample_rate: float) -> np.ndarray:
    n = raw.size
    edge = n // 64
    fade = np.sin(np.pi / 2 * (np.arange(edge) + 0.5) / edge) ** 2
    tapered = (raw - raw.mean()) * np.concatenate((fade, np.ones(n - 2 * edge), fade[::-1]))
    spectrum = np.fft.fft(tapered)
    one_sided = np.zeros(n, dtype=complex)
    inside = slice(1, (n + 1) // 2)
    one_sided[inside] = spectrum[inside] / np.abs(spectrum[inside])
    power = np.abs(np.fft.fft(np.abs(np.fft.ifft(one_sided)) ** 2)[: n // 10]) ** 2
    power[0] = 0.0
    half = max(round(25.0 * n / sample_rate), 11) // 2
    medians = np.array([np.median(power[max(0, k - half) : k + half + 1]) for k in range(n // 10 - half)])
    return np.asarray(power[: medians.size] / medians * np.log(2))
