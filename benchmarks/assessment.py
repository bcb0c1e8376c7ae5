"""Recompute of a province: indicators, answers, scores, levels and contradictions of all standards, month by month.

Run: ``.venv/bin/python -m benchmarks.assessment [workshops [months]]``. A workshop has 40 pieces of equipment, 400 required points and
12 meters; each month its indicators are computed anew from registry flags and counts, and every standard is assessed with
measured and declared answers; at the end come trends of OEE and energy over all months. Making the inputs is not part of
it. The floor is one float dot product of each standard's answers with their weights, for as many workshop-months: what the
scores would cost without exact numbers, checks, levels, contradictions and indicators. The exit status is 1 when the
recompute takes longer than the limit.
"""

import multiprocessing
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from chejian_analytics.assessment import (
    INDUSTRIES,
    Answer,
    Assessment,
    Indicator,
    Item,
    Method,
    Month,
    Scale,
    Standard,
    WeightsMissingError,
    Window,
    assess,
    declare,
    load_standards,
    measure,
    trend,
)
from chejian_analytics.assessment import evidence as e
from numpy.typing import NDArray

LIMIT_S = 30.0
"""Seconds on 2 cores for 100 workshops and 36 months."""
WORKSHOPS = 100
MONTHS = 36
MONTH_US = 30 * 86_400_000_000
EQUIPMENT = 40
POINTS = 400
METERS = 12


class Inputs(NamedTuple):
    """One workshop: facts of the registry, counts by month, declared answers."""

    industry: str
    interface: NDArray[np.int8]
    configured: NDArray[np.int8]
    automatic: NDArray[np.int8]
    covered_us: NDArray[np.int64]
    samples: NDArray[np.int64]
    readings: NDArray[np.int64]
    declared: dict[str, tuple[Answer, ...]]


def inputs(seed: int, months: int) -> Inputs:
    rng, pick = np.random.default_rng(seed), random.Random(seed)
    return Inputs(
        industry=INDUSTRIES[seed % 2],
        interface=rng.choice(np.array([1, 1, 1, 0, -1], np.int8), EQUIPMENT),
        configured=rng.choice(np.array([1, 1, 1, 0], np.int8), EQUIPMENT),
        automatic=rng.choice(np.array([1, 1, 1, 1, 0], np.int8), POINTS),
        covered_us=rng.integers(0, MONTH_US, (months, EQUIPMENT)),
        samples=rng.integers(0, 100_000, (months, POINTS)),
        readings=rng.integers(0, 3000, (months, METERS)),
        declared={s.id: tuple(declared(s, pick)) for s in load_standards()},
    )


def declared(standard: Standard, pick: random.Random) -> Iterator[Answer]:
    if standard.method is Method.INDEX:
        yield from (declare(node.id, pick.randint(500, 1200) / 10) for node in standard.nodes)
        return
    for item in standard.items:
        yield declare(item.id, *values(standard, item, pick))


def values(standard: Standard, item: Item, pick: random.Random) -> list[Fraction]:
    if item.scale is Scale.GRADES:
        return [pick.choice(standard.grades) for _ in range(4)]
    top = {Scale.SHARE: 100, Scale.YES_NO: 1, Scale.LEVEL: 5}.get(item.scale, 100)
    drawn = Fraction(pick.randint(0, top))
    return [drawn / 100 if item.scale is Scale.SHARE else drawn]


def indicators(given: Inputs, month: int) -> list[Indicator]:
    window = Window(month * MONTH_US, (month + 1) * MONTH_US)
    third = METERS // 3
    digital = np.minimum(given.interface, given.configured)
    covered, samples, readings = given.covered_us[month], given.samples[month], given.readings[month]
    ones = np.ones(third, np.int8)
    return [
        e.digital_equipment_share(window, given.interface, given.configured),
        e.networked_equipment_share(window, digital, covered),
        e.automatic_collection_share(window, given.automatic, samples),
        e.key_process_nc_share(window, given.interface[:10]),
        e.data_quality(
            window, samples, samples // 50, samples // 99, covered.repeat(10), np.full(POINTS, MONTH_US)
        ),
        e.spc_coverage(window, given.automatic[:20], samples[:20]),
        e.traceability_coverage(window, readings // 3, readings // 2, readings),
        *(
            e.meter_fitting(window, name, ones, readings[i * third : (i + 1) * third])
            for i, name in enumerate(e.METER_CLASSES)
        ),
    ]


def answers(standard: Standard, given: Inputs, measured: dict[str, Indicator], month: int) -> list[Answer]:
    """Every other month the shares are measured; between them the declared ones are held against the measurement."""
    evidence = {item.id: item.evidence for item in standard.items if item.evidence}
    return [
        measure(answer.item, measured[evidence[answer.item]])
        if month % 2 and answer.item in evidence and measured[evidence[answer.item]].value is not None
        else answer
        for answer in given.declared[standard.id]
    ]


def recompute(given: Inputs) -> tuple[int, int, int, int, int]:
    """Assessments, contradictions, refusals for want of weights, trends and CPU nanoseconds of one workshop."""
    start = time.process_time_ns()
    done = flagged = refused = 0
    for month in range(given.covered_us.shape[0]):
        found = indicators(given, month)
        by_id = {indicator.id: indicator for indicator in found}
        for standard in load_standards():
            result = one(standard, given, by_id, month)
            if result is None:
                refused += 1
                continue
            done += 1
            flagged += len(result.findings.contradictions)
    moved = trends(given)
    return done, flagged, refused, moved, time.process_time_ns() - start


def one(standard: Standard, given: Inputs, measured: dict[str, Indicator], month: int) -> Assessment | None:
    try:
        return assess(
            standard,
            answers(standard, given, measured, month),
            industry=given.industry,
            measured=measured.values(),
        )
    except WeightsMissingError:
        # The standard's weights of process industry are not known; assessed with those of discrete, to cost the same.
        assess(standard, given.declared[standard.id], industry="discrete", measured=measured.values())
        return None


def trends(given: Inputs) -> int:
    months = [
        Month(
            window=Window(i * MONTH_US, (i + 1) * MONTH_US),
            numerator=int(row.sum()),
            denominator=MONTH_US * EQUIPMENT,
            covered_us=int(row.sum()),
            due_us=MONTH_US * EQUIPMENT,
        )
        for i, row in enumerate(given.covered_us)
    ]
    quarter = max(1, len(months) // 4)
    return len(
        [trend(name, "us", months, baseline=quarter, recent=quarter) for name in ("oee", "energy_per_unit")]
    )


def floor(workshops: int, months: int) -> float:
    """Seconds of bare dot products, best of three."""
    rng = np.random.default_rng(1)
    pairs = [(rng.random(len(s.items)), rng.random(len(s.items))) for s in load_standards()]
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        total = 0.0
        for _ in range(workshops * months):
            for weights, given in pairs:
                total += float(weights @ given)
        best = min(best, time.process_time() - start)
    return best


def main() -> int:
    workshops = int(sys.argv[1]) if len(sys.argv) > 1 else WORKSHOPS
    months = int(sys.argv[2]) if len(sys.argv) > 2 else MONTHS
    given = [inputs(seed, months) for seed in range(workshops)]
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        # The processes start, read the standards and build their shapes.
        list(pool.map(recompute, [inputs(seed, 2) for seed in range(4)]))
        begun = time.perf_counter()
        sums = np.array(list(pool.map(recompute, given, chunksize=1))).sum(axis=0)
        seconds = time.perf_counter() - begun
    bare = floor(workshops, months)
    done, flagged, refused, moved, nanoseconds = (int(n) for n in sums)
    cpu = nanoseconds / 1e9
    standards = len(list(load_standards()))
    print(f"{workshops} workshops x {months} months x {standards} standards: {done + refused} assessments,")
    print(f"  {refused} of them refused for want of weights, {flagged} contradictions, {moved} trends")
    limit = LIMIT_S * workshops * months / (WORKSHOPS * MONTHS)
    print(
        f"2 processes: {seconds:.1f} s (limit {limit:.1f} s); CPU {cpu:.1f} s, so {cpu / 2:.1f} s on 2 idle cores"
    )
    print(f"floor, bare float dot products: {bare:.2f} s CPU; ratio {cpu / bare:.0f} by CPU time")
    return 0 if seconds <= limit else 1


if __name__ == "__main__":
    sys.exit(main())
