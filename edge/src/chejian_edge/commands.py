"""What the host tells the edge: NCMD (rebirth, acknowledgement), DCMD (a waveform is wanted) and STATE."""

import json
from dataclasses import dataclass

from chejian_contract.errors import PayloadError
from chejian_contract.ledger import METRIC_ACQUIRE, METRIC_REBIRTH, METRIC_STORED, Ack
from chejian_contract.sparkplug.payload import parse_payload


@dataclass(frozen=True, slots=True)
class Command:
    """A read NCMD.

    Attributes:
        rebirth: the host asks for a complete birth sequence.
        ack: what the host has handled, None when it says nothing of that.
    """

    rebirth: bool
    ack: Ack | None


def parse_command(data: bytes) -> Command:
    """Read an NCMD; unknown metrics are left alone.

    Raises:
        PayloadError: no Sparkplug payload, or an acknowledgement that can't be read.
    """
    rebirth, ack = False, None
    for metric in parse_payload(data).metrics:
        if metric.name == METRIC_REBIRTH:
            rebirth = rebirth or metric.boolean_value
        elif metric.name == METRIC_STORED:
            ack = Ack.parse(metric.string_value)
    return Command(rebirth, ack)


def asks_for_waveform(data: bytes) -> bool:
    """Whether a DCMD asks for the device's next waveform; unknown metrics are left alone.

    Raises:
        PayloadError: no Sparkplug payload.
    """
    return any(m.name == METRIC_ACQUIRE and m.boolean_value for m in parse_payload(data).metrics)


@dataclass(slots=True)
class HostState:
    """The primary host as its STATE messages tell.

    Attributes:
        online: whether it may be sent to.
        timestamp: of the last message that counted [ms UTC].
    """

    online: bool = False
    timestamp: int = -1

    def take(self, data: bytes) -> bool:
        """Take a STATE; older ones than the last that counted are ignored.

        Returns:
            whether `online` changed.

        Raises:
            PayloadError: no JSON object with "online" and "timestamp".
        """
        try:
            table = json.loads(data)
            online, timestamp = table["online"], table["timestamp"]
        except (ValueError, KeyError, TypeError) as error:
            raise PayloadError(
                f'STATE {data[:80]!r} must be {{"online": bool, "timestamp": ms}}: {error!r}'
            ) from error
        if not isinstance(online, bool) or not isinstance(timestamp, int) or isinstance(timestamp, bool):
            raise PayloadError(f'STATE {data[:80]!r} must be {{"online": bool, "timestamp": ms}}')
        if timestamp < self.timestamp:
            return False
        changed = online != self.online
        self.online, self.timestamp = online, timestamp
        return changed
