"""Energy from meter readings: consumption by window, state, product and order, in the meter's unit and in kgce.

Amounts are int64 of the meter's own unit (Wh, g, L); conversion to kWh and kgce happens once, at the end, exactly.
"""

from chejian_analytics.energy.allocate import Shares, share_out
from chejian_analytics.energy.cost import BandCost, EnergyPiece, cost_by_band, exact, has_one_band
from chejian_analytics.energy.factors import Carrier, Factor, FactorTable, Value, load_factors
from chejian_analytics.energy.meter import (
    Consumption,
    Meter,
    MeterFlag,
    Replacement,
    consumption,
    meter,
    without_repeats,
)
from chejian_analytics.energy.per_unit import EnergyTotals, Intensity, intensity
from chejian_analytics.energy.tariff import Band, Period, Season, Tariff, TariffError, TariffTable
from chejian_analytics.energy.tree import TreeNode, remainders
from chejian_analytics.energy.use import Labels, MachineWork, Share, Use, add_uses, window_use

__all__ = [
    "Band",
    "BandCost",
    "Carrier",
    "Consumption",
    "EnergyPiece",
    "EnergyTotals",
    "Factor",
    "FactorTable",
    "Intensity",
    "Labels",
    "MachineWork",
    "Meter",
    "MeterFlag",
    "Period",
    "Replacement",
    "Season",
    "Share",
    "Shares",
    "Tariff",
    "TariffError",
    "TariffTable",
    "TreeNode",
    "Use",
    "Value",
    "add_uses",
    "consumption",
    "cost_by_band",
    "exact",
    "has_one_band",
    "intensity",
    "load_factors",
    "meter",
    "remainders",
    "share_out",
    "window_use",
    "without_repeats",
]
