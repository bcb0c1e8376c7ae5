"""OEE and its state intervals (ISO 22400-2): pure functions over arrays, int64 microseconds UTC, no I/O.

`KPIS` is the list that documentation, API and boards read.
"""

from chejian_analytics.kpi.aggregate import CounterSeries, OeeInputs, window_oee
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
from chejian_analytics.kpi.oee import Flag, OeeResult, OeeTerms, oee
from chejian_analytics.kpi.output import output_by_product
from chejian_analytics.kpi.rollup import rollup
from chejian_analytics.kpi.timeline import NO_DATA_STATE, Intervals, state_intervals
from chejian_analytics.kpi.windows import Windows

KPIS: tuple[Kpi, ...] = (OEE, AVAILABILITY, EFFECTIVENESS, QUALITY_RATIO, NEE)

__all__ = [
    "ANY_PRODUCT",
    "AVAILABILITY",
    "CATEGORIES",
    "EFFECTIVENESS",
    "FOREVER_US",
    "KPIS",
    "NEE",
    "NO_DATA_STATE",
    "OEE",
    "QUALITY_RATIO",
    "Buckets",
    "CategoryIntervals",
    "Counter",
    "CounterSeries",
    "Flag",
    "IdealCycle",
    "Intervals",
    "Kpi",
    "OeeInputs",
    "OeeResult",
    "OeeTerms",
    "PriSteps",
    "SeriesSamples",
    "Shift",
    "ShiftWindows",
    "Windows",
    "category_totals",
    "counter",
    "daily_windows",
    "day_windows",
    "fill",
    "fold",
    "hour_windows",
    "oee",
    "output_by_product",
    "overlay",
    "pri_steps",
    "rollup",
    "shift_windows",
    "state_intervals",
    "window_oee",
]
