"""The demo's plan: that of 2017 with its years moved, so that today lies in the last but one year, and its name says so."""

from datetime import date
from importlib.resources import files

from chejian.stack import StackError

_FILE = "heilongjiang-2020.toml"
_LENGTH = 5
"""Years from the base year to the due year."""


def shifted_plan(today: date) -> str:
    """Text of a plan file.

    Raises:
        StackError: the plan that ships has not the lines that are to be changed.
    """
    text = files("chejian_analytics.assessment.programme").joinpath("plans", _FILE).read_text("utf-8")
    due = today.year + 1
    base = due - _LENGTH
    moved = f"{base}–{due}"
    changes = {
        'id = "heilongjiang-2020"': f'id = "demo-{due}"',
        "base_year = 2015": f"base_year = {base}",
        "due_year = 2020": f"due_year = {due}",
        'name_zh = "黑龙江省制造业转型升级“十三五”规划"': f'name_zh = "演示：黑龙江省制造业转型升级“十三五”规划，年份移到{moved}"',
        'name_en = "Transformation and upgrading of manufacturing in Heilongjiang, 2016 to 2020"': (
            f'name_en = "Demo: transformation and upgrading of manufacturing in Heilongjiang, years moved to {moved}"'
        ),
    }
    for line, own in changes.items():
        if text.count(f"\n{line}\n") != 1:
            raise StackError(f"{_FILE} must hold the line `{line}` once")
        text = text.replace(f"\n{line}\n", f"\n{own}\n")
    return text
