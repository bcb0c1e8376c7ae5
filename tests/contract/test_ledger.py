from itertools import pairwise

import pytest
from chejian_contract.errors import PayloadError
from chejian_contract.ledger import (
    MAX_ACK_RANGES,
    MAX_BATCH,
    Ack,
    Range,
    format_devices,
    format_produced,
    format_ranges,
    merge,
    parse_devices,
    parse_produced,
    parse_ranges,
)
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.strategies import codes

small = st.tuples(st.integers(1, 60), st.integers(0, 6)).map(lambda p: (p[0], p[0] + p[1]))
ranges = st.lists(small, max_size=12)
ids = st.integers(0, MAX_BATCH)


def members(closed: list[Range] | tuple[Range, ...]) -> set[int]:
    return {n for lo, hi in closed for n in range(lo, hi + 1)}


@given(closed=ranges)
def test_merging_keeps_the_numbers_and_leaves_gaps(closed: list[Range]) -> None:
    merged = merge(closed)
    assert members(merged) == members(closed)
    assert all(b[0] > a[1] + 1 for a, b in pairwise(merged))
    assert parse_ranges(format_ranges(closed)) == merged


@given(ledger_id=ids, closed=ranges)
def test_an_acknowledgement_is_exactly_what_was_handled(ledger_id: int, closed: list[Range]) -> None:
    ack = Ack.of(ledger_id, closed)
    assert members([(1, ack.up_to)]) | members(ack.ranges) == members(closed)
    assert all(lo > ack.up_to + 1 for lo, _ in ack.ranges)
    assert Ack.parse(str(ack)) == ack


def test_the_text_of_an_acknowledgement() -> None:
    assert str(Ack.of(77, [(1, 5), (9, 9), (7, 7)])) == "77:5,7-7,9-9"
    assert str(Ack.of(77, [])) == "77:0"
    assert Ack.parse("77:0,3-4") == Ack(77, 0, ((3, 4),))
    assert Ack.parse(f"{MAX_BATCH}:{MAX_BATCH}") == Ack(MAX_BATCH, MAX_BATCH)


def test_ranges_that_touch_the_mark_move_it_up() -> None:
    assert Ack.parse("7:5,6-8,10-11") == Ack(7, 8, ((10, 11),))
    assert Ack.parse("7:5,2-3") == Ack(7, 5)


def test_an_acknowledgement_never_claims_more_than_was_handled_when_it_is_cut() -> None:
    scattered = [(n, n) for n in range(2, 300, 2)]
    ack = Ack.of(1, scattered)
    assert len(ack.ranges) == MAX_ACK_RANGES
    assert members(ack.ranges) == set(range(2, 2 * MAX_ACK_RANGES + 1, 2))
    assert len(str(Ack.of(MAX_BATCH, [(MAX_BATCH - n, MAX_BATCH - n) for n in range(0, 200, 2)]))) < 1500


@pytest.mark.parametrize(
    "text",
    [
        "",
        "7",
        "7:",
        ":5",
        "a:5",
        "7:5,",
        "7:5,3",
        "7:-1",
        "7:1,5-4",
        "7:1,0-4",
        "+7:1",
        "²:1",
        " 7:1",
        "7:1;2-3",
        f"7:{MAX_BATCH + 1}",
        f"{2**63}:1",
        "7:" + "9" * 5000,
        "7:1,2-" + "9" * 5000,
    ],
)
def test_a_wrong_acknowledgement_is_named(text: str) -> None:
    with pytest.raises(PayloadError, match=r"(acknowledgement|ranges) '.*' must be|need 1 <= from <= to"):
        Ack.parse(text)


@given(text=st.text(st.sampled_from("0123456789:,-x"), max_size=12))
def test_any_text_is_an_acknowledgement_or_a_payload_error(text: str) -> None:
    try:
        ack = Ack.parse(text)
    except PayloadError:
        return
    assert Ack.parse(str(ack)) == ack


@given(devices=st.frozensets(codes))
def test_devices_survive_their_text_whatever_their_codes(devices: frozenset[str]) -> None:
    assert parse_devices(format_devices(devices)) == devices


@given(batches=ids, samples=ids)
def test_produced_totals_survive_their_text(batches: int, samples: int) -> None:
    assert parse_produced(format_produced(batches, samples)) == (batches, samples)


@pytest.mark.parametrize(
    "text", ["", "1", "1,", ",1", "1,-1", "1,2,3", "a,b", "1," + "9" * 5000, f"1,{2**63}"]
)
def test_wrong_produced_totals_are_named(text: str) -> None:
    with pytest.raises(PayloadError, match="must be <batches>,<samples>"):
        parse_produced(text)
