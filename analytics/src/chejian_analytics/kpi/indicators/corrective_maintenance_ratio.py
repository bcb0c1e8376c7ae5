"""Corrective maintenance ratio: corrective of all maintenance time."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi, Trend
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="corrective_maintenance_ratio",
    name_zh="事后维修比",
    name_en="Corrective maintenance ratio",
    clause="ISO 22400-2:2014, corrective maintenance ratio",
    formula="CMT / (CMT + PMT)",
    inputs=(Role.MACHINE_STATE,),
    needs=("planned maintenance in the calendar or as reasons",),
    trend=Trend.DOWN,
    numerator=lambda r: r.maintenance_us,
    denominator=lambda r: r.maintenance_us + r.planned_maintenance_us,
)
