"""Samples as files: the Arrow stream tells what the CSV of the same range tells, in batches, and is refused alike."""

import csv
from datetime import datetime
from itertools import pairwise
from typing import Any

import httpx
import nanoarrow as na
import numpy as np
import psycopg
import pytest
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings
from chejian_cloud.db.arrays import Samples
from chejian_cloud.series import files, service

from tests.cloud.plant_rows import PlantRows, Row
from tests.cloud.worker.rounds import T0, after

RANGE = {"from": "2026-03-02T08:00:00+08:00", "to": "2026-03-02T12:00:00+08:00"}
SIGNAL = "Spindle/Temperature"
ARROW = "application/vnd.apache.arrow.stream"
COLUMNS = "struct<time: timestamp('us', 'UTC'), value: double, quality: int16>"
SOME = 12


def write(plant: PlantRows) -> int:
    """Samples of each quality, and values that have no number; their series."""
    good: list[Row] = [(SIGNAL, T0 + 1000 * i, 20 + i / 3) for i in range(SOME)]
    plant.write("CNC-01", [*good, (SIGNAL, T0 + 50_001, -0.0), (SIGNAL, T0 + 60_000, 5e-324)])
    plant.write("CNC-01", [(SIGNAL, T0 + 61_000, 71.5), (SIGNAL, T0 + 62_000, float("nan"))], quality=64)
    plant.write("CNC-01", [(SIGNAL, T0 + 63_000, 99.0), (SIGNAL, T0 + 64_000, float("nan"))], quality=0)
    plant.write("CNC-01", [(SIGNAL, T0 + 65_000, 98.0)], quality=500)
    plant.write("CNC-01", [(SIGNAL, T0 + 66_000, 21.0)])
    return plant.series("CNC-01", SIGNAL)


async def file(api: httpx.AsyncClient, series: int, form: str, **span: str) -> httpx.Response:
    answer = await api.get(
        f"/api/v1/series/{series}/samples/file", params={"format": form, **(span or RANGE)}
    )
    assert answer.status_code == 200, answer.text
    return answer


def of_csv(text: str) -> list[tuple[datetime, float | None, int]]:
    head, *lines = csv.reader(text.splitlines())
    assert head == ["time", "value", "quality"]
    return [(datetime.fromisoformat(t), float(v) if v else None, int(q)) for t, v, q in lines]


def of_arrow(content: bytes) -> tuple[Any, list[tuple[datetime, float | None, int]], list[int]]:
    """The schema, the rows, and the sizes of the batches."""
    with na.ArrayStream.from_readable(content) as stream:
        chunks = list(stream)
    with na.ArrayStream.from_readable(content) as stream:
        schema = stream.schema
    rows = [row for chunk in chunks for row in chunk.iter_tuples()]
    return schema, rows, [len(chunk) for chunk in chunks]


async def test_the_stream_of_arrow_tells_what_the_csv_tells(api: httpx.AsyncClient, plant: PlantRows) -> None:
    series = write(plant)
    told = await file(api, series, "arrow")
    assert told.headers["content-type"] == ARROW
    assert told.headers["content-disposition"] == (
        f'attachment; filename="samples-{series}-202603020000.arrows"'
    )
    schema, rows, _ = of_arrow(told.content)
    assert COLUMNS in str(schema)
    assert [field.nullable for field in schema.fields] == [False, True, False]
    plain = await file(api, series, "csv")
    assert plain.headers["content-type"] == "text/csv; charset=utf-8"
    assert rows == of_csv(plain.text)
    assert (await api.get(f"/api/v1/series/{series}/samples/file", params=RANGE)).text == plain.text
    assert len(rows) == SOME + 8
    assert [value for _, value, _ in rows[-6:]] == [71.5, None, None, None, None, 21.0]
    assert [quality for *_, quality in rows[-6:]] == [64, 64, 0, 0, 500, 192]
    assert str(rows[SOME][1]) == "-0.0"
    assert rows[0][0] == after()


async def test_names_and_units_come_through_in_any_script(api: httpx.AsyncClient, plant: PlantRows) -> None:
    series = write(plant)
    with psycopg.connect(plant.dsn) as connection:
        connection.execute(
            "UPDATE telemetry.series SET name = '主轴/温度', unit = '℃' WHERE series_id = %s", (series,)
        )
    schema, _, _ = of_arrow((await file(api, series, "arrow")).content)
    told = {key.decode(): value.decode() for key, value in schema.metadata.items()}
    assert told == {"series_id": str(series), "name": "主轴/温度", "unit": "℃"}


async def test_a_range_without_samples_is_a_stream_without_batches(
    api: httpx.AsyncClient, plant: PlantRows
) -> None:
    series = plant.series("CNC-01", SIGNAL)
    schema, rows, batches = of_arrow((await file(api, series, "arrow")).content)
    assert COLUMNS in str(schema)
    assert schema.metadata[b"name"] == SIGNAL.encode()
    assert (rows, batches) == ([], [])


@pytest.mark.parametrize("size", [1, 5, SOME + 8, 1000])
async def test_batches_are_bounded(
    api: httpx.AsyncClient, plant: PlantRows, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    series = write(plant)
    whole = of_arrow((await file(api, series, "arrow")).content)
    monkeypatch.setattr(files, "ROWS", size)
    _, rows, batches = of_arrow((await file(api, series, "arrow")).content)
    assert rows == whole[1]
    assert set(batches[:-1]) <= {size}
    assert batches[-1] == (SOME + 8) % size or size


def test_no_part_of_a_file_is_larger_than_a_batch() -> None:
    size = 3 * files.ROWS + 1
    found = Samples(np.arange(size), np.arange(size, dtype=np.float64), np.full(size, 192, np.int16))
    parts = list(files.arrow(found, files.About(7, "x", "")))
    assert len(parts) == 1 + 4 + 1
    assert max(map(len, parts)) < 20 * files.ROWS
    _, rows, batches = of_arrow(b"".join(parts))
    assert batches == [files.ROWS] * 3 + [1]
    assert all(a[0] < b[0] for a, b in pairwise(rows))
    assert [value for _, value, _ in rows] == found.values.tolist()


@pytest.mark.parametrize("form", list(files.FORMATS))
async def test_what_holds_no_numbers_or_too_many_is_refused(
    api: httpx.AsyncClient, plant: PlantRows, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    series = write(plant)
    plant.write("CNC-01", [("Order/Product", T0, "SHAFT-A")])

    async def refused(key: int, **params: str) -> dict[str, Any]:
        answer = await api.get(
            f"/api/v1/series/{key}/samples/file", params={"format": form, **RANGE, **params}
        )
        assert answer.headers["content-type"] == "application/problem+json"
        return {"status": answer.status_code, **answer.json()}

    for device, signal in (("CNC-01", "Order/Product"), ("MTS-01", "Vibration/DriveEnd")):
        problem = await refused(plant.series(device, signal))
        assert (problem["status"], problem["key"], problem["allowed"]) == (
            422,
            "series_id",
            "a series of numbers",
        )
    assert (await refused(99_999))["status"] == 404
    long = await refused(series, **{"from": "2026-01-01T00:00:00Z"})
    assert (long["status"], long["key"]) == (422, "from")
    monkeypatch.setattr(service, "MAX_RAW", SOME + 8)
    await file(api, series, form)
    monkeypatch.setattr(service, "MAX_RAW", SOME + 7)
    many = await refused(series)
    assert (many["status"], many["key"]) == (422, "to")
    assert f"at most {SOME + 7} samples" in many["allowed"]


async def test_an_unknown_form_is_refused(api: httpx.AsyncClient, plant: PlantRows) -> None:
    series = plant.series("CNC-01", SIGNAL)
    answer = await api.get(f"/api/v1/series/{series}/samples/file", params={"format": "parquet"})
    assert answer.status_code == 422
    assert (answer.json()["key"], answer.json()["value"]) == ("format", "parquet")


def test_the_document_tells_both_media_types() -> None:
    document = create_app(Settings(dsn="postgresql://nobody@127.0.0.1:1/nothing")).openapi()
    route = document["paths"]["/api/v1/series/{series_id}/samples/file"]["get"]
    media_types = {form.media_type.partition(";")[0] for form in files.FORMATS.values()}
    assert route["responses"]["200"]["content"].keys() == media_types == {"text/csv", ARROW}
    (form,) = (p for p in route["parameters"] if p["name"] == "format")
    assert set(form["schema"]["enum"]) == set(files.FORMATS)
