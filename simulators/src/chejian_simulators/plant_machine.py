"""Plant file: a machine, its orders, what interrupts it, and where its material comes from and goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from chejian_contract.config import ConfigValueError, Seconds
from chejian_contract.quantities import Quantity
from chejian_contract.signals import SignalDef
from chejian_contract.templates import equipment_types

from chejian_simulators.checks import code, positive, share

_NONE, _HOUR = Seconds(0), Seconds(3600)

MachineType = Literal[
    "cnc_machining_centre",
    "motor_test_stand",
    "heavy_lathe",
    "evaporator",
    "spray_dryer",
    "filling_line",
    "packing_line",
]


def told_signals(machine_type: str) -> Mapping[str, SignalDef]:
    """What a simulated machine of a type tells, by name: all of the type but the operation mode.

    Controllers of these plants tell set-up and maintenance as states.
    """
    signals = equipment_types()[machine_type].signals
    return {name: s for name, s in signals.items() if s.quantity is not Quantity.OPERATION_MODE}


@dataclass(frozen=True, slots=True)
class Stoppage:
    """Stops that come at random and last a log-normal time.

    Attributes:
        every: mean producing time between two of them, > 0.
        median: median duration, > 0.
        sigma: standard deviation of the duration's logarithm, 0 to 2.
        shape: Weibull shape of the time between two; 1 is memoryless, above 1 wears out, > 0.
    """

    every: Seconds
    median: Seconds
    sigma: float = 0.5
    shape: float = 1.0

    def __post_init__(self) -> None:
        positive("every", self.every)
        positive("median", self.median)
        positive("shape", self.shape)
        if not 0 <= self.sigma <= 2:  # noqa: PLR2004 - e^(2*2) spans half a minute to a day; more is a typing error
            raise ConfigValueError("sigma", self.sigma, "a number from 0 to 2")


@dataclass(frozen=True, slots=True)
class Orders:
    """How orders come.

    Attributes:
        smallest: fewest pieces of an order, >= 1.
        largest: most pieces of an order, >= smallest.
        set_up: median set-up time at a change of product; 0 for none.
        night_gap: probability that no order follows one that ends in the night.
        gap: median length of such a gap.
        off_after: an idle machine is switched off after this time; 0 for never.
    """

    smallest: int
    largest: int
    set_up: Seconds = _NONE
    night_gap: float = 0.0
    gap: Seconds = _HOUR
    off_after: Seconds = _NONE

    def __post_init__(self) -> None:
        positive("smallest", self.smallest)
        if self.largest < self.smallest:
            raise ConfigValueError(
                "largest", self.largest, f"an integer of at least smallest = {self.smallest}"
            )
        share("night_gap", self.night_gap)
        positive("gap", self.gap)
        for key in ("set_up", "off_after"):
            if getattr(self, key) < 0:
                raise ConfigValueError(key, getattr(self, key), "a duration of at least 0")


@dataclass(frozen=True, slots=True)
class Vibration:
    """What the vibration channel of a test stand delivers.

    Attributes:
        sample_rate: [Hz], whole, > 0.
        length: seconds of one block made by the model, > 0.
        faults: share of motors with a planted bearing fault (physical model only), 0 to 1.
        mains_hz: frequency of the supply whose hum is picked up [Hz].
        recordings: "faults" plays the drive-end fault records, "healthy" the normal record, when recordings are given;
            "none" always takes the model.
    """

    sample_rate: int
    length: Seconds
    faults: float = 0.0
    mains_hz: float = 50.0
    recordings: Literal["faults", "healthy", "none"] = "healthy"

    def __post_init__(self) -> None:
        positive("sample_rate", self.sample_rate)
        positive("length", self.length)
        positive("mains_hz", self.mains_hz)
        share("faults", self.faults)


@dataclass(frozen=True, slots=True)
class Port:
    """Where a machine of a coupled line takes its material from, or puts it.

    Attributes:
        buffer: code of the buffer.
        kg: what one piece takes or gives [kg], > 0.
        restart_kg: a machine that waits goes on when this much is there (or is free) [kg]; 0 takes `kg`.
    """

    buffer: str
    kg: float
    restart_kg: float = 0.0

    def __post_init__(self) -> None:
        positive("kg", self.kg)
        if self.restart_kg and self.restart_kg < self.kg:
            raise ConfigValueError("restart_kg", self.restart_kg, f"0 or a number of at least kg = {self.kg}")


@dataclass(frozen=True, slots=True)
class MachineConfig:
    """One simulated machine.

    Attributes:
        code: equipment code.
        line: code of the line it stands in.
        type: equipment type (a template of the contract).
        products: code of each product it makes and its ideal cycle time [s].
        slowness: mean of real over ideal cycle time, 1 to 3.
        spread: standard deviation of that ratio, 0 to 0.5.
        scrap: probability that a piece is scrap, 0 to 1.
        orders: how orders come; in a coupled line only the first machine's sizes count, the others follow its batches.
        failure: own malfunctions.
        operator: short stops by the operator.
        starved: waits for material from outside; a machine that takes from a buffer waits for the buffer.
        blocked: waits for removal; a type without such a state has none, nor has a machine that gives to a buffer.
        service: maintenance; a type without such a state has none.
        vibration: test stands only.
        rework: probability that a piece must be worked again, 0 to 1; needs a type that counts it.
        cleaning: planned stops of this machine are cleaning (state MAINTENANCE), not pauses.
        takes: coupled lines: where material comes from.
        gives: coupled lines: where the product goes.
    """

    code: str
    line: str
    type: MachineType
    products: dict[str, float]
    slowness: float
    spread: float
    scrap: float
    orders: Orders
    failure: Stoppage
    operator: Stoppage
    starved: Stoppage | None = None
    blocked: Stoppage | None = None
    service: Stoppage | None = None
    vibration: Vibration | None = None
    rework: float = 0.0
    cleaning: bool = False
    takes: Port | None = None
    gives: Port | None = None

    def __post_init__(self) -> None:
        code("code", self.code)
        code("line", self.line)
        if not self.products:
            raise ConfigValueError(
                "products", self.products, "at least one product with its ideal cycle time [s]"
            )
        for product, seconds in self.products.items():
            positive(f"products.{product}", seconds)
        if not 1 <= self.slowness <= 3:  # noqa: PLR2004 - below 1 beats the ideal, above 3 is no production
            raise ConfigValueError("slowness", self.slowness, "a number from 1 to 3")
        if not 0 <= self.spread <= 0.5:  # noqa: PLR2004 - cycle times stay positive
            raise ConfigValueError("spread", self.spread, "a number from 0 to 0.5")
        share("scrap", self.scrap)
        share("rework", self.rework)
        self._check_type()
        self._check_ports()

    def _check_type(self) -> None:
        stand = self.type == "motor_test_stand"
        if stand and self.vibration is None:
            raise ConfigValueError("vibration", None, "a table, required for motor_test_stand")
        if not stand and self.vibration is not None:
            raise ConfigValueError("vibration", "a table", "nothing, only a motor_test_stand has it")
        for key in ("blocked", "service"):
            if stand and getattr(self, key) is not None:
                raise ConfigValueError(key, "a table", "nothing, a motor_test_stand has no such state")
        for key in ("off_after", "set_up"):
            if stand and getattr(self.orders, key):
                raise ConfigValueError(
                    f"orders.{key}", getattr(self.orders, key), "0, a motor_test_stand has no such state"
                )

    @property
    def coupled(self) -> bool:
        """Whether the machine belongs to a line coupled by buffers."""
        return self.takes is not None or self.gives is not None

    def _check_ports(self) -> None:
        if self.takes is None and self.starved is None:
            raise ConfigValueError("starved", None, "a table, or a port to take from")
        for key, stoppage, port in (
            ("starved", self.starved, self.takes),
            ("blocked", self.blocked, self.gives),
        ):
            if stoppage is not None and port is not None:
                raise ConfigValueError(key, "a table", "nothing, the buffer decides when the machine waits")
        if self.coupled and self.type in ("cnc_machining_centre", "motor_test_stand"):
            raise ConfigValueError("takes", "a table", f"nothing, a {self.type} is not coupled")
