"""A map that a site brings along: read with its approval number, told by the API, refused with every error at once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from chejian_analytics.assessment.programme import load_places
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings
from chejian_cloud.programme.outlines import load_outlines
from chejian_contract.errors import ConfigError

from tests.cloud.keys import bearer

CODES = [each.code for each in load_places().cities]


def square(west: float, south: float) -> list[list[float]]:
    return [[west, south], [west + 1, south], [west + 1, south + 1], [west, south + 1], [west, south]]


def made_up() -> dict[str, Any]:
    """Squares in a row along a parallel; of no place on earth. The last one has two parts."""
    features = [
        {
            "type": "Feature",
            "properties": {"adcode": int(code)},
            "geometry": {"type": "Polygon", "coordinates": [square(120 + i, 45)]},
        }
        for i, code in enumerate(CODES)
    ]
    parts = [[square(132, 45)], [square(132, 47)]]
    features[-1]["geometry"] = {"type": "MultiPolygon", "coordinates": parts}
    head = {"type": "FeatureCollection", "approval_number": "测S(2026)001号", "source": "made up"}
    return {**head, "features": features}


def stored(folder: Path, data: Any) -> Path:
    path = folder / "map.geojson"
    path.write_text(json.dumps(data), "utf-8")
    return path


def test_outlines_are_read(tmp_path: Path) -> None:
    found = load_outlines(stored(tmp_path, made_up()), load_places())
    assert found is not None
    assert (found.approval_number, found.source, list(found.cities)) == ("测S(2026)001号", "made up", CODES)
    assert found.cities["230200"] == [[(121, 45), (122, 45), (122, 46), (121, 46), (121, 45)]]
    assert len(found.cities[CODES[-1]]) == 2
    assert load_outlines(None, load_places()) is None


async def test_the_api_tells_them(untouched: str, tmp_path: Path) -> None:
    for path, number in ((stored(tmp_path, made_up()), "测S(2026)001号"), (None, None)):
        app = create_app(Settings(dsn=untouched, programme_map=path))
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://api") as client,
        ):
            answer = await client.get("/api/v1/programme/map", headers=bearer(untouched))
        assert answer.status_code == 200, answer.text
        assert answer.json()["approval_number"] == number
        assert len(answer.json()["cities"]) == (13 if number else 0)


def _no_number(data: dict[str, Any]) -> None:
    data["approval_number"] = " "


def _another_type(data: dict[str, Any]) -> None:
    data["type"] = "Feature"


def _unknown_city(data: dict[str, Any]) -> None:
    data["features"][0]["properties"]["adcode"] = 110000


def _twice(data: dict[str, Any]) -> None:
    data["features"][1]["properties"]["adcode"] = 230100


def _a_point(data: dict[str, Any]) -> None:
    data["features"][2]["geometry"] = {"type": "Point", "coordinates": [120, 45]}


def _open_ring(data: dict[str, Any]) -> None:
    data["features"][3]["geometry"]["coordinates"][0].pop()


def _not_in_degrees(data: dict[str, Any]) -> None:
    data["features"][4]["geometry"]["coordinates"][0][1] = [4_300_000.0, 500_000.0]


CHANGES: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (_no_number, "approval_number: ' '"),
    (_another_type, "type: 'Feature'"),
    (_unknown_city, "features[0].properties.adcode: '110000'"),
    (_twice, "features[1].properties.adcode: '230100'"),
    (_a_point, "features[2].geometry: 'Point'"),
    (_open_ring, "features[3].geometry, polygon 0, ring 0"),
    (_not_in_degrees, "features[4].geometry, polygon 0, ring 0"),
]


@pytest.mark.parametrize(("change", "told"), CHANGES)
def test_an_error_is_told(tmp_path: Path, change: Callable[[dict[str, Any]], None], told: str) -> None:
    data = made_up()
    change(data)
    with pytest.raises(ConfigError) as caught:
        load_outlines(stored(tmp_path, data), load_places())
    assert told in str(caught.value)
    assert "programme_map" in str(caught.value)


def test_all_errors_are_told_at_once(tmp_path: Path) -> None:
    data = made_up()
    for change, _ in CHANGES:
        if change is not _twice:  # the first city is missing then, and so is free
            change(data)
    with pytest.raises(ConfigError) as caught:
        load_outlines(stored(tmp_path, data), load_places())
    for change, told in CHANGES:
        assert (told in str(caught.value)) == (change is not _twice)
    assert "no 230100" in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "{", "null"])
def test_what_is_no_map_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "map.geojson"
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError):
        load_outlines(path, load_places())
    with pytest.raises(ConfigError, match="No such file"):
        load_outlines(tmp_path / "none.geojson", load_places())
