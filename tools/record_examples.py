"""Records the examples of answers in the OpenAPI document from a running demo: real ones, shortened.

Run beside ``chejian demo --province``, when its history is in:
``.venv/bin/python -m tools.record_examples --base http://127.0.0.1:PORT --dsn DSN``; the DSN is that of the demo's server.

Each read of JSON is asked with ids that earlier answers named; the answer with most in it is kept. Lists keep their first
items. `tests/cloud/contract/test_answer_examples.py` holds every example against the route's model. Answers to writes, and to
reads of which a demo has nothing to show, are recorded by `tests/cloud/contract/test_write_examples.py`.
"""

import argparse
import itertools
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

import httpx
from chejian_cloud.access.commands import make_token
from chejian_cloud.access.permissions import TOKEN_PERMISSIONS, Role
from chejian_cloud.config import API_PREFIX
from chejian_cloud.openapi import EXAMPLES

Json = Any
TRIES = 25
"""Answers of one route that are compared."""
ENOUGH = 400
"""Values in an answer that need no richer one."""
ITEMS, NUMBERS = 2, 6
"""Members that stay of a list of objects, and of plain values."""
_SAME = {"programme_entry_id": "entry_id"}
"""Names of ids in answers that are named otherwise in addresses."""


def leaves(value: Json) -> int:
    """How many values there are that say something."""
    if isinstance(value, Mapping):
        return sum(map(leaves, value.values()))
    if isinstance(value, list):
        return sum(map(leaves, value))
    return value not in (None, "")


def shortened(value: Json) -> Json:
    """Lists with their first members only."""
    if isinstance(value, Mapping):
        return {key: shortened(inner) for key, inner in value.items()}
    if isinstance(value, list):
        plain = value and not isinstance(value[0], Mapping | list)
        return [shortened(inner) for inner in value[: NUMBERS if plain else ITEMS]]
    return value


def keep(found: Mapping[str, Json]) -> int:
    """Put answers, shortened, into the examples by their routes; others stay. Answers how many there are then."""
    told = json.loads(EXAMPLES.read_text("utf-8"))
    told |= {route: shortened(answer) for route, answer in found.items()}
    EXAMPLES.write_text(json.dumps(dict(sorted(told.items())), ensure_ascii=False, indent=1) + "\n", "utf-8")
    return len(told)


class Recorder:
    """Asks every read of a server's document.

    Args:
        client: logged in.
        document: the OpenAPI document.
    """

    def __init__(self, client: httpx.Client, document: Mapping[str, Json]) -> None:
        self._client = client
        self._reads = {
            path: methods["get"]
            for path, methods in document["paths"].items()
            if "get" in methods
            and "application/json" in methods["get"]["responses"].get("200", {}).get("content", ())
        }
        self._known: dict[str, Counter[str]] = defaultdict(Counter)
        self.found: dict[str, Json] = {}

    def record(self) -> None:
        """Ask twice, since the second round knows more ids; addresses without ids come first."""
        for _ in range(2):
            for path in sorted(self._reads, key=lambda p: (p.count("{"), p)):
                self._ask(path)

    def act(self) -> None:
        """What people do beside the machines, so that their lists are not empty.

        Raises:
            httpx.HTTPStatusError: something was refused.
        """
        stop = self.found["GET /api/v1/needs-reason"][0]
        finding = self.found["GET /api/v1/diagnosis-findings"][0]
        machine = self.found["GET /api/v1/orders/results"][0]
        span = {key: machine[key] for key in ("start", "end")}
        order = {
            "code": "MO-2026-118",
            "quantity": 400,
            "planned_start": span["start"],
            "planned_end": span["end"],
        }
        todo: list[tuple[str, str, dict[str, Json]]] = [
            (
                "POST",
                f"equipment/{stop['equipment_id']}/stop-reasons/assign",
                {
                    "start": stop["start"],
                    "end": stop["end"],
                    "reason": "breakdown.electrical",
                    "comment": "F2",
                },
            ),
            ("POST", f"diagnoses/{finding['diagnosis_id']}/labels", {"answer": "confirmed"}),
            ("POST", f"equipment/{machine['equipment_id']}/inspections", {"time": span["start"], "scrap": 1}),
            ("PUT", "orders", {"orders": [order | {key: machine[key] for key in ("equipment", "product")}]}),
            ("POST", "report-schedules", {"workshop_id": finding["workshop_id"], "window": "shift"}),
        ]
        for method, path, body in todo:
            answer = self._client.request(method, f"{API_PREFIX}/{path}", json=body | {"user_name": "li"})
            if answer.status_code != HTTPStatus.CONFLICT:  # done by an earlier run
                answer.raise_for_status()

    @property
    def missing(self) -> list[str]:
        """Routes that nothing was recorded of."""
        return [path for path in self._reads if f"GET {path}" not in self.found]

    def _ask(self, path: str) -> None:
        best = self.found.get(f"GET {path}", [])
        for address, query in itertools.islice(self._addresses(path), TRIES):
            if leaves(best) >= ENOUGH:
                break
            answer = self._client.get(address, params=query)
            if answer.status_code != HTTPStatus.OK:
                continue
            told = answer.json()
            self._note(told)
            if leaves(told) > leaves(best):
                best = told
        if best:
            self.found[f"GET {path}"] = best

    def _addresses(self, path: str) -> Iterator[tuple[str, dict[str, Json]]]:
        parameters = [p for p in self._reads[path].get("parameters", ()) if p.get("required")]
        choices = [[*_often(self._known[p["name"]]), *_shown(p)] for p in parameters]
        for values in itertools.product(*choices):
            given = dict(zip((p["name"] for p in parameters), values, strict=True))
            query = {p["name"]: given.pop(p["name"]) for p in parameters if p["in"] == "query"}
            yield path.format_map(given), query

    def _note(self, told: Json) -> None:
        """Ids, and beginnings of windows, that addresses may ask for."""
        for key, value in told.items() if isinstance(told, Mapping) else ():
            name = _SAME.get(str(key), str(key))
            known = self._known[name]
            if isinstance(value, str | int) and (name.endswith("_id") or name == "start"):
                known[str(value)] += 1
            else:
                self._note(value)
        for inner in told if isinstance(told, list) else ():
            self._note(inner)


def _often(known: Counter[str]) -> list[str]:
    """Most often named first: what has orders, stops and diagnoses is named more than what stands in a list only."""
    return [value for value, _ in known.most_common(TRIES)]


def _shown(parameter: Mapping[str, Json]) -> list[Json]:
    shown = parameter["schema"].get("examples") or parameter.get("examples") or []
    return [each["value"] for each in shown.values()] if isinstance(shown, Mapping) else list(shown)


def main() -> int:
    """Ask, shorten, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True, help="address of the demo's console")
    parser.add_argument("--dsn", required=True, help="of the demo's database")
    arguments = parser.parse_args()
    token = make_token(arguments.dsn, "examples", Role.PLATFORM_ADMIN, None, TOKEN_PERMISSIONS, days=1)
    with httpx.Client(
        base_url=arguments.base, headers={"Authorization": f"Bearer {token}"}, timeout=60
    ) as client:
        recorder = Recorder(client, client.get(f"{API_PREFIX}/openapi.json").raise_for_status().json())
        recorder.record()
        recorder.act()
        recorder.record()
    count = keep(recorder.found)
    sys.stdout.write(f"{count} examples; the demo has none of: {', '.join(recorder.missing) or '-'}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
