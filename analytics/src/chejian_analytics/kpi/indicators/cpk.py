"""Critical process capability: distance of the grand mean to the nearer limit over three long-term deviations."""

from chejian_analytics.kpi.capability import critical, long_term
from chejian_analytics.kpi.definition import Kpi, Scope
from chejian_analytics.kpi.records import Characteristic

KPI: Kpi[Characteristic] = Kpi(
    id="cpk",
    name_zh="临界过程能力指数 Cpk",
    name_en="Critical process capability index",
    clause="ISO 22400-2:2014, critical process capability index",
    formula="min(USL - mean, mean - LSL) / 3 sigma, sigma = s_bar / c4",
    confidence="C",
    needs=("measured values with tolerance limits",),
    lower=None,
    upper=None,
    scope=Scope.CHARACTERISTIC,
    exact=lambda c: critical(c, long_term(c)),
    numerator=lambda _: None,
    denominator=lambda _: None,
)
