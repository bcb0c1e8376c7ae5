"""Counts of a window by product: what was made, and what it should have taken."""

from dataclasses import dataclass

import numpy as np

from chejian_analytics.kpi.ideal import ANY_PRODUCT, UNKNOWN_US, pri_steps
from chejian_analytics.kpi.inputs import OeeInputs
from chejian_analytics.kpi.timeline import as_times, check_sorted
from chejian_analytics.kpi.windows import Windows


@dataclass(frozen=True, slots=True)
class ProductCounts:
    """Counts of one product in one window; a count is None when the equipment has no such counter.

    Attributes:
        window: index of the window.
        product: product code; `ANY_PRODUCT` before the first is known.
        produced: PQ.
        good: GQ.
        scrap: SQ.
        rework: RQ.
        ideal_us: sum of PRI x PQ [us]; items without an ideal cycle count 0.
        unknown_items: items of PQ without an ideal cycle.
    """

    window: int
    product: str
    produced: int | None
    good: int | None
    scrap: int | None
    rework: int | None
    ideal_us: int
    unknown_items: int


def product_counts(inputs: OeeInputs, windows: Windows) -> list[ProductCounts]:
    """Counts of each window by product, windows in order and products by code; products that made nothing are left out.

    Increments belong to the product that ran up to their time, so the sum over products is the window's count. Counts are
    those of the counters as they are; a missing one is not derived from the others.

    Raises:
        ValueError: for unsorted times or shapes that differ.
    """
    if len(windows) == 0:
        return []
    changes = as_times(inputs.product_times_us, "product changes")
    check_sorted(changes, "product changes")
    pri = pri_steps(inputs.product_times_us, inputs.products, inputs.ideal_cycles)
    edges = np.unique(np.concatenate([windows.start_us, windows.end_us, changes + 1, pri.start_us]))
    running = np.searchsorted(changes + 1, edges[:-1], side="right") - 1
    window = np.searchsorted(windows.start_us, edges[:-1], side="right") - 1
    inside = windows.contains(edges[:-1])
    cycle = pri.at(edges[:-1])
    names = ("produced", "good", "scrap", "rework")
    given = {name: series for name in names if (series := getattr(inputs, name)) is not None}
    items = {name: np.diff(series.counter().total_before(edges)) for name, series in given.items()}
    sums: dict[tuple[int, str], dict[str, int]] = {}
    for i in np.flatnonzero(inside).tolist():
        made = {name: int(column[i]) for name, column in items.items()}
        if not any(made.values()):
            continue
        product = inputs.products[running[i]] if running[i] >= 0 else ANY_PRODUCT
        row = sums.setdefault(
            (int(window[i]), product), dict.fromkeys((*given, "ideal_us", "unknown_items"), 0)
        )
        for name, count in made.items():
            row[name] += count
        row["ideal_us"] += made.get("produced", 0) * int(cycle[i])
        row["unknown_items"] += made.get("produced", 0) if cycle[i] == UNKNOWN_US else 0
    return [
        ProductCounts(
            at,
            product,
            row.get("produced"),
            row.get("good"),
            row.get("scrap"),
            row.get("rework"),
            row["ideal_us"],
            row["unknown_items"],
        )
        for (at, product), row in sorted(sums.items())
    ]
