"""The monthly bulletin: what it says equals what the lists behind it say, and each caller gets one of what he sees."""

from datetime import date, timedelta

import psycopg
import pytest
from chejian_cloud.clock import utc_now
from chejian_cloud.programme import plans

from tests.cloud.programme.conftest import People
from tests.cloud.programme.test_ranking import SCORED, submit


@pytest.fixture
def today() -> date:
    """Of the programme; a run of all tests may begin on another day."""
    return plans.today(utc_now())


@pytest.fixture
def moved(people: People) -> People:
    """Handed in before this month: the first well, the second poorly; handed in now: the second best of all."""
    submit(people.dsn, 1, dict.fromkeys(SCORED[:10], "60"))
    submit(people.dsn, 2, dict.fromkeys(SCORED[:10], "40"))
    with psycopg.connect(people.dsn) as connection:
        connection.execute("ALTER TABLE app.assessment_submission DISABLE TRIGGER ALL")
        connection.execute(
            "UPDATE app.assessment_submission SET submitted_at = submitted_at - interval '40 days'"
        )
        connection.execute("ALTER TABLE app.assessment_submission ENABLE TRIGGER ALL")
    submit(people.dsn, 2, dict.fromkeys(SCORED[:20], "80"))
    return people


async def test_a_month_is_told_as_the_lists_tell_it(moved: People, today: date) -> None:
    month = f"{today:%Y-%m}"
    found = await moved.ask("province", "GET", f"/bulletin?month={month}")
    assert (found["month"], found["last"], found["provisional"]) == (month, today.isoformat(), True)
    ranked = await moved.ask("province", "GET", "/ranking")
    assert (found["workshops"], found["ranked"]) == (3, 3) == (len(ranked), len(ranked))
    before = today.replace(day=1) - timedelta(days=1)
    for on, key in ((today, "value"), (before, "before")):
        listed = {t["id"]: t for t in await moved.ask("province", "GET", f"/targets?on={on}")}
        assert {t["id"]: t[key] for t in found["targets"]} == {n: t["observed"] for n, t in listed.items()}
    counted = next(t for t in found["targets"] if t["id"] == "T1.workshops")
    assert (counted["value"], counted["goal"], counted["status"]) == (2, 100, "missed")
    assert [c["code"] for c in found["cities"] if c["workshops"]] == ["230100", "230200"]


async def test_moves_tell_who_overtook_whom(moved: People, today: date) -> None:
    found = await moved.ask("province", "GET", f"/bulletin?month={today:%Y-%m}")
    moves = {m["programme_entry_id"]: (m["rank"], m["rank_before"]) for m in found["moves"]}
    assert moves == {1: (3, 1), 2: (1, 2), 3: (1, 2)}
    assert found["moves"][0]["programme_entry_id"] == 1, "the one that lost most"
    second = found["moves"][1]
    assert second["total"] > second["total_before"] > 0


async def test_who_is_at_risk_comes_with_reasons(people: People) -> None:
    submit(people.dsn, 2, {"connected_equipment": "1"})
    found = await people.ask("province", "GET", "/bulletin")
    reasons = {r["code"]: [c["kind"] for c in r["concerns"]] for r in found["at_risk"]}
    assert reasons == {
        "HRB-W1": ["overdue", "stale"], "QQH-W1": ["stale", "contradicted"], "QQH-W2": ["contradicted"],
    }  # fmt: skip
    milestones = [c["milestone"] for r in found["at_risk"] for c in r["concerns"] if c["milestone"]]
    assert milestones == ["gbt23001_certified"]
    heard = await people.ask("province", "GET", "/reporting")
    assert [s["code"] for s in found["stale"]] == [s["code"] for s in heard if s["stale"]]
    assert len(found["at_risk"][0]["concerns"]) >= len(found["at_risk"][-1]["concerns"])


async def test_a_city_gets_its_own_and_a_month_to_come_is_refused(people: People, today: date) -> None:
    found = await people.ask("harbin", "GET", "/bulletin")
    last = today.replace(day=1) - timedelta(days=1)
    assert (found["month"], found["last"], found["provisional"]) == (
        f"{last:%Y-%m}", last.isoformat(), False)  # fmt: skip
    assert found["workshops"] == 1
    assert {r["city_code"] for r in found["at_risk"]} == {"230100"}
    next_month = (today.replace(day=1) + timedelta(days=31)).replace(day=1)
    await people.ask("province", "GET", f"/bulletin?month={next_month:%Y-%m}", status=422)
    await people.ask("province", "GET", "/bulletin?month=2026-13", status=422)
    old = await people.ask("province", "GET", "/bulletin?month=1970-01")
    assert (old["first"], old["last"]) == (str(date(1970, 1, 1)), str(date(1970, 1, 31)))
    assert old["ranked"] == 0
