"""Who may do what at the broker: mosquitto's files of rights and of passwords."""

import base64
import hashlib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

GATEWAY = "gateway"
"""User name of the gateways; no edge can have it, as theirs hold a /."""
HEALTH = "health"
"""Who asks the broker for its own state, and nothing else."""
HOST_ID = "chejian"
_ITERATIONS = 10_000
"""Of PBKDF2. Passwords are 256 random bits, which no number of iterations makes harder to guess."""
_SALT_BYTES = 12
_KEY_BYTES = 64
_NODE_DATA = ("NBIRTH", "NDATA", "NDEATH")
_DEVICE_DATA = ("DBIRTH", "DDATA", "DDEATH")


class Edge(NamedTuple):
    """An edge agent: Sparkplug group and edge node."""

    group: str
    node: str

    @property
    def user(self) -> str:
        """Its name at the broker; neither code holds a /, so no two edges share it."""
        return f"{self.group}/{self.node}"


def rights(edges: Iterable[Edge]) -> str:
    """The file of rights (mosquitto.conf: acl_file). Who is not named in it may do nothing.

    An edge says what is its own and hears its own commands. Commands, acknowledgements and the host's state are the
    gateway's: an edge that could say them would acknowledge what nobody has stored. Of commands to devices there is one, a
    waveform request (docs/decisions/0021-waveform-requests.md).
    """
    parts = [
        "# Written by `chejian init`; it is made again at each run.",
        f"user {GATEWAY}",
        "topic read spBv1.0/#",
        "topic write spBv1.0/+/NCMD/+",
        "topic write spBv1.0/+/DCMD/+/+",
        f"topic write spBv1.0/STATE/{HOST_ID}",
        "",
        f"user {HEALTH}",
        "topic read $SYS/broker/uptime",
    ]
    for edge in sorted(edges):
        group, node = edge
        parts += ["", f"user {edge.user}"]
        parts += [f"topic write spBv1.0/{group}/{kind}/{node}" for kind in _NODE_DATA]
        parts += [f"topic write spBv1.0/{group}/{kind}/{node}/+" for kind in _DEVICE_DATA]
        parts += [
            f"topic read spBv1.0/{group}/NCMD/{node}",
            f"topic read spBv1.0/{group}/DCMD/{node}/+",
            f"topic read spBv1.0/STATE/{HOST_ID}",
        ]
    return "\n".join(parts) + "\n"


def passwords(users: Mapping[str, str]) -> str:
    """The file of passwords (mosquitto.conf: password_file), hashed with PBKDF2-SHA512.

    The salt follows from name and password, so that the file stays the same when it is made again.
    """
    return "".join(f"{name}:{_hashed(name, password)}\n" for name, password in sorted(users.items()))


def _hashed(name: str, password: str) -> str:
    salt = hashlib.sha256(f"chejian broker\0{name}\0{password}".encode()).digest()[:_SALT_BYTES]
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS, _KEY_BYTES)
    return f"$7${_ITERATIONS}${base64.b64encode(salt).decode()}${base64.b64encode(key).decode()}"
