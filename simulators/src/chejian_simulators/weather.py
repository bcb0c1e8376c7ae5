"""Outdoor temperature of Heilongjiang for the heating load: a monthly mean with a daily swing."""

import math

from chejian_simulators.shifts import to_datetime

HOUR_MS = 3_600_000
MONTH_C = (-18.0, -13.0, -3.0, 7.0, 15.0, 21.0, 23.0, 21.5, 15.0, 6.0, -6.0, -15.5)
"""[degC] Monthly means January to December of the model; a cold continental year, rounded to half degrees."""
SWING_K = 5.0
"""[K] Amplitude of the day, warmest at 14:00 local time."""
WARMEST_UTC_HOUR = 6
INDOOR_C = 18.0
"""[degC] Temperature that the halls are heated to."""
SEASON_FROM, SEASON_TO = (10, 20), (4, 20)
"""Heating season: 20 October to 20 April (month, day), as in Harbin."""


def outdoor_c(time_ms: int) -> float:
    """Temperature in the hour of `time_ms` [degC]; it holds for the clock hour."""
    moment = to_datetime(time_ms // HOUR_MS * HOUR_MS)
    return MONTH_C[moment.month - 1] + SWING_K * math.cos((moment.hour - WARMEST_UTC_HOUR) * math.pi / 12)


def heating_kelvin(time_ms: int) -> float:
    """How far the outdoor temperature lies below the indoor one in the heating season [K], else 0."""
    moment = to_datetime(time_ms // HOUR_MS * HOUR_MS)
    day = moment.month, moment.day
    if SEASON_TO < day < SEASON_FROM:
        return 0.0
    return max(0.0, INDOOR_C - outdoor_c(time_ms))
