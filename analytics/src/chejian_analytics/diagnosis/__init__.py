"""Fault diagnosis. A new method is one file in this folder and one line in `METHODS`."""

from chejian_contract.signals import Role

from chejian_analytics.diagnosis import current, gear, shaft, verdict
from chejian_analytics.diagnosis.baseline import BearingBaseline, freeze
from chejian_analytics.diagnosis.bearing import diagnose_bearing
from chejian_analytics.diagnosis.coherence import second_opinion
from chejian_analytics.diagnosis.current import diagnose_current
from chejian_analytics.diagnosis.envelope import envelope_spectrum
from chejian_analytics.diagnosis.gear import diagnose_gear
from chejian_analytics.diagnosis.kinematics import BearingGeometry, BearingOrders
from chejian_analytics.diagnosis.kurtogram import kurtogram, most_impulsive
from chejian_analytics.diagnosis.life import Course, course_of
from chejian_analytics.diagnosis.lines import Line
from chejian_analytics.diagnosis.machine import MachineDiagnosis
from chejian_analytics.diagnosis.masks import Mask, Neighbours
from chejian_analytics.diagnosis.method import Method
from chejian_analytics.diagnosis.quality import Features
from chejian_analytics.diagnosis.severity import severity
from chejian_analytics.diagnosis.shaft import ShaftBaseline, diagnose_shaft, freeze_shaft, order_amplitudes
from chejian_analytics.diagnosis.speed import ShaftSpeed, estimate_shaft_speed
from chejian_analytics.diagnosis.trend import onset_of, remaining_life
from chejian_analytics.diagnosis.verdict import (
    BearingConfig,
    BearingDiagnosis,
    Evidence,
    Explanation,
    strongest,
)

METHODS: tuple[Method, ...] = (
    Method(
        verdict.METHOD,
        verdict.VERSION,
        (Role.VIBRATION_WAVEFORM, Role.ROTATIONAL_SPEED),
        diagnose_bearing,
        verdict.BASELINES_OF,
    ),
    Method(shaft.METHOD, shaft.VERSION, (Role.VIBRATION_WAVEFORM, Role.ROTATIONAL_SPEED), diagnose_shaft),
    Method(gear.METHOD, gear.VERSION, (Role.VIBRATION_WAVEFORM, Role.ROTATIONAL_SPEED), diagnose_gear),
    Method(current.METHOD, current.VERSION, (Role.ROTATIONAL_SPEED,), diagnose_current),
)
"""The first one that reads vibration is the method for bearings."""

__all__ = [
    "METHODS",
    "BearingBaseline",
    "BearingConfig",
    "BearingDiagnosis",
    "BearingGeometry",
    "BearingOrders",
    "Course",
    "Evidence",
    "Explanation",
    "Features",
    "Line",
    "MachineDiagnosis",
    "Mask",
    "Method",
    "Neighbours",
    "ShaftBaseline",
    "ShaftSpeed",
    "course_of",
    "diagnose_bearing",
    "diagnose_current",
    "diagnose_gear",
    "diagnose_shaft",
    "envelope_spectrum",
    "estimate_shaft_speed",
    "freeze",
    "freeze_shaft",
    "kurtogram",
    "most_impulsive",
    "onset_of",
    "order_amplitudes",
    "remaining_life",
    "second_opinion",
    "severity",
    "strongest",
]
