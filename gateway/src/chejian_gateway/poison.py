"""Parts of a commit that the database refuses: how it is halved, and what becomes of the part that is left."""

import time

from chejian_contract.sparkplug.payload import Metric
from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload

from chejian_gateway.pending import Announcement, Batch, DeadLetter, Origin, Pending


def halves(pending: Pending) -> tuple[Pending, Pending] | None:
    """Two parts that together are the commit; None where it is one unit.

    A unit is a batch, all foreign samples of one series, a dead letter, or the announcement of one buffer.
    """
    count = len(pending.batches)
    loose = pending.only((), rest=True)
    if count and (loose.count or loose.dead or loose.announcements):
        return pending.only(range(count), rest=False), loose
    if count > 1:
        middle = count // 2
        return pending.only(range(middle), rest=False), pending.only(range(middle, count), rest=False)
    return None if count else _loose_halves(loose)


def _loose_halves(loose: Pending) -> tuple[Pending, Pending] | None:
    series = sorted({o.series.series_id for o in loose.origins})
    dead, announced = loose.dead, list(loose.announcements.items())
    if series and (dead or announced):
        return loose.of_series(series), _words(loose, dead, dict(announced))
    if len(series) > 1:
        middle = len(series) // 2
        return loose.of_series(series[:middle]), loose.of_series(series[middle:])
    if dead and announced:
        return _words(loose, dead, {}), _words(loose, [], dict(announced))
    if len(dead) > 1:
        middle = len(dead) // 2
        return _words(loose, dead[:middle], {}), _words(loose, dead[middle:], {})
    if len(announced) > 1:
        middle = len(announced) // 2
        first, second = dict(announced[:middle]), dict(announced[middle:])
        return _words(loose, [], first), _words(loose, [], second)
    return None


def _words(loose: Pending, dead: list[DeadLetter], announced: dict[tuple[int, int], Announcement]) -> Pending:
    part = Pending(since=loose.since)
    part.dead = list(dead)
    part.announcements = dict(announced)
    return part


def described(unit: Pending) -> str:
    """What a unit is, for the log."""
    if unit.batches:
        return ", ".join(f"batch {b.number} of {'/'.join(b.node.key)}" for b in unit.batches)
    if unit.origins:
        return f"{len(unit.origins)} samples of {unit.origins[0].series.name!r} of node {unit.origins[0].node_id}"
    return f"{len(unit.dead)} dead letters, {len(unit.announcements)} announcements"


def buried(unit: Pending, reason: str) -> Pending | None:
    """The dead letters of a refused unit, topic and payload kept; None where nothing is left to keep."""
    grave = Pending()
    now_ms = time.time_ns() // 1_000_000
    for batch in unit.batches:
        if batch.dead is None:
            letter = _letter_of_batch(batch, reason, now_ms)
            grave.add_batch(Batch(batch.node, batch.ledger_id, batch.number, batch.samples, letter))
    if unit.origins:
        grave.add_dead(_letter_of_series(unit.origins, reason))
    return grave or None


def _letter_of_batch(batch: Batch, reason: str, now_ms: int) -> DeadLetter:
    message = batch.message
    return DeadLetter(
        message.topic if message else "",
        message.payload if message else b"",
        reason,
        message.received_ms if message else now_ms,
        batch.samples,
        batch.node.node_id,
        batch.ledger_id,
        batch.number,
    )


def _letter_of_series(origins: list[Origin], reason: str) -> DeadLetter:
    last = origins[-1]
    payload = Payload(metrics=[whole(o) for o in origins]).SerializeToString()
    name = last.series.name
    return DeadLetter(
        last.message.topic,
        payload,
        f"metric {name!r}: {reason}",
        last.message.received_ms,
        len(origins),
        last.node_id,
    )


def whole(origin: Origin) -> Metric:
    """A metric that can be read without its birth's aliases and without its message's clock."""
    metric = Metric()
    metric.CopyFrom(origin.metric)
    metric.name, metric.datatype, metric.timestamp = (
        origin.series.name,
        origin.series.datatype,
        origin.time_ms,
    )
    return metric
