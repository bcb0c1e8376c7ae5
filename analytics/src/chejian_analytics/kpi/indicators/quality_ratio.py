"""Quality ratio: good items of all items."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="quality_ratio",
    name_zh="质量合格率",
    name_en="Quality ratio",
    clause="ISO 22400-2:2014, quality ratio",
    formula="GQ / PQ",
    inputs=(Role.PRODUCED_COUNT, Role.GOOD_COUNT, Role.SCRAP_COUNT),
    stored=True,
    numerator=lambda r: r.good if r.quality_ratio is not None else None,
    denominator=lambda r: r.produced,
)
