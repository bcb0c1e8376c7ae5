"""Plants and instants that the simulators' tests share."""

import functools
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from chejian_simulators.model import PlantModel
from chejian_simulators.plant import Plant, load_plant

DAY_EPOCH_MS = 1_795_312_200_000
"""2026-11-22 01:50 UTC, 09:50 in Heilongjiang."""


@pytest.fixture(scope="session")
def harbin() -> Plant:
    return load_plant("harbin")


@pytest.fixture(scope="session")
def epoch_ms() -> int:
    """Ten minutes before a clock hour, two and a half hours before a planned stop."""
    return int(datetime(2026, 11, 22, 1, 50, tzinfo=UTC).timestamp() * 1000)


@pytest.fixture(scope="session")
def day() -> Callable[[str], PlantModel]:
    """A shipped plant by its name, advanced by 26 hours and a bit; made once for all tests, which only look at it."""

    @functools.cache
    def advanced(name: str) -> PlantModel:
        model = PlantModel(load_plant(name), seed=13, epoch_ms=DAY_EPOCH_MS)
        model.advance(DAY_EPOCH_MS + 26 * 3_600_000 + 4_321)
        return model

    return advanced
