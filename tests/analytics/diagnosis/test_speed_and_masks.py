"""Shaft speed on signals whose speed is known, and what masks cover."""

import numpy as np
import pytest
from chejian_analytics.diagnosis import Mask, estimate_shaft_speed
from chejian_analytics.diagnosis.masks import bearing_masks
from hypothesis import given
from hypothesis import strategies as st

from tests.analytics.diagnosis.machine import RATE, noise, tones


@pytest.mark.parametrize("true_rpm", [1440.0, 1476.0, 1500.0, 1562.0])
def test_speed_is_found_from_its_harmonics(true_rpm: float) -> None:
    random = np.random.default_rng(int(true_rpm))
    signal = noise(4.0, random) + tones(4.0, true_rpm / 60, [0.5, 0.4, 0.3, 0.2, 0.2, 0.2], random)
    speed = estimate_shaft_speed(signal, RATE, 1500.0)
    assert speed.hz * 60 == pytest.approx(true_rpm, rel=1e-3)
    assert speed.quality > 6
    assert speed.departure == pytest.approx(true_rpm / 1500 - 1, abs=1e-3)


def test_noise_does_not_move_the_speed_away_from_nominal() -> None:
    departures = [
        estimate_shaft_speed(noise(2.0, np.random.default_rng(seed)), RATE, 1500.0).departure
        for seed in range(20)
    ]
    assert max(abs(departure) for departure in departures) <= 0.0051


@given(st.floats(5, 60), st.sampled_from([0.0, 50.0, 60.0]), st.floats(0.05, 1), st.integers(10, 3000))
def test_masked_bins_are_those_whose_frequency_is_covered(
    shaft_hz: float, mains_hz: float, bin_hz: float, count: int
) -> None:
    masks = bearing_masks(shaft_hz, mains_hz, bin_hz)
    assert [mask.kind for mask in masks] == (["shaft", "mains"] if mains_hz else ["shaft"])
    for mask in masks:
        assert mask.half_width_hz >= 1.5 * bin_hz
        clear = [k for k in range(count) if not _at_the_edge(mask, k * bin_hz)]
        bins = mask.bins(count, bin_hz)
        assert [bool(bins[k]) for k in clear] == [mask.covers(k * bin_hz) for k in clear]


def _at_the_edge(mask: Mask, hz: float) -> bool:
    """Where rounding decides."""
    distance = abs(hz - max(round(hz / mask.base_hz), 1) * mask.base_hz)
    return abs(distance - mask.half_width_hz) < 1e-9
