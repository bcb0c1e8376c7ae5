"""Utilization efficiency: production time of the busy time with orders."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="utilization_efficiency",
    name_zh="利用效率",
    name_en="Utilization efficiency",
    clause="ISO 22400-2:2014, utilization efficiency",
    formula="APT / AUBT",
    inputs=(Role.MACHINE_STATE,),
    needs=("shift calendar",),
    numerator=lambda r: r.apt_us,
    denominator=lambda r: r.apt_us + r.aust_us + r.adet_us,
)
