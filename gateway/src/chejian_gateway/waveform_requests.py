"""Waveform requests: read where the cloud has written them, sent to the device, watched until a window has come.

The one thing that this host ever asks of a device. It goes only to devices of our own edges whose last birth has announced
`Device Control/Acquire`, and changes nothing but which block the edge sends next: docs/decisions/0021-waveform-requests.md.
"""

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

import psycopg
from chejian_contract.ledger import METRIC_ACQUIRE
from chejian_contract.sparkplug.datatypes import Code
from chejian_contract.sparkplug.topics import MessageType, Topic
from psycopg import Connection

from chejian_gateway.core import Core
from chejian_gateway.errors import NotHostError
from chejian_gateway.host import Publish, command

_log = logging.getLogger(__name__)

EVERY_S = 1.0
"""How often requests are looked for [s]: a person waits for them."""
_AT_ONCE = 100
"""Requests of one look."""

_READABLE = """
SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = 'app' AND c.relname = 'wanted_waveform'
                  AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))
"""
"""A gateway may run without the cloud, or before its migration."""
_WANTED = """
SELECT w.request_id, d.device_id, n.group_id, n.edge_node, d.name, r.sent_at IS NOT NULL
  FROM app.wanted_waveform w
  JOIN telemetry.device d USING (device_id)
  JOIN telemetry.node n USING (node_id)
  LEFT JOIN telemetry.waveform_request r USING (request_id)
 WHERE r.arrived_at IS NULL
   AND (r.sent_at IS NOT NULL OR (d.takes_requests AND d.online AND n.online AND n.ledger_id IS NOT NULL))
 ORDER BY w.request_id LIMIT %s
"""
_BEHIND = """
SELECT max(w.time) FROM telemetry.series s CROSS JOIN LATERAL (
       SELECT x.time FROM telemetry.waveform x WHERE x.series_id = s.series_id ORDER BY x.time DESC LIMIT 1) w
 WHERE s.device_id = %s AND s.kind = 'waveform'
"""
_SENT = """
INSERT INTO telemetry.waveform_request (request_id, device_id, sent_at, behind) VALUES (%s, %s, now(), %s)
ON CONFLICT (request_id) DO NOTHING
"""
_ARRIVED = """
UPDATE telemetry.waveform_request r SET series_id = f.series_id, time = f.time, arrived_at = now()
  FROM telemetry.waveform_request q CROSS JOIN LATERAL (
       SELECT s.series_id, w.time FROM telemetry.series s CROSS JOIN LATERAL (
              SELECT x.time FROM telemetry.waveform x
               WHERE x.series_id = s.series_id AND x.time > coalesce(q.behind, '-infinity')
               ORDER BY x.time LIMIT 1) w
        WHERE s.device_id = q.device_id AND s.kind = 'waveform' ORDER BY w.time, s.series_id LIMIT 1) f
 WHERE r.request_id = q.request_id AND q.request_id = ANY (%s) AND r.arrived_at IS NULL
"""


class Wanted(NamedTuple):
    """A request that has neither expired nor been answered."""

    request_id: int
    device_id: int
    group: str
    node: str
    device: str
    sent: bool


class WaveformRequests:
    """Sends what is wanted, each request once, and notes which window answered it.

    The note is made behind the sending: a request that was sent just before a crash is sent again, which costs one more
    window. An edge that did not hear it (QoS 0) is not asked twice: the request expires, and a person sees that.

    Args:
        core: state of the working thread.
        publish: sends a command.
        clock: monotonic [s].

    Attributes:
        sent: requests sent.
    """

    def __init__(self, core: Core, publish: Publish, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._core = core
        self._publish = publish
        self._clock = clock
        self._next = 0.0
        self._readable = False
        self.sent = 0

    def tick(self, *, online: bool) -> None:
        """Look after requests when it is time; `online`: this process is the host and has said so."""
        now = self._clock()
        if not online or now < self._next:
            return
        self._next = now + EVERY_S
        wanted = self._core.database.run(self._read)
        fresh = [w for w in wanted if not w.sent]
        try:
            if fresh:
                self._send(fresh)
            if len(fresh) < len(wanted):
                asked = [w.request_id for w in wanted if w.sent]
                self._core.duty(lambda c: c.execute(_ARRIVED, (asked,)))
        except NotHostError:
            return  # the next host goes on

    def _read(self, connection: Connection) -> Sequence[Wanted]:
        if not self._readable:
            row = connection.execute(_READABLE).fetchone()
            self._readable = bool(row and row[0])
        if not self._readable:
            return []
        try:
            return [Wanted(*row) for row in connection.execute(_WANTED, (_AT_ONCE,)).fetchall()]
        except (psycopg.errors.UndefinedTable, psycopg.errors.InsufficientPrivilege) as error:
            self._readable = False  # taken away while we ran; data go on
            _log.warning("waveform requests can't be read: %s", str(error).strip())
            return []

    def _send(self, fresh: Iterable[Wanted]) -> None:
        core = self._core
        core.commit()  # what has come already answers nobody who asks now
        for want in fresh:
            behind = core.database.run(partial(_newest, want.device_id))
            topic = str(Topic(want.group, MessageType.DCMD, want.node, want.device))
            if not self._publish(topic, command(METRIC_ACQUIRE, Code.BOOLEAN, value=True)):
                return  # no connection: it is tried again until it expires
            core.duty(partial(_note, (want.request_id, want.device_id, behind)))
            self.sent += 1
            _log.info("asked %s/%s/%s for a waveform, request %d", *want[2:5], want.request_id)


def _note(row: tuple[int, int, datetime | None], connection: Connection) -> None:
    connection.execute(_SENT, row)


def _newest(device_id: int, connection: Connection) -> datetime | None:
    row = connection.execute(_BEHIND, (device_id,)).fetchone()
    return row[0] if row else None
