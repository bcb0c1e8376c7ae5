"""Overall equipment effectiveness of one window from its time elements and counts (ISO 22400-2:2014)."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import StrEnum
from operator import attrgetter


class Flag(StrEnum):
    """What a reader has to know about a number."""

    NO_PLANNED_TIME = "no_planned_time"
    """Known planned busy time is zero: availability, OEE and NEE are undefined."""
    NO_PRODUCTION_TIME = "no_production_time"
    """Items were counted while no production time was: effectiveness is undefined."""
    NO_COUNTS = "no_counts"
    """No reading of the counter up to the window's end: effectiveness, quality ratio, OEE and NEE are undefined."""
    COUNTS_PARTIAL = "counts_partial"
    """The counter's first reading lies inside the window: what was made before it is not counted."""
    NO_QUALITY_COUNTS = "no_quality_counts"
    """Neither good nor scrap is counted: quality ratio, OEE and NEE are undefined."""
    NO_IDEAL_CYCLE = "no_ideal_cycle"
    """Items were made whose ideal cycle nobody gave: effectiveness, OEE and NEE are undefined."""
    NOTHING_PRODUCED = "nothing_produced"
    """PQ is zero: the quality ratio is undefined."""
    PERFORMANCE_ABOVE_100 = "performance_above_100"
    """Ideal time exceeds production time: shown as it is, never clamped."""
    IDEAL_RATE_WRONG = "ideal_rate_wrong"
    """Ideal time exceeds production time and missing data by more than one item, so neither an item in work at the
    window's edge nor a silence explains it: the ideal cycle is too long, or the counter counts too much."""
    GOOD_ABOVE_PRODUCED = "good_above_produced"
    """More good items than items: the two are counted at different moments, or wrongly."""
    MIXED_PRODUCTS = "mixed_products"
    """Several ideal cycles: GQ / PQ is not the weighted quality ratio, so A x E x GQ / PQ is not quite OEE."""
    COUNTER_RESET = "counter_reset"
    """A counter fell: its new value was counted from 0."""
    INVALID_COUNT = "invalid_count"
    """A negative or fractional counter reading was left out."""
    IMPLAUSIBLE_COUNT = "implausible_count"
    """A counter rose faster than the equipment can work; that rise was not counted."""


STICKY = frozenset(
    {Flag.NO_COUNTS, Flag.COUNTS_PARTIAL, Flag.NO_QUALITY_COUNTS, Flag.NO_IDEAL_CYCLE}
    | {Flag.COUNTER_RESET, Flag.INVALID_COUNT, Flag.IMPLAUSIBLE_COUNT}
)
"""Flags that come with the inputs; the others follow from the numbers and are derived anew in every sum."""


@dataclass(frozen=True, slots=True)
class OeeTerms:
    """What adds up: over windows, and over equipment. Times in microseconds, counts in items.

    Attributes:
        calendar_us: length of the window.
        not_scheduled_us: outside the shifts.
        planned_stop_us: planned stops inside the shifts.
        no_data_us: planned busy time of which nothing is known.
        adot_us: available but without order (ADOT).
        adet_us: delays: faults, stops, waiting (ADET).
        aust_us: setup (AUST).
        apt_us: production (APT).
        ideal_us: sum of PRI x PQ; items without an ideal cycle count 0.
        effective_us: sum of PRI x GQ.
        produced: PQ; None when not counted.
        good: GQ; None when not counted.
        scrap: SQ; None when not counted.
        rework: RQ; None when not counted.
        planned_maintenance_us: part of planned_stop_us.
        fault_us: part of adet_us: malfunctions, minor stops left out.
        minor_stop_us: part of adet_us: interruptions up to the threshold.
        starved_us: part of adet_us: waiting for material.
        blocked_us: part of adet_us: waiting for room.
        maintenance_us: part of adet_us: corrective maintenance.
        failures: failure events (FE) that began in the window.
        minor_stops: minor stops that began in the window.
        setups: set-ups that began in the window.
    """

    calendar_us: int
    not_scheduled_us: int
    planned_stop_us: int
    no_data_us: int
    adot_us: int
    adet_us: int
    aust_us: int
    apt_us: int
    ideal_us: int
    effective_us: int
    produced: int | None
    good: int | None
    scrap: int | None
    rework: int | None = None
    planned_maintenance_us: int = 0
    fault_us: int = 0
    minor_stop_us: int = 0
    starved_us: int = 0
    blocked_us: int = 0
    maintenance_us: int = 0
    failures: int = 0
    minor_stops: int = 0
    setups: int = 0

    def __post_init__(self) -> None:
        rest = (
            self.calendar_us - self.not_scheduled_us - self.planned_stop_us - self.no_data_us - self.busy_us
        )
        if rest:
            raise ValueError(
                f"time elements must sum to calendar_us = {self.calendar_us}; {rest} us are left"
            )
        if self.stop_us < 0 or self.planned_maintenance_us > self.planned_stop_us:
            raise ValueError(
                f"parts exceed the whole: adet_us = {self.adet_us} leaves {self.stop_us} us for stops,"
                f" planned_stop_us = {self.planned_stop_us} has {self.planned_maintenance_us} us of maintenance"
            )

    @property
    def busy_us(self) -> int:
        """Known planned busy time PBT = APT + AUST + ADET + ADOT [us]."""
        return self.apt_us + self.aust_us + self.adet_us + self.adot_us

    @property
    def stop_us(self) -> int:
        """Stops that are no malfunction, no minor stop, no waiting and no maintenance: the rest of ADET [us]."""
        named = self.fault_us + self.minor_stop_us + self.starved_us + self.blocked_us + self.maintenance_us
        return self.adet_us - named

    @property
    def repair_us(self) -> int:
        """Time down because of failures (sum of TTR): malfunction and corrective maintenance [us]."""
        return self.fault_us + self.maintenance_us


@dataclass(frozen=True, slots=True, kw_only=True)
class OeeResult(OeeTerms):
    """OEE of a window with everything that it was made of.

    The nine losses and what is left sum to the calendar exactly: not_scheduled + planned_stop + no_data + adot +
    adet + aust + speed_loss + quality_loss + effective = calendar. Ratios are None where undefined, see `flags`.

    Attributes:
        speed_loss_us: APT - sum of PRI x PQ [us]; negative with the flag performance_above_100.
        quality_loss_us: sum of PRI x PQ - sum of PRI x GQ [us].
        availability: APT / PBT, 0 to 1.
        effectiveness: sum of PRI x PQ / APT; may exceed 1, never clamped.
        quality_ratio: GQ / PQ.
        oee: sum of PRI x GQ / PBT; equals availability x effectiveness x quality ratio (weighted by PRI).
        nee: net equipment effectiveness, OEE x (APT + AUST) / APT.
        completeness: known planned busy time / planned busy time; None without planned busy time.
        flags: see `Flag`, sorted.
    """

    speed_loss_us: int
    quality_loss_us: int
    availability: float | None
    effectiveness: float | None
    quality_ratio: float | None
    oee: float | None
    nee: float | None
    completeness: float | None
    flags: tuple[str, ...]

    def terms(self) -> dict[str, int | None]:
        """All times [us] and counts by name, e.g. for storage beside the value."""
        return dict(zip(_TOLD, _told(self), strict=True))


TERMS = tuple(f.name for f in fields(OeeTerms))
"""Names of all that adds up."""
_TOLD = (*TERMS, "speed_loss_us", "quality_loss_us")
_told = attrgetter(*_TOLD)
_terms = attrgetter(*TERMS)


def oee(terms: OeeTerms, flags: Iterable[str] = ()) -> OeeResult:
    """Compute the ratios of a window.

    Formulas: ISO 22400-2:2014, availability, effectiveness, quality ratio, OEE index, NEE index. Division of whole
    numbers is the only rounding.

    Args:
        terms: time elements [us] and counts; they must sum to the calendar.
        flags: the `STICKY` ones that the inputs bring; all others are derived here.
    """
    given = {Flag(f) for f in flags} & STICKY
    derived = _derived_flags(terms, given)
    uncounted = Flag.NO_COUNTS in given
    timeless = uncounted or Flag.NO_IDEAL_CYCLE in given
    unjudged = uncounted or Flag.NO_QUALITY_COUNTS in given
    index = None if timeless or unjudged else ratio(terms.effective_us, terms.busy_us)
    base = dict(zip(TERMS, _terms(terms), strict=True))
    return OeeResult(
        **base,
        speed_loss_us=terms.apt_us - terms.ideal_us,
        quality_loss_us=terms.ideal_us - terms.effective_us,
        availability=ratio(terms.apt_us, terms.busy_us),
        effectiveness=None if timeless else ratio(terms.ideal_us, terms.apt_us),
        quality_ratio=None if unjudged else ratio(terms.good, terms.produced),
        oee=index,
        nee=None if index is None else ratio(nee_numerator(terms), terms.apt_us * terms.busy_us),
        completeness=ratio(terms.busy_us, terms.busy_us + terms.no_data_us),
        flags=tuple(sorted(flag.value for flag in given | derived)),
    )


def ratio(numerator: int | None, denominator: int | None) -> float | None:
    """Quotient of two whole numbers, rounded once; None when the denominator is 0 or a number is missing."""
    if numerator is None or not denominator:
        return None
    return numerator / denominator


def nee_numerator(terms: OeeTerms) -> int:
    """Numerator of NEE over the denominator APT x PBT [us^2]."""
    return terms.effective_us * (terms.apt_us + terms.aust_us)


def _derived_flags(terms: OeeTerms, given: set[Flag]) -> set[Flag]:
    produced, good = terms.produced or 0, terms.good or 0
    counted = Flag.NO_COUNTS not in given
    conditions = {
        Flag.NO_PLANNED_TIME: terms.busy_us == 0,
        Flag.NO_PRODUCTION_TIME: terms.apt_us == 0 and produced > 0,
        Flag.NOTHING_PRODUCED: counted and produced == 0,
        Flag.PERFORMANCE_ABOVE_100: terms.ideal_us > terms.apt_us,
        Flag.IDEAL_RATE_WRONG: terms.apt_us > 0
        and (terms.ideal_us - terms.apt_us - terms.no_data_us) * produced > terms.ideal_us,
        Flag.GOOD_ABOVE_PRODUCED: good > produced and counted,
        Flag.MIXED_PRODUCTS: not given & {Flag.NO_IDEAL_CYCLE, Flag.NO_QUALITY_COUNTS}
        and terms.effective_us * produced != terms.ideal_us * good,
    }
    return {flag for flag, holds in conditions.items() if holds}
