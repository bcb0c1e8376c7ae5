"""Ranges of batches: closed pairs in memory and on the wire, half-open int8 multiranges in PostgreSQL."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from chejian_contract.ledger import MAX_BATCH, Range, merge

_PAIR = re.compile(r"\[(\d+),(\d+)\)")


def to_multirange(ranges: Iterable[Range]) -> str:
    """Write closed ranges as PostgreSQL text: [(3, 5)] is "{[3,6)}"."""
    return "{" + ",".join(f"[{lo},{hi + 1})" for lo, hi in merge(ranges)) + "}"


def from_multirange(text: str) -> list[Range]:
    """Read the text of an int8multirange into sorted closed ranges."""
    return [(int(lo), int(hi) - 1) for lo, hi in _PAIR.findall(text)]


def numbers(batches: Iterable[int]) -> list[Range]:
    """Closed ranges that cover exactly the given numbers."""
    return merge((b, b) for b in batches)


def contains(ranges: Sequence[Range], batch: int) -> bool:
    """Whether sorted, merged `ranges` hold `batch`."""
    i = bisect_right(ranges, (batch, MAX_BATCH)) - 1
    return i >= 0 and batch <= ranges[i][1]


def count(ranges: Iterable[Range]) -> int:
    """Numbers in disjoint closed ranges."""
    return sum(hi - lo + 1 for lo, hi in ranges)
