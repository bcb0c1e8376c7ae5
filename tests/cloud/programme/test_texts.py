"""Words of the plan's data on the programme's pages, and forms of earlier words in its figures."""

import re

import psycopg
from chejian_analytics.assessment import load_standards
from chejian_analytics.assessment.programme import load_plan
from chejian_cloud.console.language import catalogue

from tests.cloud.programme.conftest import People
from tests.cloud.programme.test_ranking import SCORED, submit


def test_units_of_targets_have_a_chinese_word() -> None:
    units = {re.sub(r"\W", "_", target.unit) for target in load_plan().targets}
    assert len(units) >= 8
    words = catalogue("zh-CN")
    assert [u for u in units if not re.search("[\u4e00-\u9fff]", words.get(f"target_unit.{u}", ""))] == []


def test_ladders_of_standards_have_a_chinese_word() -> None:
    ladders = {level.ladder for standard in load_standards() for level in standard.levels} - {""}
    assert ladders
    words = catalogue("zh-CN")
    assert [x for x in ladders if not re.search("[\u4e00-\u9fff]", words.get(f"ladder.{x}", ""))] == []


async def test_forms_of_earlier_words_stay_in_the_distribution(people: People) -> None:
    submit(people.dsn, 1, dict.fromkeys(SCORED[:10], "40"))
    before = await people.ask("province", "GET", "/distribution")
    assert before["axes"]
    digest = load_standards().get("gbt23020-2013").earlier[0]
    with psycopg.connect(people.dsn) as connection:
        connection.execute("UPDATE app.assessment SET standard_digest = %s WHERE enterprise_id = 1", [digest])
    assert await people.ask("province", "GET", "/distribution") == before
    with psycopg.connect(people.dsn) as connection:
        connection.execute("UPDATE app.assessment SET standard_digest = repeat('0', 64)")
    assert (await people.ask("province", "GET", "/distribution"))["axes"] == []
