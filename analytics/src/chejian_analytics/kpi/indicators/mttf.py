"""Mean time to failure: up time per failure."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import HOUR_US, Kpi
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="mttf",
    name_zh="平均失效前时间",
    name_en="Mean time to failure",
    clause="common practice; ISO 22400-2:2014 divides by FE + 1",
    formula="sum(TTF) / FE, TTF = PBT - TTR",
    inputs=(Role.MACHINE_STATE,),
    confidence="B",
    needs=("shift calendar",),
    scale=HOUR_US,
    unit="h",
    upper=None,
    numerator=lambda r: r.busy_us - r.repair_us,
    denominator=lambda r: r.failures,
)
