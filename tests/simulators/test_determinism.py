"""The same seed and epoch give the same plant, however far ahead it is asked."""

from pathlib import Path

import pytest
from chejian_simulators.cli import main
from chejian_simulators.model import PlantModel
from chejian_simulators.plant import Plant
from hypothesis import given, settings
from hypothesis import strategies as st

SPAN_MS = 2 * 3_600_000
EPOCH_MS = 1_795_312_200_000


@pytest.fixture(scope="module")
def in_one_go(harbin: Plant) -> list[tuple[str, int, str, object]]:
    return told(PlantModel(harbin, seed=11, epoch_ms=EPOCH_MS), [SPAN_MS])


def told(model: PlantModel, cuts: list[int]) -> list[tuple[str, int, str, object]]:
    found: list[tuple[str, int, str, object]] = []
    for cut in cuts:
        found += [(code, c.due_ms, c.signal, c.value) for code, c in model.advance(model.epoch_ms + cut)]
    return found


@settings(max_examples=8, deadline=None)
@given(cuts=st.lists(st.integers(0, SPAN_MS), max_size=30))
def test_how_far_ahead_the_plant_is_asked_changes_nothing(
    harbin: Plant, in_one_go: list[tuple[str, int, str, object]], cuts: list[int]
) -> None:
    model = PlantModel(harbin, seed=11, epoch_ms=EPOCH_MS)
    assert told(model, [*sorted(cuts), SPAN_MS]) == in_one_go


def test_asking_for_less_than_before_gives_nothing(harbin: Plant) -> None:
    model = PlantModel(harbin, seed=11, epoch_ms=EPOCH_MS)
    assert model.advance(EPOCH_MS + SPAN_MS)
    assert model.advance(EPOCH_MS + SPAN_MS // 2) == []
    assert model.now_ms == EPOCH_MS + SPAN_MS


def truth_bytes(folder: Path, name: str, *options: str) -> bytes:
    out = folder / name
    given = [
        "truth",
        "--plant",
        "harbin",
        "--epoch",
        "2026-11-22T01:50:00Z",
        "--end",
        "2026-11-22T08:20:00.123Z",
    ]
    assert main([*given, "--out", str(out), *options]) == 0
    return out.read_bytes()


def test_the_truth_is_the_same_bytes_for_one_seed_and_other_ones_for_another(tmp_path: Path) -> None:
    first = truth_bytes(tmp_path, "a.json", "--seed", "5")
    assert truth_bytes(tmp_path, "b.json", "--seed", "5") == first
    assert truth_bytes(tmp_path, "c.json", "--seed", "6") != first
    assert [p.name for p in sorted(tmp_path.iterdir())] == ["a.json", "b.json", "c.json"]
