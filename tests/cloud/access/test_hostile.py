"""What people with bad intent send: scripts, formulas, paths, bodies that are too large or never end; and what is in git."""

import asyncio
import re
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import httpx
import psycopg
import pytest
from chejian_cloud import security
from chejian_cloud.access.commands import make_admin
from chejian_cloud.kpi.export import FORMULA_STARTS, as_csv
from starlette.exceptions import HTTPException
from starlette.types import Receive

from tests.cloud.access.conftest import Serve
from tests.cloud.access.test_log_in import PAGE, log_in
from tests.cloud.keys import bearer
from tools.lock import ROOT

SCRIPT = """"><script>alert(1)</script><img src=x onerror=alert(2)>'{{7*7}}"""
ESCAPED = "&lt;script&gt;"


async def test_scripts_in_every_text_stay_text_on_every_page(site: httpx.AsyncClient, two: str) -> None:
    with psycopg.connect(two) as connection:
        texts = connection.execute(
            "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'app'"
            " AND data_type = 'text' AND (column_name LIKE 'name%%' OR column_name IN"
            " ('display_name', 'comment', 'user_name', 'designation'))"
            " AND table_name IN ('enterprise', 'workshop', 'line', 'equipment', 'product', 'organisation', 'bearing',"
            " 'inspection_result', 'production_order', 'shift', 'planned_stop', 'reason')"
        ).fetchall()
        assert len(texts) > 20
        for table, column in texts:
            connection.execute(
                psycopg.sql.SQL("UPDATE {} SET {} = %s").format(
                    psycopg.sql.Identifier("app", table), psycopg.sql.Identifier(column)
                ),
                [SCRIPT],
            )
    access = make_admin(two, "admin")
    with psycopg.connect(two) as connection:
        connection.execute("UPDATE app.account SET display_name = %s", [SCRIPT])
    await log_in(site, "admin", access.password)
    pages = ("/", "/workshops/1", "/lines/1", "/equipment/1", "/equipment/1/stops", "/equipment/1/oee")
    for path in (*pages, "/workshops/1/energy", "/health?workshop_id=1", "/accounts", "/password"):
        answer = await site.get(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text, path
        assert "<img" not in answer.text, path
        assert ESCAPED in answer.text, path
        assert "49" not in re.findall(r"'(\d+)", answer.text), path
    typed = await site.post("/login", data={"name": SCRIPT, "password": SCRIPT, "next": SCRIPT}, headers=PAGE)
    asked = await site.get("/login", params={"next": f"/{SCRIPT}"})
    for answer in (typed, asked, await site.get("/link", params={"key": SCRIPT})):
        assert "<script>alert" not in answer.text
        assert "<img" not in answer.text
    answer = await site.get("/api/v1/equipment")
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("start", FORMULA_STARTS)
def test_no_cell_of_a_file_is_a_formula(start: str) -> None:
    text = as_csv([[f"{start}HYPERLINK('http://evil.example')", -1.5]], ["name", "value"]).decode("utf-8-sig")
    cell = text.split("\r\n", 1)[1].lstrip('"')
    assert cell.startswith("'" + start)
    assert text.rstrip().endswith("-1.5")  # numbers stay numbers


async def test_paths_lead_nowhere_else(site: httpx.AsyncClient, two: str) -> None:
    key = bearer(two)
    for path in (
        "/static/../pages.py",
        "/static/%2e%2e/pages.py",
        "/static/..%2fpages.py",
        "/static/....//pages.py",
        "/static//etc/passwd",
        "/static/%2e%2e%5cpages.py",
        "/console/texts/..%2f..%2fpages.py",
        "/console/texts/../../pages.json",
        "/api/v1/../../etc/passwd",
    ):
        answer = await site.get(path, headers=key)
        assert answer.status_code in (404, 422), path
        assert "import" not in answer.text


async def test_bodies_that_are_too_large_are_refused_before_they_are_read(
    site: httpx.AsyncClient, two: str
) -> None:
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 1_000_000
            yield b"x" * 1_000_000

    for key in ({}, bearer(two)):
        read = 0
        for path in ("/api/v1/orders/import?user_name=x", "/login"):
            headers = {**PAGE, **key, "Content-Type": "text/csv"}
            answer = await site.post(path, content=endless(), headers=headers)
            assert answer.status_code == 413, path
            assert answer.headers["content-type"].startswith("application/problem+json")
        assert read <= 2 * (security.LARGEST_BODY + 2_000_000)


async def test_bodies_that_never_end_are_given_up() -> None:
    async def app(_scope: object, receive: Receive, _send: object) -> None:
        while (await receive())["more_body"]:
            pass

    pieces = iter([{"type": "http.request", "body": b"x", "more_body": True}])

    async def receive() -> dict[str, object]:
        piece = next(pieces, None)
        return piece if piece is not None else await asyncio.Event().wait()  # type: ignore[return-value]

    limited = security.BodyLimits(app, seconds=0.05)
    with pytest.raises(HTTPException) as caught:
        await limited({"type": "http"}, receive, SimpleNamespace())  # type: ignore[arg-type]
    assert caught.value.status_code == 408


async def test_forms_with_thousands_of_fields_are_refused(site: httpx.AsyncClient) -> None:
    form = "&".join(f"f{i}=1" for i in range(2000))
    headers = {**PAGE, "Content-Type": "application/x-www-form-urlencoded"}
    assert (await site.post("/login", content=form, headers=headers)).status_code == 422
    assert (await site.post("/login", content=b"\xff\xfe=%", headers=headers)).status_code == 422


async def test_attempts_at_the_same_moment_are_counted_one_by_one(two: str, serve: Serve) -> None:
    make_admin(two, "admin")
    async with serve(two) as client:
        answers = await asyncio.gather(*(log_in(client, "admin", f"a wrong password {i}") for i in range(12)))
    codes = [a.status_code for a in answers]
    assert set(codes) == {401, 429}
    assert codes.count(401) <= 6


SECRETS = re.compile(
    r"-----BEGIN (?:RSA |EC |OPENSSH |)PRIVATE KEY-----|\bchj_[A-Za-z0-9_-]{30,}|\bAKIA[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}|\$argon2id\$v=19\$m=\d+,t=\d+,p=\d+\$[A-Za-z0-9+/]{16,}"
)
ASSIGNED = re.compile(r"(?i:password|passwd|secret|api_key)\s*[:=]\s*['\"][^'\"{}\s$<]{12,}['\"]")
"""Outside of tests, which make up passwords for servers of their own."""


def test_no_secret_is_in_the_repository() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    found = []
    for name in listed.decode().split("\0"):
        path = ROOT / name
        if not name or not path.is_file() or path.suffix in {".png", ".lock"} or path == Path(__file__):
            continue
        text = path.read_text("utf-8", errors="ignore")
        patterns = [SECRETS] if name.startswith("tests/") else [SECRETS, ASSIGNED]
        found += [f"{name}: {hit.group()[:60]}" for pattern in patterns for hit in pattern.finditer(text)]
    assert found == []
    assert ASSIGNED.search("password = 'correct horse battery'".replace(" horse ", "-horse-"))
