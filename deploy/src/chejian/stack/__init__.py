"""The embedded stack: a PostgreSQL server, an MQTT broker and the supervisor that keeps processes alive.

Everything here runs on one machine without Docker, as any user or as root, and ends when its parent ends.
"""

from chejian.stack.broker import Broker
from chejian.stack.child import Child, ProcessSpec
from chejian.stack.errors import InUseError, StackError, StartError
from chejian.stack.postgres import EmbeddedPostgres
from chejian.stack.processes import Supervisor

__all__ = [
    "Broker",
    "Child",
    "EmbeddedPostgres",
    "InUseError",
    "ProcessSpec",
    "StackError",
    "StartError",
    "Supervisor",
]
