"""Response bodies of signals and samples."""

from typing import Any

from pydantic import Field

from chejian_cloud.jsontypes import Moment, Number, Out


class LastValue(Out):
    """Newest stored sample of a series."""

    time: Moment
    value: Number = Field(description="null for texts, waveforms and values of bad quality")
    text: str | None
    quality: int = Field(examples=[192], description="0 bad, 64 uncertain, 192 good, 500 stale")


class SignalOut(Out):
    """A signal of an equipment, and the series that holds its samples."""

    series_id: int = Field(examples=[7])
    name: str = Field(examples=["Spindle/Temperature"])
    unit: str = Field(examples=["degC"])
    quantity: str = Field(examples=["temperature"])
    kind: str = Field(
        examples=["measurement"],
        description="measurement, total, total_increasing, state, event or waveform",
    )
    role: str = Field(examples=[""])
    sample_rate: Number = Field(description="[Hz], waveforms only, else 0")
    retired: bool
    last: LastValue | None


class LatestOut(Out):
    """When a machine was last heard of, and what it makes."""

    equipment_id: int = Field(examples=[1])
    seen: Moment | None = Field(
        description="Newest source time of its signals; null: nothing was ever stored."
    )
    product: str | None = Field(examples=["SHAFT-A"], description="Newest value of the role product.")


class SamplesOut(Out):
    """Samples of one series as columns.

    Numbers: `value` holds numbers (null: no value or bad quality). Texts: `value` holds texts. Waveforms: one entry for
    each block, `value` its number of values; the block itself is read through its diagnosis.
    """

    series_id: int = Field(examples=[7])
    name: str = Field(examples=["Spindle/Temperature"])
    unit: str = Field(examples=["degC"])
    kind: str = Field(examples=["measurement"])
    start: Moment
    end: Moment
    total: int = Field(examples=[2880], description="Samples stored in the range.")
    decimated: bool = Field(
        description="true: minimum and maximum of each time bucket instead of all samples"
    )
    time: list[Moment]
    value: list[Any] = Field(examples=[[21.5, 21.6, None]])
    quality: list[int] = Field(examples=[[192, 192, 0]])


class BucketsOut(Out):
    """A series by buckets of time as columns; a bucket of which nothing is known has no row.

    A value holds until the next sample, at most for the hold of the service; `mean`, `minimum` and `maximum` are of what is held.
    """

    series_id: int = Field(examples=[7])
    name: str = Field(examples=["Spindle/Temperature"])
    unit: str = Field(examples=["degC"])
    kind: str = Field(examples=["measurement"])
    width: str = Field(examples=["1h"])
    start: Moment
    end: Moment
    time: list[Moment] = Field(description="Start of each bucket.")
    samples: list[int] = Field(examples=[[120]], description="Samples inside, of any quality.")
    good: list[int] = Field(examples=[[118]], description="Those of good quality.")
    known_us: list[int] = Field(
        examples=[[3_540_000_000]], description="[us] Time for which a value is known."
    )
    mean: list[Number] = Field(
        description="Weighed by time, over the known time; null: nothing is known.", examples=[[21.5]]
    )
    minimum: list[Number] = Field(examples=[[21.1]])
    maximum: list[Number] = Field(examples=[[22.0]])
    increment: list[int | None] = Field(
        examples=[[None]], description="What a counter (total_increasing) rose by; null for others."
    )
