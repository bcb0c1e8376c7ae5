"""Relations between channels: what leaves them is told with its channels; one sensor alone is left to its own method."""

import dataclasses
import json

import numpy as np
import pytest
from chejian_analytics.diagnosis.process import (
    Channel,
    ProcessBaseline,
    ProcessDiagnosis,
    baseline_from,
    diagnose_process,
)
from chejian_analytics.diagnosis.process.relations import onset_of

from tests.analytics.diagnosis.process_plant import HOUR_US, baseline_of, window

SOUND_H, END_H = 60.0, 84.0
STEP_US = 60_000_000


def coupled(seed: int, *, broken: bool = False, falsified: float = 0.0) -> list[Channel]:
    """Four channels of one load; after 70 h two of them follow it the other way round, or one sensor is off."""
    random = np.random.default_rng(seed)
    times = np.arange(0, round(END_H * HOUR_US), STEP_US, dtype=np.int64)
    load = np.repeat(random.normal(size=times.size // 10), 10)
    late = times >= 70 * HOUR_US
    sign = np.where(late, -1.0, 1.0) if broken else 1.0
    follow = {"A": load, "B": 0.8 * sign * load, "C": 0.6 * load, "D": -0.7 * sign * load}
    channels = []
    for name, course in follow.items():
        noise = 0.1 * random.normal(size=times.size)
        off = falsified * late if name == "C" else 0.0
        channels.append(Channel(name, times, 50.0 + 3.0 * course + noise + off))
    return channels


def judge(channels: list[Channel]) -> tuple[ProcessBaseline, ProcessDiagnosis]:
    base = baseline_of(channels, SOUND_H)
    return base, diagnose_process(window(channels, END_H, SOUND_H), base)[-1]


@pytest.mark.parametrize("seed", range(5))
def test_a_sound_plant_keeps_its_relations(seed: int) -> None:
    base, verdict = judge(coupled(seed))
    assert base.relations is not None
    assert (verdict.method, verdict.channel, verdict.confidence) == ("process_t2", "", "none")


@pytest.mark.parametrize("seed", range(3))
def test_broken_relations_are_told_with_their_channels(seed: int) -> None:
    """No channel leaves its own span, so only their relation shows it."""
    channels = coupled(seed, broken=True)
    base, verdict = judge(channels)
    assert (verdict.part, verdict.confidence) == ("process_change", "probable")
    assert verdict.onset_us == pytest.approx(70 * HOUR_US, abs=0.75 * HOUR_US)
    assert sum(c.share for c in verdict.contributions) == pytest.approx(1.0)
    others = diagnose_process(window(channels, END_H, SOUND_H), base)[:-1]
    assert not [d for d in others if d.part]


def test_one_sensor_alone_is_left_to_its_own_method() -> None:
    _, verdict = judge(coupled(1, falsified=3.0))
    assert (verdict.part, verdict.reason) == (None, "one_channel_alone")
    assert verdict.contributions[0].channel == "C"


def test_an_onset_bridges_blocks_that_fit_by_chance() -> None:
    flags = np.array([True, False, False, False, True, False, True, True, False, True], dtype=np.bool_)
    assert onset_of(flags) == 4
    assert onset_of(np.zeros(5, dtype=np.bool_)) == 4
    assert onset_of(np.ones(5, dtype=np.bool_)) == 0


def test_relations_survive_json() -> None:
    base, _ = judge(coupled(2))
    assert baseline_from(json.loads(json.dumps(dataclasses.asdict(base)))) == base
