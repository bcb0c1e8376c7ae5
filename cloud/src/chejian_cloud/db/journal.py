"""Lines of the audit journal."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

_INSERT = text("""
INSERT INTO app.audit (account_id, account_name, token_id, enterprise_id, action, target, address)
VALUES (:account_id, :account_name, :token_id,
        COALESCE(app.enterprise_of(:equipment_id, :line_id, :workshop_id), :enterprise_id),
        :action, CAST(:target AS jsonb), :address)
""")
_PLACES = ("equipment_id", "line_id", "workshop_id")


@dataclass(frozen=True, slots=True)
class Line:
    """What somebody did.

    Attributes:
        account_id: who; None when nobody is known.
        account_name: as it was typed, where nobody is known.
        action: e.g. "PUT /api/v1/orders" or "log in".
        address: from where.
        target: what: parameters and body.
        token_id: of the token that was used.
        enterprise_id: whose, where the target names no equipment, line or workshop.
    """

    account_id: int | None
    account_name: str
    action: str
    address: str
    target: Mapping[str, Any] = field(default_factory=dict)
    token_id: int | None = None
    enterprise_id: int | None = None


def write(session: Session, line: Line) -> None:
    """Add a line, in the transaction of what it tells of."""
    places = {name: _number(line.target.get(name)) for name in _PLACES}
    values = {
        "account_id": line.account_id,
        "account_name": line.account_name,
        "token_id": line.token_id,
        "enterprise_id": line.enterprise_id,
        "action": line.action,
        "target": json.dumps(line.target, ensure_ascii=False, default=str),
        "address": line.address,
    }
    session.execute(_INSERT, values | places)


def _number(value: object) -> int | None:
    text_ = str(value)
    return int(text_) if text_.isdecimal() and int(text_) < 2**31 else None
