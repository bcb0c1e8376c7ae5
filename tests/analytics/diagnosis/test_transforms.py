"""The compiled transforms against sums that are written out, and their refusals."""

import cmath
import math

import numpy as np
import pytest
from chejian_analytics.kernels.transforms import real_spectrum, squared_envelope_power


def naive_dft(values: list[complex]) -> list[complex]:
    n = len(values)
    return [sum(v * cmath.exp(-2j * math.pi * k * i / n) for i, v in enumerate(values)) for k in range(n)]


@pytest.mark.parametrize("samples", [1, 2, 7, 24, 45])
def test_the_spectrum_is_the_written_out_sum(samples: int) -> None:
    signal = np.random.default_rng(samples).normal(size=samples)
    expected = naive_dft(signal.tolist())[: samples // 2 + 1]
    assert real_spectrum(signal) == pytest.approx(expected, abs=1e-12)
    assert real_spectrum(signal[::-1][::-1]).tobytes() == real_spectrum(signal).tobytes()


@pytest.mark.parametrize("points", [21, 24, 40])
def test_the_envelope_s_power_is_that_of_its_lags_whatever_the_length(points: int) -> None:
    """The spectrum of the squared envelope is the autocorrelation of the positive bins: lag k over lag 0."""
    random = np.random.default_rng(7)
    spectrum = random.normal(size=15) + 1j * random.normal(size=15)
    positive = spectrum[1:14]
    lags = [sum(positive[k:] * positive[: positive.size - k].conj()) for k in range(8)]
    expected = [0.0, *(abs(lag / lags[0]) ** 2 for lag in lags[1:])]
    assert squared_envelope_power(spectrum, 14, points, 7) == pytest.approx(expected, rel=1e-12)


def test_a_spectrum_of_nothing_has_no_envelope() -> None:
    assert squared_envelope_power(np.zeros(9, dtype=complex), 9, 16, 4).tolist() == [0.0] * 5
    assert squared_envelope_power(np.ones(1, dtype=complex), 1, 4, 0).tolist() == [0.0]


def test_what_cannot_be_transformed_is_refused() -> None:
    with pytest.raises(ValueError, match="n >= 1 allowed"):
        real_spectrum(np.zeros(0))
    with pytest.raises(ValueError, match=r"shape \(2, 2\)"):
        real_spectrum(np.zeros((2, 2)))
    spectrum = np.zeros(9, dtype=complex)
    for count, points, max_bin in ((0, 16, 4), (10, 16, 4), (9, 16, 9), (9, 16, -1)):
        with pytest.raises(ValueError, match="1 <= count <= k"):
            squared_envelope_power(spectrum, count, points, max_bin)
    with pytest.raises(ValueError, match="points: 12 given, >= 13 allowed"):
        squared_envelope_power(spectrum, 9, 12, 4)
