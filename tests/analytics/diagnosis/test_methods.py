"""Whatever `METHODS` lists is a method: named, versioned, pure, and calm about bad windows."""

import dataclasses
import json
import math
from typing import Any

import numpy as np
import pytest
from chejian_analytics import diagnosis
from chejian_analytics.diagnosis import METHODS, Method
from chejian_contract.signals import Role
from numpy.typing import NDArray

from tests.analytics.diagnosis.machine import RATE, noise, shocks
from tests.analytics.diagnosis.recorded import CWRU_DE

ARGUMENTS: dict[str, dict[str, Any]] = {
    "bearing_envelope": {"sample_rate": RATE, "nominal_rpm": 1752.0, "bearing": CWRU_DE},
    "shaft_orders": {"sample_rate": RATE, "nominal_rpm": 1752.0},
    "gear_mesh": {"sample_rate": RATE, "nominal_rpm": 1752.0, "teeth": 20},
    "motor_current": {"sample_rate": RATE, "rpm": 1752.0, "supply_hz": 60.0},
}
BAD = {
    "nan": np.full(24_000, math.nan),
    "constant": np.full(24_000, -3.0),
    "zeros": np.zeros(24_000),
    "one sample": np.ones(1),
    "nothing": np.zeros(0),
    "huge": np.random.default_rng(0).normal(size=24_000) * 1e300,
    "tiny": np.random.default_rng(0).normal(size=24_000) * 1e-300,
}


def test_ids_are_unique_and_every_name_is_exported() -> None:
    assert len({method.id for method in METHODS}) == len(METHODS)
    assert {method.id for method in METHODS} == set(ARGUMENTS)
    assert diagnosis.__all__ == ["METHODS", *sorted(set(diagnosis.__all__) - {"METHODS"}, key=_isort)]
    assert all(hasattr(diagnosis, name) for name in diagnosis.__all__)


def _isort(name: str) -> tuple[bool, str]:
    return (name[0].islower(), name)


def test_the_first_method_for_vibration_is_the_bearings() -> None:
    """Callers with a bearing take it by its role."""
    assert next(m for m in METHODS if Role.VIBRATION_WAVEFORM in m.needs).id == "bearing_envelope"


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.id)
class TestMethod:
    def test_it_asks_for_roles(self, method: Method) -> None:
        assert method.needs
        assert all(isinstance(role, Role) for role in method.needs)

    @pytest.mark.parametrize("bad", BAD, ids=str)
    def test_a_bad_window_gives_a_verdict_without_a_part(self, method: Method, bad: str) -> None:
        verdict = method.function(BAD[bad], **ARGUMENTS[method.id])
        assert verdict.part is None
        assert (verdict.method, verdict.version) == (method.id, method.version)
        assert json.loads(json.dumps(dataclasses.asdict(verdict), allow_nan=False))["part"] is None

    def test_it_is_pure(self, method: Method) -> None:
        random = np.random.default_rng(1)
        signal: NDArray[np.float64] = noise(2.0, random) + 2 * shocks(CWRU_DE, "outer_race", 2.0, random)
        before = signal.copy()
        first = method.function(signal, **ARGUMENTS[method.id])
        assert method.function(signal, **ARGUMENTS[method.id]) == first
        assert (signal == before).all()
