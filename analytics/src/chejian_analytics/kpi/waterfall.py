"""Losses of a window as a waterfall that sums to calendar time exactly, and the six big losses of TPM."""

from collections.abc import Mapping
from dataclasses import dataclass

from chejian_analytics.kpi.oee import OeeTerms

WATERFALL: tuple[str, ...] = (
    "not_scheduled",
    "planned_stop",
    "planned_maintenance",
    "no_data",
    "no_order",
    "fault",
    "maintenance",
    "stop",
    "minor_stop",
    "starved",
    "blocked",
    "setup",
    "speed",
    "quality",
    "effective",
)
"""Steps in the order in which they are taken off the calendar; `effective` is what is left, the sum of PRI x GQ."""


def waterfall(terms: OeeTerms) -> dict[str, int]:
    """Time of each step [us], in the order of `WATERFALL`; the values sum to `terms.calendar_us` exactly.

    `speed` is negative where the ideal cycle is too long: nothing is clamped.
    """
    return {
        "not_scheduled": terms.not_scheduled_us,
        "planned_stop": terms.planned_stop_us - terms.planned_maintenance_us,
        "planned_maintenance": terms.planned_maintenance_us,
        "no_data": terms.no_data_us,
        "no_order": terms.adot_us,
        "fault": terms.fault_us,
        "maintenance": terms.maintenance_us,
        "stop": terms.stop_us,
        "minor_stop": terms.minor_stop_us,
        "starved": terms.starved_us,
        "blocked": terms.blocked_us,
        "setup": terms.aust_us,
        "speed": terms.apt_us - terms.ideal_us,
        "quality": terms.ideal_us - terms.effective_us,
        "effective": terms.effective_us,
    }


@dataclass(frozen=True, slots=True)
class SixBigLosses:
    """The six big losses of TPM (Nakajima) [us], with what they leave out.

    Attributes:
        breakdowns: malfunctions and corrective maintenance.
        setup_adjustments: set-up and changeover.
        minor_stops: interruptions up to the threshold, starved and blocked time (idling).
        reduced_speed: production time beyond the ideal time; negative where the ideal cycle is too long.
        defects: ideal time of items that are not good.
        startup_yield: None: scrap of the start-up is not told apart from other scrap by any input.
        unexplained_stops: longer stops that nobody gave a reason for; in none of the six.
        no_order: no order; in none of the six.
    """

    breakdowns: int
    setup_adjustments: int
    minor_stops: int
    reduced_speed: int
    defects: int
    startup_yield: int | None
    unexplained_stops: int
    no_order: int

    def of_busy_time(self, terms: OeeTerms) -> Mapping[str, float] | None:
        """Share of the known planned busy time of each that is known; None without any."""
        if terms.busy_us == 0:
            return None
        names = [n for n in self.__dataclass_fields__ if getattr(self, n) is not None]
        return {name: getattr(self, name) / terms.busy_us for name in names}


def six_big_losses(terms: OeeTerms) -> SixBigLosses:
    """Group the losses; with the effective time the six, stops and no order sum to the known planned busy time."""
    return SixBigLosses(
        breakdowns=terms.repair_us,
        setup_adjustments=terms.aust_us,
        minor_stops=terms.minor_stop_us + terms.starved_us + terms.blocked_us,
        reduced_speed=terms.apt_us - terms.ideal_us,
        defects=terms.ideal_us - terms.effective_us,
        startup_yield=None,
        unexplained_stops=terms.stop_us,
        no_order=terms.adot_us,
    )
