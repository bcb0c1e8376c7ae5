"""Setup ratio: set-up of the processing time."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi, Trend
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="setup_ratio",
    name_zh="调整时间比",
    name_en="Setup ratio",
    clause="ISO 22400-2:2014, setup ratio",
    formula="AUST / AUPT, AUPT = APT + AUST",
    inputs=(Role.MACHINE_STATE,),
    needs=("shift calendar",),
    trend=Trend.DOWN,
    numerator=lambda r: r.aust_us,
    denominator=lambda r: r.apt_us + r.aust_us,
)
