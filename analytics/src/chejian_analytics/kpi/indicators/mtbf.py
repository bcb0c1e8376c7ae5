"""Mean operating time between failures: set-up and production per failure."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import HOUR_US, Kpi
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="mtbf",
    name_zh="平均故障间隔时间",
    name_en="Mean operating time between failures",
    clause="common practice; ISO 22400-2:2014 divides by FE + 1",
    formula="sum(TBF) / FE, TBF = APT + AUST",
    inputs=(Role.MACHINE_STATE,),
    confidence="B",
    needs=("shift calendar",),
    scale=HOUR_US,
    unit="h",
    upper=None,
    numerator=lambda r: r.apt_us + r.aust_us,
    denominator=lambda r: r.failures,
)
