"""Production process ratio: production time of the order's execution time; above 1 when steps overlap."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi, Scope
from chejian_analytics.kpi.records import OrderResult

KPI: Kpi[OrderResult] = Kpi(
    id="production_process_ratio",
    name_zh="生产过程比",
    name_en="Production process ratio",
    clause="ISO 22400-2:2014, production process ratio",
    formula="sum(APT) / AOET",
    inputs=(Role.MACHINE_STATE, Role.ORDER),
    needs=("orders",),
    upper=None,
    scope=Scope.ORDER,
    numerator=lambda r: r.terms.apt_us,
    denominator=lambda r: r.aoet_us,
)
