"""Multivariate monitoring: T2 and Q of a (dynamic) principal component model, with contributions of the channels.

Limits come from sound data that the model was not fitted to: a limit from the training data itself alarms several times
as often as it says, because the model has learned their noise. References: Jackson & Mudholkar 1979
(doi:10.1080/00401706.1979.10489779); Ku, Storer & Georgakis 1995 for lags (doi:10.1016/0169-7439(95)00076-3); Alcala &
Qin 2009 for contributions by reconstruction (doi:10.1016/j.automatica.2009.02.027).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

LEAST_VARIANCE = 1e-9
"""Components below this share of the largest variance are relations that hold exactly, and noise of the arithmetic."""


@dataclass(frozen=True, slots=True)
class PcaModel:
    """A principal component model. c channels, d = c * (lags + 1) columns, k components.

    Args:
        mean: shape (c,).
        scale: shape (c,), > 0; 1 for a constant channel.
        lags: so many values before each one belong to it.
        offset: shape (d,), mean of the lagged standardised columns.
        loadings: shape (k, d), orthonormal rows.
        variances: shape (k,), descending.
        t2_limit: T2 above which a row departs; infinite before `with_limits`.
        q_limit: the same of Q; infinite when all components are kept.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    lags: int
    offset: NDArray[np.float64]
    loadings: NDArray[np.float64]
    variances: NDArray[np.float64]
    t2_limit: float = np.inf
    q_limit: float = np.inf


def fit_pca(sound: NDArray[np.float64], *, share: float, lags: int = 0) -> PcaModel:
    """Fit a model to sound data.

    Args:
        sound: shape (n, c), finite, in order of time at equal distances; n > d.
        share: of the variance to keep, 0 < share <= 1. With 1 all components are kept and T2 weighs every relation between
            channels by how well it holds: the most sensitive choice, and the one that needs honest limits most.
        lags: values before each row that belong to it.

    Returns:
        The model without limits.

    Raises:
        ValueError: shape, share or lags are not allowed.
    """
    if sound.ndim != 2 or not 0.0 < share <= 1.0 or lags < 0:  # noqa: PLR2004 - rows and columns
        raise ValueError(
            f"sound {sound.shape}, share {share}, lags {lags} given, (n, c), 0 < share <= 1, >= 0 allowed"
        )
    columns = sound.shape[1] * (lags + 1)
    if sound.shape[0] - lags <= columns or not np.isfinite(sound).all():
        raise ValueError(
            f"sound: {sound.shape[0]} rows given, more than {columns + lags} finite ones allowed"
        )
    mean, deviation = sound.mean(axis=0), sound.std(axis=0, ddof=1)
    scale = np.where(deviation > 0.0, deviation, 1.0)
    rows = lagged((sound - mean) / scale, lags)
    offset = rows.mean(axis=0)
    _, singular, directions = np.linalg.svd(rows - offset, full_matrices=False)
    variances = singular**2 / (rows.shape[0] - 1)
    wanted = int(np.searchsorted(np.cumsum(variances) / variances.sum(), share - 1e-12)) + 1
    kept = min(wanted, int((variances > LEAST_VARIANCE * variances[0]).sum()))
    return PcaModel(mean, scale, lags, offset, directions[:kept], variances[:kept])


def with_limits(model: PcaModel, held_out: NDArray[np.float64], false_alarm_rate: float) -> PcaModel:
    """The model with limits from sound data that it was not fitted to.

    Args:
        model: fitted.
        held_out: shape (m, c), sound, m > lags.
        false_alarm_rate: share of sound rows on which either statistic may exceed its limit; each gets half of it,
            T2 all of it when every component is kept.

    Returns:
        The model; limits are order statistics of the held-out values, so that at most that share of them is above.

    Raises:
        ValueError: the held-out part is too short for the rate.
    """
    t2, q = statistics(model, held_out)
    t2, q = t2[model.lags :], q[model.lags :]
    whole = is_whole(model)
    each = false_alarm_rate if whole else false_alarm_rate / 2.0
    if each * t2.size < 1.0:
        raise ValueError(f"held_out: {t2.size} rows given, {int(np.ceil(1.0 / each))} or more allowed")
    limit = float(np.quantile(t2, 1.0 - each, method="higher"))
    return replace(
        model,
        t2_limit=limit,
        q_limit=np.inf if whole else float(np.quantile(q, 1.0 - each, method="higher")),
    )


def is_whole(model: PcaModel) -> bool:
    """Whether every column's variance is kept, so that Q is nothing."""
    return bool(model.loadings.shape[0] == model.loadings.shape[1])


def lagged(rows: NDArray[np.float64], lags: int) -> NDArray[np.float64]:
    """Each row with the `lags` rows before it, newest first; shape (n - lags, c * (lags + 1))."""
    n = rows.shape[0]
    return np.hstack([rows[lags - i : n - i] for i in range(lags + 1)])


def statistics(model: PcaModel, rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """T2 and Q of each row.

    Args:
        model: fitted.
        rows: shape (n, c), in order of time.

    Returns:
        Two arrays of shape (n,); NaN for the first `lags` rows, which have no past, and for rows with a NaN.
    """
    t2, q = np.full(rows.shape[0], np.nan), np.full(rows.shape[0], np.nan)
    if rows.shape[0] <= model.lags:
        return t2, q
    standard = lagged((rows - model.mean) / model.scale, model.lags) - model.offset
    scores = standard @ model.loadings.T
    rest = standard - scores @ model.loadings
    t2[model.lags :] = (scores**2 / model.variances).sum(axis=1)
    q[model.lags :] = (rest**2).sum(axis=1)
    return t2, q


def departs(model: PcaModel, rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows exceed a limit; shape (n,). Rows without a statistic do not."""
    t2, q = statistics(model, rows)
    return np.asarray((t2 > model.t2_limit) | (q > model.q_limit))


def contributions(model: PcaModel, rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of the departure of the last row each channel explains alone (by reconstruction).

    The combined index is T2 / limit + Q / limit; a channel's contribution is by how much that index falls when its newest value
    is replaced by the one that fits best. Unlike plain shares of T2 it does not smear over correlated channels, and for a fault
    of one sensor the true one is the largest.

    Args:
        model: with limits.
        rows: shape (lags + 1, c).

    Returns:
        Shape (c,), >= 0.
    """
    standard = (lagged((rows - model.mean) / model.scale, model.lags) - model.offset)[-1]
    weight = (model.loadings.T / model.variances) @ model.loadings / model.t2_limit
    if np.isfinite(model.q_limit):
        rest = np.eye(standard.size) - model.loadings.T @ model.loadings
        weight = weight + rest / model.q_limit
    channels = model.mean.size
    return np.asarray((weight @ standard)[:channels] ** 2 / np.diag(weight)[:channels])
