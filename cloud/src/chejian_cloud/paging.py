"""Lists by pages: `limit` and `cursor` in the query, and the next page's address in the header `Link` (RFC 8288).

A cursor holds the keys of the last row told, so a page begins behind it whatever was added or taken out meanwhile, and
costs the same wherever it is in the list.
"""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final, TypeVar

from fastapi import Query, Request, Response
from sqlalchemy import Select, tuple_

from chejian_cloud.errors import InvalidValueError
from chejian_cloud.jsontypes import END_OF_TIME, FIRST_TIME
from chejian_cloud.storable import is_storable

_Item = TypeVar("_Item")
_Statement = TypeVar("_Statement", bound=Select[*tuple[Any, ...]])
_LARGEST: Final = 2**63 - 1
_ALLOWED: Final = "a cursor out of the header Link of this list"


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a list is asked for.

    Attributes:
        limit: most rows to read: one more than is told, so that it is known whether more follow.
        after: keys of the row before, in the list's order; None: from the begin.
    """

    limit: int
    after: tuple[Any, ...] | None = None

    def of(self, statement: _Statement, *keys: Any, descending: bool = False) -> _Statement:
        """The statement, ordered by `keys` and cut to this part.

        Args:
            statement: without an order.
            keys: columns that together are unique and never NULL.
            descending: the largest first.
        """
        if self.after is not None:
            place = tuple_(*keys)
            statement = statement.where(place < self.after if descending else place > self.after)
        return statement.order_by(*(k.desc() if descending else k for k in keys)).limit(self.limit)


class Page:
    """A page that a request asks for.

    Args:
        request: whose address the next page's follows from.
        response: that gets the header.
        keys: attributes of an item that its place in the list follows from.
        limit: most items.
        after: keys of the last item of the page before.
    """

    def __init__(
        self,
        request: Request,
        response: Response,
        keys: Sequence[str],
        limit: int,
        after: tuple[Any, ...] | None,
    ) -> None:
        self._request, self._response, self._keys, self._limit = request, response, keys, limit
        self.part = Part(limit + 1, after)

    def cut(self, items: Sequence[_Item]) -> list[_Item]:
        """The items that are told; where more follow, the answer says where."""
        told = list(items[: self._limit])
        if len(items) > self._limit:
            cursor = _written([getattr(told[-1], key) for key in self._keys])
            url = self._request.url.include_query_params(cursor=cursor)
            self._response.headers["Link"] = f'<{url.path}?{url.query}>; rel="next"'
        return told


def paging(
    keys: Mapping[str, type], *, default: int = 100, most: int = 1000
) -> Callable[[Request, Response, int, str | None], Awaitable[Page]]:
    """Dependency of a route that tells a list.

    Args:
        keys: attributes of an item by which the list is ordered, together unique, with their types (str, int, datetime).
        default: items of a page.
        most: that may be asked for.
    """

    async def page(
        request: Request,
        response: Response,
        limit: Annotated[int, Query(ge=1, le=most, description="Most items of the page.")] = default,
        cursor: Annotated[
            str | None, Query(max_length=1000, description="Out of the header `Link` of the page before.")
        ] = None,
    ) -> Page:
        after = None if cursor is None else _read(cursor, tuple(keys.values()))
        return Page(request, response, tuple(keys), limit, after)

    return page


def _written(values: Sequence[Any]) -> str:
    plain = [v.isoformat() if isinstance(v, datetime) else v for v in values]
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _read(cursor: str, kinds: Sequence[type]) -> tuple[Any, ...]:
    try:
        padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        return tuple(_typed(value, kind) for value, kind in zip(values, kinds, strict=True))
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise InvalidValueError("cursor", cursor, _ALLOWED) from None


def _typed(value: Any, kind: type) -> Any:
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if not FIRST_TIME <= moment < END_OF_TIME:
            raise ValueError("out of time")
        return moment
    fits = is_storable(value) if isinstance(value, str) else isinstance(value, int) and abs(value) <= _LARGEST
    if type(value) is not kind or not fits:
        raise ValueError("not such a key")
    return value
