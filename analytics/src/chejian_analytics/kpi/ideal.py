"""Planned run time per item (PRI) over time: which product ran, and what was its ideal cycle then."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from chejian_analytics.kpi.timeline import as_times, check_sorted

Int64 = NDArray[np.int64]

ANY_PRODUCT = ""
"""Product code of an ideal cycle that holds for products without one of their own, and while none is known."""

UNKNOWN_US = 0
"""PRI of items whose ideal cycle nobody gave."""

_INSTANT_US = 1
"""Resolution of time [us]: a product counts for items from the instant behind its change."""


@dataclass(frozen=True, slots=True)
class IdealCycle:
    """Planned run time per item (PRI, ISO 22400-2) of one product on one equipment.

    Attributes:
        product: product code, or `ANY_PRODUCT`.
        pri_us: [us per item], > 0.
        valid_from_us: microseconds since 1970 UTC; holds until a later one of the same product.
    """

    product: str
    pri_us: int
    valid_from_us: int

    def __post_init__(self) -> None:
        if self.pri_us <= 0:
            raise ValueError(f"ideal cycle of product {self.product!r}: {self.pri_us} us must be > 0")


@dataclass(frozen=True, slots=True, eq=False)
class PriSteps:
    """PRI as a step function of time; 0 = unknown.

    Attributes:
        start_us: int64, sorted, start of each step.
        pri_us: int64 [us per item] of each step; before the first step it is unknown.
    """

    start_us: Int64
    pri_us: Int64

    def at(self, times_us: Int64) -> Int64:
        """PRI at each time [us per item]; 0 where unknown."""
        if self.start_us.size == 0:
            return np.zeros(np.shape(times_us), np.int64)
        i = np.searchsorted(self.start_us, times_us, side="right") - 1
        return np.where(i >= 0, self.pri_us[np.maximum(i, 0)], UNKNOWN_US)


def pri_steps(product_times_us: ArrayLike, products: Sequence[str], cycles: Sequence[IdealCycle]) -> PriSteps:
    """Combine product changes with dated ideal cycles.

    Args:
        product_times_us: sorted times of product changes, microseconds since 1970 UTC, shape (n,); an item
            belongs to the product that ran up to its count, so one counted at the very instant of a change is still the
            earlier product's. The last change before the first window belongs in here.
        products: product code of each change, length n.
        cycles: ideal cycles in any order.

    Raises:
        ValueError: for unsorted times or lengths that differ.
    """
    changes = as_times(product_times_us, "product changes")
    check_sorted(changes, "product changes")
    changes = changes + _INSTANT_US
    if len(products) != changes.size:
        raise ValueError(f"product changes: {changes.size} times but {len(products)} products")
    valid_from = np.array([c.valid_from_us for c in cycles], np.int64)
    starts = np.union1d(changes, valid_from)
    index = np.searchsorted(changes, starts, side="right") - 1
    running = [products[i] if i >= 0 else ANY_PRODUCT for i in index.tolist()]
    table = _by_product(cycles)
    pri = [
        _valid(table, product, at) or _valid(table, ANY_PRODUCT, at)
        for product, at in zip(running, starts.tolist(), strict=True)
    ]
    return PriSteps(starts, np.array(pri, np.int64))


def _by_product(cycles: Sequence[IdealCycle]) -> dict[str, list[IdealCycle]]:
    table: dict[str, list[IdealCycle]] = {}
    for cycle in sorted(cycles, key=lambda c: c.valid_from_us):
        table.setdefault(cycle.product, []).append(cycle)
    return table


def _valid(table: dict[str, list[IdealCycle]], product: str, at: int) -> int:
    """PRI of the product's last cycle that is valid at the time; 0 for none."""
    valid = [c.pri_us for c in table.get(product, ()) if c.valid_from_us <= at]
    return valid[-1] if valid else UNKNOWN_US
