"""Mean operating time between failures as printed in ISO 22400-2 (FE + 1; to be checked against the printed page): set-up and production per failure."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import HOUR_US, Kpi
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="mtbf_iso22400",
    name_zh="平均故障间隔时间（标准式）",
    name_en="Mean operating time between failures, variant of ISO 22400-2",
    clause="ISO 22400-2:2014, mean operating time between failures",
    formula="sum(TBF) / (FE + 1), TBF = APT + AUST",
    inputs=(Role.MACHINE_STATE,),
    confidence="C",
    needs=("shift calendar",),
    scale=HOUR_US,
    unit="h",
    upper=None,
    numerator=lambda r: r.apt_us + r.aust_us,
    denominator=lambda r: r.failures + 1,
)
