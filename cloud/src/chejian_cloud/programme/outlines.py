"""A map that a site brings itself: outlines of the cities as GeoJSON (RFC 7946), with the number under which it was approved.

None ships with the platform: in China a map that is shown to others needs an approval (审图号), which is the publisher's.
The file is a FeatureCollection with a member `approval_number`, an optional `source`, and one feature for each city of the
plan: `properties.adcode` is its code of GB/T 2260, its geometry a Polygon or MultiPolygon in degrees.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from chejian_analytics.assessment.programme import Places
from chejian_contract.errors import ConfigError

_LARGEST: Final = 8 * 1024 * 1024
"""[bytes] of a file; what a browser draws within a moment."""
_LONGEST: Final = 100
_FEWEST: Final = 4
"""Positions of a ring, the first one repeated at its end (RFC 7946, 3.1.6)."""
_FARTHEST: Final = (180.0, 90.0)

Ring = list[tuple[float, float]]
"""Longitude and latitude [degrees]."""


@dataclass(frozen=True, slots=True)
class Outlines:
    """A map.

    Attributes:
        approval_number: under which it was approved, shown beside it.
        source: of the map.
        cities: code of a city -> its rings.
    """

    approval_number: str
    source: str
    cities: Mapping[str, list[Ring]]


def load_outlines(path: Path | None, places: Places) -> Outlines | None:
    """The map of a file; None for none.

    Raises:
        ConfigError: it can't be read, is too large, or lists everything else that is wrong with it.
    """
    if path is None:
        return None
    try:
        if path.stat().st_size > _LARGEST:
            raise ConfigError("settings", "programme_map", str(path), f"a file of {_LARGEST} bytes at most")
        data = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError("settings", "programme_map", str(path), f"a GeoJSON file: {error}") from error
    problems: list[str] = []
    found = _read(data if isinstance(data, dict) else {}, [each.code for each in places.cities], problems)
    if problems:
        told = "\n".join(problems)
        raise ConfigError("settings", "programme_map", str(path), f"a map without errors:\n{told}")
    return found


def _read(data: Mapping[str, Any], codes: Sequence[str], problems: list[str]) -> Outlines:
    if data.get("type") != "FeatureCollection":
        problems.append(f"type: {data.get('type')!r}; allowed: 'FeatureCollection'")
    number, source = data.get("approval_number"), data.get("source", "")
    if not isinstance(number, str) or not number.strip() or len(number) > _LONGEST:
        problems.append(
            f"approval_number: {number!r}; allowed: the number under which the map was approved (审图号)"
        )
    if not isinstance(source, str) or len(source) > _LONGEST:
        problems.append(f"source: {source!r}; allowed: a text of {_LONGEST} characters at most")
    cities: dict[str, list[Ring]] = {}
    features = data.get("features")
    for place, feature in enumerate(features if isinstance(features, list) else []):
        where = f"features[{place}]"
        properties = _member(feature, "properties")
        code = str(properties.get("adcode", ""))
        if code not in codes or code in cities:
            problems.append(f"{where}.properties.adcode: {code!r}; allowed: once each of {', '.join(codes)}")
            continue
        cities[code] = list(_rings(_member(feature, "geometry"), f"{where}.geometry", problems))
    if missing := [code for code in codes if code not in cities]:
        problems.append(f"features: no {', '.join(missing)}; allowed: one for each city")
    return Outlines(str(number).strip(), str(source), cities)


def _member(feature: object, name: str) -> Mapping[str, Any]:
    found = feature.get(name) if isinstance(feature, dict) else None
    return found if isinstance(found, dict) else {}


def _rings(geometry: Mapping[str, Any], where: str, problems: list[str]) -> Iterator[Ring]:
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind not in {"Polygon", "MultiPolygon"} or not isinstance(coordinates, list) or not coordinates:
        problems.append(f"{where}: {kind!r}; allowed: a Polygon or MultiPolygon with coordinates")
        return
    polygons = [coordinates] if kind == "Polygon" else coordinates
    for i, polygon in enumerate(polygons):
        for j, ring in enumerate(polygon if isinstance(polygon, list) else [None]):
            if _is_ring(ring):
                yield [(float(each[0]), float(each[1])) for each in ring]
            else:
                problems.append(
                    f"{where}, polygon {i}, ring {j}: allowed: {_FEWEST} or more [longitude, latitude] in degrees, closed"
                )


def _is_ring(ring: object) -> bool:
    return (
        isinstance(ring, list)
        and len(ring) >= _FEWEST
        and all(_is_position(each) for each in ring)
        and ring[0] == ring[-1]
    )


def _is_position(position: object) -> bool:
    return (
        isinstance(position, list)
        and len(position) >= len(_FARTHEST)
        and all(
            isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= most
            for value, most in zip(position, _FARTHEST, strict=False)
        )
    )
