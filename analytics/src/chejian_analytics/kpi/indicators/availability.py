"""Availability: production time of the planned busy time, not of the shift's length."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="availability",
    name_zh="可用率",
    name_en="Availability",
    clause="ISO 22400-2:2014, availability",
    formula="APT / PBT",
    inputs=(Role.MACHINE_STATE,),
    needs=("shift calendar",),
    stored=True,
    numerator=lambda r: r.apt_us,
    denominator=lambda r: r.busy_us,
)
