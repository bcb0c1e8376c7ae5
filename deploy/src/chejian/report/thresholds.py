"""The thresholds of the truth report: numbers with reasons in `thresholds.toml`, nowhere else."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from chejian_contract.config import load_config

_FILE = Path(__file__).with_name("thresholds.toml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """A limit, and why it is where it is."""

    limit: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """All limits of the report.

    Attributes:
        transition_ms: error of a change of state [ms].
        oee: error of OEE and of each of its parts, 1 = 100 %.
        energy_per_unit: relative error of energy per unit, 1 = 100 %.
        meter_steps: steps of a meter at full power that a change of product or order may misplace.
        silence_steps: steps of a meter by which its silence may look longer.
        sensor_silence_s: by how much a signal's silence may look shorter [s].
        process_fault_h: age from which a clogging filter or a drifting sensor must be named [h].
        bearing_grades: recordings of grades Y1 to Y<limit> are judged.
    """

    transition_ms: Threshold
    oee: Threshold
    energy_per_unit: Threshold
    meter_steps: Threshold
    silence_steps: Threshold
    sensor_silence_s: Threshold
    process_fault_h: Threshold
    bearing_grades: Threshold


@cache
def thresholds() -> Thresholds:
    """Read the file that ships with the report."""
    return load_config(Thresholds, _FILE)
