"""A province at the level of KPIs: workshops, what their machines did day by day, what they declare, and the planted stories."""

from chejian_simulators.province.make import ASSESSED, MONTHS, Province, Workshop, make_province
from chejian_simulators.province.production import Days, Machine
from chejian_simulators.province.truth import truth_of

__all__ = ["ASSESSED", "MONTHS", "Days", "Machine", "Province", "Workshop", "make_province", "truth_of"]
