"""Prewhitening and every band of the kurtogram as openconmo 0.0.6 has them; `benchmarks.process.bearing_oracle` wrote its numbers."""

import json
from pathlib import Path

import numpy as np
import pytest
from chejian_analytics.diagnosis.envelope import prewhiten
from chejian_analytics.diagnosis.kurtogram import kurtogram

from tests.analytics.diagnosis.recorded import cwru_counts

NUMBERS = json.loads(Path(__file__).with_name("openconmo.json").read_text())
RECORDS = sorted(NUMBERS["records"])


def test_the_numbers_are_of_four_records() -> None:
    assert RECORDS == ["105", "130", "209", "222"]


@pytest.mark.parametrize("record", RECORDS)
def test_prewhitening_is_openconmo_s(recordings: Path, record: str) -> None:
    white = prewhiten(cwru_counts(recordings, int(record)))[:: NUMBERS["every"]]
    expected = NUMBERS["records"][record]["white"]
    assert len(expected) == 13
    assert white == pytest.approx(np.array(expected), rel=0.0, abs=1e-12)


@pytest.mark.parametrize("record", RECORDS)
def test_every_band_of_the_kurtogram_is_openconmo_s(recordings: Path, record: str) -> None:
    """Level by level, as far as four halvings: 52 bands; openconmo clips kurtosis below 0."""
    bands = kurtogram(cwru_counts(recordings, int(record)), 12_000.0, 4)
    expected = [
        (level, kurtosis) for level, row in NUMBERS["records"][record]["kurtosis"] for kurtosis in row
    ]
    assert len(expected) == 52
    assert [band.level for band in bands] == pytest.approx([level for level, _ in expected])
    found = [max(band.kurtosis, 0.0) for band in bands]
    assert found == pytest.approx([kurtosis for _, kurtosis in expected], rel=0.0, abs=1e-9)
