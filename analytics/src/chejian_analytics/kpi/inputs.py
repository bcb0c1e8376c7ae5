"""What the KPIs of one equipment are made of: samples, calendar, orders, reasons, ideal cycles and thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from numpy.typing import ArrayLike

from chejian_analytics.kpi.counts import Counter, counter
from chejian_analytics.kpi.ideal import IdealCycle
from chejian_analytics.kpi.losses import REASON_LOSSES, Loss
from chejian_analytics.kpi.windows import Windows


@dataclass(frozen=True, slots=True)
class TimeRules:
    """Thresholds of the time model; 0 switches a rule off.

    Attributes:
        minor_stop_us: an unbroken run of FAULT and STOPPED of at most this long is a minor stop, and no failure [us].
            Its length is that of the states, whatever the calendar says in between. Usual: 2 to 5 minutes.
        changeover_us: an unbroken run of STOPPED, IDLE, STARVED, BLOCKED and SETUP of at most this long [us] that
            contains or touches a change of product is a changeover (set-up).
    """

    minor_stop_us: int = 0
    changeover_us: int = 0

    def __post_init__(self) -> None:
        if min(self.minor_stop_us, self.changeover_us) < 0:
            raise ValueError(
                f"time rules: minor_stop_us {self.minor_stop_us} and changeover_us {self.changeover_us} must be >= 0"
            )

    @property
    def margin_us(self) -> int:
        """How far beyond a window samples, modes, products and calendar are looked at, on both sides [us].

        A change of a state at t can show in windows that touch [t - margin, t + hold + margin].
        """
        return max(1, self.minor_stop_us, self.changeover_us)


NO_RULES = TimeRules()
"""All rules switched off."""


@dataclass(frozen=True, slots=True)
class ReasonSpan:
    """A stop reason over [start, end), a fact of its own that is laid over the intervals.

    It counts only where the equipment is known not to produce in planned busy time: nothing is declared away.

    Attributes:
        start_us: microseconds since 1970 UTC.
        end_us: exclusive, later than `start_us`.
        reason: its code, e.g. "tool_breakage".
        loss: what the time becomes, one of `REASON_LOSSES`; None: it stays what the state says.
    """

    start_us: int
    end_us: int
    reason: str
    loss: Loss | None = None

    def __post_init__(self) -> None:
        if self.end_us <= self.start_us:
            raise ValueError(f"reason {self.reason!r}: [{self.start_us}, {self.end_us}) is empty")
        if self.loss is not None and self.loss not in REASON_LOSSES:
            allowed = ", ".join(sorted(REASON_LOSSES))
            raise ValueError(f"reason {self.reason!r}: loss {self.loss.value!r} must be one of {allowed}")


@dataclass(frozen=True, slots=True)
class Correction:
    """Items that an inspection moved out of the good ones after they were counted.

    Attributes:
        time_us: when they were made, microseconds since 1970 UTC; that instant's window and ideal cycle count.
        scrap: items that are scrap; negative: that are none after all.
        rework: items to be reworked; negative likewise.
    """

    time_us: int
    scrap: int
    rework: int


@dataclass(frozen=True, slots=True, eq=False)
class CounterSeries:
    """Samples of a total-increasing counter; see `chejian_analytics.kpi.counts.counter` for all of it."""

    times_us: ArrayLike
    values: ArrayLike
    modulus: int | None = None
    replaced_us: ArrayLike = ()
    least_cycle_us: int = 0

    def counter(self) -> Counter:
        """The counter, ready to be read off.

        Raises:
            ValueError: for unsorted times, shapes that differ, or a modulus < 2.
        """
        return counter(
            self.times_us,
            self.values,
            modulus=self.modulus,
            replaced_us=self.replaced_us,
            least_cycle_us=self.least_cycle_us,
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class OeeInputs:
    """What the OEE of one equipment is made of. Times are sorted microseconds since 1970 UTC.

    Of every series the last sample before the first window belongs in here: it decides what holds at the start.

    Attributes:
        state_times_us: sample times of the role machine_state.
        states: `MachineState` numbers; 0 or NaN for bad quality.
        hold_us: longest time that a state holds without a new sample [us]; None: until the next sample.
        produced: role produced_count; None when the equipment has none (then good + scrap is produced).
        good: role good_count; None when it has none (then produced - scrap is good).
        scrap: role scrap_count; None when it has none (then produced - good is scrap).
        product_times_us: times of product changes (role product).
        products: product code from each change on; an increment belongs to the product that ran up to its
            time, so one at the very instant of a change is still the earlier product's.
        ideal_cycles: of this equipment.
        scheduled: shifts, generated for at least the span of the windows and `rules.margin_us` on both sides.
        planned_stops: planned stops over the same span.
        rework: role rework_count; None when it is not counted.
        planned_maintenance: planned maintenance (calendar, work orders); counts only inside `scheduled`.
        mode_times_us: sample times of the role operation_mode; a mode holds until the next one.
        modes: `OperationMode` numbers; 0 says nothing.
        orders: time during which an order is in work; None when orders are not known, then a state alone decides.
        reasons: stop reasons, half-open; where two overlap, the later in the sequence holds.
        corrections: of inspections, in any order. They move items that a counter of good items counted; without one
            they change scrap and rework only.
        rules: thresholds.
    """

    state_times_us: ArrayLike
    states: ArrayLike
    hold_us: int | None
    produced: CounterSeries | None
    good: CounterSeries | None
    scrap: CounterSeries | None
    product_times_us: ArrayLike
    products: Sequence[str]
    ideal_cycles: Sequence[IdealCycle]
    scheduled: Windows
    planned_stops: Windows
    rework: CounterSeries | None = None
    planned_maintenance: Windows = field(default_factory=Windows.none)
    mode_times_us: ArrayLike = ()
    modes: ArrayLike = ()
    orders: Windows | None = None
    reasons: Sequence[ReasonSpan] = ()
    corrections: Sequence[Correction] = ()
    rules: TimeRules = NO_RULES
