"""The truth report: what the database says, against what the simulator's own model says."""

from chejian.report.build import build_report
from chejian.report.checks import Check, Report
from chejian.report.render import render

__all__ = ["Check", "Report", "build_report", "render"]
