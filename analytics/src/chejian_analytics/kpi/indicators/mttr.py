"""Mean time to restoration: time down because of failures per failure."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import HOUR_US, Kpi, Trend
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="mttr",
    name_zh="平均修复时间",
    name_en="Mean time to restoration",
    clause="common practice; ISO 22400-2:2014 divides by FE + 1",
    formula="sum(TTR) / FE, TTR = fault + corrective maintenance",
    inputs=(Role.MACHINE_STATE,),
    confidence="B",
    needs=("shift calendar",),
    scale=HOUR_US,
    unit="h",
    upper=None,
    trend=Trend.DOWN,
    numerator=lambda r: r.repair_us,
    denominator=lambda r: r.failures,
)
