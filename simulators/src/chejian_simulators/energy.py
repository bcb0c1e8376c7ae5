"""What machines and loads draw, integrated exactly.

Rates are whole thousandths of a base unit per second (mW, mg/s, mL/s) and hold between two whole milliseconds, so every
integral is a whole number of rate x ms and nothing is ever rounded before a counter shows it.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from chejian_contract.states import MachineState

HOUR_MS = 3_600_000


class Carrier(StrEnum):
    """Energy and media."""

    ELECTRICITY = "electricity"
    STEAM = "steam"
    GAS = "gas"
    WATER = "water"
    COMPRESSED_AIR = "compressed_air"


COUNTER_UNIT: Mapping[Carrier, str] = {
    Carrier.ELECTRICITY: "Wh",
    Carrier.STEAM: "g",
    Carrier.GAS: "L",
    Carrier.WATER: "L",
    Carrier.COMPRESSED_AIR: "L",
}
"""Unit of a counter; gas and air in litres at normal conditions."""
PER_COUNT: Mapping[Carrier, int] = {
    carrier: 3_600_000_000 if carrier is Carrier.ELECTRICITY else 1_000_000 for carrier in Carrier
}
"""Integral [rate x ms] of one counter unit: 1 Wh = 3.6e9 mW ms; 1 g = 1e6 mg/s ms; 1 L = 1e6 mL/s ms."""
MILLI_RATE: Mapping[Carrier, float] = {
    carrier: 1e6 if carrier is Carrier.ELECTRICITY else 1e6 / 3600 for carrier in Carrier
}
"""Rate in thousandths of one told unit: 1 kW = 1e6 mW; 1 kg/h = 277.8 mg/s; 1 m3/h = 277.8 mL/s."""

Amounts = dict[Carrier, int]
Part = tuple[int, MachineState, str]
"""Start of the clock hour [ms], state, order."""


@dataclass(frozen=True, slots=True)
class Draw:
    """From here on, this is drawn.

    Attributes:
        due_ms: since when.
        state: what the consumer is in.
        order: order in work; "" for none.
        rates: by carrier, in thousandths per second; a carrier that is left out is not drawn.
    """

    due_ms: int
    state: MachineState
    order: str
    rates: Mapping[Carrier, int]


def milli(carrier: Carrier, rate: float) -> int:
    """Whole thousandths per second of a rate told in kW, kg/h or m3/h, never negative."""
    return max(0, round(rate * MILLI_RATE[carrier]))


@dataclass(slots=True)
class Consumption:
    """The integral of one consumer's draws.

    Attributes:
        now_ms: how far it has been integrated.
        total: integral since the epoch by carrier [rate x ms].
        parts: the same, by hour, state and order.
        rates: what is drawn at `now_ms`.
    """

    now_ms: int
    total: Amounts = field(default_factory=dict)
    parts: dict[Part, Amounts] = field(default_factory=dict)
    rates: Mapping[Carrier, int] = field(default_factory=dict)
    _state: MachineState = MachineState.OFF
    _order: str = ""
    _ahead: deque[Draw] = field(default_factory=deque)

    def add(self, draw: Draw) -> None:
        """Queue a draw; they come in the order of their times."""
        self._ahead.append(draw)

    def advance(self, time_ms: int) -> None:
        """Integrate up to `time_ms`; what was drawn before is known by then. Earlier times change nothing."""
        while self._ahead and self._ahead[0].due_ms <= time_ms:
            draw = self._ahead.popleft()
            self._integrate(draw.due_ms)
            self._state, self._order, self.rates = draw.state, draw.order, draw.rates
        self._integrate(time_ms)

    def _integrate(self, until_ms: int) -> None:
        while self.now_ms < until_ms:
            hour = self.now_ms // HOUR_MS * HOUR_MS
            stop = min(until_ms, hour + HOUR_MS)
            part = self.parts.setdefault((hour, self._state, self._order), {})
            for carrier, rate in self.rates.items():
                amount = rate * (stop - self.now_ms)
                self.total[carrier] = self.total.get(carrier, 0) + amount
                part[carrier] = part.get(carrier, 0) + amount
            self.now_ms = stop
