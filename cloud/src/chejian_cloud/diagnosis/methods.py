"""The methods that read a vibration window, as the worker and a recomputation call them.

All that a method is given besides the window stands in `Given`, and is stored with the verdict: so the same verdict can be
computed again from what is stored.
"""

import dataclasses
import hashlib
import json
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from chejian_analytics.diagnosis import (
    METHODS,
    BearingBaseline,
    BearingDiagnosis,
    BearingOrders,
    MachineDiagnosis,
    Method,
    Neighbours,
    ShaftBaseline,
    diagnose_bearing,
    diagnose_shaft,
    freeze,
    freeze_shaft,
)
from numpy.typing import NDArray

from chejian_cloud.db.app import Bearing

log = logging.getLogger(__name__)

CANNOT_TELL = "cannot_tell"
ORDERS = ("bpfo", "bpfi", "ftf", "bsf2", "mains_hz")
"""Columns of a bearing that methods read."""
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Frozen:
    """A baseline as it is stored.

    Attributes:
        baseline_id: of its row; None before it has one.
        version: names windows and numbers.
        content: fields of the method's own baseline but the version.
    """

    baseline_id: int | None
    version: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Given:
    """What a method is given besides the window.

    Attributes:
        sample_rate: [Hz].
        rpm: nominal shaft speed [1/min]; None when none was stored.
        bearing: of the bearing that the signal hears, see `given_of`.
        baseline: that judges the window; None: cold start.
    """

    sample_rate: float
    rpm: float | None
    bearing: Mapping[str, Any]
    baseline: Frozen | None = None


@dataclass(frozen=True, slots=True)
class WindowMethod:
    """A method of `METHODS` that reads a window of one signal.

    Attributes:
        method: its record.
        run: the method on a signal, a speed [1/min] and what else is given.
        freeze: fields of the baseline (but its version) of results of healthy windows.
    """

    method: Method
    run: Callable[[Array, float, Given], Any]
    freeze: Callable[[Sequence[Any]], Mapping[str, Any]]


def _bearing(signal: Array, rpm: float, given: Given) -> BearingDiagnosis:
    orders = given.bearing
    return diagnose_bearing(
        signal,
        sample_rate=given.sample_rate,
        nominal_rpm=rpm,
        bearing=BearingOrders(orders["bpfo"], orders["bpfi"], orders["ftf"], orders["bsf2"]),
        mains_hz=orders["mains_hz"],
        neighbours=Neighbours(**_tuples_of(orders.get("neighbours") or {})),
        second_opinion=True,
        baseline=None if given.baseline is None else BearingBaseline(**_fields(given.baseline)),
    )


def _freeze_bearing(results: Sequence[BearingDiagnosis]) -> Mapping[str, Any]:
    return _content(freeze(results, "new"))


def _shaft(signal: Array, rpm: float, given: Given) -> MachineDiagnosis:
    baseline = None if given.baseline is None else ShaftBaseline(**_fields(given.baseline))
    return diagnose_shaft(signal, sample_rate=given.sample_rate, nominal_rpm=rpm, baseline=baseline)


def _freeze_shaft(results: Sequence[MachineDiagnosis]) -> Mapping[str, Any]:
    amplitudes = [np.array([i.value for i in result.indicators]) for result in results if result.indicators]
    return _content(freeze_shaft(amplitudes, "new")) if amplitudes else {}


_BY_FUNCTION = {method.function: method for method in METHODS}
BEARING = WindowMethod(_BY_FUNCTION[diagnose_bearing], _bearing, _freeze_bearing)
SHAFT = WindowMethod(_BY_FUNCTION[diagnose_shaft], _shaft, _freeze_shaft)
WINDOW_METHODS = (BEARING, SHAFT)
"""In the order in which a window is read."""


def by_id(method: str) -> WindowMethod | None:
    """The window method of an id."""
    return next((m for m in WINDOW_METHODS if m.method.id == method), None)


def orders_of(bearing: Bearing) -> dict[str, float]:
    """Orders of a registered bearing, and its mains."""
    return {name: getattr(bearing, name) for name in ORDERS}


def given_of(bearing: Bearing) -> dict[str, Any]:
    """The same with what else turns near it: the orders that are masked."""
    return {**orders_of(bearing), "neighbours": bearing.neighbours}


def signal_of(data: bytes) -> Array:
    """Values of a stored block (little-endian singles).

    Raises:
        ValueError: the block is no whole number of values.
    """
    return np.frombuffer(data, "<f4").astype(np.float64)


def judge(reader: WindowMethod, data: bytes, given: Given) -> dict[str, Any]:
    """Run a method on one stored block; whatever is wrong with the block becomes `cannot_tell` with a reason.

    Returns:
        Columns part, confidence, reason, score and evidence of `Diagnosis`.
    """
    if given.rpm is None:
        return _cannot_tell("no_speed", "no rotational speed was stored at or before the waveform")
    try:
        found = reader.run(signal_of(data), given.rpm, given)
    except Exception as error:  # noqa: BLE001 - a method's failure on one block must not stop the others; it is stored
        log.warning("method %s failed on a waveform: %s", reader.method.id, error)
        return _cannot_tell("method_failed", f"{type(error).__name__}: {error}")
    return {
        "part": found.part,
        "confidence": found.confidence,
        "reason": found.reason,
        "score": finite(float(found.score)),
        "evidence": finite(dataclasses.asdict(found)),
    }


def version_of(content: Mapping[str, Any], times_us: Sequence[int], *, automatic: bool) -> str:
    """Name of a baseline: equal numbers of equal windows have equal names in every database."""
    text = json.dumps([content, list(times_us)], sort_keys=True, separators=(",", ":"))
    return f"{'auto' if automatic else 'set'}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"


def finite(value: Any) -> Any:
    """The same structure for JSON: lists for tuples, null for numbers that are none."""
    if isinstance(value, dict):
        return {key: finite(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [finite(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _cannot_tell(reason: str, detail: str) -> dict[str, Any]:
    return {
        "part": None,
        "confidence": CANNOT_TELL,
        "reason": reason,
        "score": None,
        "evidence": {"detail": detail},
    }


def _content(baseline: BearingBaseline | ShaftBaseline) -> dict[str, Any]:
    content: dict[str, Any] = finite(dataclasses.asdict(baseline))
    del content["version"]
    return content


def _fields(frozen: Frozen) -> dict[str, Any]:
    return {"version": frozen.version, **_tuples_of(frozen.content)}


def _tuples_of(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _tuples(value) for name, value in content.items()}


def _tuples(value: Any) -> Any:
    return tuple(_tuples(v) for v in value) if isinstance(value, list) else value
