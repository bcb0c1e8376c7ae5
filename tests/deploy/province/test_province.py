"""A small simulated province in a database: what the API shows is what was simulated, and a difference is noticed."""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import psycopg
import pytest
from chejian.demo.province import Size, check_province, fill, shifted_plan
from chejian.demo.province.lines import line
from chejian_cloud.access.permissions import Role
from chejian_cloud.db.migrate import migrate as migrate_app
from chejian_gateway.migrate import migrate as migrate_telemetry

from tests.cloud.console.conftest import served
from tests.cloud.keys import bearer
from tests.fixtures.fix_postgres import DatabaseServer

pytestmark = pytest.mark.long
SIZE = Size(workshops=5, lines=50, months=3)


class Filled(NamedTuple):
    """A filled database, the file of its truth, and the API in front of it."""

    dsn: str
    folder: Path
    client: httpx.Client

    def ask(self, path: str, query: Any) -> Any:
        answer = self.client.get(f"/api/v1{path}", params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    @property
    def truth(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "truth.json").read_text("utf-8"))
        return found


def fill_again(dsn: str, folder: Path) -> bool:
    plan = folder / "plan.toml"
    now = datetime.now(UTC)
    plan.write_text(shifted_plan(now.date()), "utf-8")
    return fill(dsn, plan, folder / "truth.json", now, lambda _: None, size=SIZE)


@pytest.fixture(scope="module")
def filled(postgres_server: DatabaseServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    folder = tmp_path_factory.mktemp("province")
    dsn = postgres_server.create()
    migrate_telemetry(dsn)
    migrate_app(dsn)
    assert fill_again(dsn, folder)
    with served(dsn, bearer(dsn, Role.PROVINCE, "230000"), programme_plan=folder / "plan.toml") as client:
        yield Filled(dsn, folder, client)
    postgres_server.drop(dsn)


def test_the_api_shows_what_was_simulated(filled: Filled) -> None:
    found = list(check_province(filled.ask, filled.truth))
    assert [each for each in found if not each.ok] == []
    assert len(found) > 30
    over = filled.truth["stories"]["over_declares"]
    assert (over["declared"], over["measured"]) == (1.0, 0.4)
    assert not fill_again(filled.dsn, filled.folder)


def test_the_region_has_what_was_published_and_what_its_enterprises_measured(filled: Filled) -> None:
    compared = filled.ask("/regional-comparison", {"standard": "regional-index-2015"})["rows"]
    (index,) = (row for row in compared if row["state"] != "published")
    assert (index["region"], index["year"], index["total"], index["state"]) == (
        "230000",
        2015,
        76.5,
        "submitted",
    )
    now = next(
        f for f in filled.ask("/regional-assessments", {}) if f["standard_id"] == "national-indicators"
    )
    items = filled.ask(f"/regional-assessments/{now['region_assessment_id']}", {})["items"]
    here = {item["id"]: item["platform"] for item in items if item["platform"]}
    assert set(here) == {"key_process_nc", "digital_equipment", "networked_equipment"}
    assert here["networked_equipment"]["asked"] == len(filled.ask("/programme/entries", {"kind": "workshop"}))
    assert all(item["value"] is None for item in items)  # measured is never taken for said


def test_a_line_of_copy_comes_back_as_it_was_written(filled: Filled) -> None:
    row = ("a\tb\\N\n车间", None, 0.1 + 0.2, datetime(2026, 1, 2, 3, tzinfo=UTC), ("x", "y"), (), True)
    with psycopg.connect(filled.dsn) as connection:
        connection.execute(
            "CREATE TEMP TABLE told (a text, b int, c float8, d timestamptz, e text[], f text[], g bool)"
        )
        with connection.cursor() as cursor, cursor.copy("COPY told FROM STDIN") as copy:
            copy.write(line(row) * 2)
        assert connection.execute("SELECT * FROM told").fetchall() == [
            (*row[:4], ["x", "y"], [], True) for _ in range(2)
        ]


def _declares_less(truth: dict[str, Any]) -> None:
    truth["stories"]["over_declares"]["declared"] = 0.9


def _another_month(truth: dict[str, Any]) -> None:
    truth["stories"]["improves"]["oee"]["months"][0] += 0.001


def _another_use(truth: dict[str, Any]) -> None:
    truth["stories"]["energy_falls"]["wh_per_item"]["recent"] *= 1.001


def _another_silent_one(truth: dict[str, Any]) -> None:
    truth["stories"]["outage"]["silent_days"] += 1


def _one_more_in_harbin(truth: dict[str, Any]) -> None:
    truth["by_city"]["230100"] += 1


def _one_more_recognised(truth: dict[str, Any]) -> None:
    truth["recognised"] += 1


@pytest.mark.parametrize(
    ("change", "noticed"),
    [
        (_declares_less, "declared and measured"),
        (_another_month, "oee of a month"),
        (_another_use, "energy, recent"),
        (_another_silent_one, "days of silence"),
        (_one_more_in_harbin, "workshops of the city"),
        (_one_more_recognised, "recognised, against the plan"),
    ],
)
def test_a_difference_fails_its_check(
    filled: Filled, change: Callable[[dict[str, Any]], None], noticed: str
) -> None:
    truth = deepcopy(filled.truth)
    change(truth)
    assert [each.name for each in check_province(filled.ask, truth) if not each.ok] == [noticed]
