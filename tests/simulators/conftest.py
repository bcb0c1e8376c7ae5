"""Plants and instants that the simulators' tests share."""

from datetime import UTC, datetime

import pytest
from chejian_simulators.plant import Plant, load_plant


@pytest.fixture(scope="session")
def harbin() -> Plant:
    return load_plant("harbin")


@pytest.fixture(scope="session")
def epoch_ms() -> int:
    """Ten minutes before a clock hour, two and a half hours before a planned stop."""
    return int(datetime(2026, 11, 22, 1, 50, tzinfo=UTC).timestamp() * 1000)
