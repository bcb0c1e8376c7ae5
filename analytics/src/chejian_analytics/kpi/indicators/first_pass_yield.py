"""First pass yield: parts good at the first pass of the inspected parts."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi, Scope
from chejian_analytics.kpi.records import InspectionTerms

KPI: Kpi[InspectionTerms] = Kpi(
    id="first_pass_yield",
    name_zh="一次合格率",
    name_en="First pass yield",
    clause="ISO 22400-2:2014, first pass yield",
    formula="GP / IP",
    inputs=(Role.PART_ID,),
    needs=("inspection results with inspected and good parts, each by its serial number once",),
    scope=Scope.INSPECTION,
    numerator=lambda r: r.good_first_pass,
    denominator=lambda r: r.inspected,
)
