"""What lies too far back to compute: beyond raw retention the samples are gone, and what was computed stands."""

from chejian_cloud.calendar.service import WorkCalendar
from chejian_cloud.clock import HOUR_US

LOOK_BACK_US = 24 * HOUR_US
"""[us] that must be left of raw samples before the first window that is computed: the reading from which its first
increment counts lies before it. Edges send a heartbeat of every value each 30 s, so a day covers a machine's stop."""


def floor_us(calendar: WorkCalendar, now_us: int, retention_us: int) -> int:
    """First instant whose windows may still be computed [us since 1970]: a local midnight.

    No window that begins before it is touched again: not its KPIs, its states or its rollups.

    Args:
        calendar: of the equipment.
        now_us: the present.
        retention_us: how long raw samples are kept [us].
    """
    oldest = now_us - retention_us + LOOK_BACK_US
    days = calendar.windows("day", oldest - 1, oldest + 1)
    return next(int(start) for start in (*days.start_us, days.end_us[-1]) if start >= oldest)
