"""The fold of the journal against a naive one, minute by minute."""

import random

from chejian_cloud.reasons.journal import Line, Said, fold
from hypothesis import given
from hypothesis import strategies as st

LENGTH = 60
OPEN_END = 50


def naive(lines: list[Line], at: int) -> tuple[str | None, str] | None:
    """Reason and comment of one instant."""
    reason, comment = None, ""
    for line in lines:
        end = line.end_us if line.end_us is not None else max(OPEN_END, line.start_us)
        if not line.start_us <= at < end:
            continue
        if line.kind != "comment":
            reason = line.reason
        comment = line.comment or comment
    return (reason, comment) if reason is not None or comment else None


def a_line(rng: random.Random, change_id: int) -> Line:
    start = rng.randrange(-5, LENGTH + 5)
    end = None if rng.random() < 0.2 else start + rng.randrange(1, 30)
    kind = rng.choice(["assign", "split", "comment"])
    reason = None if kind == "comment" or rng.random() < 0.2 else rng.choice("abc")
    return Line(change_id, kind, start, end, reason, rng.choice(["", "x", "y"]), "li", 0)


@given(seed=st.integers(0, 2**32), count=st.integers(0, 12))
def test_each_instant_is_what_the_last_line_says(seed: int, count: int) -> None:
    rng = random.Random(seed)
    lines = [a_line(rng, i) for i in range(count)]
    pieces = fold(lines, 0, LENGTH, lambda start: OPEN_END)
    found: dict[int, tuple[str | None, str]] = {}
    for piece in pieces:
        assert 0 <= piece.start_us < piece.end_us <= LENGTH
        for at in range(piece.start_us, piece.end_us):
            assert at not in found, "pieces do not overlap"
            found[at] = (piece.reason, piece.comment)
    assert found == {at: said for at in range(LENGTH) if (said := naive(lines, at)) is not None}


@given(seed=st.integers(0, 2**32), cut=st.integers(1, LENGTH - 1))
def test_folding_two_halves_is_folding_the_whole(seed: int, cut: int) -> None:
    rng = random.Random(seed)
    lines = [a_line(rng, i) for i in range(6)]
    whole = fold(lines, 0, LENGTH, lambda start: OPEN_END)
    halves = fold(lines, 0, cut, lambda start: OPEN_END) + fold(lines, cut, LENGTH, lambda start: OPEN_END)
    assert _by_instant(halves) == _by_instant(whole)


def _by_instant(pieces: list[Said]) -> dict[int, tuple[str | None, str, str, int]]:
    return {
        at: (p.reason, p.comment, p.user_name, p.change_id)
        for p in pieces
        for at in range(p.start_us, p.end_us)
    }
