"""Comprehensive energy consumption: energy of all carriers per item."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi, Scope, Trend
from chejian_analytics.kpi.records import EnergyTerms

KPI: Kpi[EnergyTerms] = Kpi(
    id="comprehensive_energy_consumption",
    name_zh="综合能耗",
    name_en="Comprehensive energy consumption",
    clause="ISO 22400-2:2014, comprehensive energy consumption",
    formula="E / PQ",
    inputs=(Role.ACTIVE_ENERGY, Role.PRODUCED_COUNT),
    confidence="B",
    needs=("energy of all carriers in one unit",),
    unit="energy/1",
    upper=None,
    scope=Scope.ENERGY,
    trend=Trend.DOWN,
    numerator=lambda r: r.energy,
    denominator=lambda r: r.produced,
)
