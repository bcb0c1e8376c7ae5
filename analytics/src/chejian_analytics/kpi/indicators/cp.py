"""Process capability: tolerance over six long-term deviations."""

from chejian_analytics.kpi.capability import long_term, potential
from chejian_analytics.kpi.definition import Kpi, Scope
from chejian_analytics.kpi.records import Characteristic

KPI: Kpi[Characteristic] = Kpi(
    id="cp",
    name_zh="过程能力指数 Cp",
    name_en="Process capability index",
    clause="ISO 22400-2:2014, process capability index",
    formula="(USL - LSL) / 6 sigma, sigma = s_bar / c4",
    confidence="C",
    needs=("measured values with tolerance limits",),
    upper=None,
    scope=Scope.CHARACTERISTIC,
    exact=lambda c: potential(c, long_term(c)),
    numerator=lambda _: None,
    denominator=lambda _: None,
)
