"""Documents that a form takes, and what was frozen: a change of any part by SQL is told, by part."""

import hashlib
import io
import zipfile

import psycopg
import pytest
from chejian_cloud.assessment import documents
from chejian_cloud.assessment.documents import checked
from chejian_cloud.errors import InvalidValueError
from psycopg.errors import RaiseException

from tests.cloud.assessment.conftest import BASE, People

START = {"standard": "gbt37393-2019", "workshop_id": 1, "industry": "discrete"}
PDF = b"%PDF-1.7 contract"
SHA = hashlib.sha256(PDF).hexdigest()


async def frozen(people: People) -> None:
    """A submitted form with a document."""
    await people.ask("enterprise", "POST", "", 201, json=START)
    await people.ask("enterprise", "POST", "/1/attachments", 201, params={"name": "合同.pdf"}, content=PDF)
    answer = {"item": "mes", "given": ["1"], "attachments": [SHA]}
    await people.ask("enterprise", "PUT", "/1/answers", json={"lock": 1, "answers": [answer]})
    await people.ask("enterprise", "POST", "/1/submit", json={"lock": 2})


async def test_not_even_the_owner_changes_what_was_frozen_by_mistake(people: People, seeded: str) -> None:
    await frozen(people)
    statements = (
        "UPDATE app.assessment_submission SET total = 99",
        "DELETE FROM app.assessment_event",
        "UPDATE app.assessment_evidence SET numerator = denominator",
        "DELETE FROM app.assessment_evidence",
        "UPDATE app.assessment_attachment SET name = 'x.pdf'",
        "TRUNCATE app.assessment_submission",
    )
    with psycopg.connect(seeded, autocommit=True) as connection:
        for statement in statements:
            with pytest.raises(RaiseException, match="only grows"):
                connection.execute(statement.encode())
    assert (await people.ask("city", "GET", "/1/revisions"))[0]["broken"] == []


_CONTENT = "content = convert_to(replace(convert_from(content, 'UTF8'), '\"declared\":\"0\"', '\"declared\":\"1\"'), 'UTF8')"
TAMPERED = {
    "UPDATE app.assessment_submission SET " + _CONTENT: {"content"},
    "UPDATE app.assessment_submission SET sha256 = repeat('0', 64)": {"content", "step", "journal"},
    "UPDATE app.assessment_event SET sha256 = repeat('0', 64) WHERE kind = 'submit'": {"step"},
    "UPDATE app.audit SET target = jsonb_set(target, '{sha256}', '\"0\"') WHERE target ? 'sha256'": {"journal"},
    "UPDATE app.assessment_submission SET total = 99": {"figures"},
    "UPDATE app.assessment_submission SET measured = 1": {"figures"},
    "UPDATE app.assessment_submission SET contradictions = 7": {"figures"},
    "UPDATE app.assessment_submission SET level = 'digital_workshop', level_number = 1": {"figures"},
    "UPDATE app.assessment_evidence SET numerator = numerator + 1 WHERE indicator = 'digital_equipment_share'": {"evidence"},
    "UPDATE app.assessment_evidence SET query = 'SELECT 1' WHERE indicator = 'data_quality'": {"evidence"},
    "DELETE FROM app.assessment_evidence WHERE indicator = 'data_quality'": {"evidence"},
    "UPDATE app.assessment_attachment SET content = content || '.'": {"attachments"},
    "DELETE FROM app.assessment_attachment": {"attachments"},
}  # fmt: skip
"""What a superuser does with triggers switched off -> what is told to be broken."""


async def test_every_change_by_sql_shows_and_stops_the_review(people: People, seeded: str) -> None:
    await frozen(people)
    with psycopg.connect(seeded, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        tables = (
            "app.audit",
            *(f"app.assessment_{each}" for each in ("submission", "event", "evidence", "attachment")),
        )
        for table in tables:
            connection.execute(f"CREATE TABLE public.{table.replace('.', '_')} AS TABLE {table}".encode())
        for statement, broken in TAMPERED.items():
            done = connection.execute(statement.encode())
            assert done.rowcount > 0, statement
            told = (await people.ask("city", "GET", "/1/revisions"))[0]
            assert (set(told["broken"]), told["intact"]) == (broken, False), statement
            refused = await people.ask("city", "POST", "/1/review", 409, json={"lock": 3, "verdict": "pass"})
            assert all(part in refused["detail"] for part in broken)
            for table in tables:
                connection.execute(f"DELETE FROM {table}".encode())
                copy = f"INSERT INTO {table} OVERRIDING SYSTEM VALUE SELECT * FROM public.{table.replace('.', '_')}"
                connection.execute(copy.encode())
            assert (await people.ask("city", "GET", "/1/revisions"))[0]["intact"], statement
        # document, hash and step alike: the journal still has the old hash
        connection.execute(f"UPDATE app.assessment_submission SET {_CONTENT}".encode())
        connection.execute("UPDATE app.assessment_submission SET sha256 = encode(sha256(content), 'hex')")
        connection.execute("UPDATE app.assessment_event SET sha256 = s.sha256 FROM app.assessment_submission s WHERE kind = 'submit'")  # fmt: skip
        assert "journal" in (await people.ask("city", "GET", "/1/revisions"))[0]["broken"]


async def test_documents_are_kept_by_their_hash_and_frozen(people: People) -> None:
    await frozen(people)
    form = await people.ask("city", "GET", "/1")
    assert next(i for i in form["items"] if i["id"] == "mes")["basis"] == "declared with attachment"
    assert [(a["name"], a["size"], a["sha256"], a["media_type"]) for a in form["attachments"]] == [
        ("合同.pdf", len(PDF), SHA, "application/pdf")
    ]
    document = await people.ask("city", "GET", "/1/revisions/1")
    assert document["context"]["attachments"] == [
        {"name": "合同.pdf", "size": len(PDF), "sha256": SHA, "media_type": "application/pdf"}
    ]
    late = {"name": "late.pdf"}
    await people.ask("enterprise", "POST", "/1/attachments", 409, params=late, content=PDF)
    got = await people.client.get(f"{BASE}/1/attachments/1", headers=people.keys["city"])
    assert (got.content, got.headers["content-type"]) == (PDF, "application/pdf")
    assert got.headers["content-disposition"].startswith("attachment")


async def test_documents_are_added_once_and_answers_name_those_of_their_form(people: People) -> None:
    await people.ask("enterprise", "POST", "", 201, json=START)
    for name, content, more, status in (
        ("a.pdf", PDF, {}, 201),
        ("a.pdf", PDF, {"sha256": SHA}, 201),
        ("a.pdf", PDF, {"sha256": "0" * 64}, 422),
        ("x.html", b"<script>", {}, 422),
        ("../a.pdf", PDF, {}, 422),
    ):
        params = {"name": name, **more}
        sha = await people.ask("enterprise", "POST", "/1/attachments", status, params=params, content=content)
        assert status != 201 or sha == SHA
    answer = {"item": "mes", "given": ["1"], "attachments": ["0" * 64]}
    await people.ask("enterprise", "PUT", "/1/answers", 422, json={"lock": 1, "answers": [answer]})
    assert len((await people.ask("enterprise", "GET", "/1"))["attachments"]) == 1


def office(*names: str, main: str = "xl/workbook.xml") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("[Content_Types].xml", main, *names):
            archive.writestr(name, "x")
    return out.getvalue()


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "x")
        archive.writestr("xl/workbook.xml", bytes(51 * documents.LARGEST))
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", PDF),
        ("A.PDF", PDF),
        ("图 1.png", b"\x89PNG\r\n\x1a\n..."),
        ("a.jpg", b"\xff\xd8\xff\xe0"),
        ("a.xlsx", office()),
        ("a.docx", office(main="word/document.xml")),
    ],
)
def test_documents_are_taken(name: str, content: bytes) -> None:
    assert checked(name, content, hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize(
    ("name", "content", "key"),
    [
        ("../a.pdf", PDF, "name"),
        ("c:\\a.pdf", PDF, "name"),
        (".a.pdf", PDF, "name"),
        ("a\n.pdf", PDF, "name"),
        ("a\u202efdp.exe.pdf", PDF, "name"),
        ("a.exe", PDF, "name"),
        ("a.svg", b"<svg/>", "name"),
        ("pdf", PDF, "name"),
        ("a.pdf", b"", "content"),
        ("a.pdf", b"\x89PNG\r\n\x1a\n...", "content"),
        ("a.png", PDF, "content"),
        ("a.pdf", PDF + bytes(documents.LARGEST), "content"),
        ("a.xlsx", office(main="word/document.xml"), "content"),
        ("a.xlsx", office("xl/vbaProject.bin"), "content"),
        ("a.xlsx", office("../../x"), "content"),
        ("a.xlsx", office()[:-30], "content"),
    ],
)
def test_what_is_no_document_is_refused(name: str, content: bytes, key: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        checked(name, content)
    assert refused.value.key == key


def test_an_archive_that_unpacks_to_too_much_is_refused() -> None:
    with pytest.raises(InvalidValueError) as refused:
        checked("a.xlsx", bomb())
    assert refused.value.key == "content"
