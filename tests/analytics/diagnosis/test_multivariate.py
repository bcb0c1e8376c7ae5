"""T2 and Q against a plain SVD; contributions name the channel that was falsified; the public bar."""

from pathlib import Path

import numpy as np
import pytest
from chejian_analytics.diagnosis.process.multivariate import (
    PcaModel,
    contributions,
    departs,
    fit_pca,
    is_whole,
    lagged,
    statistics,
    with_limits,
)


def correlated(rows: int, seed: int) -> np.ndarray:
    """Six channels driven by two causes."""
    random = np.random.default_rng(seed)
    mixing = np.array([[1.0, 0.8, 0.6, 0.1, 0.0, -0.5], [0.0, 0.3, -0.6, 1.0, 0.9, 0.4]])
    return np.asarray(random.normal(size=(rows, 2)) @ mixing + 0.2 * random.normal(size=(rows, 6)) + 50.0)


@pytest.mark.parametrize("lags", [0, 1, 2])
def test_statistics_against_a_plain_svd(lags: int) -> None:
    sound, rows = correlated(300, 1), correlated(50, 2)
    model = fit_pca(sound, share=0.9, lags=lags)
    standard = (sound - sound.mean(0)) / sound.std(0, ddof=1)
    wide = np.array([np.concatenate([standard[t - i] for i in range(lags + 1)]) for t in range(lags, 300)])
    centre = wide.mean(0)
    _, s, vt = np.linalg.svd(wide - centre)
    variance = s**2 / (wide.shape[0] - 1)
    k = next(k for k in range(1, variance.size + 1) if variance[:k].sum() / variance.sum() >= 0.9)
    assert model.loadings.shape == (k, wide.shape[1])
    t2, q = statistics(model, rows)
    assert np.isnan(t2[:lags]).all()
    scaled = (rows - sound.mean(0)) / sound.std(0, ddof=1)
    for t in range(lags, 50):
        z = np.concatenate([scaled[t - i] for i in range(lags + 1)]) - centre
        scores = vt[:k] @ z
        assert t2[t] == pytest.approx(sum(scores**2 / variance[:k]), rel=1e-9)
        assert q[t] == pytest.approx(z @ z - scores @ scores, rel=1e-7, abs=1e-9)


def test_all_components_give_the_mahalanobis_distance() -> None:
    sound, rows = correlated(300, 1), correlated(20, 3)
    model = fit_pca(sound, share=1.0)
    assert is_whole(model)
    t2, q = statistics(model, rows)
    away = rows - sound.mean(0)
    expected = np.einsum("ij,ij->i", away @ np.linalg.inv(np.cov(sound.T)), away)
    assert t2 == pytest.approx(expected, rel=1e-8)
    assert np.abs(q).max() < 1e-9


def test_limits_hold_the_rate_on_other_sound_data_where_training_limits_do_not() -> None:
    sound = correlated(60, 1)
    model = fit_pca(sound, share=1.0, lags=2)
    honest = with_limits(model, correlated(2000, 2), 0.01)
    trained = with_limits(model, np.vstack([sound] * 4), 0.01)
    fresh = correlated(4000, 3)
    assert departs(honest, fresh).mean() == pytest.approx(0.01, abs=0.005)
    assert departs(trained, fresh).mean() > 0.05


@pytest.mark.parametrize("channel", range(6))
@pytest.mark.parametrize("share", [0.9, 1.0])
def test_the_falsified_channel_contributes_most(channel: int, share: float) -> None:
    model = with_limits(fit_pca(correlated(500, 1), share=share, lags=1), correlated(500, 2), 0.02)
    row = correlated(2, 7)
    row[-1, channel] += 5.0
    assert departs(model, row)[-1]
    found = contributions(model, row)
    assert int(np.argmax(found)) == channel
    assert (found >= 0.0).all()


def test_a_contribution_is_what_the_best_replacement_takes_off() -> None:
    model = with_limits(fit_pca(correlated(500, 1), share=0.9), correlated(500, 2), 0.02)
    row = correlated(1, 8)
    row[0, 2] += 4.0

    def index(value: float) -> float:
        t2, q = statistics(model, np.where(np.arange(6) == 2, value, row))
        return float(t2[0] / model.t2_limit + q[0] / model.q_limit)

    around = np.linspace(row[0, 2] - 10, row[0, 2] + 10, 20_001)
    best = min(index(float(value)) for value in around)
    assert contributions(model, row)[2] == pytest.approx(index(row[0, 2]) - best, rel=1e-4)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="share"):
        fit_pca(correlated(50, 1), share=0.0)
    with pytest.raises(ValueError, match="more than 13 finite"):
        fit_pca(correlated(13, 1), share=0.9, lags=1)
    with pytest.raises(ValueError, match="rows given"):
        with_limits(fit_pca(correlated(50, 1), share=0.9), correlated(20, 2), 0.01)
    model: PcaModel = fit_pca(correlated(50, 1), share=0.9, lags=1)
    assert np.isnan(statistics(model, correlated(1, 2))[0]).all()
    constant = np.hstack([correlated(50, 1), np.full((50, 1), 3.0)])
    assert np.isfinite(statistics(fit_pca(constant, share=1.0), constant)[0]).all()


def test_lagged_rows_have_the_newest_first() -> None:
    assert lagged(np.array([[1.0], [2.0], [3.0]]), 1).tolist() == [[2.0, 1.0], [3.0, 2.0]]


def test_tennessee_eastman_at_one_percent_false_alarms(recordings: Path) -> None:
    """The bar: 100, 99 and 25 % of the rows of faults 1, 4 and 5, limits from the test part of the normal run."""
    with np.load(recordings / "tep" / "d00.npz") as normal:
        model = with_limits(fit_pca(normal["train"], share=1.0, lags=2), normal["test"], 0.01)
        assert np.nanmean(departs(model, normal["test"])) <= 0.01
    for fault, bar in ((1, 99.5), (4, 99.0), (5, 25.0)):
        with np.load(recordings / "tep" / f"d{fault:02d}.npz") as data:
            found, onset = departs(model, data["test"]), int(data["test_fault_starts_at"])
        assert 100.0 * found[onset:].mean() >= bar
        assert found[:onset].mean() <= 0.02
