"""Metrics of ledger nodes into samples: alias -> series, carrier -> number, each payload checked as a whole."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy import int64
from numpy.typing import NDArray

from chejian_gateway.kernels.decode import (
    HAS_ALIAS,
    HAS_TIME,
    IS_NULL,
    KIND_BOOLEAN,
    KIND_BYTES,
    KIND_DOUBLE,
    KIND_FLOAT,
    KIND_INT,
    KIND_LONG,
    KIND_STRING,
    LEDGER,
)

NOT_A_SAMPLE = 0
NUMBER = 1
TEXT = 2
WAVEFORM = 3

FINE = 0
UNKNOWN_ALIAS = 1
NO_ALIAS = 2
NO_TIME = 3
WRONG_TYPE = 4
TOO_OLD = 5
TOO_FAR_AHEAD = 6
NOT_STORABLE = 7
BROKEN_BLOCK = 8

_NOT_A_NUMBER = float("nan")


class Directory(NamedTuple):
    """Series of all known nodes.

    Attributes:
        first: per slot (known node) the index of its first alias in `alias`; one more at the end.
        alias: sorted within each slot.
        series: series id of each alias.
        code: Sparkplug data type of each series id.
    """

    first: NDArray[np.int64]
    alias: NDArray[np.int64]
    series: NDArray[np.int32]
    code: NDArray[np.uint8]


class Samples(NamedTuple):
    """One entry for each metric: class (`NUMBER`...), series id, value as double."""

    sort: NDArray[np.uint8]
    series: NDArray[np.int32]
    value: NDArray[np.float64]


class Verdicts(NamedTuple):
    """One entry for each payload: number of samples, first problem, metric with the problem."""

    samples: NDArray[np.int64]
    problem: NDArray[np.uint8]
    metric: NDArray[np.int64]


@njit(nogil=True, cache=True)
def resolve_group(metrics, heads, slots, directory, oldest_ms, newest_ms, samples, verdicts, words):
    """Fill `samples` and `verdicts`.

    Args:
        metrics: of `decode_group`.
        heads: of `decode_group`.
        slots: slot of each payload's node; -1 leaves the payload out.
        directory: see `Directory`.
        oldest_ms: earlier source times are problems.
        newest_ms: later source times are problems.
        samples: written.
        verdicts: written.
        words: one int64 and one int32 cell sharing memory with a double and a float view, see `Words`.
    """
    for p in range(len(slots)):
        verdicts.samples[p] = 0
        verdicts.problem[p] = FINE
        verdicts.metric[p] = -1
        slot = slots[p]
        for m in range(heads.first[p], heads.first[p + 1]):
            samples.sort[m] = NOT_A_SAMPLE
            if slot < 0 or metrics.flags[m] & LEDGER:
                continue
            verdicts.samples[p] += 1
            problem = _sample(metrics, m, slot, directory, oldest_ms, newest_ms, samples, words)
            if problem != FINE and verdicts.problem[p] == FINE:
                verdicts.problem[p] = problem
                verdicts.metric[p] = m


class Words(NamedTuple):
    """Cells that turn bits into floats."""

    long: NDArray[np.int64]
    double: NDArray[np.float64]
    word: NDArray[np.int32]
    single: NDArray[np.float32]


def make_words() -> Words:
    """Cells for one thread."""
    long, word = np.zeros(1, np.int64), np.zeros(1, np.int32)
    return Words(long, long.view(np.float64), word, word.view(np.float32))


@njit(nogil=True, cache=True)
def _find(directory, slot, alias):
    low, high = directory.first[slot], directory.first[slot + 1]
    end = high
    while low < high:
        middle = (low + high) >> 1
        if directory.alias[middle] < alias:
            low = middle + 1
        else:
            high = middle
    if low < end and directory.alias[low] == alias:
        return directory.series[low]
    return np.int32(-1)


@njit(nogil=True, cache=True)
def _sample(metrics, m, slot, directory, oldest_ms, newest_ms, samples, words):  # noqa: PLR0911 - one return per verdict
    flags = metrics.flags[m]
    if not flags & HAS_ALIAS:
        return NO_ALIAS
    series = _find(directory, slot, metrics.alias[m])
    samples.series[m] = series
    if series < 0:
        return UNKNOWN_ALIAS
    if not flags & HAS_TIME:
        return NO_TIME
    time_ms = metrics.time_ms[m]
    if time_ms < 0 or time_ms > newest_ms:
        return TOO_FAR_AHEAD
    if time_ms < oldest_ms:
        return TOO_OLD
    null = flags & IS_NULL
    kind, bits, code = metrics.kind[m], metrics.bits[m], directory.code[series]
    if code <= 11 or code == 13:
        samples.sort[m] = NUMBER
        if null:
            samples.value[m] = _NOT_A_NUMBER
            return FINE
        return _number(code, kind, bits, m, samples, words)
    if code == 12 or code == 14 or code == 15:  # noqa: PLR1714 - numba compiles this form best
        samples.sort[m] = TEXT
        return FINE if null or kind == KIND_STRING else WRONG_TYPE
    if code == 30:
        samples.sort[m] = WAVEFORM
        if null:
            return FINE
        if kind != KIND_BYTES:
            return WRONG_TYPE
        return FINE if metrics.length[m] % 4 == 0 else BROKEN_BLOCK
    return NOT_STORABLE


@njit(nogil=True, cache=True)
def _number(code, kind, bits, m, samples, words):
    """Two's complement wraps are undone by masking to the type's width (the specification is silent on negatives)."""
    if code == 10:
        words.long[0] = bits
        samples.value[m] = words.double[0]
        return FINE if kind == KIND_DOUBLE else WRONG_TYPE
    if code == 9:
        words.word[0] = np.int32(bits)
        samples.value[m] = words.single[0]
        return FINE if kind == KIND_FLOAT else WRONG_TYPE
    if code == 11:
        samples.value[m] = float(bits)
        return FINE if kind == KIND_BOOLEAN else WRONG_TYPE
    if (kind != KIND_INT and kind != KIND_LONG) or code == 0:  # noqa: PLR1714 - as above
        return WRONG_TYPE
    if code == 4:
        samples.value[m] = float(bits)
    elif code <= 3:
        width = 4 << code
        low = bits & ((int64(1) << width) - 1)
        samples.value[m] = float(low - (int64(1) << width) if low >> (width - 1) else low)
    elif code <= 7:
        samples.value[m] = float(bits & ((int64(1) << (4 << (code - 4))) - 1))
    else:
        samples.value[m] = float(np.uint64(bits))
    return FINE
