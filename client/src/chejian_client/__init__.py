"""A small typed client of Chejian's API."""

from chejian_client.client import Client
from chejian_client.errors import (
    ChangedSinceError,
    ChejianError,
    ConflictError,
    ForbiddenError,
    InvalidError,
    NotFoundError,
    NotLoggedInError,
    RefusedError,
    UnreachableError,
    WrongValue,
)
from chejian_client.samples import Samples
from chejian_client.values import (
    Equipment,
    Event,
    Explanation,
    KpiValue,
    Revision,
    Signal,
    Tagged,
    Workshop,
)

__all__ = [
    "ChangedSinceError",
    "ChejianError",
    "Client",
    "ConflictError",
    "Equipment",
    "Event",
    "Explanation",
    "ForbiddenError",
    "InvalidError",
    "KpiValue",
    "NotFoundError",
    "NotLoggedInError",
    "RefusedError",
    "Revision",
    "Samples",
    "Signal",
    "Tagged",
    "UnreachableError",
    "Workshop",
    "WrongValue",
]
