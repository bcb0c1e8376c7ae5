"""What the methods on process channels answer. `dataclasses.asdict` makes it JSON."""

from dataclasses import dataclass
from typing import Literal

from chejian_analytics.diagnosis.machine import Indicator
from chejian_analytics.diagnosis.verdict import Confidence, Evidence

ProcessFault = Literal[
    "filter_clogging",
    "drifting_sensor",
    "stuck_sensor",
    "noisy_sensor",
    "silent_sensor",
    "sensor_out_of_range",
    "sensor_spikes",
    "process_change",
]
"""``process_change``: the process left what the baseline knows, and no single sensor or filter explains it."""

Reason = Literal[
    "no_baseline",
    "baseline_too_short",
    "one_channel_alone",
    "too_few_blocks",
    "channel_unknown_to_baseline",
    "too_early",
    "rarely_told",
]
"""Why nothing can be told. ``too_early``: a shift whose course does not show yet; ``rarely_told``: the channel's deadband hides
what happens within it; ``baseline_too_short``: relations between channels take more blocks; ``one_channel_alone``: the methods on
that channel decide."""


@dataclass(frozen=True, slots=True)
class Contribution:
    """Share of one channel in what was found.

    Args:
        channel: its name.
        value: departure from the baseline: of a channel in baseline deviations, signed; of relations as T2 over its limit.
        share: of the whole, 0 to 1.
    """

    channel: str
    value: float
    share: float


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the limit is reached if it goes on as it did; see `trend.remaining_life`.

    Args:
        limit: value that counts as failure, in the channel's unit.
        best_us: most likely time [us since 1970 UTC].
        low_us: lower end of the 90 % interval.
        high_us: its upper end.
    """

    limit: float
    best_us: int
    low_us: int
    high_us: int


@dataclass(frozen=True, slots=True)
class ProcessDiagnosis:
    """Verdict of one method on one channel, or on all channels of an equipment, over one window.

    Args:
        method: method id.
        version: method version.
        channel: signal name; "" when the verdict is on the equipment as a whole.
        part: the fault, None unless confidence is confirmed or probable.
        confidence: class of the verdict; ``impulsive_unassigned`` does not occur here.
        score: size of what was found, in units of its threshold: 1 and more is a claim.
        onset_us: when it began [us since 1970 UTC], None when nothing was found or the start is before the window.
        indicators: what was measured.
        contributions: channels by share, largest first.
        counter_evidence: what speaks against the verdict, or limits it.
        forecast: when the limit is reached, None where that cannot be told honestly.
        baseline: version of the healthy baseline, "" = none.
        reason: why nothing can be told, None unless confidence is cannot_tell.
    """

    method: str
    version: str
    channel: str
    part: ProcessFault | None
    confidence: Confidence
    score: float
    onset_us: int | None
    indicators: tuple[Indicator, ...]
    contributions: tuple[Contribution, ...]
    counter_evidence: tuple[Evidence, ...]
    forecast: Forecast | None
    baseline: str
    reason: Reason | None
