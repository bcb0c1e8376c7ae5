"""Actual to planned scrap ratio of an order; wanted below 1."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi, Scope, Trend
from chejian_analytics.kpi.records import OrderResult

KPI: Kpi[OrderResult] = Kpi(
    id="actual_to_planned_scrap_ratio",
    name_zh="实际与计划废品比",
    name_en="Actual to planned scrap ratio",
    clause="ISO 22400-2:2014, actual to planned scrap ratio",
    formula="SQ / PSQ",
    inputs=(Role.SCRAP_COUNT, Role.ORDER),
    needs=("orders with planned scrap",),
    upper=None,
    trend=Trend.DOWN,
    scope=Scope.ORDER,
    numerator=lambda r: r.terms.scrap,
    denominator=lambda r: r.order.planned_scrap,
)
