"""Batches of ledger nodes: decoded columns into the rows of the next commit, without a loop per sample."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
from chejian_contract.errors import PayloadError
from numpy.typing import NDArray

from chejian_gateway.columns import Group, decode, plain_again
from chejian_gateway.intake import Message
from chejian_gateway.kernels import resolve
from chejian_gateway.kernels.decode import ABSENT, IS_NULL, NO_QUALITY
from chejian_gateway.kernels.resolve import Samples, Verdicts, make_words, resolve_group
from chejian_gateway.nodes import Node, Plant
from chejian_gateway.pending import PG_EPOCH_MS, Batch, Block, DeadLetter, Pending, Rows
from chejian_gateway.ranges import contains

MAX_BATCH = 2**62
"""A buffer that commits 10 batches a second needs 10^10 years for it; above is no batch number."""
MAX_DEAD_PAYLOAD = 65_536
"""Bytes kept of a message that can't be read at all, or is too large."""
_BAD, _GOOD = 0, 192
_KNOWN_QUALITIES = np.array([0, 64, 192, 500])


@dataclass(frozen=True, slots=True)
class Data:
    """A data message of a known ledger node; `attempts` births have not helped yet."""

    message: Message
    node: Node
    attempts: int = 0


@dataclass(slots=True)
class Read:
    """What a group of messages came to, beside the rows.

    Attributes:
        unknown: messages with an alias that no birth has named yet.
        doubles: nodes that sent a batch again which is handled already.
        fresh: nodes that sent a new batch.
        other: batches of another buffer than the node's present one, each with the identity that it carries.
        refused: messages that are no batch at all, each with the reason.
    """

    unknown: list[Data] = field(default_factory=list)
    doubles: list[Node] = field(default_factory=list)
    fresh: list[Node] = field(default_factory=list)
    other: list[tuple[Data, int]] = field(default_factory=list)
    refused: list[tuple[Data, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is storable: source times [Unix ms], bytes of a message, births waited for."""

    oldest_ms: int
    newest_ms: int
    max_payload: int
    max_attempts: int = 3


class BatchReader:
    """Turns data messages of ledger nodes into pending rows.

    Args:
        plant: known nodes, series and aliases.
    """

    def __init__(self, plant: Plant) -> None:
        self._plant = plant
        self._words = make_words()

    def read(self, items: Sequence[Data], pending: Pending, limits: Limits) -> Read:
        """Read a group of messages into `pending`; messages with unknown aliases are handed back."""
        out = Read()
        group = decode([item.message.payload for item in items])
        odd = np.flatnonzero(group.heads.status)
        self._take(items, group, pending, limits, out)
        for p in map(int, odd):
            self._read_odd(items[p], pending, limits, out)
        return out

    def _read_odd(self, item: Data, pending: Pending, limits: Limits, out: Read) -> None:
        try:
            group = decode([plain_again(item.message.payload)])
            if group.is_odd(0):
                raise PayloadError("Ledger/Id or Ledger/Batch holds no number")  # noqa: TRY301 - one place makes the letter
        except PayloadError as error:
            out.refused.append((item, str(error)))
            return
        self._take([item], group, pending, limits, out)

    def _take(self, items: Sequence[Data], group: Group, pending: Pending, limits: Limits, out: Read) -> None:
        slots = self._slots(items, group, pending, out)
        count = len(group.metrics.payload)
        samples = Samples(np.empty(count, np.uint8), np.empty(count, np.int32), np.empty(count, np.float64))
        verdicts = Verdicts(
            np.empty(len(items), np.int64), np.empty(len(items), np.uint8), np.empty(len(items), np.int64)
        )
        directory = self._plant.directory
        resolve_group(
            group.metrics,
            group.heads,
            slots,
            directory,
            limits.oldest_ms,
            limits.newest_ms,
            samples,
            verdicts,
            self._words,
        )
        texts = _check_texts(group, samples, verdicts, slots)
        batches = self._batches(items, group, slots, verdicts, pending, limits, out)
        self._add_rows(group, samples, batches, pending)
        self._add_blocks(group, samples, batches, pending, texts)

    def _slots(self, items: Sequence[Data], group: Group, pending: Pending, out: Read) -> NDArray[np.int32]:
        """Slots of the payloads that are new batches; -1 for all others."""
        slots = np.full(len(items), -1, np.int32)
        numbers = group.heads.batch.tolist()
        identities = group.heads.identity.tolist()
        odd = group.heads.status.tolist()
        for p, item in enumerate(items):
            if odd[p]:
                continue
            node, number, identity = item.node, numbers[p], identities[p]
            wrong = _impossible(number, identity)
            if wrong:
                out.refused.append((item, wrong))
            elif identity != node.ledger_id:
                out.other.append((item, identity))
            elif contains(node.handled, number) or (*node.ledger_key, number) in pending.numbers:
                out.doubles.append(node)
            else:
                slots[p] = node.slot
        return slots

    def _batches(
        self,
        items: Sequence[Data],
        group: Group,
        slots: NDArray[np.int32],
        verdicts: Verdicts,
        pending: Pending,
        limits: Limits,
        out: Read,
    ) -> NDArray[np.int32]:
        """Index in `pending.batches` for each payload whose rows are stored; -1 for all others."""
        batches = np.full(len(items), -1, np.int32)
        numbers = group.heads.batch.tolist()
        counts, problems = verdicts.samples.tolist(), verdicts.problem.tolist()
        for p in np.flatnonzero(slots >= 0).tolist():
            item, number = items[p], numbers[p]
            if (*item.node.ledger_key, number) in pending.numbers:
                out.doubles.append(item.node)
                continue
            dead = None
            if len(item.message.payload) > limits.max_payload:
                reason = f"payload of {len(item.message.payload)} bytes, allowed are {limits.max_payload}"
                dead = _dead_batch(item, number, counts[p], reason, MAX_DEAD_PAYLOAD)
            elif problems[p] == resolve.UNKNOWN_ALIAS and item.attempts < limits.max_attempts:
                out.unknown.append(item)
                continue
            elif problems[p]:
                reason = _reason(group, int(verdicts.metric[p]), problems[p], limits)
                dead = _dead_batch(item, number, counts[p], reason, limits.max_payload)
            batch = Batch(item.node, item.node.ledger_id or 0, number, counts[p], dead, item.message)
            index = pending.add_batch(batch)
            out.fresh.append(item.node)
            if dead is None:
                batches[p] = index
        return batches

    def _add_rows(self, group: Group, samples: Samples, batches: NDArray[np.int32], pending: Pending) -> None:
        metrics = group.metrics
        batch = batches[metrics.payload] if len(batches) else np.empty(0, np.int32)
        keep = (samples.sort == resolve.NUMBER) & (batch >= 0)
        pending.add_rows(
            Rows(
                time_us=(metrics.time_ms[keep] - PG_EPOCH_MS) * 1000,
                value=samples.value[keep],
                series=samples.series[keep],
                quality=_qualities(metrics.quality[keep], metrics.flags[keep]),
                batch=batch[keep],
            )
        )

    def _add_blocks(
        self,
        group: Group,
        samples: Samples,
        batches: NDArray[np.int32],
        pending: Pending,
        texts: NDArray[np.int64],
    ) -> None:
        waveforms = np.flatnonzero(samples.sort == resolve.WAVEFORM)
        for at, add in ((texts, pending.add_text), (waveforms, pending.add_waveform)):
            qualities = _qualities(group.metrics.quality[at], group.metrics.flags[at]).tolist()
            for m, quality in zip(at.tolist(), qualities, strict=True):
                batch = int(batches[group.metrics.payload[m]])
                if batch >= 0:
                    series = int(samples.series[m])
                    rate = (
                        float(self._plant.series.sample_rate[series]) if add == pending.add_waveform else 0.0
                    )
                    add(_block(group, m, series, quality, batch, rate))


def _impossible(number: int, identity: int) -> str:
    """Why a message can't be a batch; "" where it can."""
    if identity == ABSENT:
        return "no Ledger/Id"
    if identity <= 0:
        return f"ledger identity {identity} is impossible"
    if number == ABSENT:
        return "no Ledger/Batch"
    return "" if 0 < number < MAX_BATCH else f"batch number {number} is impossible"


def _block(group: Group, m: int, series: int, quality: int, batch: int, rate: float) -> Block:
    metrics = group.metrics
    null = bool(metrics.flags[m] & IS_NULL)
    return Block(
        time_us=(int(metrics.time_ms[m]) - PG_EPOCH_MS) * 1000,
        series=series,
        quality=quality,
        data=None if null else group.text(int(metrics.bits[m]), int(metrics.length[m])),
        batch=batch,
        sample_rate=rate,
    )


def _qualities(written: NDArray[np.int64], flags: NDArray[np.uint8]) -> NDArray[np.int16]:
    """Absent is good, unknown numbers are bad, and a sample without a value is never good."""
    quality = np.where(np.isin(written, _KNOWN_QUALITIES), written, _BAD)
    quality[written == NO_QUALITY] = _GOOD
    quality[((flags & IS_NULL) != 0) & (quality == _GOOD)] = _BAD
    return quality.astype(np.int16)


def _check_texts(
    group: Group, samples: Samples, verdicts: Verdicts, slots: NDArray[np.int32]
) -> NDArray[np.int64]:
    """Indices of text samples; those that PostgreSQL can't hold become problems of their payloads."""
    texts = np.flatnonzero(samples.sort == resolve.TEXT)
    for m in texts.tolist():
        p = int(group.metrics.payload[m])
        if slots[p] < 0 or verdicts.problem[p] or group.metrics.flags[m] & IS_NULL:
            continue
        data = group.text(int(group.metrics.bits[m]), int(group.metrics.length[m]))
        if not storable_text(data):
            verdicts.problem[p] = resolve.NOT_STORABLE
            verdicts.metric[p] = m
    return texts


def storable_text(data: bytes) -> bool:
    """Whether PostgreSQL's text can hold it: UTF-8 without NUL."""
    if b"\0" in data:
        return False
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def unreadable(message: Message, reason: str, node: Node | None = None) -> DeadLetter:
    """A dead letter of a message that belongs to no batch."""
    return DeadLetter(
        message.topic,
        message.payload[:MAX_DEAD_PAYLOAD],
        reason,
        message.received_ms,
        node_id=node.node_id if node else None,
    )


def _dead_batch(item: Data, number: int, samples: int, reason: str, keep: int) -> DeadLetter:
    return DeadLetter(
        item.message.topic,
        item.message.payload[:keep],
        reason,
        item.message.received_ms,
        samples,
        item.node.node_id,
        item.node.ledger_id,
        number,
    )


def _reason(group: Group, m: int, problem: int, limits: Limits) -> str:
    metric = f"metric with alias {group.metrics.alias[m]}"
    time = as_text(int(group.metrics.time_ms[m]))
    return {
        resolve.UNKNOWN_ALIAS: f"{metric}: no birth names this alias",
        resolve.NO_ALIAS: "a sample without an alias",
        resolve.NO_TIME: f"{metric}: no timestamp",
        resolve.WRONG_TYPE: f"{metric}: the value does not belong to the type that its birth declared",
        resolve.TOO_OLD: f"too old: {metric} at {time}, allowed from {as_text(limits.oldest_ms)}",
        resolve.TOO_FAR_AHEAD: f"too far ahead: {metric} at {time}, allowed until {as_text(limits.newest_ms)}",
        resolve.NOT_STORABLE: f"{metric}: its type can't be stored, or its text holds NUL or no UTF-8",
        resolve.BROKEN_BLOCK: f"{metric}: {group.metrics.length[m]} bytes are no whole number of singles",
    }[problem]


def as_text(time_ms: int) -> str:
    """ISO 8601 where a date can hold it, else the number."""
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=time_ms)).isoformat(
            timespec="milliseconds"
        )
    except OverflowError:
        return f"{time_ms} ms"
