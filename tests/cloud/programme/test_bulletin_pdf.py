"""The bulletin as PDF says what the API says, in both languages."""

from pathlib import Path

import pytest
from chejian_cloud.reports.numbers import Numbers

from tests.cloud.programme.conftest import People
from tests.cloud.programme.test_ranking import submit
from tests.cloud.reports.pages import opened


@pytest.mark.parametrize(("lang", "tag"), [("zh", "zh-CN"), ("en", "en")])
async def test_the_pdf_says_what_the_api_says(people: People, report_font: Path, lang: str, tag: str) -> None:
    submit(people.dsn, 2, {"connected_equipment": "1"})
    told = await people.ask("province", "GET", "/bulletin")
    answer = await people.client.get(
        "/api/v1/reports/bulletin", params={"lang": lang}, headers=people.keys["province"]
    )
    assert answer.status_code == 200, answer.text
    assert f"bulletin-{told['month']}.pdf" in answer.headers["content-disposition"]
    with opened(answer.content) as pages:
        assert all(pages.fonts().values())
        plain = pages.text.replace(" ", "")
    say = Numbers(tag)
    parts = [
        say.t("report.bulletin"),
        told["first"],
        told[f"plan_{lang}"],
        say.t("report.bulletin.contradicted"),
        say.t("prog.concern.overdue", step=say.word("milestone", "gbt23001_certified")),
        say.t("prog.never_heard"),
        *(each[f"name_{lang}"] for each in told["at_risk"]),
        *(each[f"name_{lang}"] for each in told["targets"] if each["reasons"]),
    ]
    for part in parts:
        assert part.replace(" ", "") in plain, part
    counted = next(t for t in told["targets"] if t["id"] == "T1.workshops")
    assert (
        say.t("report.bulletin.line", planned=say.measured(counted["planned"], 5), goal="100").replace(
            " ", ""
        )
        in plain
    )
