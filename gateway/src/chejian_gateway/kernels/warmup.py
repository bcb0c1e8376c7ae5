"""Loads (or, the first time on a machine, compiles) the kernels before work begins."""

import numpy as np

from chejian_gateway.kernels.decode import Heads, Metrics, count_metrics, decode_group
from chejian_gateway.kernels.resolve import Directory, Samples, Verdicts, make_words, resolve_group
from chejian_gateway.kernels.summary import touched
from chejian_gateway.kernels.wire import PADDING


def warm_up() -> None:
    """Run every kernel once on nothing; 1 s from the cache, some seconds where they are compiled."""
    buffer = np.frombuffer(bytes(PADDING), np.uint8)
    none = np.zeros(0, np.int64)
    first = np.zeros(1, np.int64)
    count_metrics(buffer, none, none, first)
    heads = Heads(np.zeros(0, np.uint8), none, none, none, none, first)
    small, long = np.zeros(0, np.uint8), none
    metrics = Metrics(np.zeros(0, np.int32), long, long, small, long, long, small, long, long, long, long)
    decode_group(buffer, none, none, heads, metrics)
    directory = Directory(first, none, np.zeros(0, np.int32), np.zeros(1, np.uint8))
    samples = Samples(small, np.zeros(0, np.int32), np.zeros(0, np.float64))
    verdicts = Verdicts(none, small, none)
    slots = np.zeros(0, np.int32)
    resolve_group(metrics, heads, slots, directory, 0, 0, samples, verdicts, make_words())
    touched(np.zeros(0, np.int32), none)
