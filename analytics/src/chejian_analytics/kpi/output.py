"""Items by product: a counter's increments, each given to the product that ran up to it."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from chejian_analytics.kpi.counts import Counter
from chejian_analytics.kpi.timeline import as_times, check_sorted
from chejian_analytics.kpi.windows import Windows

_INSTANT_US = 1
"""Resolution of time [us]: a product counts for items from the instant behind its change, as in `pri_steps`."""


def output_by_product(
    counted: Counter, product_times_us: ArrayLike, products: Sequence[str], windows: Windows
) -> list[dict[str, int]]:
    """Items of each window by product code; products without items are left out, "" is before the first change.

    The items of a window's products add up to `counted.increments` of it.

    Args:
        counted: readings of the counter; the last one before the first window belongs in here.
        product_times_us: sorted times of product changes, microseconds since 1970 UTC, shape (n,). The last change
            before the first window belongs in here.
        products: product code from each change on, length n.
        windows: that do not overlap.

    Raises:
        ValueError: for unsorted times or lengths that differ.
    """
    changes = as_times(product_times_us, "product changes")
    check_sorted(changes, "product changes")
    if len(products) != changes.size:
        raise ValueError(f"product changes: {changes.size} times but {len(products)} products")
    changes = changes + _INSTANT_US
    edges = np.unique(np.concatenate([windows.start_us, windows.end_us, changes]))
    items = np.diff(counted.total_before(edges)).tolist()
    running = (np.searchsorted(changes, edges[:-1], side="right") - 1).tolist()
    first = np.searchsorted(edges, windows.start_us).tolist()
    behind = np.searchsorted(edges, windows.end_us).tolist()
    out: list[dict[str, int]] = []
    for lo, hi in zip(first, behind, strict=True):
        sums: dict[str, int] = {}
        for piece in range(lo, hi):
            if items[piece]:
                product = products[running[piece]] if running[piece] >= 0 else ""
                sums[product] = sums.get(product, 0) + items[piece]
        out.append(sums)
    return out
