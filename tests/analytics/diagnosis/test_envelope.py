"""Prewhitening and squared envelope spectrum against their definitions."""

import math

import numpy as np
import pytest
import scipy.fft
from chejian_analytics.diagnosis import envelope
from chejian_analytics.diagnosis.envelope import envelope_spectrum

from tests.analytics.diagnosis import naive


@pytest.mark.parametrize("samples", [63, 64])
def test_prewhitening_is_the_cepstral_one(samples: int) -> None:
    signal = np.random.default_rng(samples).normal(size=samples)
    white = np.asarray(naive.prewhiten_by_cepstrum(signal.tolist()))
    # The definition leaves the mean bin at magnitude 1; the chain removes the mean.
    assert envelope.prewhiten(signal) == pytest.approx(white - white.mean(), abs=1e-12)


def test_an_offset_leaves_no_mean_in_what_is_prewhitened() -> None:
    """Of 1e8 the mean is known to 1e-8, which is no rounding noise beside a swing of 1e-3."""
    signal = 1e8 + 1e-3 * np.random.default_rng(0).normal(size=960)
    assert abs(envelope.prewhiten(signal).mean()) < 1e-12


@pytest.mark.parametrize("samples", [60, 61, 96])
def test_envelope_spectrum_is_the_naive_one_though_fewer_points_are_transformed(samples: int) -> None:
    signal = np.random.default_rng(samples).normal(size=samples) * np.linspace(0.2, 2, samples)
    for max_bin in (3, samples // 4, (samples - 1) // 2):
        expected = naive.squared_envelope_spectrum(signal.tolist(), max_bin + 1)
        assert envelope.squared_envelope_spectrum(signal, max_bin) == pytest.approx(expected, abs=1e-12)
    with pytest.raises(ValueError, match="max_bin: 96 given"):
        envelope.squared_envelope_spectrum(signal, 96)


def test_a_modulated_tone_shows_its_modulation() -> None:
    """(1 + m cos)^2 = 1 + m^2/2 + 2 m cos + m^2/2 cos 2: lines m and m^2/4 over a mean of 1 + m^2/2."""
    t = np.arange(1200) / 1200
    depth = 0.6
    signal = 1e-9 + (1 + depth * np.cos(2 * np.pi * 20 * t)) * np.cos(2 * np.pi * 300 * t)
    found = envelope.squared_envelope_spectrum(signal, 60)
    expected = np.zeros(61)
    expected[[20, 40]] = np.array([depth, depth**2 / 4]) / (1 + depth**2 / 2)
    assert found == pytest.approx(expected, abs=1e-9)


def test_analytic_signal_keeps_the_real_part() -> None:
    signal = np.random.default_rng(3).normal(size=101)
    analytic = envelope.analytic_signal(signal)
    assert analytic.real == pytest.approx(signal - signal.mean(), abs=1e-12)
    assert np.abs(scipy.fft.fft(analytic)[51:]).max() < 1e-9


def test_background_of_noise_is_its_mean_power_and_a_line_does_not_move_it() -> None:
    power = np.random.default_rng(4).exponential(3.0, size=20_000)
    power[5000] = 1e6
    background = envelope.background_power(power, 1.0, 501.0)
    assert background.mean() == pytest.approx(3.0, rel=0.03)
    assert background[4990:5010].max() < 4.5


def test_a_jump_between_end_and_begin_does_not_drown_an_empty_band() -> None:
    """Below 1 kHz a slow swing that does not close, nothing above: whitening must not find one impulse only."""
    rate, n = 12_000.0, 12_000
    t = np.arange(n) / rate
    spectrum = scipy.fft.rfft(np.random.default_rng(5).normal(size=n))
    spectrum[1000:] *= 1e-3
    signal = scipy.fft.irfft(spectrum, n) + 40 * np.sin(2 * np.pi * 0.7 * t)
    frequencies, ses, background = envelope_spectrum(signal, rate, 400.0)
    ratio = (ses[30:] / background[30:]) ** 2
    assert frequencies[[0, 1, -1]].tolist() == [0.0, 1.0, 400.0]
    assert (
        0.7 < ratio.mean() < 1.4
    )  # exponential noise; a lone impulse would leave no scatter: 0.69 everywhere
    assert ratio.std() > 0.6


@pytest.mark.parametrize(
    ("shape", "fill", "max_hz", "message"),
    [
        ((15,), 0.0, 10.0, "n >= 16"),
        ((100,), math.nan, 10.0, "finite values allowed"),
        ((100,), 0.0, 60.0, "max_hz: 60.0 given"),
        ((4, 25), 0.0, 10.0, r"shape \(4, 25\)"),
    ],
)
def test_envelope_spectrum_refuses_what_it_cannot_transform(
    shape: tuple[int, ...], fill: float, max_hz: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        envelope_spectrum(np.full(shape, fill), 100.0, max_hz)


def test_envelope_spectrum_of_a_constant_is_zero() -> None:
    _, ses, background = envelope_spectrum(np.full(120, 2.0), 100.0, 20.0)
    assert not ses.any()
    assert not background.any()
