"""Fall-off ratio: scrap of a step of the items of the line's first step."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi, Scope, Trend
from chejian_analytics.kpi.records import StepTerms

KPI: Kpi[StepTerms] = Kpi(
    id="fall_off_ratio",
    name_zh="跌落率",
    name_en="Fall-off ratio",
    clause="ISO 22400-2:2014, fall-off ratio",
    formula="SQ of a step / PQ of the first step",
    inputs=(Role.PRODUCED_COUNT, Role.SCRAP_COUNT),
    needs=("order of the steps of a line",),
    scope=Scope.LINE,
    trend=Trend.DOWN,
    numerator=lambda r: r.scrap,
    denominator=lambda r: r.first_step_produced,
)
