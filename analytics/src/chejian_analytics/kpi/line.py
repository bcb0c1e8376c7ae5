"""OEE of a serial line, told at its bottleneck.

Method (ours; ISO 22400-2 defines OEE of a work unit only, and the mean of the stations' OEE is no OEE): a line can make no
more than its slowest station. So the bottleneck is the station with the longest ideal time per item of the mix that was
made, unless one is named, and

    line OEE = PRI of the bottleneck x good items that left the line / planned busy time of the bottleneck
             = availability x effectiveness of the bottleneck x (good items of the line / items of the bottleneck).

Starved and blocked time of the bottleneck is what the rest of the line cost it; scrap behind the bottleneck is in the last
factor. Everything is whole numbers, divided once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from chejian_analytics.kpi.oee import Flag, OeeResult


@dataclass(frozen=True, slots=True)
class LineOee:
    """Result for a line in a window.

    Attributes:
        bottleneck: index of the station.
        oee: line OEE; None where undefined.
        availability: of the bottleneck.
        effectiveness: of the bottleneck.
        quality_ratio: good items of the line / items of the bottleneck.
        starved_us: time that the bottleneck waited for the stations before it [us].
        blocked_us: time that it waited for those behind it [us].
        completeness: of the bottleneck.
        flags: of the bottleneck, sorted.
    """

    bottleneck: int
    oee: float | None
    availability: float | None
    effectiveness: float | None
    quality_ratio: float | None
    starved_us: int
    blocked_us: int
    completeness: float | None
    flags: tuple[str, ...]


def line_oee(
    stations: Sequence[OeeResult], *, bottleneck: int | None = None, machines: Sequence[int] | None = None
) -> LineOee:
    """OEE of a serial line in one window.

    Args:
        stations: results of the same window in the order of the flow, at least one; the last one's good items are
            the line's. A station of several machines side by side is the sum of their results (`rollup`).
        bottleneck: index of the station that is the bottleneck by design; None: found from the ideal times.
        machines: how many machines each station has; None: one.

    Raises:
        ValueError: without stations, or for an index that is none of them.
    """
    if not stations or (bottleneck is not None and not 0 <= bottleneck < len(stations)):
        raise ValueError(f"line: bottleneck {bottleneck} must be one of {len(stations)} stations")
    at = bottleneck if bottleneck is not None else find_bottleneck(stations, machines)
    narrow, good = stations[at], stations[-1].good
    undefined = {Flag.NO_COUNTS, Flag.NO_IDEAL_CYCLE} & set(narrow.flags)
    quality = oee = None
    if good is not None and narrow.produced:
        quality = good / narrow.produced
        if narrow.busy_us and not undefined:
            oee = float(Fraction(narrow.ideal_us * good, narrow.produced * narrow.busy_us))
    return LineOee(
        at,
        oee,
        narrow.availability,
        narrow.effectiveness,
        quality,
        narrow.starved_us,
        narrow.blocked_us,
        narrow.completeness,
        narrow.flags,
    )


def find_bottleneck(stations: Sequence[OeeResult], machines: Sequence[int] | None = None) -> int:
    """Index of the station with the longest ideal time per item; of equal ones the first, without counts the first.

    Args:
        stations: results of the same window.
        machines: how many machines share the work of each station; None: one.
    """
    shares = machines or [1] * len(stations)
    cycles = [
        Fraction(s.ideal_us, s.produced * n) if s.produced else Fraction(0)
        for s, n in zip(stations, shares, strict=True)
    ]
    return max(range(len(stations)), key=lambda i: (cycles[i], -i))
