"""Allocation ratio: busy time of the equipment of the order's execution time; above 1 when steps overlap."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi, Scope
from chejian_analytics.kpi.records import OrderResult

KPI: Kpi[OrderResult] = Kpi(
    id="allocation_ratio",
    name_zh="分配比",
    name_en="Allocation ratio",
    clause="ISO 22400-2:2014, allocation ratio",
    formula="sum(AUBT) / AOET",
    inputs=(Role.MACHINE_STATE, Role.ORDER),
    needs=("orders",),
    upper=None,
    scope=Scope.ORDER,
    numerator=lambda r: r.aubt_us,
    denominator=lambda r: r.aoet_us,
)
