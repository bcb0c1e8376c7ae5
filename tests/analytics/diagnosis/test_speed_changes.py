"""Windows whose speed changes, axes that share one speed, and neighbours that make lines of their own."""

from typing import Any

import numpy as np
import pytest
from chejian_analytics.diagnosis import BearingDiagnosis, Neighbours, diagnose_bearing, estimate_shaft_speed
from chejian_analytics.diagnosis.masks import bearing_masks
from chejian_analytics.diagnosis.order_tracking import equal_angles
from numpy.typing import NDArray

from tests.analytics.diagnosis.machine import RATE, SHAFT_HZ, noise, shocks, tones
from tests.analytics.diagnosis.recorded import CWRU_DE, CWRU_FE

SECONDS = 8.0


def run_up(steady: NDArray[np.float64], rise: float) -> NDArray[np.float64]:
    """The same turns, faster and faster: the speed rises by the share `rise` from the first to the last sample."""
    t = np.arange(steady.size) / RATE
    warped = t + 0.5 * rise * t * t / t[-1]
    at = warped[warped <= t[-1]]
    return np.asarray(np.interp(at, t, steady))


def machine(part: str | None, seed: int) -> NDArray[np.float64]:
    random = np.random.default_rng([seed, 31])
    signal = noise(SECONDS, random) + tones(SECONDS, SHAFT_HZ, [2.0, 1.0, 0.7, 0.5, 0.3], random)
    return signal if part is None else signal + 4 * shocks(CWRU_DE, part, SECONDS, random)


def diagnose(signal: NDArray[np.float64], *, follow: bool) -> BearingDiagnosis:
    return diagnose_bearing(
        signal, sample_rate=RATE, nominal_rpm=SHAFT_HZ * 60, bearing=CWRU_DE, follow=follow
    )


@pytest.mark.parametrize("part", ["outer_race", "inner_race"])
def test_a_defect_is_named_in_a_run_up_when_it_is_followed(part: str) -> None:
    for seed in range(3):
        drifting = run_up(machine(part, seed), 0.08)
        assert diagnose(drifting, follow=False).part is None
        verdict = diagnose(drifting, follow=True)
        assert (verdict.part, verdict.confidence) == (part, "confirmed")
        assert verdict.drift == pytest.approx(
            0.08 * 0.83, rel=0.25
        )  # between the middles of the outer pieces
        assert "speed_drifts" in [evidence.code for evidence in verdict.counter_evidence]
        line = verdict.lines[0]
        order = CWRU_DE.bpfo if part == "outer_race" else CWRU_DE.bpfi
        assert line.found_hz / verdict.shaft_hz == pytest.approx(order, rel=0.006)


def test_following_a_steady_machine_changes_nothing_and_a_sound_run_up_names_nothing() -> None:
    for seed in range(4):
        steady = machine("outer_race" if seed % 2 else None, seed)
        assert diagnose(steady, follow=True) == diagnose(steady, follow=False)
        verdict = diagnose(run_up(machine(None, seed), 0.05), follow=True)
        assert verdict.part is None
        assert verdict.drift > 0.02


def test_what_cannot_be_followed_comes_back_as_it_was() -> None:
    short = np.ones(1000)
    broken = np.full(120_000, np.nan)
    for signal in (short, broken):
        axes, rate, rpm, drift = equal_angles([signal], RATE, 1800.0)
        assert axes[0] is signal
        assert (rate, rpm, drift) == (RATE, 1800.0, 0.0)


def test_axes_settle_the_speed_together_and_the_strongest_speaks() -> None:
    """The shaft shows on one axis, the defect on another, and the third is dead."""
    random = np.random.default_rng(5)
    shaft = noise(4.0, random) + tones(4.0, SHAFT_HZ, [3.0, 2.0, 1.5, 1.0], random)
    defect = noise(4.0, random) + 3 * shocks(CWRU_DE, "inner_race", 4.0, random)
    verdict = diagnose_bearing(
        shaft,
        sample_rate=RATE,
        nominal_rpm=SHAFT_HZ * 60 * 1.02,
        bearing=CWRU_DE,
        others=(defect, np.zeros(48_000)),
    )
    assert (verdict.part, verdict.axis) == ("inner_race", 1)
    assert verdict.shaft_hz == pytest.approx(SHAFT_HZ, rel=3e-4)
    together = estimate_shaft_speed(defect, RATE, SHAFT_HZ * 60 * 1.02, others=(shaft,))
    assert together.hz == pytest.approx(SHAFT_HZ, rel=3e-4)


def test_a_motors_field_does_not_move_the_speed() -> None:
    """Third and sixth multiple of the field 1.4 % above the shaft, stronger than the shaft's, as on the public rig."""
    for seed in range(5):
        random = np.random.default_rng([seed, 8])
        signal = noise(2.0, random) + tones(2.0, SHAFT_HZ, [3.0, 1.5, 0.1], random)
        signal += tones(2.0, SHAFT_HZ * 1.014, [0.0, 0.0, 0.2, 0.0, 0.0, 0.4], random)
        speed = estimate_shaft_speed(signal, RATE, SHAFT_HZ * 60)
        assert speed.hz == pytest.approx(SHAFT_HZ, rel=2e-3)


def test_a_neighbours_mesh_is_masked_and_said_so() -> None:
    """A gear of another shaft meshes at the order of the outer race, with sidebands: no bearing, once it is known."""
    random = np.random.default_rng(9)
    t = np.arange(int(4 * RATE)) / RATE
    order = CWRU_DE.bpfo * 1.002
    throb = sum(np.cos(2 * np.pi * h * order * SHAFT_HZ * t + h) for h in range(1, 6))
    signal = noise(4.0, random) * (1 + 0.12 * throb) + tones(4.0, SHAFT_HZ, [2.0, 1.0, 0.5], random)
    arguments: dict[str, Any] = {"sample_rate": RATE, "nominal_rpm": SHAFT_HZ * 60, "bearing": CWRU_DE}
    taken = diagnose_bearing(signal, **arguments)
    known = diagnose_bearing(signal, neighbours=Neighbours(meshes=(order,)), **arguments)
    assert taken.part == "outer_race"
    assert known.part is None
    assert [mask.kind for mask in known.masks] == ["shaft", "mains", "mesh", "mesh", "mesh"]
    assert known.score < taken.score - 1.5


def test_masks_of_neighbours_cover_their_orders() -> None:
    masks = bearing_masks(20.0, 0.0, 0.1, Neighbours(meshes=(17.3,), belts=(0.45,), blades=(6.5,)))
    frequencies = (9.0, 18.0, 130.0, 260.0, 326.0, 346.0, 366.0)
    covered = {
        kind: [hz for hz in frequencies if any(mask.covers(hz) for mask in masks if mask.kind == kind)]
        for kind in ("mesh", "belt", "blade")
    }
    assert covered["mesh"] == [326.0, 346.0, 366.0]
    assert covered["belt"] == [9.0, 18.0]
    assert covered["blade"] == [130.0, 260.0]
    for mask in masks:
        bins = mask.bins(4000, 0.1)
        assert sum(bool(bins[k]) != mask.covers(k * 0.1) for k in range(4000)) <= 20  # rounding at the edges
    with pytest.raises(ValueError, match="belts"):
        Neighbours(belts=(0.0,))


def test_a_rolling_elements_smeared_lines_are_read_wide() -> None:
    """Spin that wanders by 1.5 % over the window: single lines drown, the wide reading names the element."""
    for seed in range(4):
        random = np.random.default_rng([seed, 44])
        rate = CWRU_DE.bsf2 * SHAFT_HZ * 0.99
        t = np.arange(int(10 * RATE)) / RATE
        wander = 0.008 * np.interp(t, np.linspace(0, 10, 21), random.normal(size=21))
        phase = np.cumsum(rate * (1 + wander)) / RATE
        struck = np.flatnonzero(np.diff(np.floor(phase)) > 0)
        signal = noise(10.0, random) + tones(10.0, SHAFT_HZ, [2.0, 1.0], random)
        ring = np.exp(-np.arange(60) / 10.0) * np.sin(np.arange(60) * 1.7)
        for at in struck[struck < signal.size - 60]:
            signal[at : at + 60] += 3.2 * ring
        verdict = diagnose_bearing(signal, sample_rate=RATE, nominal_rpm=SHAFT_HZ * 60, bearing=CWRU_DE)
        assert verdict.part == "rolling_element"
        assert verdict.lines[0].width_hz > 0
        assert "lines_smeared" in [evidence.code for evidence in verdict.counter_evidence]
        other = diagnose_bearing(signal, sample_rate=RATE, nominal_rpm=SHAFT_HZ * 60, bearing=CWRU_FE)
        assert other.part is None
