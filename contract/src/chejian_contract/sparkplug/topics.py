"""Sparkplug B topics (specification 3.0, chapter 4)."""

from dataclasses import dataclass
from enum import StrEnum

from chejian_contract.equipment import check_code
from chejian_contract.errors import PayloadError

NAMESPACE = "spBv1.0"


class MessageType(StrEnum):
    """Sparkplug message types."""

    NBIRTH = "NBIRTH"
    NDEATH = "NDEATH"
    DBIRTH = "DBIRTH"
    DDEATH = "DDEATH"
    NDATA = "NDATA"
    DDATA = "DDATA"
    NCMD = "NCMD"
    DCMD = "DCMD"

    @property
    def of_device(self) -> bool:
        """Whether the topic carries a device id."""
        return self.value[0] == "D"


@dataclass(frozen=True, slots=True)
class Topic:
    """A parsed topic; `device` is "" for node messages."""

    group: str
    type: MessageType
    node: str
    device: str = ""

    def __str__(self) -> str:
        tail = f"/{self.device}" if self.device else ""
        return f"{NAMESPACE}/{self.group}/{self.type.value}/{self.node}{tail}"

    @classmethod
    def parse(cls, text: str) -> "Topic":
        """Read a topic of the namespace, STATE topics excepted.

        Raises:
            PayloadError: names the topic and the rule that it breaks.
        """
        parts = text.split("/")
        if len(parts) not in (4, 5) or parts[0] != NAMESPACE:
            raise PayloadError(f"topic {text!r} must be {NAMESPACE}/<group>/<type>/<node>[/<device>]")
        try:
            kind = MessageType(parts[2])
        except ValueError:
            raise PayloadError(f"topic {text!r}: {parts[2]!r} is no Sparkplug message type") from None
        if not all(parts):
            raise PayloadError(f"topic {text!r}: no level may be empty")
        device = parts[4] if len(parts) == 5 else ""  # noqa: PLR2004 - five levels with a device
        if kind.of_device != bool(device):
            raise PayloadError(
                f"topic {text!r}: {kind.value} {'needs' if kind.of_device else 'has no'} device level"
            )
        return cls(parts[1], kind, parts[3], device)


def node_topic(group: str, kind: MessageType, node: str) -> Topic:
    """Topic of a node message; ids are checked."""
    return Topic(check_code(group, "group"), kind, check_code(node, "edge node"))


def device_topic(group: str, kind: MessageType, node: str, device: str) -> Topic:
    """Topic of a device message; ids are checked."""
    return Topic(
        check_code(group, "group"), kind, check_code(node, "edge node"), check_code(device, "device")
    )


def state_topic(host_id: str) -> str:
    """Topic of a host's STATE message."""
    return f"{NAMESPACE}/STATE/{check_code(host_id, 'host')}"
