"""Engineers' answers to diagnoses: kept for ever, the newest holds, precision counted from them."""

import csv
import io

import httpx
import psycopg
import pytest
from chejian_cloud.diagnosis.labels import wilson

from tests.cloud.plant_rows import PlantRows
from tests.cloud.worker.rounds import after

LABELS = "/api/v1/diagnoses/{}/labels"


@pytest.fixture
def diagnoses(plant: PlantRows) -> list[int]:
    """Four diagnoses of MTS-01: three name the outer race, the last one nothing."""
    series = plant.series("MTS-01", "Vibration/DriveEnd")
    parts = ("outer_race", "outer_race", "outer_race", None)
    with psycopg.connect(plant.dsn) as connection:
        return [
            connection.execute(
                "INSERT INTO app.diagnosis (equipment_id, series_id, time, method, method_version, part, confidence,"
                " bearing, evidence, computed_at) SELECT equipment_id, %s, %s, 'bearing_envelope', '2', %s, %s, '{}',"
                " '{\"baseline\": \"b-1\"}', now() FROM app.equipment WHERE code = 'MTS-01' RETURNING diagnosis_id",
                (series, after(minutes=i), part, "confirmed" if part else "none"),
            ).fetchone()[0]  # type: ignore[index] # RETURNING gives a row
            for i, part in enumerate(parts)
        ]


async def answer(api: httpx.AsyncClient, diagnosis: int, answer: str, **more: str) -> httpx.Response:
    body = {"answer": answer, "user_name": "Wang Fang", **more}
    return await api.post(LABELS.format(diagnosis), json=body)


async def test_an_answer_keeps_the_verdict_it_is_about(api: httpx.AsyncClient, diagnoses: list[int]) -> None:
    made = await answer(api, diagnoses[0], "rejected", found="belt", comment="looked at it")
    assert made.status_code == 201
    (stored,) = (await api.get(LABELS.format(diagnoses[0]))).json()
    assert stored == made.json()
    assert (stored["part"], stored["confidence"], stored["method_version"]) == (
        "outer_race",
        "confirmed",
        "2",
    )
    assert (stored["baseline"], stored["found"], stored["user_name"]) == ("b-1", "belt", "Wang Fang")


async def test_answers_only_grow_and_the_newest_holds(
    api: httpx.AsyncClient, diagnoses: list[int], plant: PlantRows
) -> None:
    for said in ("confirmed", "withdrawn", "rejected"):
        assert (await answer(api, diagnoses[0], said)).status_code == 201
    found = (await api.get(LABELS.format(diagnoses[0]))).json()
    assert [label["answer"] for label in found] == ["rejected", "withdrawn", "confirmed"]
    with (
        psycopg.connect(plant.dsn) as connection,
        pytest.raises(psycopg.errors.RaiseException, match="only grows"),
    ):
        connection.execute("UPDATE app.diagnosis_label SET answer = 'confirmed'")


async def test_what_can_not_be_answered_is_refused(api: httpx.AsyncClient, diagnoses: list[int]) -> None:
    nothing = await answer(api, diagnoses[0], "withdrawn")
    assert (nothing.status_code, nothing.json()["key"]) == (422, "answer")
    found = await answer(api, diagnoses[0], "confirmed", found="belt")
    assert (found.status_code, found.json()["key"]) == (422, "found")
    assert (await answer(api, diagnoses[0], "perhaps")).status_code == 422
    assert (await answer(api, 4711, "confirmed")).status_code == 404
    assert (await api.get(LABELS.format(diagnoses[0]))).json() == []


async def test_precision_counts_the_answers_that_hold(api: httpx.AsyncClient, diagnoses: list[int]) -> None:
    (before,) = (await api.get("/api/v1/diagnosis-precision")).json()
    assert (before["named"], before["precision"]) == (3, None)
    for diagnosis, said in zip(diagnoses, ("confirmed", "confirmed", "rejected", "rejected"), strict=True):
        await answer(api, diagnosis, said)
    await answer(api, diagnoses[1], "withdrawn")
    (row,) = (await api.get("/api/v1/diagnosis-precision")).json()
    assert (row["workshop"], row["method"]) == ("HRB-W1", "bearing_envelope")
    assert (row["named"], row["confirmed"], row["rejected"], row["missed"]) == (3, 1, 1, 1)
    assert row["precision"] == 0.5
    assert (row["low"], row["high"]) == wilson(1, 2)
    assert (await api.get("/api/v1/diagnosis-precision", params={"workshop_id": 4711})).json() == []


async def test_the_file_holds_every_answer_and_no_formula(
    api: httpx.AsyncClient, diagnoses: list[int]
) -> None:
    await answer(api, diagnoses[0], "confirmed", comment="=HYPERLINK(1)")
    await answer(api, diagnoses[0], "withdrawn")
    sent = await api.get("/api/v1/diagnosis-labels/file")
    assert sent.headers["content-type"] == "text/csv; charset=utf-8"
    found = list(csv.DictReader(io.StringIO(sent.content.decode("utf-8-sig"))))
    assert [(row["answer"], row["holds"]) for row in found] == [("confirmed", "no"), ("withdrawn", "yes")]
    assert {(row["workshop"], row["machine"], row["signal"]) for row in found} == {
        ("HRB-W1", "MTS-01", "Vibration/DriveEnd")
    }
    assert found[0]["comment"] == "'=HYPERLINK(1)"


def test_the_interval_of_a_share_is_wilsons() -> None:
    # Newcombe 1998, doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E, table I, method 3
    for hits, trials, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
    ):
        assert list(wilson(hits, trials)) == pytest.approx([low, high], abs=5e-5)
    assert wilson(0, 0) == (None, None)
