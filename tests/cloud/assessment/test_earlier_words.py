"""Forms and frozen documents from before words of a standard changed: read, filled in and verified as ever."""

import hashlib
import json
from typing import Any

import psycopg
from chejian_analytics.assessment import load_standards
from chejian_analytics.assessment.canonical import canonical

from tests.cloud.assessment.conftest import People

STANDARD = load_standards().get("recognition-heilongjiang-2025")
START = {"standard": STANDARD.id, "workshop_id": 1, "industry": "discrete"}


async def filled(people: People, seeded: str) -> None:
    """A form that was begun when the file had other words."""
    await people.ask("enterprise", "POST", "", 201, json=START)
    with psycopg.connect(seeded) as connection:
        connection.execute("UPDATE app.assessment SET standard_digest = %s", [STANDARD.earlier[0]])
    answers = [{"item": "maturity_level", "given": ["3"]}]
    await people.ask("enterprise", "PUT", "/1/answers", json={"lock": 1, "answers": answers})


async def test_a_form_of_earlier_words_is_filled_in_with_those_of_today(people: People, seeded: str) -> None:
    await filled(people, seeded)
    told = (await people.ask("enterprise", "GET", "/1"))["standard"]
    assert (told["digest"], told["version"]) == (STANDARD.earlier[0], STANDARD.version)
    assert (told["note_zh"], told["note_en"]) == (STANDARD.note_zh, STANDARD.note_en)
    await people.ask("enterprise", "POST", "/1/submit", json={"lock": 2})
    frozen = await people.ask("city", "GET", "/1/revisions/1")
    assert frozen["result"]["standard"]["digest"] == STANDARD.earlier[0]
    assert (await people.ask("city", "GET", "/1/revisions"))[0]["broken"] == []


def first_format(document: dict[str, Any]) -> bytes:
    """The document as it was frozen when levels had their words in one language."""
    for level in document["result"]["levels"].values():
        for key in ("source", "note"):
            level[key] = level.pop(f"{key}_en")
            del level[f"{key}_zh"]
    return canonical({**document, "format": 1})


async def test_a_document_of_the_first_format_is_verified_like_any(people: People, seeded: str) -> None:
    await filled(people, seeded)
    await people.ask("enterprise", "POST", "/1/submit", json={"lock": 2})
    with psycopg.connect(seeded) as connection:
        row = connection.execute("SELECT content, sha256 FROM app.assessment_submission").fetchone()
        assert row is not None
        content = first_format(json.loads(bytes(row[0])))
        sha256 = hashlib.sha256(content).hexdigest()
        connection.execute("SET session_replication_role = replica")
        connection.execute(
            "UPDATE app.assessment_submission SET content = %s, sha256 = %s", [content, sha256]
        )
        connection.execute("UPDATE app.assessment_event SET sha256 = %s WHERE kind = 'submit'", [sha256])
        connection.execute(
            "UPDATE app.audit SET target = jsonb_set(target, '{sha256}', to_jsonb(%s::text)) WHERE target ->> 'sha256' = %s",
            [sha256, row[1]],
        )
    (told,) = await people.ask("city", "GET", "/1/revisions")
    assert (told["sha256"], told["intact"], told["broken"]) == (sha256, True, [])
    assert (await people.ask("city", "GET", "/1/revisions/1"))["format"] == 1
    await people.ask("city", "POST", "/1/review", json={"lock": 3, "verdict": "pass"})
    with psycopg.connect(seeded) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("UPDATE app.assessment_submission SET content = content || ' '")
    assert "content" in (await people.ask("city", "GET", "/1/revisions"))[0]["broken"]
