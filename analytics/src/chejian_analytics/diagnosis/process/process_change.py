"""Method on the equipment as a whole: its channels do not fit together any more as they did while it was sound."""

from chejian_analytics.diagnosis.machine import Indicator
from chejian_analytics.diagnosis.process.baseline import ProcessBaseline
from chejian_analytics.diagnosis.process.channels import Blocks
from chejian_analytics.diagnosis.process.relations import misfit_of
from chejian_analytics.diagnosis.process.verdicts import Contribution, ProcessDiagnosis, ProcessFault, Reason
from chejian_analytics.diagnosis.verdict import Confidence

METHOD = "process_t2"
VERSION = "1"


def diagnose_relations(blocks: Blocks, baseline: ProcessBaseline | None) -> ProcessDiagnosis:
    """Whether the channels left their relations.

    Args:
        blocks: of the whole window.
        baseline: of the equipment, None before there is one.

    Returns:
        ``process_change``, at most probable, when the last blocks all depart and no channel explains that alone; cannot tell when
        one does, or the baseline is too short to know relations.
    """
    relations = baseline.relations if baseline else None
    if baseline is None or relations is None:
        return _verdict(
            baseline, None, "cannot_tell", reason="baseline_too_short" if baseline else "no_baseline"
        )
    found = misfit_of(blocks, relations)
    if found is None:
        return _verdict(baseline, None, "cannot_tell", reason="too_few_blocks")
    measured = (Indicator("t2_over_limit", found.score, 0.0),)
    if not found.departs:
        return _verdict(baseline, None, "none", found.score, indicators=measured)
    ranked = tuple(Contribution(name, found.score, share) for name, share in found.shares)
    if found.alone:
        return _verdict(
            baseline, None, "cannot_tell", found.score, measured, ranked, reason="one_channel_alone"
        )
    return _verdict(
        baseline, "process_change", "probable", found.score, measured, ranked, onset_us=found.onset_us
    )


def _verdict(
    baseline: ProcessBaseline | None,
    part: ProcessFault | None,
    confidence: Confidence,
    score: float = 0.0,
    indicators: tuple[Indicator, ...] = (),
    ranked: tuple[Contribution, ...] = (),
    onset_us: int | None = None,
    reason: Reason | None = None,
) -> ProcessDiagnosis:
    version = baseline.version if baseline else ""
    return ProcessDiagnosis(
        METHOD, VERSION, "", part, confidence, score, onset_us, indicators, ranked, (), None, version, reason
    )
