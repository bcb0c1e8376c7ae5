"""Records that KPIs beside those of a window are read off: orders, line steps, inspections, characteristics, energy."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from chejian_analytics.kpi.aggregate import window_oee
from chejian_analytics.kpi.inputs import OeeInputs
from chejian_analytics.kpi.oee import OeeResult
from chejian_analytics.kpi.rollup import rollup
from chejian_analytics.kpi.windows import Windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A production order in work or done (ISO 22400-2:2014, clause on order elements).

    Attributes:
        id: as the ERP or the signal says.
        product: product code.
        planned_quantity: POQ.
        start_us: start of execution, microseconds since 1970 UTC.
        end_us: end of execution, exclusive; of an order in work the present.
        pri_us: planned run time per item (PRI) [us]; None: not planned.
        planned_setup_us: PSUT [us].
        planned_scrap: PSQ; None: not planned.
    """

    id: str
    product: str
    planned_quantity: int
    start_us: int
    end_us: int
    pri_us: int | None = None
    planned_setup_us: int = 0
    planned_scrap: int | None = None

    def __post_init__(self) -> None:
        if self.end_us <= self.start_us:
            raise ValueError(f"order {self.id!r}: [{self.start_us}, {self.end_us}) is empty")

    @property
    def planned_execution_us(self) -> int | None:
        """POET = PRI x POQ + PSUT [us]; None without PRI."""
        return None if self.pri_us is None else self.pri_us * self.planned_quantity + self.planned_setup_us


@dataclass(frozen=True, slots=True)
class OrderResult:
    """An order with what its equipment did while it was in work.

    Attributes:
        order: the order.
        terms: sum over the equipment.
        aoet_us: actual order execution time, end - start [us]; busy, transport and queuing time.
        aubt_us: sum of actual unit busy time, APT + AUST + ADET [us].
    """

    order: Order
    terms: OeeResult
    aoet_us: int
    aubt_us: int


def order_result(order: Order, equipment: Sequence[OeeInputs]) -> OrderResult:
    """What the equipment of an order did from its start to its end.

    Args:
        order: the order.
        equipment: inputs of each equipment that worked on it, at least one.
    """
    window = Windows.of([order.start_us], [order.end_us])
    terms = rollup([window_oee(inputs, window)[0] for inputs in equipment])
    busy = terms.apt_us + terms.aust_us + terms.adet_us
    return OrderResult(order, terms, order.end_us - order.start_us, busy)


@dataclass(frozen=True, slots=True)
class StepTerms:
    """A step of a line in a window beside the line's first step.

    Attributes:
        scrap: SQ of the step.
        first_step_produced: PQ of the first step.
    """

    scrap: int | None
    first_step_produced: int | None


@dataclass(frozen=True, slots=True)
class InspectionTerms:
    """Inspected parts, each by its serial number once.

    Attributes:
        inspected: IP.
        good_first_pass: GP: good at the first pass, no reworked part among them.
    """

    inspected: int
    good_first_pass: int


@dataclass(frozen=True, slots=True)
class EnergyTerms:
    """Energy and items of a window.

    Attributes:
        energy: of all carriers in one unit, whole numbers of it (e.g. Wh or mgce).
        produced: PQ.
    """

    energy: int
    produced: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Characteristic:
    """Measured values of one characteristic, in the order of measurement.

    Attributes:
        values: finite numbers in the characteristic's unit, shape (n,); NaN is left out.
        lower_limit: LSL; None for an upper tolerance only.
        upper_limit: USL; None for a lower tolerance only.
        subgroup: size of the rational subgroups for the long-term deviation, 2 to 25; a last part group is left out.
    """

    values: ArrayLike
    lower_limit: float | None
    upper_limit: float | None
    subgroup: int = 5

    def __post_init__(self) -> None:
        if self.lower_limit is None and self.upper_limit is None:
            raise ValueError("characteristic: at least one tolerance limit is needed")
        if (
            self.lower_limit is not None
            and self.upper_limit is not None
            and self.upper_limit <= self.lower_limit
        ):
            raise ValueError(
                f"characteristic: upper limit {self.upper_limit} must be above lower limit {self.lower_limit}"
            )
        if not 2 <= self.subgroup <= 25:  # noqa: PLR2004 - see the attribute
            raise ValueError(f"characteristic: subgroup {self.subgroup} must be 2 to 25")

    def readable(self) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Values without NaN.

        Raises:
            ValueError: for infinite values.
        """
        values = np.asarray(self.values, np.float64)
        values = values[~np.isnan(values)]
        if np.isinf(values).any():
            raise ValueError("characteristic: values must be finite")
        return values
