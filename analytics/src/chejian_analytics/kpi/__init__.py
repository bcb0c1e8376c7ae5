"""OEE and its state intervals (ISO 22400-2): pure functions over arrays, int64 microseconds UTC, no I/O.

`KPIS` is the list that documentation, API and boards read.
"""

from chejian_analytics.kpi.aggregate import window_oee
from chejian_analytics.kpi.buckets import FOREVER_US, Buckets, SeriesSamples, fill, fold
from chejian_analytics.kpi.calendar import (
    Shift,
    ShiftWindows,
    daily_windows,
    day_windows,
    hour_windows,
    shift_windows,
)
from chejian_analytics.kpi.categories import CATEGORIES, CategoryIntervals, category_totals, overlay
from chejian_analytics.kpi.counts import Counter, counter
from chejian_analytics.kpi.definition import Kpi
from chejian_analytics.kpi.ideal import ANY_PRODUCT, IdealCycle, PriSteps, pri_steps
from chejian_analytics.kpi.indices import AVAILABILITY, EFFECTIVENESS, NEE, OEE, QUALITY_RATIO
from chejian_analytics.kpi.inputs import NO_RULES, CounterSeries, OeeInputs, ReasonSpan, TimeRules
from chejian_analytics.kpi.losses import CATEGORY_OF_LOSS, LOSSES, REASON_LOSSES, Loss
from chejian_analytics.kpi.oee import Flag, OeeResult, OeeTerms, oee
from chejian_analytics.kpi.output import output_by_product
from chejian_analytics.kpi.rollup import rollup
from chejian_analytics.kpi.rotation import Rotation, RotationPattern, rotation_patterns
from chejian_analytics.kpi.shift_calendar import (
    EVERY_DAY,
    MONDAY_TO_FRIDAY,
    CalendarVersion,
    DayException,
    ShiftCalendar,
    SpanException,
    SpanKind,
    check_calendar,
)
from chejian_analytics.kpi.timeline import NO_DATA_STATE, Intervals, state_intervals
from chejian_analytics.kpi.timemodel import NO_REASON, TimeIntervals, loss_totals, time_intervals
from chejian_analytics.kpi.windows import Windows

KPIS: tuple[Kpi, ...] = (OEE, AVAILABILITY, EFFECTIVENESS, QUALITY_RATIO, NEE)

__all__ = [
    "ANY_PRODUCT",
    "AVAILABILITY",
    "CATEGORIES",
    "CATEGORY_OF_LOSS",
    "EFFECTIVENESS",
    "EVERY_DAY",
    "FOREVER_US",
    "KPIS",
    "LOSSES",
    "MONDAY_TO_FRIDAY",
    "NEE",
    "NO_DATA_STATE",
    "NO_REASON",
    "NO_RULES",
    "OEE",
    "QUALITY_RATIO",
    "REASON_LOSSES",
    "Buckets",
    "CalendarVersion",
    "CategoryIntervals",
    "Counter",
    "CounterSeries",
    "DayException",
    "Flag",
    "IdealCycle",
    "Intervals",
    "Kpi",
    "Loss",
    "OeeInputs",
    "OeeResult",
    "OeeTerms",
    "PriSteps",
    "ReasonSpan",
    "Rotation",
    "RotationPattern",
    "SeriesSamples",
    "Shift",
    "ShiftCalendar",
    "ShiftWindows",
    "SpanException",
    "SpanKind",
    "TimeIntervals",
    "TimeRules",
    "Windows",
    "category_totals",
    "check_calendar",
    "counter",
    "daily_windows",
    "day_windows",
    "fill",
    "fold",
    "hour_windows",
    "loss_totals",
    "oee",
    "output_by_product",
    "overlay",
    "pri_steps",
    "rollup",
    "rotation_patterns",
    "shift_windows",
    "state_intervals",
    "time_intervals",
    "window_oee",
]
