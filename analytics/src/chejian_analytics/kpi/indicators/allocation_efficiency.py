"""Allocation efficiency: busy time with orders of the planned busy time."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="allocation_efficiency",
    name_zh="设备负荷分配效率",
    name_en="Allocation efficiency",
    clause="ISO 22400-2:2014, allocation efficiency",
    formula="AUBT / PBT, AUBT = APT + AUST + ADET",
    inputs=(Role.MACHINE_STATE,),
    needs=("shift calendar", "orders; without them idle and off count as no order"),
    numerator=lambda r: r.apt_us + r.aust_us + r.adet_us,
    denominator=lambda r: r.busy_us,
)
