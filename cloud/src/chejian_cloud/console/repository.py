"""What only the console asks the database for: the signals of foreign nodes."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from chejian_cloud.db import telemetry as t

MAX_SIGNALS = 500
"""Rows on one page; a foreign node with more is listed in part, and the page says so."""


class ForeignSignal(NamedTuple):
    """One signal of a node without a ledger, with its newest stored value.

    Attributes:
        group: Sparkplug group.
        node: edge node.
        device: Sparkplug device, '' for the node's own metrics.
        online: whether the node is connected.
        name: metric name.
        unit: '' where the node gave none.
        time: source time of the newest value, None before the first one.
        value: number, None for texts and values of bad quality.
        text: text, None for numbers.
        quality: Sparkplug quality, None before the first value.
    """

    group: str
    node: str
    device: str
    online: bool
    name: str
    unit: str
    time: datetime | None
    value: float | None
    text: str | None
    quality: int | None


def foreign_signals(session: Session, limit: int = MAX_SIGNALS) -> Sequence[ForeignSignal]:
    """Signals of nodes without a ledger, by node, device and name; a node without signals has no row."""
    n, d, s, v = t.node.c, t.device.c, t.series.c, t.last_value.c
    statement = (
        select(n.group_id, n.edge_node, d.name, n.online, s.name, s.unit, v.time, v.value, v.text, v.quality)
        .select_from(t.node)
        .join(t.device, d.node_id == n.node_id)
        .join(t.series, s.device_id == d.device_id)
        .outerjoin(t.last_value, v.series_id == s.series_id)
        .where(n.ledger_id.is_(None))
        .order_by(n.group_id, n.edge_node, d.name, s.name)
        .limit(limit)
    )
    return [ForeignSignal._make(row) for row in session.execute(statement)]
