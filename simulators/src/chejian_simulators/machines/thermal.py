"""First-order thermal behaviour."""

import math


class FirstOrder:
    """A temperature that follows its target with one time constant (exact step of dT/dt = (target - T) / tau).

    Args:
        value: at the start [degC].
        time_ms: the start.
        tau_ms: time constant [ms], > 0.
    """

    def __init__(self, value: float, time_ms: int, tau_ms: float) -> None:
        self._value, self._time, self._tau = value, time_ms, tau_ms
        self._target = value

    def step(self, time_ms: int, target: float) -> float:
        """Value at `time_ms` [degC]; the former target held until now, `target` holds from now on."""
        self._value += (self._target - self._value) * (1 - math.exp(-(time_ms - self._time) / self._tau))
        self._time, self._target = time_ms, target
        return self._value
