"""Errors of the gateway.

GatewayError
├── SchemaError     the database lacks migrations, or was migrated by a newer version: fatal, run `chejian-gateway migrate`
├── NotHostError    another replica is the host now: what only the host may do is left to it
├── ShortClaimError batches of a commit are handled already: the commit is redone without them
└── ReplayError     a dead letter can't be replayed: it stays, the reason is shown
"""


class GatewayError(Exception):
    """Base of the gateway's errors."""


class SchemaError(GatewayError):
    """Schema `telemetry` is not the one that this version writes."""


class NotHostError(GatewayError):
    """This process was the host when the work began and is not any more."""


class ShortClaimError(GatewayError):
    """Some batches of a commit are in the ledger already."""


class ReplayError(GatewayError):
    """A dead letter can't be stored now either."""
