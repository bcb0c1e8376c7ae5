"""Fault diagnosis. A new method is one file in this folder and one line in `METHODS`."""

from chejian_contract.signals import Role

from chejian_analytics.diagnosis import verdict
from chejian_analytics.diagnosis.baseline import BearingBaseline, freeze
from chejian_analytics.diagnosis.bearing import diagnose_bearing
from chejian_analytics.diagnosis.envelope import envelope_spectrum
from chejian_analytics.diagnosis.kinematics import BearingGeometry, BearingOrders
from chejian_analytics.diagnosis.lines import Line
from chejian_analytics.diagnosis.masks import Mask
from chejian_analytics.diagnosis.method import Method
from chejian_analytics.diagnosis.quality import Features
from chejian_analytics.diagnosis.speed import ShaftSpeed, estimate_shaft_speed
from chejian_analytics.diagnosis.verdict import (
    BearingConfig,
    BearingDiagnosis,
    Evidence,
    Explanation,
    strongest,
)

METHODS: tuple[Method, ...] = (
    Method(
        verdict.METHOD, verdict.VERSION, (Role.VIBRATION_WAVEFORM, Role.ROTATIONAL_SPEED), diagnose_bearing
    ),
)

__all__ = [
    "METHODS",
    "BearingBaseline",
    "BearingConfig",
    "BearingDiagnosis",
    "BearingGeometry",
    "BearingOrders",
    "Evidence",
    "Explanation",
    "Features",
    "Line",
    "Mask",
    "Method",
    "ShaftSpeed",
    "diagnose_bearing",
    "envelope_spectrum",
    "estimate_shaft_speed",
    "freeze",
    "strongest",
]
