"""Drifting sensor: one channel leaves its baseline and goes on moving while the channels beside it stay.

A single channel cannot tell a drifting sensor from a process that drifts where only this channel sees it. So a drift is
*confirmed* only against a twin that measures the same thing and stays; otherwise it is probable, and says so. When
other channels leave their baselines too, it is the process that changed, and no sensor is accused.
"""

from chejian_analytics.diagnosis.machine import Indicator
from chejian_analytics.diagnosis.process.baseline import ProcessBaseline
from chejian_analytics.diagnosis.process.channels import Blocks, Channel, ProcessWindow
from chejian_analytics.diagnosis.process.departures import Departure, departure_of
from chejian_analytics.diagnosis.process.verdicts import Contribution, ProcessDiagnosis, ProcessFault, Reason
from chejian_analytics.diagnosis.verdict import Confidence, Evidence

METHOD = "sensor_drift"
VERSION = "1"

STANDING_SHIFT = 5.0
"""[baseline deviations] Of one channel alone that stands still: a start-up that takes longer than usual reaches 4."""


def diagnose_drift(
    channel: Channel, window: ProcessWindow, blocks: Blocks, baseline: ProcessBaseline | None
) -> ProcessDiagnosis:
    """Whether the sensor of a channel drifts.

    Args:
        channel: the channel.
        window: that it belongs to.
        blocks: of the whole window.
        baseline: of the equipment, None before there is one.

    Returns:
        ``drifting_sensor`` for a lasting, continuing shift of this channel alone; ``process_change`` for a shift of this
        channel that does not go on, or goes together with others.
    """
    known = baseline.of(channel.name) if baseline else None
    if baseline is None or known is None:
        return _open(
            channel.name, "no_baseline" if baseline is None else "channel_unknown_to_baseline", baseline
        )
    if not known.often_told:
        return _open(channel.name, "rarely_told", baseline)
    found = departure_of(channel.name, blocks, known)
    if found is None:
        return _open(channel.name, "too_few_blocks", baseline)
    others = {
        other.name: departure
        for other in window.channels
        if other.name != channel.name
        and (b := baseline.of(other.name)) is not None
        and b.often_told
        and (departure := departure_of(other.name, blocks, b)) is not None
    }
    moved = [name for name, other in others.items() if other.claimed]
    part, confidence = _decide(channel, found, others, moved)
    if part is None and found.claimed:
        return _open(channel.name, "too_early", baseline, found.score)
    return ProcessDiagnosis(
        METHOD,
        VERSION,
        channel.name,
        part,
        confidence,
        found.score,
        found.onset_us if part else None,
        (
            Indicator("shift", found.shift, 0.0),
            Indicator("per_hour", found.per_hour, 0.0),
            Indicator("baseline_level", known.level, 0.0),
            Indicator("baseline_deviation", known.deviation, 0.0),
        ),
        contributions({channel.name: found, **others}) if part else (),
        _against(channel, found, others, moved) if part else (),
        None,
        baseline.version,
        None,
    )


def _decide(
    channel: Channel, found: Departure, others: dict[str, Departure], moved: list[str]
) -> tuple[ProcessFault | None, Confidence]:
    if not found.claimed:
        return None, "none"
    if moved:  # the twin too: then both tell the truth
        return "process_change", "probable"
    if not found.moving:
        standing = found.standing and abs(found.shift) >= STANDING_SHIFT
        return ("process_change" if standing else None), "probable"
    return "drifting_sensor", "confirmed" if channel.twin in others else "probable"


def _against(
    channel: Channel, found: Departure, others: dict[str, Departure], moved: list[str]
) -> tuple[Evidence, ...]:
    cases = (
        ("no_twin_channel", 0.0, channel.twin not in others),
        ("other_channels_moved", float(len(moved)), bool(moved)),
        ("no_other_channel", 0.0, not others),
        ("level_stands_still", found.per_hour, not found.moving),
    )
    return tuple(Evidence(code, value) for code, value, holds in cases if holds)


def contributions(departures: dict[str, Departure]) -> tuple[Contribution, ...]:
    """Squared shifts as shares of their sum, largest first."""
    total = sum(d.shift**2 for d in departures.values()) or 1.0
    ranked = sorted(departures.items(), key=lambda item: -abs(item[1].shift))
    return tuple(Contribution(name, d.shift, d.shift**2 / total) for name, d in ranked)


def _open(
    name: str, reason: Reason, baseline: ProcessBaseline | None, score: float = 0.0
) -> ProcessDiagnosis:
    version = baseline.version if baseline else ""
    return ProcessDiagnosis(
        METHOD, VERSION, name, None, "cannot_tell", score, None, (), (), (), None, version, reason
    )
