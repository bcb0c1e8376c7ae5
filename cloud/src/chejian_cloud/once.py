"""Idempotency keys: a POST that is sent again, since its answer got lost, is answered again and not done again.

What was answered is kept for a day, in the transaction of what was done. A row is found by a digest of account, route and key
only; the functions behind it (`chejian_cloud.db.rows`) let nobody list rows.
"""

import hashlib
import json
from collections.abc import Callable
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Header, Request
from fastapi.encoders import jsonable_encoder
from sqlalchemy import text
from sqlalchemy.orm import Session

from chejian_cloud.errors import AnsweredBeforeError, ConflictError, InvalidValueError

_Done = TypeVar("_Done")
_CLAIM: Final = text("SELECT * FROM app.claim_request(:key, :request)")
_ANSWER: Final = text("SELECT app.answer_request(:key, CAST(:answer AS jsonb), :digest)")


class OnceOnly:
    """Does things once for each key.

    Args:
        key_hash: digest of account, route and key; None: no key was sent.
        request_hash: digest of the whole request.
    """

    def __init__(self, key_hash: bytes | None, request_hash: bytes) -> None:
        self._key, self._request = key_hash, request_hash

    def do(self, session: Session, action: Callable[[], _Done], *, secret: bool = False) -> _Done:
        """Do it, or answer what was answered before. A request with the same key waits until the first one has ended.

        Args:
            session: whose transaction both belong to.
            action: what is to be done; returns the answer.
            secret: whether the answer holds a secret, of which only the digest is kept.

        Raises:
            AnsweredBeforeError: it was done before; holds the answer.
            ConflictError: it was done before, and its answer is not kept.
            InvalidValueError: the key was used for another request.
        """
        if self._key is None:
            return action()
        before = session.execute(_CLAIM, {"key": self._key, "request": self._request}).mappings().one()
        if before["request_hash"] is None:
            done = action()
            answer = json.dumps(jsonable_encoder(done), sort_keys=True)
            values = {
                "key": self._key,
                "answer": None if secret else answer,
                "digest": hashlib.sha256(answer.encode()).digest(),
            }
            session.execute(_ANSWER, values)
            return done
        if before["request_hash"] != self._request:
            raise InvalidValueError(
                "Idempotency-Key", "(yours)", "a new key for each request; this one was used for another"
            )
        if before["answer"] is None:
            raise ConflictError("this was done already; its answer held a secret, which is shown only once")
        raise AnsweredBeforeError(before["answer"])


async def _once(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=200,
            pattern=r"^[!-~]+$",
            description="A new random text for each thing to be done; sent again with it, nothing is done twice.",
        ),
    ] = None,
) -> OnceOnly:
    whole = b"\0".join((request.url.path.encode(), request.url.query.encode(), await request.body()))
    if idempotency_key is None:
        return OnceOnly(None, b"")
    asked = f"{request.state.caller.account_id}\0{request.state.route}\0{idempotency_key}"
    return OnceOnly(hashlib.sha256(asked.encode()).digest(), hashlib.sha256(whole).digest())


Once = Annotated[OnceOnly, Depends(_once)]
"""FastAPI parameter of a POST that makes something."""
