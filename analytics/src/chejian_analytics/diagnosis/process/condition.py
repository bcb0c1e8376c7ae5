"""Condition of a component from whole machine cycles: linear discriminants over the cycle's course.

A machine that repeats one cycle shows a worn component as a small, steady change of the course that larger influences (oil
temperature, other components) hide. These influences move many points of the course together; a discriminant with the full
covariance of the course within a class takes them out, where a tree that looks at one point at a time cannot. Fisher 1936;
shrinkage as in Friedman 1989 (doi:10.1080/01621459.1989.10478752).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHRINKAGE = 0.003
"""Share of the identity in the within-class covariance: enough to invert it, too little to hide narrow directions."""


@dataclass(frozen=True, slots=True)
class ConditionModel:
    """A trained discriminant. k classes, d points of the course.

    Args:
        classes: shape (k,), the conditions, ascending.
        mean: shape (d,).
        scale: shape (d,), > 0.
        weights: shape (d, k).
        bias: shape (k,).
    """

    classes: NDArray[np.int64]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    weights: NDArray[np.float64]
    bias: NDArray[np.float64]


def train_condition(
    courses: NDArray[np.float64], conditions: NDArray[np.int64], shrinkage: float = SHRINKAGE
) -> ConditionModel:
    """Learn conditions from labelled cycles.

    Args:
        courses: shape (n, d), one row a cycle: the channels' values one channel after the other; finite.
        conditions: shape (n,), two or more different ones.
        shrinkage: 0 < shrinkage <= 1.

    Returns:
        The model.

    Raises:
        ValueError: shapes, conditions or shrinkage are not allowed.
    """
    classes = np.unique(conditions)
    if courses.ndim != 2 or conditions.shape != courses.shape[:1] or classes.size < 2:  # noqa: PLR2004 - rows, columns; two
        raise ValueError(
            f"courses {courses.shape}, {classes.size} conditions given, (n, d) and 2 or more allowed"
        )
    if not 0.0 < shrinkage <= 1.0 or not np.isfinite(courses).all():
        raise ValueError(f"shrinkage: {shrinkage} given, 0 < shrinkage <= 1 and finite courses allowed")
    mean, deviation = courses.mean(axis=0), courses.std(axis=0)
    scale = np.where(deviation > 0.0, deviation, 1.0)
    standard = (courses - mean) / scale
    index = np.searchsorted(classes, conditions)
    centres = np.array([standard[index == k].mean(axis=0) for k in range(classes.size)])
    rest = standard - centres[index]
    within = rest.T @ rest / standard.shape[0]
    level = np.trace(within) / within.shape[0] or 1.0
    within = (1.0 - shrinkage) * within + shrinkage * level * np.eye(within.shape[0])
    weights = np.linalg.solve(within, centres.T)
    share = np.bincount(index) / index.size
    return ConditionModel(
        classes, mean, scale, weights, np.log(share) - 0.5 * (centres * weights.T).sum(axis=1)
    )


def condition_probabilities(model: ConditionModel, courses: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of each condition for each cycle, if the conditions of the training are all there are; shape (n, k)."""
    score = (courses - model.mean) / model.scale @ model.weights + model.bias
    weight = np.exp(score - score.max(axis=1, keepdims=True))
    return np.asarray(weight / weight.sum(axis=1, keepdims=True))


def condition_of(model: ConditionModel, courses: NDArray[np.float64]) -> NDArray[np.int64]:
    """Most likely condition of each cycle; shape (n,)."""
    return np.asarray(model.classes[np.argmax(condition_probabilities(model, courses), axis=1)])
