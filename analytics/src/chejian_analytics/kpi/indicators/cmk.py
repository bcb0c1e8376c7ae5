"""Critical machine capability: distance of the mean to the nearer limit over three short-term deviations."""

from chejian_analytics.kpi.capability import critical, short_term
from chejian_analytics.kpi.definition import Kpi, Scope
from chejian_analytics.kpi.records import Characteristic

KPI: Kpi[Characteristic] = Kpi(
    id="cmk",
    name_zh="临界设备能力指数 Cmk",
    name_en="Critical machine capability index",
    clause="ISO 22400-2:2014, critical machine capability index",
    formula="min(USL - mean, mean - LSL) / 3 s",
    confidence="C",
    needs=("measured values with tolerance limits",),
    lower=None,
    upper=None,
    scope=Scope.CHARACTERISTIC,
    exact=lambda c: critical(c, short_term(c)),
    numerator=lambda _: None,
    denominator=lambda _: None,
)
