"""What the pipeline lets through, refuses and counts; waveforms; clocks; transforms."""

import math
import struct
from typing import Any

import pytest
from chejian_contract.quantities import Quantity, convert
from chejian_contract.samples import Quality
from chejian_contract.signals import SignalDef, SignalKind
from chejian_contract.sparkplug.payload import get_quality
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_edge.acquisition import Acquisition, rms
from chejian_edge.config import PipelineConfig
from chejian_edge.driver import Reading
from chejian_edge.lag import CEILING_MS, FLOOR_MS, MEMORY_MS, Lag
from chejian_edge.pipeline import Pipeline
from chejian_edge.plan import SignalPlan
from chejian_edge.series import Series
from chejian_edge.source import first_start_ms
from chejian_edge.transform import Refused, compile_transform, state_map_of
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_800_000_000_000
POWER = SignalDef("P", Quantity.ACTIVE_POWER, "kW", SignalKind.MEASUREMENT)
COUNT = SignalDef("C", Quantity.COUNT, "pcs", SignalKind.TOTAL_INCREASING)
STATE = SignalDef("S", Quantity.MACHINE_STATE, "", SignalKind.STATE)
TEXT = SignalDef("T", Quantity.TEXT, "", SignalKind.EVENT)
WAVE = SignalDef("W", Quantity.ACCELERATION, "g", SignalKind.WAVEFORM, sample_rate=1000.0)
ALL = (POWER, COUNT, STATE, TEXT, WAVE)


def transform_of(
    definition: SignalDef, *, unit: str | None = None, scale: float = 1.0, offset: float = 0.0
) -> Any:
    states = state_map_of({"10": "PRODUCING"} if definition is STATE else None, definition)
    return compile_transform(
        definition, unit=definition.unit if unit is None else unit, scale=scale, offset=offset, states=states
    )


def make(config: PipelineConfig | None = None) -> Pipeline:
    series = {
        key: Series(key + 1, SignalPlan("D", d, "src", None, transform_of(d), 0.0, 0))
        for key, d in enumerate(ALL)
    }
    return Pipeline(series, config or PipelineConfig(), clock=lambda: NOW)


def reading(
    key: int, raw: Any, *, time_ms: int | None = NOW - 1000, quality: Quality = Quality.GOOD
) -> Reading:
    return key, time_ms, NOW - 10, raw, quality


def metrics(pipeline: Pipeline) -> list[Any]:
    return [m for closed in pipeline.drain().batches for m in Payload.FromString(closed.data).metrics]


@pytest.mark.parametrize(
    ("key", "raw", "reason"),
    [
        (0, "12.5", "not_a_number"),
        (0, math.nan, "not_finite"),
        (0, -math.inf, "not_finite"),
        (0, None, "no_value"),
        (0, [1.0], "not_a_number"),
        (1, 1.5, "not_whole"),
        (1, 2**63, "out_of_range"),
        (1, math.nan, "not_finite"),
        (2, 11, "unknown_state"),
        (2, 10.5, "not_whole"),
        (2, math.inf, "not_finite"),
        (2, "10", "not_a_number"),
        (3, b"\x00", "not_a_text"),
        (3, "a\0b", "text_unfit"),
        (3, "x" * 65_536, "text_unfit"),
    ],
)
def test_what_does_not_fit_is_bad_without_value_and_counted(key: int, raw: Any, reason: str) -> None:
    pipeline = make()
    pipeline.take([reading(key, raw)])
    (metric,) = metrics(pipeline)
    assert metric.is_null
    assert get_quality(metric) is Quality.BAD
    assert pipeline.counts[f"refused:{reason}"] == 1


@pytest.mark.parametrize("raw", [[], [1.0, math.nan], [1e300], "text", 3.0, None, [None], ["x"]])
def test_a_block_that_does_not_fit_makes_no_sample(raw: Any) -> None:
    pipeline = make()
    pipeline.take([reading(4, raw)])
    assert metrics(pipeline) == []
    assert sum(n for verdict, n in pipeline.counts.items() if verdict.startswith("refused:")) == 1


def test_a_waveform_travels_alone_as_little_endian_singles() -> None:
    pipeline = make()
    pipeline.take([reading(0, 1.0), reading(4, [1.0, -2.5]), reading(0, 2.0, time_ms=NOW)])
    batches = pipeline.drain().batches
    assert sorted(b.samples for b in batches) == [1, 2]
    (wave,) = [b for b in batches if b.samples == 1]
    (metric,) = Payload.FromString(wave.data).metrics
    assert metric.bytes_value == struct.pack("<2f", 1.0, -2.5)


@pytest.mark.parametrize("time_ms", [None, 0, -5, NOW + 300_001])
def test_a_wrong_source_time_falls_back_to_the_servers_and_is_uncertain(time_ms: int | None) -> None:
    pipeline = make()
    pipeline.take([reading(0, 1.0, time_ms=time_ms)])
    (metric,) = metrics(pipeline)
    assert (metric.timestamp, get_quality(metric)) == (NOW - 10, Quality.UNCERTAIN)
    assert metric.double_value == 1.0


def test_a_source_that_is_a_little_ahead_is_believed() -> None:
    pipeline = make()
    pipeline.take([reading(0, 1.0, time_ms=NOW + 300_000)])
    assert [(m.timestamp, get_quality(m)) for m in metrics(pipeline)] == [(NOW + 300_000, Quality.GOOD)]


def test_bad_quality_carries_no_value_and_uncertain_keeps_it() -> None:
    pipeline = make()
    pipeline.take(
        [reading(0, 5.0, quality=Quality.BAD), reading(0, 6.0, time_ms=NOW, quality=Quality.UNCERTAIN)]
    )
    first, second = metrics(pipeline)
    assert (first.is_null, second.double_value) == (True, 6.0)
    assert [get_quality(first), get_quality(second)] == [Quality.BAD, Quality.UNCERTAIN]


def test_batches_hold_at_most_the_configured_samples_of_one_device_in_order() -> None:
    pipeline = make(PipelineConfig(batch_samples=10))
    pipeline.take([reading(0, float(i), time_ms=NOW - 100 + i) for i in range(35)])
    drained = pipeline.drain()
    assert [b.samples for b in drained.batches] == [10, 10, 10, 5]
    times = [m.timestamp for b in drained.batches for m in Payload.FromString(b.data).metrics]
    assert times == list(range(NOW - 100, NOW - 65))
    assert [(s.alias, s.last_ms) for s in drained.states] == [(1, NOW - 66)]
    assert pipeline.drain() == ([], [])


@given(value=st.floats(-1e9, 1e9), scale=st.floats(0.001, 1000), offset=st.floats(-1000, 1000))
def test_scale_offset_and_unit_in_one_step_equal_the_long_way(
    value: float, scale: float, offset: float
) -> None:
    got = transform_of(POWER, unit="W", scale=scale, offset=offset)(value)
    expected = convert(value * scale + offset, Quantity.ACTIVE_POWER, "W", "kW")
    assert math.isclose(got, expected, rel_tol=1e-12, abs_tol=1e-12 * (abs(value * scale) + abs(offset)))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_same_unit_leaves_a_value_bit_for_bit(value: float) -> None:
    assert transform_of(POWER)(value) == value


def test_negative_integers_and_scaled_totals() -> None:
    assert transform_of(COUNT, scale=0.1)(120) == 12
    assert transform_of(COUNT)(-(2**63)) == -(2**63)
    with pytest.raises(Refused, match="out_of_range"):
        transform_of(COUNT, scale=10)(2**62)


def test_first_contact_reads_whole_clock_hours() -> None:
    hour = 3_600_000
    assert first_start_ms(100 * hour + 5, 24 * hour) == 76 * hour
    assert first_start_ms(100 * hour, 24 * hour) == 76 * hour
    assert first_start_ms(100 * hour - 1, 24 * hour) == 75 * hour


def test_lag_learns_from_a_late_source_and_forgets() -> None:
    lag = Lag()
    assert lag.ms(NOW) == FLOOR_MS
    lag.observe(8_000, NOW)
    assert lag.ms(NOW) == 16_000
    lag.observe(60_000, NOW)
    assert lag.ms(NOW + MEMORY_MS) == CEILING_MS
    assert lag.ms(NOW + 3 * MEMORY_MS) == FLOOR_MS


MINUTE = 60_000


def gated(acquisition: Acquisition) -> Pipeline:
    plan = SignalPlan("D", WAVE, "src", None, transform_of(WAVE), 0.0, 0, acquisition)
    return Pipeline({4: Series(5, plan)}, PipelineConfig(), clock=lambda: NOW)


def sent(pipeline: Pipeline, blocks: list[tuple[int, list[float]]], *, historical: bool = False) -> list[int]:
    """Seconds of the blocks that leave, counted from the first full ten minutes before now."""
    start = NOW - NOW % (10 * MINUTE) - 20 * MINUTE
    told = [reading(4, raw, time_ms=start + 1000 * second) for second, raw in blocks]
    pipeline.take(told, historical=historical)
    return [(m.timestamp - start) // 1000 for m in metrics(pipeline)]


QUIET, LOUD = [1.0, 1.1] * 8, [1.0, 5.0] * 8


def test_the_first_waveform_of_each_span_is_sent() -> None:
    pipeline = gated(Acquisition(every_ms=10 * MINUTE))
    assert sent(pipeline, [(s, QUIET) for s in range(30, 1200, 60)]) == [30, 630]
    assert pipeline.counts["not_due"] == 18
    assert sent(gated(Acquisition()), [(s, QUIET) for s in range(30, 1200, 60)]) == [*range(30, 1200, 60)]


def test_a_restarted_edge_sends_the_same_waveforms() -> None:
    rule = Acquisition(every_ms=10 * MINUTE)
    first, again = gated(rule), gated(rule)
    assert sent(first, [(s, QUIET) for s in range(30, 600, 60)]) == [30]
    again._series[4].restore(first._series[4].state())
    assert sent(again, [(s, QUIET) for s in range(330, 1200, 60)]) == [630]


def test_a_waveform_above_its_limit_is_sent_at_once_whatever_the_sensors_offset() -> None:
    pipeline = gated(Acquisition(every_ms=10 * MINUTE, rms_above=1.0))
    assert sent(pipeline, [(10, QUIET), (70, QUIET), (130, LOUD), (190, LOUD), (250, QUIET)]) == [
        10,
        130,
        190,
    ]
    assert rms(struct.pack("<4f", 7.0, 9.0, 7.0, 9.0)) == 1.0
    assert rms(b"") == 0.0


def test_an_engineer_gets_the_next_waveform_once() -> None:
    pipeline = gated(Acquisition(every_ms=10 * MINUTE))
    assert sent(pipeline, [(10, QUIET), (70, QUIET)]) == [10]
    assert (pipeline.acquire("D"), pipeline.acquire("other")) == (1, 0)
    assert sent(pipeline, [(130, QUIET), (190, QUIET)]) == [130]
    pipeline.acquire("D")
    assert sent(pipeline, [(130, QUIET)]) == []  # a repeat is none
    assert pipeline.counts["repeat"] == 1
    assert sent(pipeline, [(250, QUIET)]) == [250]


def test_history_is_no_answer_to_who_asks_now() -> None:
    pipeline = gated(Acquisition(every_ms=10 * MINUTE))
    assert sent(pipeline, [(10, QUIET)]) == [10]
    pipeline.acquire("D")
    assert sent(pipeline, [(70, QUIET), (610, QUIET)], historical=True) == [610]
    assert sent(pipeline, [(670, QUIET), (730, QUIET)]) == [670]
