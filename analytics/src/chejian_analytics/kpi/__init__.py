"""OEE and its state intervals (ISO 22400-2): pure functions over arrays, int64 microseconds UTC, no I/O.

`INDICATORS` is the list that documentation, API and boards read; `KPIS` are those that are stored for every window.
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
from chejian_analytics.kpi.definition import Kpi, MissingKpi, Scope, Trend
from chejian_analytics.kpi.ideal import ANY_PRODUCT, IdealCycle, PriSteps, pri_steps
from chejian_analytics.kpi.indicators import INDICATORS, KPIS, MISSING, WINDOW_KPIS
from chejian_analytics.kpi.indicators.availability import KPI as AVAILABILITY
from chejian_analytics.kpi.indicators.effectiveness import KPI as EFFECTIVENESS
from chejian_analytics.kpi.indicators.nee import KPI as NEE
from chejian_analytics.kpi.indicators.oee import KPI as OEE
from chejian_analytics.kpi.indicators.quality_ratio import KPI as QUALITY_RATIO
from chejian_analytics.kpi.inputs import NO_RULES, Correction, CounterSeries, OeeInputs, ReasonSpan, TimeRules
from chejian_analytics.kpi.line import LineOee, find_bottleneck, line_oee
from chejian_analytics.kpi.losses import CATEGORY_OF_LOSS, LOSSES, REASON_LOSSES, Loss
from chejian_analytics.kpi.oee import TERMS, Flag, OeeResult, OeeTerms, oee
from chejian_analytics.kpi.products import ProductCounts, product_counts
from chejian_analytics.kpi.reasons import (
    UNEXPLAINED,
    ParetoRow,
    Reason,
    Stop,
    needs_reason,
    pareto,
)
from chejian_analytics.kpi.records import (
    Characteristic,
    EnergyTerms,
    InspectionTerms,
    Order,
    OrderResult,
    StepTerms,
    order_result,
)
from chejian_analytics.kpi.rollup import rollup, rollup_terms
from chejian_analytics.kpi.rotation import Rotation, RotationPattern, rotation_patterns
from chejian_analytics.kpi.semi import E10, E10_STATES, E10Summary, e10_summary, e10_totals
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
from chejian_analytics.kpi.waterfall import WATERFALL, SixBigLosses, six_big_losses, waterfall
from chejian_analytics.kpi.windows import Windows

__all__ = [
    "ANY_PRODUCT",
    "AVAILABILITY",
    "CATEGORIES",
    "CATEGORY_OF_LOSS",
    "E10",
    "E10_STATES",
    "EFFECTIVENESS",
    "EVERY_DAY",
    "FOREVER_US",
    "INDICATORS",
    "KPIS",
    "LOSSES",
    "MISSING",
    "MONDAY_TO_FRIDAY",
    "NEE",
    "NO_DATA_STATE",
    "NO_REASON",
    "NO_RULES",
    "OEE",
    "QUALITY_RATIO",
    "REASON_LOSSES",
    "TERMS",
    "UNEXPLAINED",
    "WATERFALL",
    "WINDOW_KPIS",
    "Buckets",
    "CalendarVersion",
    "CategoryIntervals",
    "Characteristic",
    "Correction",
    "Counter",
    "CounterSeries",
    "DayException",
    "E10Summary",
    "EnergyTerms",
    "Flag",
    "IdealCycle",
    "InspectionTerms",
    "Intervals",
    "Kpi",
    "LineOee",
    "Loss",
    "MissingKpi",
    "OeeInputs",
    "OeeResult",
    "OeeTerms",
    "Order",
    "OrderResult",
    "ParetoRow",
    "PriSteps",
    "ProductCounts",
    "Reason",
    "ReasonSpan",
    "Rotation",
    "RotationPattern",
    "Scope",
    "SeriesSamples",
    "Shift",
    "ShiftCalendar",
    "ShiftWindows",
    "SixBigLosses",
    "SpanException",
    "SpanKind",
    "StepTerms",
    "Stop",
    "TimeIntervals",
    "TimeRules",
    "Trend",
    "Windows",
    "category_totals",
    "check_calendar",
    "counter",
    "daily_windows",
    "day_windows",
    "e10_summary",
    "e10_totals",
    "fill",
    "find_bottleneck",
    "fold",
    "hour_windows",
    "line_oee",
    "loss_totals",
    "needs_reason",
    "oee",
    "order_result",
    "overlay",
    "pareto",
    "pri_steps",
    "product_counts",
    "rollup",
    "rollup_terms",
    "rotation_patterns",
    "shift_windows",
    "six_big_losses",
    "state_intervals",
    "time_intervals",
    "waterfall",
    "window_oee",
]
