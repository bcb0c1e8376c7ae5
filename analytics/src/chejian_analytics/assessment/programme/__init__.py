"""A provincial programme as pure functions: targets with baseline and method, progress, outlook, scenarios.

Start with `load_plan`, `evaluate` and `intensity`; the plan that comes with the package is Heilongjiang's of 2017.
"""

from chejian_analytics.assessment.programme.consistency import Checked, check_figures
from chejian_analytics.assessment.programme.evaluation import (
    Evaluation,
    Observation,
    Reason,
    Rules,
    Status,
    Why,
    evaluate,
)
from chejian_analytics.assessment.programme.intensity import (
    Basis,
    EnergyYear,
    IntensityPath,
    annual_rate,
    compound,
    energy_cap,
    intensity,
    intensity_change,
)
from chejian_analytics.assessment.programme.places import City, Field, Places, load_places
from chejian_analytics.assessment.programme.plan import (
    Check,
    Figure,
    Kind,
    Plan,
    Target,
    load_plan,
    read_plan,
)
from chejian_analytics.assessment.programme.scenario import (
    CountScenario,
    IntensityScenario,
    Sector,
    SectorScenario,
    count_scenario,
    intensity_scenario,
    sector_scenario,
)

__all__ = [
    "Basis",
    "Check",
    "Checked",
    "City",
    "CountScenario",
    "EnergyYear",
    "Evaluation",
    "Field",
    "Figure",
    "IntensityPath",
    "IntensityScenario",
    "Kind",
    "Observation",
    "Places",
    "Plan",
    "Reason",
    "Rules",
    "Sector",
    "SectorScenario",
    "Status",
    "Target",
    "Why",
    "annual_rate",
    "check_figures",
    "compound",
    "count_scenario",
    "energy_cap",
    "evaluate",
    "intensity",
    "intensity_change",
    "intensity_scenario",
    "load_places",
    "load_plan",
    "read_plan",
    "sector_scenario",
]
