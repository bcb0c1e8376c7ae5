"""Which requests a set of signals needs: invariants, and the counts that people reckon with."""

import pytest
from chejian_contract.config import Seconds
from chejian_edge.drivers.modbus.address import parse_address
from chejian_edge.drivers.modbus.blocks import Block, plan_blocks, split
from chejian_edge.drivers.modbus.options import ModbusOptions
from hypothesis import given
from hypothesis import strategies as st


def options_of(max_registers: int = 125, max_gap: int = 8, max_bits: int = 2000) -> ModbusOptions:
    return ModbusOptions(
        name="s",
        driver="modbus",
        url="modbus://host",
        max_registers=max_registers,
        max_gap=max_gap,
        max_bits=max_bits,
        poll_interval=Seconds(1),
    )


def planned(texts: list[str], options: ModbusOptions) -> list[Block]:
    return plan_blocks({key: parse_address(text, options) for key, text in enumerate(texts)}, options)


def spans(blocks: list[Block]) -> list[str]:
    return sorted(str(block) for block in blocks)


@pytest.mark.parametrize(
    ("texts", "wanted"),
    [
        (["holding:0 u16", "holding:1 u16"], ["1/holding:0-1"]),
        (["holding:0 u16", "holding:9 u16"], ["1/holding:0-9"]),  # 8 registers between
        (["holding:0 u16", "holding:10 u16"], ["1/holding:0-0", "1/holding:10-10"]),
        (["holding:0 u16", "input:1 u16"], ["1/holding:0-0", "1/input:1-1"]),
        (["holding:0 u16", "2/holding:1 u16"], ["1/holding:0-0", "2/holding:1-1"]),
        (["holding:0 u16", "holding:1 u16 every=5s"], ["1/holding:0-0", "1/holding:1-1"]),
        (["coil:0", "coil:129"], ["1/coil:0-129"]),
        (["coil:0", "coil:130"], ["1/coil:0-0", "1/coil:130-130"]),
        (
            ["holding:0 string:240", "holding:121 u64", "holding:125 u16"],
            ["1/holding:0-124", "1/holding:125-125"],
        ),
        (["holding:0 u64", "holding:2 u16"], ["1/holding:0-3"]),  # overlapping
        (["holding:50 u64 stamp=0", "holding:90 f32 stamp=0x0 every=9s"], ["1/holding:0-91"]),
        (["holding:90 u16 stamp=100", "holding:0 u16 stamp=100"], ["1/holding:0-101"]),
        (["holding:200 u16 stamp=100", "holding:0 u16 stamp=100"], ["1/holding:0-101", "1/holding:100-200"]),
        (["holding:0 u16 stamp=2", "holding:1 u16"], ["1/holding:0-3", "1/holding:1-1"]),
    ],
)
def test_requests(texts: list[str], wanted: list[str]) -> None:
    assert spans(planned(texts, options_of())) == wanted


def test_signals_of_one_stamp_are_read_as_often_as_the_most_frequent() -> None:
    (block,) = planned(["holding:2 u64 stamp=0 every=5s", "holding:6 f32 stamp=0"], options_of())
    assert block.every == 1


tables = st.sampled_from(
    ["holding:{} u16", "holding:{} u64", "input:{} f32", "coil:{}", "holding:{} u32 stamp=500"]
)
texts = st.lists(st.builds(str.format, tables, st.integers(450, 540)), min_size=1, max_size=60)


@given(texts, st.integers(96, 125), st.integers(0, 20), st.integers(1, 40))
def test_every_signal_lies_in_one_request_within_the_limits(
    given_texts: list[str], registers: int, gap: int, bits: int
) -> None:
    options = options_of(registers, gap, bits)
    blocks = planned(given_texts, options)
    assert sorted(key for block in blocks for key in block.keys) == list(range(len(given_texts)))
    for block in blocks:
        width = 1 if block.table == "coil" else 2
        assert block.count <= (bits if block.table == "coil" else registers)
        for field in block.fields:
            assert field.begin == (field.address.start - block.start) * width
            assert field.end == field.begin + field.address.count * width <= block.count * width
            assert (field.address.unit, field.address.table) == (block.unit, block.table)
        if block.stamp is not None:
            assert block.stamp_at == ((500 - block.start) * 2, (502 - block.start) * 2)
            assert 0 <= block.stamp_at[0] < block.stamp_at[1] <= block.count * 2


@given(texts)
def test_splitting_ends_with_each_signal_alone(given_texts: list[str]) -> None:
    todo, alone = planned(given_texts, options_of()), []
    while todo:
        block = todo.pop()
        parts = split(block)
        if parts is None:
            alone.append(block)
        else:
            assert parts[0].keys + parts[1].keys == block.keys
            todo += parts
    assert sorted(key for block in alone for key in block.keys) == list(range(len(given_texts)))
    assert all(len(block.keys) == 1 for block in alone)


def test_a_block_is_parted_at_its_widest_gap() -> None:
    (block,) = planned(["holding:0 u16", "holding:1 u16", "holding:4 u16", "holding:12 u16"], options_of())
    parts = split(block)
    assert parts is not None
    assert spans(list(parts)) == ["1/holding:0-4", "1/holding:12-12"]
