"""The fast reading of batches (kernels, columns) against a naive one (protobuf, one metric after the other).

Both read the same mutated payloads and must come to the same verdict: refused, of another buffer, unknown alias, dead, or
the same rows.
"""

import math
import os
import random
import struct
from dataclasses import dataclass, field

import pytest
from chejian_contract.errors import PayloadError
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.payload import Metric, get_properties, parse_payload
from chejian_gateway.intake import Message
from chejian_gateway.nodes import Node, Plant, Series
from chejian_gateway.pending import PG_EPOCH_MS, Pending
from chejian_gateway.rows import MAX_BATCH, BatchReader, Data, Limits, storable_text

from tests.gateway.fake_edge import now_ms
from tests.gateway.fuzz_inputs import FUZZ_ID, Inputs

CODES = {1: Code.DOUBLE, 2: Code.INT64, 3: Code.STRING, 4: Code.FLOAT_ARRAY, 5: Code.INT16, 6: Code.BOOLEAN, 7: Code.FLOAT,
         8: Code.UINT64, 9: Code.DATETIME, 10: Code.UINT8, 11: Code.DATASET, 12: Code.UNKNOWN}  # fmt: skip
LIMITS = Limits(now_ms() - 86_400_000, now_ms() + 86_400_000, 100_000)
QUALITIES: dict[object, int] = {0: 0, 64: 64, 192: 192, 500: 500}
Row = tuple[int, int, int, object]
"""Series, time [us since 2000], quality, value."""


@dataclass
class Verdict:
    """What a payload comes to; `claim` is the batch number that it carries, for whom it may concern."""

    kind: str
    number: int = 0
    rows: list[Row] = field(default_factory=list)
    claim: int = 0


class _ProblemError(Exception):
    """A metric makes its batch a dead letter; "alias" makes it wait."""


def naive(data: bytes) -> Verdict:  # noqa: PLR0911 - one return for each verdict
    """Read a batch the slow way."""
    try:
        payload = parse_payload(data)
    except PayloadError:
        return Verdict("refused")
    words: dict[str, int] = {}
    for metric in payload.metrics:
        if metric.name in ("Ledger/Id", "Ledger/Batch"):
            if metric.is_null or metric.WhichOneof("value") not in ("int_value", "long_value"):
                return Verdict("refused")
            words[str(metric.name)] = signed(int(getattr(metric, str(metric.WhichOneof("value")))))
    identity, number = words.get("Ledger/Id", -1), words.get("Ledger/Batch", -1)
    if identity <= 0 or not 0 < number < MAX_BATCH:
        return Verdict("refused")
    if identity != FUZZ_ID:
        return Verdict("other", identity)
    samples = [m for m in payload.metrics if not as_bytes(m.name).startswith(b"Ledger/")]
    try:
        rows = [row_of(m) for m in samples]
        check_texts(rows)
    except _ProblemError as problem:
        wait = str(problem) == "alias" and len(data) <= LIMITS.max_payload
        return Verdict("unknown" if wait else "dead", 0 if wait else number, claim=number)
    if len(data) > LIMITS.max_payload:
        return Verdict("dead", number, claim=number)
    return Verdict("stored", number, rows, number)


def check_texts(rows: list[Row]) -> None:
    """Texts are looked at when all else is fine."""
    for series, _, _, value in rows:
        if isinstance(value, bytes) and CODES[series] is Code.STRING and not storable_text(value):
            raise _ProblemError("text")


def signed(number: int) -> int:
    return number - (1 << 64) if number >> 63 else number


def as_bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def row_of(metric: Metric) -> Row:
    if not metric.HasField("alias"):
        raise _ProblemError("no alias")
    if metric.alias not in CODES:
        raise _ProblemError("alias")
    if (
        not metric.HasField("timestamp")
        or not LIMITS.oldest_ms <= signed(metric.timestamp) <= LIMITS.newest_ms
    ):
        raise _ProblemError("time")
    written: object = get_properties(metric).get("Quality", 192)
    quality = QUALITIES.get(written, 0)
    if metric.is_null and quality == 192:
        quality = 0
    time_us = (metric.timestamp - PG_EPOCH_MS) * 1000
    return metric.alias, time_us, quality, value_of(metric, CODES[metric.alias])


def value_of(metric: Metric, code: Code) -> object:  # noqa: C901, PLR0911 - a case for each type, as naive as can be
    carrier = str(metric.WhichOneof("value"))
    wanted = {Code.DOUBLE: "double_value", Code.FLOAT: "float_value", Code.BOOLEAN: "boolean_value", Code.STRING: "string_value",
              Code.FLOAT_ARRAY: "bytes_value"}  # fmt: skip
    if code in (Code.DATASET, Code.UNKNOWN) and not (code is Code.UNKNOWN and metric.is_null):
        raise _ProblemError("type")
    if metric.is_null:
        return None if code in (Code.STRING, Code.FLOAT_ARRAY) else math.nan
    if code in wanted and carrier != wanted[code]:
        raise _ProblemError("carrier")
    if code in (Code.DOUBLE, Code.FLOAT, Code.BOOLEAN):
        return float(getattr(metric, carrier))
    if code is Code.STRING:
        return as_bytes(metric.string_value)
    if code is Code.FLOAT_ARRAY:
        if len(metric.bytes_value) % 4:
            raise _ProblemError("length")
        return bytes(metric.bytes_value)
    if carrier not in ("int_value", "long_value"):
        raise _ProblemError("carrier")
    raw = int(getattr(metric, carrier))
    if code is Code.INT64:
        return float(signed(raw))
    if code is Code.INT16:
        return float(struct.unpack("<h", struct.pack("<H", raw & 0xFFFF))[0])
    return float(raw & 0xFF if code is Code.UINT8 else raw)


def fast(reader: BatchReader, node: Node, payloads: list[bytes]) -> list[Verdict]:
    """Read them together with the real reader."""
    items = [Data(Message(str(i), data, now_ms()), node) for i, data in enumerate(payloads)]
    pending = Pending()
    read = reader.read(items, pending, LIMITS)
    out: dict[str, Verdict] = {}
    for item, _ in read.refused:
        out[item.message.topic] = Verdict("refused")
    for item, identity in read.other:
        out[item.message.topic] = Verdict("other", identity)
    for item in read.unknown:
        out[item.message.topic] = Verdict("unknown")
    rows: list[list[Row]] = [[] for _ in pending.batches]
    for block in pending.rows:
        for i in range(len(block)):
            row = int(block.series[i]), int(block.time_us[i]), int(block.quality[i]), float(block.value[i])
            rows[block.batch[i]].append(row)
    for b in (*pending.texts, *pending.waveforms):
        rows[b.batch].append((b.series, b.time_us, b.quality, b.data))
    for batch, found in zip(pending.batches, rows, strict=True):
        assert batch.message is not None
        out[batch.message.topic] = Verdict("dead" if batch.dead else "stored", batch.number, found)
    return [out[str(i)] for i in range(len(payloads))]


def comparable(rows: list[Row]) -> list[str]:
    """Numbers, texts and arrays come in lists of their own; NaN is equal to itself here."""
    return sorted(map(repr, rows))


@pytest.fixture(scope="module")
def node_and_reader() -> tuple[Node, BatchReader]:
    plant = Plant()
    node = Node(("g", "n"), 1, FUZZ_ID)
    for alias, code in CODES.items():
        series = Series(alias, 1, str(alias), int(code))
        node.aliases[alias] = series
        plant.series.add(series)
    plant.add(node)
    return node, BatchReader(plant)


def some(inputs: Inputs) -> dict[bytes, Verdict]:
    """About 50 payloads and what they come to, no batch number twice: which of two is the double is not at stake here."""
    out: dict[bytes, Verdict] = {}
    numbers: set[int] = set()
    for _ in range(50):
        data = inputs.payload()
        data = data if inputs.rng.random() < 0.4 else inputs.mutated(data)
        verdict = naive(data)
        if verdict.claim not in numbers:
            out[data] = verdict
            numbers |= {verdict.claim} - {0}
    return out


def differences(node: Node, reader: BatchReader, inputs: Inputs, count: int) -> dict[str, int]:
    """Compare `count` payloads; returns how many there were of each verdict."""
    kinds: dict[str, int] = {}
    for _ in range(count // 50):
        wanted = some(inputs)
        for (data, slow), found in zip(wanted.items(), fast(reader, node, list(wanted)), strict=True):
            assert (found.kind, found.number) == (slow.kind, slow.number), data.hex()
            assert comparable(found.rows) == comparable(slow.rows), data.hex()
            kinds[found.kind] = kinds.get(found.kind, 0) + 1
    return kinds


def seeded() -> Inputs:
    given = os.environ.get("CHEJIAN_FUZZ_SEED")
    chosen = int(given) if given else random.SystemRandom().randrange(2**32)
    print(f"CHEJIAN_FUZZ_SEED={chosen}")  # noqa: T201 - shown with a failure, to repeat it
    return Inputs(chosen)


def test_fast_and_naive_reading_agree(node_and_reader: tuple[Node, BatchReader]) -> None:
    kinds = differences(*node_and_reader, seeded(), 10_000)
    assert min(kinds.get(k, 0) for k in ("refused", "other", "unknown", "dead", "stored")) > 20, kinds


@pytest.mark.soak
def test_fast_and_naive_reading_agree_on_many(node_and_reader: tuple[Node, BatchReader]) -> None:
    count = int(os.environ.get("CHEJIAN_FUZZ_COUNT", "1000000"))
    assert differences(*node_and_reader, seeded(), count)["stored"] > count / 100
