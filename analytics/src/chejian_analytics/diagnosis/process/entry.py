"""One call for all process channels of an equipment, as the worker makes it."""

from collections.abc import Callable
from dataclasses import dataclass

from chejian_analytics.diagnosis.process import filter_clogging, process_change, sensor_drift, sensor_health
from chejian_analytics.diagnosis.process.baseline import ProcessBaseline
from chejian_analytics.diagnosis.process.channels import (
    Blocks,
    Channel,
    ChannelRole,
    ProcessWindow,
    blocks_of,
)
from chejian_analytics.diagnosis.process.verdicts import ProcessDiagnosis


@dataclass(frozen=True, slots=True)
class ProcessMethod:
    """A method on process channels.

    Args:
        id: stable name, stored with every result.
        version: raised whenever a result for the same window may differ.
        roles: of the channels that it judges.
        function: a pure function of channel, window, its blocks and the baseline.
    """

    id: str
    version: str
    roles: tuple[ChannelRole, ...]
    function: Callable[[Channel, ProcessWindow, Blocks, ProcessBaseline | None], ProcessDiagnosis]


PROCESS_METHODS: tuple[ProcessMethod, ...] = (
    ProcessMethod(
        sensor_health.METHOD,
        sensor_health.VERSION,
        ("measurement", "flow", "filter_pressure_drop"),
        sensor_health.diagnose_health,
    ),
    ProcessMethod(
        filter_clogging.METHOD,
        filter_clogging.VERSION,
        ("filter_pressure_drop",),
        filter_clogging.diagnose_filter,
    ),
    ProcessMethod(
        sensor_drift.METHOD, sensor_drift.VERSION, ("measurement", "flow"), sensor_drift.diagnose_drift
    ),
)
"""In the order of their verdicts."""


def diagnose_process(
    window: ProcessWindow, baseline: ProcessBaseline | None = None
) -> tuple[ProcessDiagnosis, ...]:
    """Every verdict on the process channels of one equipment over one window.

    Args:
        window: the channels; a day or more, so that slow faults show.
        baseline: frozen from windows in which the equipment was sound, before this window's end; None before there is one.

    Returns:
        One verdict per channel and method that reads its role, in the order of channels and `PROCESS_METHODS`, and a last
        one on their relations (`process_change`, channel ""); most of them ``none``. The same window and baseline give the same verdicts.
    """
    blocks = blocks_of(window)
    found = [
        method.function(channel, window, blocks, baseline)
        for channel in window.channels
        for method in PROCESS_METHODS
        if channel.role in method.roles
    ]
    return (*found, process_change.diagnose_relations(blocks, baseline))
