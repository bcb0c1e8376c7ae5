"""Scrap ratio: scrapped items of all items."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi, Trend
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="scrap_ratio",
    name_zh="废品率",
    name_en="Scrap ratio",
    clause="ISO 22400-2:2014, scrap ratio",
    formula="SQ / PQ",
    inputs=(Role.PRODUCED_COUNT, Role.GOOD_COUNT, Role.SCRAP_COUNT),
    trend=Trend.DOWN,
    numerator=lambda r: r.scrap,
    denominator=lambda r: r.produced,
)
