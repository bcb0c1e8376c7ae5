"""Technical efficiency: production time of production and delay."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="technical_efficiency",
    name_zh="技术效率",
    name_en="Technical efficiency",
    clause="ISO 22400-2:2014, technical efficiency",
    formula="APT / (APT + ADET)",
    inputs=(Role.MACHINE_STATE,),
    needs=("shift calendar",),
    numerator=lambda r: r.apt_us,
    denominator=lambda r: r.apt_us + r.adet_us,
)
