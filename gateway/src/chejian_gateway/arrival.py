"""A message with what has been read of it."""

from dataclasses import dataclass

from chejian_contract.sparkplug.sparkplug_b_pb2 import Payload
from chejian_contract.sparkplug.topics import Topic

from chejian_gateway.intake import Message


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message, its topic and its payload."""

    message: Message
    topic: Topic
    payload: Payload
