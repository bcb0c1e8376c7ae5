"""Items by product, against counting them one by one."""

import numpy as np
import pytest
from chejian_analytics.kpi import CounterSeries, Windows, product_counts
from numpy.typing import ArrayLike

from tests.analytics.kpi.test_timemodel import plant

MINUTE = 60_000_000


def produced(
    series: CounterSeries, times: ArrayLike, products: list[str], windows: Windows
) -> list[dict[str, int]]:
    """What `product_counts` says of each window, by product."""
    inputs = plant([], produced=series, product_times_us=times, products=products)
    out: list[dict[str, int]] = [{} for _ in range(len(windows))]
    for row in product_counts(inputs, windows):
        out[row.window][row.product] = row.produced or 0
    return out


def naive(
    times: list[int], values: list[int], changes: list[tuple[int, str]], spans: list[tuple[int, int]]
) -> list[dict[str, int]]:
    """One increment at a time: a fall is a reset, counted from 0."""
    out: list[dict[str, int]] = [{} for _ in spans]
    for before, at, time in zip(values, values[1:], times[1:], strict=False):
        items = at - before if at >= before else at
        product = next((p for t, p in reversed(changes) if t < time), "")
        for (start, end), sums in zip(spans, out, strict=True):
            if start <= time < end and items:
                sums[product] = sums.get(product, 0) + items
    return out


@pytest.mark.parametrize("seed", range(20))
def test_every_item_has_its_product(seed: int) -> None:
    rng = np.random.default_rng(seed)
    times = np.unique(rng.integers(0, 300, 80)) * MINUTE
    values = rng.integers(0, 4, times.size).cumsum()
    values[times.size // 2 :] -= values[times.size // 2] - rng.integers(0, 3)
    changes = sorted((int(t) * MINUTE, f"P{rng.integers(0, 3)}") for t in np.unique(rng.integers(0, 300, 6)))
    starts = np.arange(30, 300, 60) * MINUTE
    windows = Windows(starts, starts + 60 * MINUTE)
    series = CounterSeries(times, values.astype(float))
    found = produced(series, [t for t, _ in changes], [p for _, p in changes], windows)
    spans = list(zip(windows.start_us.tolist(), windows.end_us.tolist(), strict=True))
    assert found == naive(times.tolist(), values.tolist(), changes, spans)
    assert [sum(sums.values()) for sums in found] == series.counter().increments(windows).tolist()


def test_an_item_at_the_change_is_the_earlier_products() -> None:
    series = CounterSeries([0, 10, 11], [0.0, 1.0, 2.0])
    windows = Windows(np.array([0]), np.array([20]))
    assert produced(series, [5, 10], ["A", "B"], windows) == [{"A": 1, "B": 1}]
    assert produced(series, [], [], windows) == [{"": 2}]


def test_times_and_products_go_together() -> None:
    windows = Windows(np.array([0]), np.array([20]))
    with pytest.raises(ValueError, match="2 times but 1 products"):
        produced(CounterSeries([], []), [1, 2], ["A"], windows)
