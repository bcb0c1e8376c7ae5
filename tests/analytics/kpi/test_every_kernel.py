"""Every compiled kernel of the KPI engine against plain Python: NaN, empty, one sample, unsorted, huge; compiled and not.

The list of kernels is read from the sources, so that a new kernel without an oracle fails here.
"""

import ast
import math
from collections.abc import Callable
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

import chejian_analytics.kernels
import chejian_analytics.kpi
import numpy as np
import pytest

from tests.analytics.kpi.test_kernels import FOREVER, engine, naive_runs

FOLDER = Path(chejian_analytics.kernels.__file__).parent
HUGE = 2**62
CONDITIONS = ("plain", "nan", "empty", "one", "unsorted", "huge")
N = 3 * 256 + 5
"""More than a chunk of each kernel."""


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _compiled(path: Path) -> list[str]:
    """Functions of a file that numba compiles."""
    functions = [node for node in _tree(path).body if isinstance(node, ast.FunctionDef)]
    return [f.name for f in functions if any("njit" in ast.dump(d) for d in f.decorator_list)]


def kernels() -> set[str]:
    """`module.function` of each compiled function in the kernel modules that the KPI engine imports."""
    engine_files = Path(chejian_analytics.kpi.__file__).parent.rglob("*.py")
    names = {
        (node.module or "").rsplit(".", 1)[-1]
        for path in engine_files
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("chejian_analytics.kernels.")
    }
    return {f"{name}.{kernel}" for name in names for kernel in _compiled(FOLDER / f"{name}.py")}


def times_of(condition: str, seed: int = 7) -> list[int]:
    if condition in {"empty", "one"}:
        return [] if condition == "empty" else [5]
    steps = np.random.default_rng(seed).integers(1, 20, N).tolist()
    times: list[int] = np.cumsum(steps).tolist()
    if condition == "unsorted":
        times[300], times[301] = times[301], times[300]
    if condition == "huge":
        times = [-HUGE, *times[1:-1], HUGE]
    return times


def check_held_runs(kernel: Callable[..., int], condition: str) -> None:
    times = times_of(condition)
    states = np.random.default_rng(3).integers(0, 11, len(times)).repeat(1).astype(np.float64)
    if condition == "nan":
        states[::7] = math.nan
    if condition == "huge":
        states[::5] = 1e300
        states[1::5] = math.inf
    for start, end in ((0, 4000), (-HUGE, HUGE + 9), (1234, 1235)):
        room = np.empty(2 * len(times) + 2, np.int64), np.empty(2 * len(times) + 2, np.int16)
        count = kernel(np.array(times, np.int64), states, start, end, FOREVER, 9, *room)
        if condition == "unsorted" and start < times[300] < end:
            assert count == -next(i for i, (a, b) in enumerate(pairwise(times), 1) if b < a)
            continue
        if condition == "unsorted":
            continue  # the range ends before the fall: order is looked at as far as it matters
        want = naive_runs(times, states.tolist(), start, end, FOREVER)
        assert list(zip(room[0][:count].tolist(), room[1][:count].tolist(), strict=True)) == want


def check_survey(kernel: Callable[..., tuple[int, int, int]], condition: str) -> None:
    times = times_of(condition)
    values = np.random.default_rng(4).integers(-3, 50, len(times)).tolist()
    if condition == "huge":
        most = 2**63 - 1
        values = [(most, 0, -most, HUGE, -HUGE)[i % 5] for i in range(len(times))]
    want = (
        sum(b < a for a, b in pairwise(times)),
        sum(b < a for a, b in pairwise(values)),
        sum(v < 0 for v in values),
    )
    falls = np.full(len(times), -1, np.int64)
    with np.errstate(over="ignore"):  # differences wrap as int64 does; exact comparisons decide
        assert kernel(np.array(times, np.int64), np.array(values, np.int64), falls) == want
    at = [i for i, (a, b) in enumerate(pairwise(values), 1) if b < a]
    assert falls[: want[1]].tolist() == at


def check_whole_numbers(kernel: Callable[..., int], condition: str) -> None:
    values = [0.0, -7.0, 2.5, 3.0, -0.5] * (1 if condition == "one" else 100)
    values = {"empty": [], "one": values[:1]}.get(condition, values)
    if condition in {"nan", "huge"}:
        odd = [math.nan] if condition == "nan" else [2.0**63, -(2.0**63), 2.0**62, 1e300, math.inf, -math.inf]
        values = values + odd
    good = [math.isfinite(v) and v == int(v) and abs(v) < 2**63 for v in values]
    out = np.full(len(values), 99, np.int64)
    assert kernel(np.array(values, np.float64), out) == good.count(False)
    assert out.tolist() == [int(v) if ok else 0 for v, ok in zip(values, good, strict=True)]


def check_fill_buckets(kernel: Callable[..., None], condition: str) -> None:
    times = times_of(condition)
    rng = np.random.default_rng(5)
    values = rng.normal(size=len(times)).tolist()
    if condition == "nan":
        values[::3] = [math.nan] * len(values[::3])
    if condition == "huge":
        values = [(1e300, -1e300, 1e-300)[i % 3] for i in range(len(times))]
    known, good = [math.isfinite(v) for v in values], (rng.random(len(times)) < 0.8).tolist()
    until = [t + 15 for t in times]
    start, width, count = 100, 250, 20
    out = (
        np.zeros((1, count, 3), np.int64),
        np.zeros((1, count, 2), np.int64),
        np.full((1, count, 5), np.nan),
    )
    out[2][..., 4] = 0
    rows = np.zeros(len(times), np.int64)
    columns = np.array(times, np.int64), np.array(values), np.array(known, bool), np.array(good, bool)
    kernel(rows, *columns, np.array(until, np.int64), start, width, *out)
    samples = list(zip(times, values, known, good, until, strict=True))
    for b in range(count):
        lo, hi = start + b * width, start + (b + 1) * width
        inside = [s for s in samples if lo <= s[0] < hi]
        read = [s for s in inside if s[2]]
        pieces = [(min(s[4], hi) - max(s[0], lo), s[1]) for s in samples if s[2]]
        pieces = [(us, value) for us, value in pieces if us > 0]
        integral = 0.0
        for us, value in pieces:
            integral += value * float(us)
        assert out[0][0, b].tolist() == [len(inside), sum(s[3] for s in inside), sum(us for us, _ in pieces)]
        assert out[1][0, b].tolist() == ([read[0][0], read[-1][0]] if read else [0, 0])
        seen = [value for _, value in pieces]
        want = [min(seen), max(seen)] if seen else [math.nan, math.nan]
        want += [read[0][1], read[-1][1]] if read else [math.nan, math.nan]
        assert np.array_equal(out[2][0, b], np.array([*want, integral]), equal_nan=True)


ORACLES: dict[str, Callable[[Callable[..., Any], str], None]] = {
    "buckets.fill_buckets": check_fill_buckets,
    "counts.survey": check_survey,
    "counts.whole_numbers": check_whole_numbers,
    "intervals.held_runs": check_held_runs,
}


def test_every_kernel_has_an_oracle() -> None:
    assert kernels() == set(ORACLES)


@pytest.mark.parametrize("mode", ["jit", "python"])
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("name", sorted(ORACLES))
def test_a_kernel_is_its_oracle(name: str, condition: str, mode: str) -> None:
    module, function = name.split(".")
    kernel = getattr(import_module(f"chejian_analytics.kernels.{module}"), function)
    ORACLES[name](engine(kernel, mode), condition)
