"""Mean time to restoration as printed in ISO 22400-2 (FE + 1; to be checked against the printed page): time down because of failures per failure."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import HOUR_US, Kpi, Trend
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="mttr_iso22400",
    name_zh="平均修复时间（标准式）",
    name_en="Mean time to restoration, variant of ISO 22400-2",
    clause="ISO 22400-2:2014, mean time to restoration",
    formula="sum(TTR) / (FE + 1), TTR = fault + corrective maintenance",
    inputs=(Role.MACHINE_STATE,),
    confidence="C",
    needs=("shift calendar",),
    scale=HOUR_US,
    unit="h",
    upper=None,
    trend=Trend.DOWN,
    numerator=lambda r: r.repair_us,
    denominator=lambda r: r.failures + 1,
)
