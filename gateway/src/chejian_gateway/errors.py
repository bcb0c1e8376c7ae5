"""Errors of the gateway.

GatewayError
├── SchemaError     the database lacks migrations, or was migrated by a newer version: fatal, run `chejian-gateway migrate`
├── ShortClaimError batches of a commit are handled already: the commit is redone without them
└── ReplayError     a dead letter can't be replayed: it stays, the reason is shown
"""


class GatewayError(Exception):
    """Base of the gateway's errors."""


class SchemaError(GatewayError):
    """Schema `telemetry` is not the one that this version writes."""


class ShortClaimError(GatewayError):
    """Some batches of a commit are in the ledger already."""


class ReplayError(GatewayError):
    """A dead letter can't be stored now either."""
