"""Faults that process channels tell: filters, sensors, the process itself. A new method is one file and one line in `PROCESS_METHODS`."""

from chejian_analytics.diagnosis.process.baseline import (
    ChannelBaseline,
    ProcessBaseline,
    baseline_from,
    freeze_process,
)
from chejian_analytics.diagnosis.process.channels import Channel, ProcessWindow
from chejian_analytics.diagnosis.process.entry import PROCESS_METHODS, ProcessMethod, diagnose_process
from chejian_analytics.diagnosis.process.verdicts import (
    Contribution,
    Forecast,
    ProcessDiagnosis,
    ProcessFault,
)

__all__ = [
    "PROCESS_METHODS",
    "Channel",
    "ChannelBaseline",
    "Contribution",
    "Forecast",
    "ProcessBaseline",
    "ProcessDiagnosis",
    "ProcessFault",
    "ProcessMethod",
    "ProcessWindow",
    "baseline_from",
    "diagnose_process",
    "freeze_process",
]
