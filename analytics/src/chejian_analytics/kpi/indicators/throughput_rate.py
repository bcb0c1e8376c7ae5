"""Throughput rate: items of an order per hour of its execution."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import HOUR_US, Kpi, Scope
from chejian_analytics.kpi.records import OrderResult


def _items_hours(result: OrderResult) -> int | None:
    """PQ times the microseconds of an hour, so that the quotient is per hour."""
    return None if result.terms.produced is None else result.terms.produced * HOUR_US


KPI: Kpi[OrderResult] = Kpi(
    id="throughput_rate",
    name_zh="产出率",
    name_en="Throughput rate",
    clause="ISO 22400-2:2014, throughput rate",
    formula="PQ / AOET",
    inputs=(Role.PRODUCED_COUNT, Role.ORDER),
    needs=("orders",),
    unit="1/h",
    upper=None,
    scope=Scope.ORDER,
    numerator=_items_hours,
    denominator=lambda r: r.aoet_us,
)
