"""Examples of answers to writes are answers: what is written now is answered in the shape that was recorded.

`CHEJIAN_TEST_RECORD=1 python -m pytest tests/cloud/contract/test_write_examples.py` records them anew.
"""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest
from chejian_cloud.openapi import EXAMPLES

from tests.cloud.conftest import _build_seeded
from tests.cloud.console.conftest import served
from tests.cloud.contract.deeds import Scribe, all_deeds, build
from tests.cloud.contract.test_answer_examples import HIDDEN
from tests.cloud.programme.test_outlines import made_up, stored
from tests.fixtures.fix_postgres import DatabaseServer
from tools.record_examples import keep, shortened

pytestmark = pytest.mark.long
Json = Any


@pytest.fixture(scope="module")
def told(postgres_server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Json]:
    """Answers of all deeds by route, as they are recorded."""
    base = postgres_server.template("cloud seeded", _build_seeded)
    dsn = postgres_server.create(template=postgres_server.template("plant of deeds", build, base=base))
    outlines = stored(tmp_path_factory.mktemp("map"), made_up())
    with served(dsn, programme_map=outlines) as client:
        scribe = Scribe(client, dsn)
        all_deeds(scribe)
    postgres_server.drop(dsn)
    found = {route: hidden(answer) for route, answer in scribe.told.items()}
    if os.environ.get("CHEJIAN_TEST_RECORD") == "1":
        keep(found)
    return {route: shortened(answer) for route, answer in found.items()}


def hidden(told: Json) -> Json:
    """The same without secrets."""
    if isinstance(told, list):
        return [hidden(inner) for inner in told]
    if not isinstance(told, dict):
        return told
    for name in told.keys() & HIDDEN.keys():
        if told[name] is not None:
            assert told[name].startswith(HIDDEN[name].partition("<")[0])
    return {
        name: HIDDEN[name] if name in HIDDEN and inner is not None else hidden(inner)
        for name, inner in told.items()
    }


def names(told: Json, place: str = "") -> Iterator[str]:
    """Where there is something: names with those around them, and the kind of what has none inside."""
    if isinstance(told, list):
        for inner in told:
            yield from names(inner, f"{place}[]")
    elif isinstance(told, dict):
        for name, inner in told.items():
            yield from names(inner, f"{place}.{name}")
    else:
        yield place


def test_writes_are_answered_as_their_examples_show(told: dict[str, Json]) -> None:
    shown = json.loads(EXAMPLES.read_text("utf-8"))
    writes = {route for route in shown if not route.startswith("GET ")}
    assert {route for route in told if not route.startswith("GET ")} == writes
    found = {route: set(names(answer)) for route, answer in told.items()}
    assert found == {route: set(names(shown[route])) for route in told}
