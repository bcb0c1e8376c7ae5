"""The client: requests with retries where they are safe, pages as iterators, live events with reconnection."""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Final, Self

import httpx

from chejian_client.errors import BY_STATUS, RefusedError, UnreachableError
from chejian_client.samples import Samples, from_csv
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

_PREFIX: Final = "/api/v1"
_UNAVAILABLE: Final = 503
_FIRST_PAUSE: Final = 0.5
"""[s] before a request is sent again; each further pause is twice as long."""
_LONGEST_PAUSE: Final = 10.0
"""[s] between two attempts at most."""
_SILENCE: Final = 60.0
"""[s] without a byte after which a stream of events is dead: the service sends a comment each 15 s."""


class Client:
    """Speaks with the API of one installation; a context manager.

    Args:
        base_url: of the console, e.g. "https://chejian.example".
        token: of a service account, made on the page of accounts.
        timeout: [s] for one answer.
        attempts: how often a request is sent that is safe to repeat, 1 or more: reading, what makes something (it has a key that
            lets it be done once), and edits that name what they replace.
        verify: whether the certificate is checked; a path names the file of an own authority.
        sleep: waits for so many seconds; tests give their own.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        *,
        timeout: float = 30.0,
        attempts: int = 4,
        verify: bool | str = True,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        self._attempts, self._sleep = attempts, sleep
        self._http = httpx.Client(
            base_url=base_url.rstrip("/") + _PREFIX,
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout,
            verify=verify,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def workshops(self) -> list[Workshop]:
        """All workshops that the token may see."""
        return [Workshop.of(row) for row in self.get("/workshops")]

    def equipment(self, workshop_id: int | None = None) -> Iterator[Equipment]:
        """Equipment by workshop, line and place in the flow."""
        return map(Equipment.of, self.pages("/equipment", workshop_id=workshop_id))

    def signals(self, equipment_id: int) -> list[Signal]:
        """Signals of an equipment."""
        return [Signal.of(row) for row in self.get(f"/equipment/{equipment_id}/signals")]

    def samples(self, series_id: int, start: datetime, end: datetime) -> Samples:
        """All samples of a series of numbers in [start, end), at most 31 days; streamed into arrays."""
        with self._samples_file(series_id, start, end, "csv") as answer:
            return from_csv(answer.iter_lines())

    def samples_arrow(self, series_id: int, start: datetime, end: datetime) -> Iterator[bytes]:
        """The same samples as the parts of a stream of Apache Arrow, for the Arrow library of your choice or a file `.arrows`.

        Columns `time` (timestamp [us, UTC]), `value` (float64, null where the sample has no value) and `quality` (int16);
        the schema's metadata tell `series_id`, `name` and `unit`. All parts joined are at most about 55 MB.
        """
        with self._samples_file(series_id, start, end, "arrow") as answer:
            yield from answer.iter_bytes()

    @contextmanager
    def _samples_file(
        self, series_id: int, start: datetime, end: datetime, form: str
    ) -> Iterator[httpx.Response]:
        query = {"from": start.isoformat(), "to": end.isoformat(), "format": form}
        with self._http.stream("GET", f"/series/{series_id}/samples/file", params=query) as answer:
            if answer.is_error:
                answer.read()
            _check(answer)
            yield answer

    def kpi_values(
        self,
        equipment_id: int,
        *,
        kpi: str | None = None,
        window: str | None = None,
        start: datetime | None = None,
        end: datetime | None = None,
        as_of: datetime | None = None,
    ) -> list[KpiValue]:
        """KPIs of the windows that overlap [start, end) (default: the last 24 hours), as now or as believed at `as_of`."""
        query = {"kpi": kpi, "window": window, "from": start, "to": end, "as_of": as_of}
        return [KpiValue.of(row) for row in self.get(f"/equipment/{equipment_id}/kpis", **query)]

    def explain(self, equipment_id: int, value: KpiValue) -> Explanation:
        """How a value came about."""
        query = {"kpi": value.kpi, "window": value.window, "start": value.start}
        return Explanation.of(self.get(f"/equipment/{equipment_id}/kpis/explain", **query))

    def revisions(
        self, equipment_id: int, start: datetime | None = None, end: datetime | None = None
    ) -> Iterator[Revision]:
        """Changes of closed windows that overlap a range, the newest first."""
        path = f"/equipment/{equipment_id}/kpi-revisions"
        return map(Revision.of, self.pages(path, **{"from": start, "to": end}))

    def events(
        self, *, workshop_id: int | None = None, in_short: bool = False, patience: timedelta | None = None
    ) -> Iterator[Event]:
        """Follow a live view: its state at once, then each change, at most one a second; without end.

        A stream that breaks is opened again where it was, so a state that was told is not told twice.

        Args:
            workshop_id: only this workshop's machines.
            in_short: all workshops with their counts instead of machines.
            patience: how long nobody may answer; None: for ever.

        Raises:
            UnreachableError: nobody answered for longer than `patience`.
            RefusedError: the token has ended, or may not see this.
        """
        query = _query({"workshop_id": workshop_id, "view": "workshops" if in_short else None})
        seen, failures, since = "", 0, time.monotonic()
        while True:
            try:
                for event in self._stream(query, seen):
                    seen, failures, since = event.id, 0, time.monotonic()
                    yield event
            except (httpx.TransportError, UnreachableError) as error:
                if patience is not None and time.monotonic() - since > patience.total_seconds():
                    raise UnreachableError(
                        f"no event since {time.monotonic() - since:.0f} s: {error}"
                    ) from error
            failures += 1
            self._sleep(_pause(failures))

    def _stream(self, query: Mapping[str, str], seen: str) -> Iterator[Event]:
        headers = {"Last-Event-ID": seen} if seen else {}
        timeout = httpx.Timeout(self._http.timeout.connect, read=_SILENCE)
        with self._http.stream("GET", "/stream", params=query, headers=headers, timeout=timeout) as answer:
            if answer.is_error:
                answer.read()
            _check(answer)
            found: dict[str, str] = {}
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name:
                    found[name] = value
                elif "data" in found:
                    yield Event(found.get("id", ""), found.get("event", ""), json.loads(found["data"]))
                    found = {}

    def get(self, path: str, **query: Any) -> Any:
        """JSON of a GET; `None` in the query is left out, times are written with their offset."""
        return self._send("GET", path, params=_query(query)).json()

    def tagged(self, path: str, **query: Any) -> Tagged[Any]:
        """The same with its ETag, for an edit of it."""
        answer = self._send("GET", path, params=_query(query))
        return Tagged(answer.json(), answer.headers["ETag"])

    def pages(self, path: str, **query: Any) -> Iterator[dict[str, Any]]:
        """Items of a list that is told by pages; the next page is asked when it is needed."""
        answer = self._send("GET", path, params=_query(query))
        while True:
            yield from answer.json()
            onward = answer.links.get("next", {}).get("url")
            if onward is None:
                return
            answer = self._send("GET", onward.removeprefix(_PREFIX))

    def make(self, path: str, body: Mapping[str, Any], *, key: str | None = None) -> Any:
        """JSON of a POST that makes something; sent again when no answer came, and done once.

        Args:
            path: below the API.
            body: JSON.
            key: of the attempt; give your own to repeat it in another process (default: a new one).
        """
        headers = {"Idempotency-Key": key or secrets.token_urlsafe(24)}
        return _told(self._send("POST", path, json=body, headers=headers))

    def put(self, path: str, body: Mapping[str, Any], *, etag: str | None = None) -> Any:
        """JSON of a PUT; `etag` lets it be refused (`ChangedSinceError`) where somebody else was faster.

        With an `etag` it is not sent again by itself: the first attempt may have changed what the second would name.
        """
        headers = {"If-Match": etag} if etag else {}
        return _told(self._send("PUT", path, json=body, headers=headers, again=etag is None))

    def delete(self, path: str, *, etag: str | None = None, **query: Any) -> Any:
        """JSON of a DELETE, None where it has none; `etag` as for `put`."""
        headers = {"If-Match": etag} if etag else {}
        return _told(self._send("DELETE", path, params=_query(query), headers=headers, again=False))

    def _send(self, method: str, path: str, *, again: bool = True, **options: Any) -> httpx.Response:
        attempts = self._attempts if again else 1
        for attempt in range(1, attempts + 1):
            try:
                answer = self._http.request(method, path, **options)
            except httpx.TransportError as error:
                if attempt == attempts:
                    raise UnreachableError(f"{method} {path}: {error} ({attempts} attempts)") from error
            else:
                if answer.status_code != _UNAVAILABLE or attempt == attempts:
                    _check(answer)
                    return answer
            self._sleep(_pause(attempt))
        raise UnreachableError(f"{method} {path}: attempts must be 1 or more, not {attempts}")


def _pause(failures: int) -> float:
    return float(min(_FIRST_PAUSE * 2 ** min(failures - 1, 10), _LONGEST_PAUSE))


def _query(given: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else str(value)
        for name, value in given.items()
        if value is not None
    }


def _check(answer: httpx.Response) -> None:
    if not answer.is_error:
        return
    is_problem = answer.headers.get("content-type", "").startswith("application/problem+json")
    problem = answer.json() if is_problem else {"detail": f"HTTP {answer.status_code} of {answer.url.path}"}
    if answer.status_code == _UNAVAILABLE:
        raise UnreachableError(problem["detail"])
    raise BY_STATUS.get(answer.status_code, RefusedError)(answer.status_code, problem)


def _told(answer: httpx.Response) -> Any:
    return answer.json() if answer.content else None
