"""What enterprises on the platform measured stands beside a region's own value, with its coverage."""

from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from chejian_cloud.assessment import filling, review
from chejian_cloud.assessment.schemas import AnswerIn, StartIn, SubmitIn
from chejian_cloud.db.engine import bind_rows, make_engine
from sqlalchemy.orm import Session

from tests.cloud.regions.conftest import People, said

FACTS = """
INSERT INTO app.key_process (enterprise_id, workshop_id, code, name_zh, name_en, controlled)
SELECT 1, 1, 'A' || n, '工序', '', n <> 4 FROM generate_series(1, 4) n;
INSERT INTO app.key_process (enterprise_id, workshop_id, code, name_zh, name_en, controlled)
SELECT 2, 2, 'B' || n, '工序', '', CASE WHEN n > 1 THEN true END FROM generate_series(1, %s) n;
"""
TOLD = """
SELECT count(*) FILTER (WHERE known), count(*), avg(share) FILTER (WHERE known) FROM (
    SELECT count(controlled) >= 0.8 * count(*) AS known, count(*) FILTER (WHERE controlled) / count(*)::numeric AS share
      FROM app.key_process GROUP BY enterprise_id) x
"""
"""The figure from the registry's rows, without the platform's code: mean of the shares of which enough is known."""


def submit(dsn: str, enterprise: int, at: datetime, mes: str | None = None) -> int:
    """Submit a form of the enterprise's workshop; answers its id."""
    engine = make_engine(dsn, application="test", scoped=True)
    with Session(engine) as session, session.begin():
        bind_rows(session, str(enterprise))
        asked = StartIn(standard="gbt37393-2019", workshop_id=enterprise, industry="discrete")
        key = filling.start(session, asked, "li", at)
        given = [] if mes is None else [AnswerIn(item="mes", given=[mes])]
        filling.save(session, key, 1, given, None, "li", at)
        review.submit(session, key, SubmitIn(lock=2), "li", at)
    engine.dispose()
    return key


async def test_measured_and_declared_stand_side_by_side_with_coverage(people: People) -> None:
    with psycopg.connect(people.dsn, autocommit=True) as owner:
        owner.execute(FACTS.replace("%s", "2").encode())  # of the second enterprise half is not known
        before, after = submit(people.dsn, 1, datetime(2021, 6, 1, tzinfo=UTC)), 0
        asked: dict[str, Any] = {"standard": "national-indicators", "year": 2022}
        form = await people.started(**asked)
        form = await people.saved("province", form, said({"key_process_nc": "0.553"}))
        item = next(i for i in form["items"] if i["id"] == "key_process_nc")
        assert (item["platform"]["value"], item["platform"]["answered"], item["platform"]["asked"]) == (
            None,
            0,
            2,
        )
        after = submit(people.dsn, 1, datetime(2022, 6, 1, tzinfo=UTC))
        submit(people.dsn, 2, datetime(2022, 6, 1, tzinfo=UTC))
        draft = f"/{form['region_assessment_id']}"
        form = await people.ask("province", "GET", draft)
        item = next(i for i in form["items"] if i["id"] == "key_process_nc")
        here = item["platform"]
        assert (
            owner.execute(TOLD).fetchone() == (here["answered"], here["asked"], here["value"]) == (1, 2, 0.75)
        )
        assert item["value"] == "0.553"  # what the region says stays what it says
        assert form["result"]["answered"] == 1 / 8
        told = {
            e["enterprise_id"]: (e["value"], e["completeness"], e["assessment_ids"])
            for e in here["enterprises"]
        }
        assert told[1] == (0.75, 1, [after])
        assert told[2][:2] == (None, 0.5)
        assert next(i for i in form["items"] if i["id"] == "platform")["platform"] is None
        owner.execute("UPDATE app.key_process SET controlled = false WHERE code = 'B1'")
        submit(people.dsn, 2, datetime(2022, 9, 1, tzinfo=UTC))
        form = await people.ask("province", "GET", draft)
        here = next(i for i in form["items"] if i["id"] == "key_process_nc")["platform"]
        assert (
            owner.execute(TOLD).fetchone()
            == (here["answered"], here["asked"], here["value"])
            == (2, 2, 0.625)
        )
        city = await people.started("harbin", region="230100", **asked)
        here = next(i for i in city["items"] if i["id"] == "key_process_nc")["platform"]
        assert (here["answered"], here["asked"], here["value"]) == (1, 1, 0.75)
        earlier = await people.started("harbin", region="230100", standard="national-indicators", year=2021)
        here = next(i for i in earlier["items"] if i["id"] == "key_process_nc")["platform"]
        assert [e["assessment_ids"] for e in here["enterprises"]] == [[before]]
        form = await people.ask("province", "POST", f"{draft}/submit", json={"lock": form["lock"]})
        frozen = await people.ask("province", "GET", f"{draft}/revisions/1")
        kept = frozen["context"]["platform"]["key_process_nc"]
        assert (kept["value"], kept["answered"], kept["asked"]) == ("0.625", 2, 2)
        assert "key_process_nc" not in frozen["measured"]


async def test_what_enterprises_declared_in_their_forms_is_named_so_and_counted_as_asked(
    people: People,
) -> None:
    at = datetime(2022, 6, 1, tzinfo=UTC)
    form = await people.started(standard="penetration", year=2022)
    path = f"/{form['region_assessment_id']}"

    async def here() -> dict[str, Any]:
        items = (await people.ask("province", "GET", path))["items"]
        assert [item["id"] for item in items if item["platform"]] == ["mes"]  # no form asks for the others
        found: dict[str, Any] = next(item["platform"] for item in items if item["id"] == "mes")
        return found

    nothing = await here()
    assert (nothing["basis"], nothing["value"], nothing["answered"], nothing["asked"]) == (
        "declared",
        None,
        0,
        2,
    )
    submit(people.dsn, 1, at, mes="0")
    submit(people.dsn, 1, at + timedelta(days=60), mes="1")
    kept = submit(people.dsn, 2, at, mes="0")
    submit(people.dsn, 2, at + timedelta(days=400), mes="1")  # of the year after
    found = await here()
    assert (found["value"], found["answered"], found["asked"]) == (0.5, 2, 2)
    with psycopg.connect(people.dsn) as owner:
        rows = owner.execute(
            "SELECT DISTINCT ON (a.enterprise_id) w.given[1]::int FROM app.assessment a JOIN app.assessment_submission s"
            " USING (assessment_id) JOIN app.assessment_answer w USING (assessment_id) WHERE w.item = 'mes'"
            " AND s.submitted_at < '2023-01-01' ORDER BY a.enterprise_id, s.submitted_at DESC"
        ).fetchall()
    assert found["value"] == sum(given for (given,) in rows) / 2
    lock = (await people.ask("qiqihar", "GET", f"/api/v1/assessments/{kept}"))["lock"]
    back = {"lock": lock, "verdict": "return", "comment": "?"}
    await people.ask("qiqihar", "POST", f"/api/v1/assessments/{kept}/review", json=back)
    found = await here()  # what was returned is open again
    assert (found["value"], found["answered"]) == (1, 1)
    assert [each["completeness"] for each in found["enterprises"]] == [None, None]
