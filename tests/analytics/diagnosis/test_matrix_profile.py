"""The matrix profile against all distances written plainly; the anomaly of a repeated shape is the first discord."""

import math

import numpy as np
import pytest
from chejian_analytics.diagnosis.process.seasonal import discords
from chejian_analytics.kernels.matrix_profile import matrix_profile


def naive(values: np.ndarray, length: int) -> list[float]:
    windows = [values[i : i + length] for i in range(values.size - length + 1)]
    flat = [w.std() < 1e-10 * values.std() for w in windows]
    normal = [w if f else (w - w.mean()) / w.std() for w, f in zip(windows, flat, strict=True)]
    exclusion = math.ceil(length / 4)
    out = []
    for i in range(len(windows)):
        best = math.inf
        for j in range(len(windows)):
            if abs(i - j) <= exclusion:
                continue
            if flat[i] or flat[j]:
                distance = 0.0 if flat[i] and flat[j] else math.sqrt(length)
            else:
                distance = float(np.linalg.norm(normal[i] - normal[j]))
            best = min(best, distance)
        out.append(best)
    return out


@pytest.mark.parametrize("length", [3, 8, 25])
@pytest.mark.parametrize("kind", ["walk", "noise", "steps", "level"])
def test_distances_against_all_pairs(length: int, kind: str) -> None:
    random = np.random.default_rng(length)
    values = {
        "walk": np.cumsum(random.normal(size=150)),
        "noise": random.normal(size=150),
        "steps": np.repeat(random.normal(size=6), 25),
        "level": 1e6 + random.normal(size=150),
    }[kind]
    distances, nearest = matrix_profile(values, length)
    assert distances == pytest.approx(naive(values, length), abs=2e-5)
    assert (np.abs(nearest - np.arange(nearest.size)) > math.ceil(length / 4)).all()


def test_a_constant_series_has_no_discord() -> None:
    distances, _ = matrix_profile(np.full(40, 7.0), 5)
    assert not distances.any()


def test_the_odd_beat_is_the_first_discord() -> None:
    beat = np.sin(np.linspace(0, 2 * np.pi, 50, endpoint=False))
    values = np.tile(beat, 20) + 0.02 * np.random.default_rng(1).normal(size=1000)
    values[500:550] = np.abs(values[500:550])
    (first, distance), (_, second) = discords(values, 50, 2)
    assert 450 <= first <= 550
    assert distance > second


def test_bad_input_is_refused() -> None:
    for length, values in ((2, np.zeros(50)), (26, np.zeros(50)), (3, np.zeros((5, 5)))):
        with pytest.raises(ValueError, match="length"):
            matrix_profile(values, length)
    with pytest.raises(ValueError, match="NaN or infinity"):
        matrix_profile(np.array([0.0, math.nan] * 10), 4)
