"""An answer tells of what is committed, never of what a failing commit took back."""

import psycopg

from tests.cloud.access.conftest import Serve
from tests.cloud.keys import bearer

_FAILS_AT_COMMIT = """
CREATE FUNCTION app.fails() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = 'unique_violation'; END $$;
CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON app.{table} DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION app.fails();
"""
MADE = "2026-01-01T00:00:00Z"
NEXT_DAY = "2026-01-02T00:00:00Z"


async def test_a_write_that_is_not_committed_is_not_answered_as_done(two: str, serve: Serve) -> None:
    key = bearer(two)
    with psycopg.connect(two) as connection:
        connection.execute(_FAILS_AT_COMMIT.format(table="inspection_result"))
    async with serve(two) as site:
        answer = await site.post(
            "/api/v1/equipment/1/inspections", json={"time": MADE, "scrap": 1, "user_name": "li"}, headers=key
        )
        seen = await site.get(
            "/api/v1/equipment/1/inspections", params={"from": MADE, "to": NEXT_DAY}, headers=key
        )
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert seen.json() == []


async def test_an_account_that_is_not_committed_is_not_answered_as_made(two: str, serve: Serve) -> None:
    key = bearer(two)
    with psycopg.connect(two) as connection:
        connection.execute(_FAILS_AT_COMMIT.format(table="membership"))
    body: dict[str, object] = {
        "name": "wang",
        "display_name": "王",
        "roles": [{"role": "viewer", "organisation_id": 15}],
    }
    async with serve(two) as site:
        answer = await site.post("/api/v1/accounts", json=body, headers=key)
        names = [a["name"] for a in (await site.get("/api/v1/accounts", headers=key)).json()]
    assert answer.status_code == 409
    assert "wang" not in names
