"""Machine capability: tolerance over six short-term deviations."""

from chejian_analytics.kpi.capability import potential, short_term
from chejian_analytics.kpi.definition import Kpi, Scope
from chejian_analytics.kpi.records import Characteristic

KPI: Kpi[Characteristic] = Kpi(
    id="cm",
    name_zh="设备能力指数 Cm",
    name_en="Machine capability index",
    clause="ISO 22400-2:2014, machine capability index",
    formula="(USL - LSL) / 6 s",
    confidence="C",
    needs=("measured values with tolerance limits",),
    upper=None,
    scope=Scope.CHARACTERISTIC,
    exact=lambda c: potential(c, short_term(c)),
    numerator=lambda _: None,
    denominator=lambda _: None,
)
