"""What pages have to show of a simulated province, computed from its days alone and written down before anything is stored."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from chejian_simulators.province.make import ENERGY_FALLS, IMPROVES, OUTAGE, OVER_DECLARES, Province, Workshop

MONTHS = 3
"""Of the baseline and of the recent window."""


def truth_of(province: Province) -> dict[str, Any]:
    """The stories with their numbers, and counts of the whole, as JSON knows them."""
    over, outage = province.of_story(OVER_DECLARES), province.of_story(OUTAGE)
    improves, falls = province.of_story(IMPROVES), province.of_story(ENERGY_FALLS)
    return {
        "seed": province.seed,
        "first": province.first.isoformat(),
        "days": province.days,
        "workshops": len(province.workshops),
        "by_city": _by_city(province.workshops),
        "codes": [each.code for each in province.workshops],
        "lines": sum(each.lines for each in province.workshops),
        "recognised": sum(each.status == "recognised" for each in province.workshops),
        "lines_recognised": sum(each.lines for each in province.workshops if each.status == "recognised"),
        "stories": {
            OVER_DECLARES: {
                "workshop": over.code,
                "declared": over.declared["connected_equipment"],
                "measured": sum(m.sends for m in over.machines) / len(over.machines),
            },
            IMPROVES: {"workshop": improves.code, "oee": _moved(province, improves, _oee)},
            OUTAGE: {"workshop": outage.code, "silent_days": outage.silent_days},
            ENERGY_FALLS: {"workshop": falls.code, "wh_per_item": _moved(province, falls, _energy)},
        },
    }


def _by_city(workshops: Sequence[Workshop]) -> Mapping[str, int]:
    found: dict[str, int] = {}
    for each in workshops:
        found[each.city.code] = found.get(each.city.code, 0) + 1
    return found


def _oee(workshop: Workshop, day: int) -> tuple[int, int]:
    """Effective time and busy time of a day [us]."""
    sending = [m.days for m in workshop.machines if m.sends]
    return sum(int(d.good[day]) * workshop.sector.cycle_us for d in sending), sum(
        int(d.busy_us[day]) for d in sending
    )


def _energy(workshop: Workshop, day: int) -> tuple[int, int]:
    """Electricity [Wh] and good items of a day."""
    sending = [m.days for m in workshop.machines if m.sends]
    return sum(int(d.energy_wh[day]) for d in sending), sum(int(d.good[day]) for d in sending)


def _moved(province: Province, workshop: Workshop, of_day: Any) -> dict[str, Any]:
    """Quotients of each calendar month, and of the sums of the first and of the last ones."""
    months: dict[tuple[int, int], tuple[int, int]] = {}
    for day in range(province.days):
        when: date = province.first + timedelta(days=day)
        above, below = of_day(workshop, day)
        key = (when.year, when.month)
        old = months.get(key, (0, 0))
        months[key] = (old[0] + above, old[1] + below)
    sums = [months[key] for key in sorted(months)]
    size = min(MONTHS, len(sums) // 2)
    return {
        "baseline": _quotient(sums[:size]),
        "recent": _quotient(sums[-size:]),
        "months": [_quotient([each]) for each in sums],
    }


def _quotient(sums: Sequence[tuple[int, int]]) -> float:
    return sum(above for above, _ in sums) / sum(below for _, below in sums)
