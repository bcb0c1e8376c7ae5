"""The KPIs, one file each; this tuple is what documentation, API and boards read. A file that is not in it fails a test."""

from typing import Any

from chejian_analytics.kpi.definition import Kpi, Scope
from chejian_analytics.kpi.indicators import (
    actual_to_planned_scrap_ratio,
    allocation_efficiency,
    allocation_ratio,
    availability,
    cm,
    cmk,
    comprehensive_energy_consumption,
    corrective_maintenance_ratio,
    cp,
    cpk,
    effectiveness,
    fall_off_ratio,
    first_pass_yield,
    mtbf,
    mtbf_iso22400,
    mttf,
    mttf_iso22400,
    mttr,
    mttr_iso22400,
    nee,
    oee,
    production_process_ratio,
    quality_ratio,
    rework_ratio,
    scrap_ratio,
    setup_ratio,
    technical_efficiency,
    teep,
    throughput_rate,
    utilization_efficiency,
)
from chejian_analytics.kpi.indicators.missing import MISSING
from chejian_analytics.kpi.oee import OeeResult

INDICATORS: tuple[Kpi[Any], ...] = (
    oee.KPI,
    availability.KPI,
    effectiveness.KPI,
    quality_ratio.KPI,
    nee.KPI,
    teep.KPI,
    allocation_efficiency.KPI,
    utilization_efficiency.KPI,
    technical_efficiency.KPI,
    setup_ratio.KPI,
    scrap_ratio.KPI,
    rework_ratio.KPI,
    mtbf.KPI,
    mtbf_iso22400.KPI,
    mttf.KPI,
    mttf_iso22400.KPI,
    mttr.KPI,
    mttr_iso22400.KPI,
    corrective_maintenance_ratio.KPI,
    throughput_rate.KPI,
    allocation_ratio.KPI,
    production_process_ratio.KPI,
    actual_to_planned_scrap_ratio.KPI,
    first_pass_yield.KPI,
    fall_off_ratio.KPI,
    cm.KPI,
    cmk.KPI,
    cp.KPI,
    cpk.KPI,
    comprehensive_energy_consumption.KPI,
)
"""Every KPI that can be computed, of whatever scope."""

WINDOW_KPIS: tuple[Kpi[OeeResult], ...] = tuple(k for k in INDICATORS if k.scope is Scope.WINDOW)
"""KPIs of equipment in a window; all of them follow from the stored terms of one `OeeResult`."""

KPIS: tuple[Kpi[OeeResult], ...] = tuple(k for k in WINDOW_KPIS if k.stored)
"""Those of them that the worker keeps for every window."""

__all__ = ["INDICATORS", "KPIS", "MISSING", "WINDOW_KPIS"]
