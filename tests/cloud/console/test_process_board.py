"""The diagnosis board of a machine without vibration: the signal that was judged, its baseline, when a filter's limit is reached."""

from collections.abc import Iterator

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.cloud.conftest import _build_seeded
from tests.cloud.console.conftest import fresh_page, key_of, looked_at, served
from tests.cloud.console.test_browser import PHONE, overflow, show
from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import MINUTE, T0
from tests.cloud.worker.test_process_diagnoses import HOURS, ONSET_HOURS, history, settle
from tests.fixtures.fix_postgres import DatabaseServer

pytestmark = [pytest.mark.browser, pytest.mark.system]

LINES = """
() => {
  const option = echarts.getInstanceByDom(document.getElementById('held')).getOption();
  const series = option.series[0];
  return {lines: series.markLine.data.map((line) => [line.label.formatter, line.yAxis ?? line.xAxis]), values: series.data, axis: option.yAxis[0]};
}
"""


@pytest.fixture(scope="module")
def plant(postgres_server: DatabaseServer) -> Iterator[PlantRows]:
    url = postgres_server.create(template=postgres_server.template("cloud seeded", _build_seeded))
    yield PlantRows(url)
    postgres_server.drop(url)


@pytest.fixture(scope="module")
def site(plant: PlantRows) -> Iterator[httpx.Client]:
    """CNC-01, whose spindle's thermometer drifts."""
    plant.write("CNC-01", history())
    settle(plant)
    with served(plant.dsn) as client:
        yield client


@pytest.fixture(scope="module")
def board(site: httpx.Client) -> str:
    (found,) = site.get("/api/v1/equipment", params={"code": "CNC-01"}).json()
    return f"/equipment/{found['equipment_id']}/diagnosis"


def test_a_drift_is_shown_on_its_signal_against_the_baseline(
    context: BrowserContext, board: str, site: httpx.Client
) -> None:
    with looked_at(fresh_page(context, site)) as page:
        show(page, f"{board}?lang=zh")
        assert "传感器读数在漂移" in page.inner_text("#chosen")
        (baseline,) = site.get(f"/api/v1{board.removesuffix('/diagnosis')}/baselines").json()
        (usual,) = [c for c in baseline["content"]["channels"] if c["name"] == "Spindle/Temperature"]
        drawn = page.evaluate(LINES)
        lines = dict(drawn["lines"])
        assert lines["基线"] == usual["level"]
        assert "限值" not in lines
        onset = lines["开始"] - 8 * 60 * MINUTE  # the axis shows Shanghai's clock
        assert T0 + ONSET_HOURS * 60 * MINUTE <= onset < T0 + (ONSET_HOURS + 8) * 60 * MINUTE
        assert drawn["axis"]["min"] < usual["level"] < drawn["values"][-1][1] < drawn["axis"]["max"]
        assert "基线" in page.inner_text("#held-note")
        assert "Spindle/Temperature" in page.inner_text("#held-meta")
        assert baseline["version"] in page.inner_text("#baselines")
        page.set_viewport_size(PHONE)
        assert overflow(page) <= 0


def test_a_clogging_filter_tells_when_its_limit_is_reached(
    chromium: Browser, board: str, postgres_server: DatabaseServer
) -> None:
    """Growth by one of 60 an hour from hour 9: twice the clean pressure drop at hour 69."""
    url = postgres_server.create(template=postgres_server.template("cloud seeded", _build_seeded))
    plant = PlantRows(url)
    grown = [
        (
            name,
            at,
            value + max(0.0, (at - T0) / 3.6e6 - ONSET_HOURS)
            if name == "Spindle/Load" and isinstance(value, float)
            else value,
        )
        for name, at, value in history(drift=0.0)
    ]
    with psycopg.connect(url) as connection:
        connection.execute(
            "UPDATE telemetry.series SET role = 'filter_pressure_drop' WHERE name = 'Spindle/Load'"
        )
    plant.write("CNC-01", grown)
    settle(plant)
    with (
        served(url) as client,
        chromium.new_context(base_url=str(client.base_url), extra_http_headers=key_of(client)) as context,
        looked_at(context.new_page()) as page,
    ):
        show(page, f"{board}?lang=en")
        assert "The filter is clogging" in page.inner_text("#chosen")
        (newest, *_) = client.get(
            f"/api/v1{board.removesuffix('/diagnosis')}/diagnoses", params={"limit": 1}
        ).json()
        forecast = client.get(f"/api/v1/diagnoses/{newest['diagnosis_id']}").json()["evidence"]["forecast"]
        hours = {end: (forecast[f"{end}_us"] / 1000 - T0) / 3.6e6 for end in ("low", "best", "high")}
        assert HOURS < hours["low"] < 69 < hours["high"]
        card = page.inner_text("#chosen")
        assert f"{forecast['limit']:.3g}" in card
        assert "at 90 % between" in card
        assert dict(page.evaluate(LINES)["lines"])["limit"] == forecast["limit"]
    postgres_server.drop(url)
