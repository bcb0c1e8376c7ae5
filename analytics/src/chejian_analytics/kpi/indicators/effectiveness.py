"""Effectiveness (performance): what the items should have taken, of the production time; may exceed 1."""

from chejian_contract.signals import Role

from chejian_analytics.kpi.definition import Kpi
from chejian_analytics.kpi.oee import OeeResult

KPI: Kpi[OeeResult] = Kpi(
    id="effectiveness",
    name_zh="有效性",
    name_en="Effectiveness",
    clause="ISO 22400-2:2014, effectiveness",
    formula="sum(PRI * PQ) / APT",
    inputs=(Role.MACHINE_STATE, Role.PRODUCED_COUNT, Role.PRODUCT),
    needs=("ideal cycle", "shift calendar"),
    upper=None,
    stored=True,
    numerator=lambda r: r.ideal_us if r.effectiveness is not None else None,
    denominator=lambda r: r.apt_us,
)
