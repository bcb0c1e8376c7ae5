"""Rework ratio: items to be reworked of all items."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi, Trend
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="rework_ratio",
    name_zh="返工率",
    name_en="Rework ratio",
    clause="ISO 22400-2:2014, rework ratio",
    formula="RQ / PQ",
    inputs=(Role.PRODUCED_COUNT, Role.REWORK_COUNT),
    trend=Trend.DOWN,
    numerator=lambda r: r.rework,
    denominator=lambda r: r.produced,
)
