"""Spectral coherence beside a named part: it supports true defects, contradicts what is none, and never changes a name."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from chejian_analytics.diagnosis import BearingDiagnosis, Line, Mask, diagnose_bearing
from chejian_analytics.diagnosis.coherence import LONGEST, opinion
from numpy.typing import NDArray

from tests.analytics.diagnosis.machine import RATE, SHAFT_HZ, noise, shocks
from tests.analytics.diagnosis.recorded import CWRU_DE, everything

NAMED = {"coherence_agrees", "coherence_differs", "coherence_not_evaluated"}


def said(verdict: BearingDiagnosis) -> dict[str, float]:
    both = (*verdict.supporting_evidence, *verdict.counter_evidence)
    return {e.code: e.value for e in both if e.code in NAMED}


def without(verdict: BearingDiagnosis) -> BearingDiagnosis:
    kept = tuple(e for e in verdict.counter_evidence if e.code not in NAMED)
    return replace(verdict, supporting_evidence=(), counter_evidence=kept)


def diagnose(signal: NDArray[np.float64], *, second_opinion: bool = True) -> BearingDiagnosis:
    return diagnose_bearing(
        signal,
        sample_rate=RATE,
        nominal_rpm=SHAFT_HZ * 60,
        bearing=CWRU_DE,
        second_opinion=second_opinion,
    )


def lines(*hz: float, width_hz: float = 0.0) -> tuple[Line, ...]:
    return tuple(
        Line("outer_race", h, 0, place, place, 9.0, masked=False, width_hz=width_hz)
        for h, place in enumerate(hz, 1)
    )


@pytest.mark.parametrize("part", ["outer_race", "inner_race"])
def test_it_supports_a_defect_and_changes_nothing_else(part: str) -> None:
    random = np.random.default_rng([3, len(part)])
    signal = 4 * shocks(CWRU_DE, part, 2.0, random) + noise(2.0, random)
    plain, asked = diagnose(signal, second_opinion=False), diagnose(signal)
    assert plain.part == asked.part == part
    assert said(plain) == {}
    assert [e.code for e in asked.supporting_evidence] == ["coherence_agrees"]
    assert asked.supporting_evidence[0].value > 2.5
    assert without(asked) == plain
    huge = diagnose(1e100 * signal)
    assert huge.supporting_evidence[0].value == pytest.approx(asked.supporting_evidence[0].value, rel=1e-6)


def test_it_contradicts_lines_where_the_machine_has_none() -> None:
    random = np.random.default_rng(8)
    signal = 4 * shocks(CWRU_DE, "outer_race", 2.0, random) + noise(2.0, random)
    line = CWRU_DE.bpfo * SHAFT_HZ * 1.2
    supporting, against = opinion(signal, RATE, lines(line, 2 * line, 3 * line), ())
    assert (supporting, [e.code for e in against]) == ((), ["coherence_differs"])
    assert against[0].value < 2.0


def test_noise_seldom_agrees() -> None:
    random = np.random.default_rng(9)
    agreed = 0
    for _ in range(60):
        hz = random.uniform(30.0, 400.0)
        supporting, _ = opinion(noise(2.0, random), RATE, lines(hz, 2 * hz, 3 * hz), ())
        agreed += bool(supporting)
    assert agreed <= 2


def test_it_says_when_it_was_not_heard() -> None:
    random = np.random.default_rng(10)
    window = noise(2.0, random)
    cover = Mask("mains", 0.001, 1.0)
    cases = (
        opinion(window[:12_000], RATE, lines(100.0), ()),
        opinion(window, RATE, lines(100.0, width_hz=3.0), ()),
        opinion(window, RATE, lines(100.0), (cover,)),
        opinion(window, RATE, lines(0.26 * RATE), ()),
    )
    for supporting, against in cases:
        assert (supporting, [e.code for e in against]) == ((), ["coherence_not_evaluated"])
    long = np.concatenate((window, np.zeros(LONGEST)))
    assert long.size > LONGEST
    assert opinion(long, RATE, lines(100.0), ()) == opinion(long[:LONGEST], RATE, lines(100.0), ())


def test_it_supports_every_named_race_of_the_recordings_and_moves_no_verdict(recordings: Path) -> None:
    heard: dict[str, int] = {}
    for recording in everything(recordings):
        if recording.group.startswith("ims") or recording.damaged is None:
            continue
        first, *others = (channel[:40_000] for channel in recording.channels)
        plain, asked = (
            diagnose_bearing(
                first,
                sample_rate=recording.sample_rate,
                nominal_rpm=recording.nominal_rpm,
                bearing=recording.bearing,
                mains_hz=recording.mains_hz,
                others=others,
                second_opinion=second,
            )
            for second in (False, True)
        )
        assert without(asked) == plain
        assert bool(said(asked)) == (asked.part is not None)
        if asked.part in ("outer_race", "inner_race"):
            (code,) = said(asked)
            heard[code] = heard.get(code, 0) + 1
    assert set(heard) == {"coherence_agrees"}
    assert heard["coherence_agrees"] >= 18
