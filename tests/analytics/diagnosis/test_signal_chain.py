"""Separation, order tracking, kurtogram and coherence on signals whose answer is known."""

from pathlib import Path

import numpy as np
import pytest
from chejian_analytics.diagnosis.coherence import coherence, second_opinion
from chejian_analytics.diagnosis.kurtogram import kurtogram, most_impulsive
from chejian_analytics.diagnosis.order_tracking import SpeedProfile, by_angle, speed_profile
from chejian_analytics.diagnosis.separation import separate, time_synchronous_average

from tests.analytics.diagnosis.machine import RATE, SHAFT_HZ, noise, shocks, tones
from tests.analytics.diagnosis.recorded import CWRU_DE, cwru_counts


def test_separation_gives_tones_and_noise_back() -> None:
    random = np.random.default_rng(0)
    steady, rough = tones(8.0, SHAFT_HZ, [1.0, 0.5], random), noise(8.0, random)
    rest, deterministic = separate(steady + rough)
    settled = slice(20_000, None)
    assert rest + deterministic == pytest.approx(steady + rough)
    assert np.std((deterministic - steady)[settled]) < 0.1 * np.std(steady)
    assert np.std((rest - rough)[settled]) < 0.1


def test_separation_keeps_bearing_shocks_in_the_random_part() -> None:
    random = np.random.default_rng(1)
    defect = shocks(CWRU_DE, "outer_race", 8.0, random)
    rest, _ = separate(defect + tones(8.0, SHAFT_HZ, [1.0], random) + 0.05 * noise(8.0, random))
    settled = slice(20_000, None)
    assert np.corrcoef(rest[settled], defect[settled])[0, 1] > 0.9


def test_separation_refuses_what_is_too_short() -> None:
    with pytest.raises(ValueError, match="block 8192, delay 500 given"):
        separate(np.zeros(16_000))


def test_the_mean_turn_is_the_repeating_part() -> None:
    random = np.random.default_rng(2)
    turn = random.normal(size=64)
    average = time_synchronous_average(np.tile(turn, 100) + 0.5 * random.normal(size=6400), 64)
    assert average.turns == 100
    assert average.turn == pytest.approx(turn, abs=0.25)
    assert average.residual.std() == pytest.approx(0.5, rel=0.05)
    with pytest.raises(ValueError, match="two turns needed"):
        time_synchronous_average(turn, 64)


def test_order_tracking_makes_one_line_of_a_run_up() -> None:
    """A speed that rises by 16 %: the third order fills a broad band, and one bin after tracking."""
    t = np.arange(int(4 * RATE)) / RATE
    hz = 25.0 + 1.0 * t
    turns = 25.0 * t + 0.5 * t * t
    signal = np.cos(2 * np.pi * 3 * turns)
    tracked = by_angle(signal, RATE, SpeedProfile(t[::100], hz[::100]), 32)
    whole = tracked[: tracked.size // 32 * 32]
    power = np.abs(np.fft.rfft(whole * np.hanning(whole.size))) ** 2
    peak = int(np.argmax(power))
    assert peak / (whole.size / 32) == pytest.approx(3.0, abs=0.01)
    assert power[peak - 2 : peak + 3].sum() > 0.98 * power.sum()
    raw = np.abs(np.fft.rfft(signal * np.hanning(signal.size))) ** 2
    assert raw[np.argmax(raw) - 2 : np.argmax(raw) + 3].sum() < 0.5 * raw.sum()


def test_the_speed_profile_follows_a_drift() -> None:
    random = np.random.default_rng(3)
    t = np.arange(int(8 * RATE)) / RATE
    turns = 29.0 * t + 0.05 * t * t
    signal = sum(np.cos(2 * np.pi * h * turns + h) for h in range(1, 6)) + noise(8.0, random)
    profile = speed_profile(signal, RATE, 29.0 * 60)
    assert profile.hz == pytest.approx(29.0 + 0.1 * profile.seconds, rel=3e-3)
    assert profile.drift == pytest.approx(0.8 * 5 / 6 / 29.4, rel=0.35)


@pytest.mark.parametrize(
    ("record", "kurtosis", "level", "centre"),
    [(105, 2.396, 0.0, 3000), (130, 4.649, 0.0, 3000), (209, 6.457, 3.58, 5750), (222, 12.516, 3.58, 5750)],
)
def test_the_kurtogram_gives_the_published_maxima(
    recordings: Path, record: int, kurtosis: float, level: float, centre: float
) -> None:
    """Values of openconmo 0.0.6, six levels, whole drive-end record."""
    bands = kurtogram(cwru_counts(recordings, record), 12_000.0, 6)
    best = max(bands, key=lambda band: band.kurtosis)
    assert best.kurtosis == pytest.approx(kurtosis, abs=5e-4)
    assert best.level == pytest.approx(level, abs=0.01)
    assert best.centre_hz == pytest.approx(centre)


def test_the_most_impulsive_band_is_wide_and_inside() -> None:
    """Shocks that ring at 3200 Hz in noise, and a strong drift at 0: the edge does not win."""
    random = np.random.default_rng(4)
    signal = noise(4.0, random) + 4 * shocks(CWRU_DE, "outer_race", 4.0, random)
    signal += 3 * np.cumsum(noise(4.0, random)) / 100
    best = most_impulsive(kurtogram(signal, RATE, 5), 600.0)
    assert abs(best.centre_hz - 3200.0) <= best.width_hz / 2
    assert best.width_hz >= 600.0
    with pytest.raises(ValueError, match="n >= 1024 allowed for 5 levels"):
        kurtogram(signal[:1000], RATE, 5)


@pytest.mark.parametrize("edge_hz", [100.0, RATE / 2 - 100.0])
def test_a_burst_at_either_end_of_the_spectrum_wins_no_band(edge_hz: float) -> None:
    """The band at the end has by far the highest kurtosis of the wide ones, and is passed over."""
    random = np.random.default_rng(4)
    t = np.arange(int(4 * RATE)) / RATE
    burst = 40 * np.exp(-(((t - 2.0) / 0.02) ** 2)) * np.cos(2 * np.pi * edge_hz * t)
    bands = kurtogram(noise(4.0, random) + 4 * shocks(CWRU_DE, "outer_race", 4.0, random) + burst, RATE, 5)
    highest = max((band for band in bands[1:] if band.width_hz >= 600.0), key=lambda band: band.kurtosis)
    assert abs(highest.centre_hz - edge_hz) <= highest.width_hz / 2
    best = most_impulsive(bands, 600.0)
    assert best.kurtosis < highest.kurtosis
    assert best == bands[0] or best.width_hz < best.centre_hz < RATE / 2 - best.width_hz


def test_coherence_keeps_its_false_alarm_rate_on_noise() -> None:
    random = np.random.default_rng(5)
    p_values = [coherence(noise(2.0, random), RATE, hz).p_value for hz in random.uniform(20.0, 400.0, 200)]
    assert np.mean(np.array(p_values) < 0.05) <= 0.07
    assert 0.3 < np.median(p_values) < 0.7


def test_coherence_sees_a_weak_defect_at_its_lines_only() -> None:
    random = np.random.default_rng(6)
    signal = 2 * shocks(CWRU_DE, "outer_race", 4.0, random) + noise(4.0, random)
    line = CWRU_DE.bpfo * SHAFT_HZ * 1.002
    found = second_opinion(signal, RATE, (line, 2 * line, 1.1 * line, 1.37 * line))
    assert [result.p_value < 1e-6 for result in found] == [True, True, False, False]
    with pytest.raises(ValueError, match=r"cyclic_hz: 0\.0"):
        coherence(signal, RATE, 0.0)
