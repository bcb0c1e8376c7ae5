"""A simulated province in the demo's database: registry, days of KPIs, assessments, programme; see `fill` and `check`."""

from chejian.demo.province.check import check_province
from chejian.demo.province.fill import FULL, Size, fill
from chejian.demo.province.plan import shifted_plan
from chejian.demo.province.run import Province

__all__ = ["FULL", "Province", "Size", "check_province", "fill", "shifted_plan"]
