"""Waveform requests: an engineer asks, the gateway sends, a window arrives.

This side writes wishes (`app.waveform_request`) and reads what the gateway noted (`telemetry.waveform_request`); it sends
nothing itself. See docs/decisions/0021-waveform-requests.md.
"""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import RowMapping, text
from sqlalchemy.orm import Session

from chejian_cloud.diagnosis.waveform_request_schemas import (
    AskedWindow,
    WaveformRequestIn,
    WaveformRequestOut,
)
from chejian_cloud.errors import ConflictError, TooManyAttemptsError
from chejian_cloud.paging import Part
from chejian_cloud.registry.service import require_equipment

PER_HOUR: Final = 12
"""Requests of one machine in any hour: who wants more windows sets a schedule at the edge."""

_LOCK = text("SELECT pg_advisory_xact_lock(hashtext('waveform request'), :equipment_id)")
_DEVICES = text("""
SELECT d.device_id, d.takes_requests
  FROM app.equipment_feed g
  JOIN telemetry.node n ON n.group_id = g.group_id AND n.edge_node = g.edge_node
  JOIN telemetry.device d ON d.node_id = n.node_id AND d.name = g.device
 WHERE g.equipment_id = :equipment_id
   AND EXISTS (SELECT FROM telemetry.series s
                WHERE s.device_id = d.device_id AND s.kind = 'waveform' AND NOT s.retired)
 ORDER BY NOT d.takes_requests, d.name LIMIT 1
""")
_LATELY = text("""
SELECT count(*), extract(epoch FROM min(asked_at) + interval '1 hour' - now())::float8
  FROM app.waveform_request WHERE equipment_id = :equipment_id AND asked_at > now() - interval '1 hour'
""")
_ADD = text("""
INSERT INTO app.waveform_request (equipment_id, device_id, expires_at, comment, user_name)
VALUES (:equipment_id, :device_id, now() + make_interval(secs => :wait_s), :comment, :user_name)
RETURNING request_id
""")
_TOLD = """
SELECT q.request_id, q.equipment_id, d.name AS device, q.comment, q.user_name, q.asked_at, q.expires_at,
       r.sent_at, r.arrived_at, r.series_id, s.name AS signal, r.time, g.diagnosis_id,
       CASE WHEN r.arrived_at IS NOT NULL THEN 'arrived' WHEN q.expires_at <= now() THEN 'expired'
            WHEN r.sent_at IS NOT NULL THEN 'sent' ELSE 'requested' END AS state
  FROM app.waveform_request q
  JOIN telemetry.device d USING (device_id)
  LEFT JOIN telemetry.waveform_request r USING (request_id)
  LEFT JOIN telemetry.series s USING (series_id)
  LEFT JOIN LATERAL (
       SELECT x.diagnosis_id FROM app.diagnosis x WHERE x.series_id = r.series_id AND x.time = r.time
        ORDER BY x.part IS NULL, x.method LIMIT 1) g ON true
 WHERE q.equipment_id = :equipment_id
"""
_NEWEST = text(f"""{_TOLD} AND (CAST(:before AS bigint) IS NULL OR q.request_id < :before)
 ORDER BY q.request_id DESC LIMIT :most""")
_OPEN = text(f"""SELECT request_id FROM ({_TOLD}) t WHERE state IN ('requested', 'sent')""")  # noqa: S608 - same


def ask(session: Session, equipment_id: int, body: WaveformRequestIn) -> WaveformRequestOut:
    """Store a request; the gateway sends it within seconds.

    Raises:
        NotFoundError: when the equipment is not registered.
        ConflictError: no device of it may be asked, or a request is open already.
        TooManyAttemptsError: more than `PER_HOUR` in an hour.
    """
    require_equipment(session, equipment_id)
    machine = {"equipment_id": equipment_id}
    session.execute(_LOCK, machine)
    device = session.execute(_DEVICES, machine).mappings().one_or_none()
    if device is None:
        raise ConflictError("no device of this machine tells waveforms")
    if not device["takes_requests"]:
        raise ConflictError(
            "the edge of this machine takes no requests; [node] waveform_requests = true allows them"
        )
    if session.execute(_OPEN, machine).first() is not None:
        raise ConflictError(
            "a request of this machine is open; ask again when it has been answered or has expired"
        )
    count, wait = session.execute(_LATELY, machine).one()
    if count >= PER_HOUR:
        raise TooManyAttemptsError(wait)
    session.execute(_ADD, {**machine, "device_id": device["device_id"], **body.model_dump()})
    return requests_of(session, equipment_id, Part(1))[0]


def requests_of(session: Session, equipment_id: int, part: Part) -> list[WaveformRequestOut]:
    """Requests of a machine, newest first.

    Raises:
        NotFoundError: when the equipment is not registered.
    """
    require_equipment(session, equipment_id)
    before = part.after[0] if part.after else None
    values = {"equipment_id": equipment_id, "before": before, "most": part.limit}
    return [_out(row) for row in session.execute(_NEWEST, values).mappings()]


def takes_requests(session: Session, equipment_id: int) -> bool:
    """Whether a device of the machine announces that it may be asked."""
    device = session.execute(_DEVICES, {"equipment_id": equipment_id}).mappings().one_or_none()
    return device is not None and bool(device["takes_requests"])


def _out(row: RowMapping) -> WaveformRequestOut:
    window = AskedWindow.model_validate(row) if row["arrived_at"] is not None else None
    told: Mapping[str, Any] = {**row, "window": window}
    return WaveformRequestOut.model_validate(told)
