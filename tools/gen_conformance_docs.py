"""Write docs/oee-conformance.md: how OEE is checked, with the list of the conformance cases.

python -m tools.gen_conformance_docs            write the page
python -m tools.gen_conformance_docs --check    compare with what is there
"""

import json
import sys

from tools.generated_page import write_or_check
from tools.tracked import ROOT

PAGE = ROOT / "docs" / "oee-conformance.md"
CASES = ROOT / "tests" / "analytics" / "kpi" / "cases"
_PAGE = """\
# OEE conformance

Written by `python -m tools.gen_conformance_docs` from the cases; do not edit.

The cases are plain JSON, one file each, for any engine to run:
[tests/analytics/kpi/cases](../tests/analytics/kpi/cases), with a
[JSON schema](../tests/analytics/kpi/cases/case.schema.json). Take the folder as it is; nothing in it depends on Chejian. Classes of
time, KPIs and flags are those of [KPIs and the time model](kpis.md).

## How to read a case

- All times carry their offset, all windows and spans are half-open, [start, end).
- `states`, `modes` and `samples` of counters stand in the order of arrival; an engine has to sort them.
- `hold_s`: a state holds until the next sample, but no longer; what is left is `no_data`. A state of `null` has bad quality
  and is `no_data` at once.
- `calendar`: versions by date, shifts by wall clock (an end not after the start is on the next day), breaks and daily planned
  stops, exceptions. A shift belongs to the date on which it starts.
- `holidays`: "CN" stands for the days off and adjusted working days of [Public holidays](kpis.md#public-holidays).
- `modes`: a mode holds until the next one and changes the state first; `orders` tell what a state means. Both tables:
  [Where time goes](kpis.md#where-time-goes).
- An increment of a counter belongs to the time of the sample that shows it, and to the product that ran up to it (at the
  very instant of a change still the earlier one), with the ideal cycle that is valid then. The first sample is a baseline.
- A counter that falls was reset: its new value counts from 0. With a `modulus` it wrapped if that makes less than half of it.
  The first reading at or after a time in `replaced` counts nothing; nor does a rise by n within less than n - 1 times
  `least_cycle_s`.
- The one counter that is missing follows from PQ = GQ + SQ + RQ; rework that is not counted is none.
- `reasons` are laid over known time in which nothing is produced; of overlapping ones the later in the list holds.
- `rules`: thresholds of minor stops and changeovers; absent ones are off. The length of a run is that of the states, beyond
  the window and whatever the calendar says in between.
- An event counts in the window in which it begins. A planned stop neither ends a failure nor begins one; a fault or
  maintenance that outlasts planned maintenance is no failure.

What is expected of each window: `seconds` of each class (all others are 0, and together they are the window exactly),
`counts`, `events` that begin in it, `kpis` to 1e-9 (`null`: undefined), `completeness`, and the `flags`.

## What an engine has to show

1. Every window of every case comes out as written.
2. Cutting a window at any instants and adding the pieces gives the whole, to the bit (durations and counts are whole
   numbers).
3. The order of arrival changes nothing.
4. Losses sum to the calendar: not scheduled + planned + no data + no order + delays + set-up + speed + quality + effective.

`tests/analytics/kpi/test_golden.py` does this for Chejian. `tests/analytics/kpi/second_engine.py` is an example for others: an engine
in plain Python, written from these pages alone, that gets every case and shares no code with Chejian. Cases with a `source` are published worked examples: `published` holds
what the source prints and how near an engine must come to it (0.001, unless the source prints coarser), `kpis` the same
without the source's rounding.

## Cases

| case | 名称 | title | trap |
|---|---|---|---|
{rows}
"""


def page() -> str:
    """Text of the page."""
    rows = []
    for path in sorted(CASES.glob("*.json")):
        if path.name != "case.schema.json":
            case = json.loads(path.read_text(encoding="utf-8"))
            cells = (f"`{case['id']}`", case["title_zh"], case["title_en"], case["trap"])
            rows.append("| " + " | ".join(cells) + " |")
    return _PAGE.format(rows="\n".join(rows))


def main() -> int:
    """Write or compare; the exit status is 1 when the page is out of date."""
    return write_or_check(page(), PAGE, module="tools.gen_conformance_docs", description=__doc__)


if __name__ == "__main__":
    sys.exit(main())
