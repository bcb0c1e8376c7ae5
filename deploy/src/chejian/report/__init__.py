"""The truth report: what the database says, against what the simulators' own models say."""

from chejian.report.build import Accounts, build_report, has_arrived
from chejian.report.checks import Check, Report
from chejian.report.render import render

__all__ = ["Accounts", "Check", "Report", "build_report", "has_arrived", "render"]
