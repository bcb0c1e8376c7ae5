"""Mean time to failure as printed in ISO 22400-2 (FE + 1; to be checked against the printed page): up time per failure."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import HOUR_US, Kpi
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="mttf_iso22400",
    name_zh="平均失效前时间（标准式）",
    name_en="Mean time to failure, variant of ISO 22400-2",
    clause="ISO 22400-2:2014, mean time to failure",
    formula="sum(TTF) / (FE + 1), TTF = PBT - TTR",
    inputs=(Role.MACHINE_STATE,),
    confidence="C",
    needs=("shift calendar",),
    scale=HOUR_US,
    unit="h",
    upper=None,
    numerator=lambda r: r.busy_us - r.repair_us,
    denominator=lambda r: r.failures + 1,
)
