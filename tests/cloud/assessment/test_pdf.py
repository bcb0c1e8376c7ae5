"""The PDF report of an assessment says what the API says, in both languages, and hides what the API hides."""

from pathlib import Path

import pytest
from chejian_cloud.reports.numbers import Numbers

from tests.cloud.assessment.conftest import People
from tests.cloud.reports.pages import opened

pytestmark = pytest.mark.long
START = {"standard": "gbt37393-2019", "workshop_id": 1, "industry": "discrete"}


async def test_the_report_says_what_the_api_says(people: People, report_font: Path) -> None:
    await people.ask("enterprise", "POST", "", 201, json=START)
    said = {"lock": 1, "answers": [{"item": "auto_data_share", "given": ["0.95"]}]}
    await people.ask("enterprise", "PUT", "/1/answers", json=said)
    form = await people.ask("enterprise", "POST", "/1/submit", json={"lock": 2})
    result = await people.ask("enterprise", "GET", "/1/result")
    (revision,) = await people.ask("enterprise", "GET", "/1/revisions")
    benchmark = await people.ask("enterprise", "GET", "/1/benchmark")
    for lang, tag in (("zh", "zh-CN"), ("en", "en")):
        say = Numbers(tag)
        short = "en" if lang == "en" else "zh"
        answer = await people.client.get(
            "/api/v1/reports/assessments/1", params={"lang": lang}, headers=people.keys["enterprise"]
        )
        assert answer.status_code == 200, answer.text
        with opened(answer.content) as pages:
            assert all(pages.fonts().values())
            text = pages.text
        plain = text.replace(" ", "")
        for part in (
            say.t("report.assessment"),
            say.t("assess_state.submitted"),
            form["standard"][f"document_{short}"],
            form["standard"][f"source_{short}"],
            form["standard"][f"note_{short}"],
            *(item[f"source_{short}"] for item in form["items"]),
            say.percent(result["answered"]),
            say.percent(result["measured"]),
            say.t("assess.over_declared", declared="95.0 %", measured="0.0 %"),
            revision["sha256"][:16],
            *(gap[f"name_{short}"] for gap in result["gaps"]),
            *(item[f"name_{short}"] for item in form["items"]),
            *(each[f"name_{short}"] for each in form["evidence"]),
            *(each[f"needs_{short}"] for each in form["not_measured"]),
            say.t("assess.certification.none"),
            *(advice["level"][f"name_{short}"] for advice in result["advice"] if advice["level"]),
            *(say.t(f"report.hidden.{group['reason']}") for group in benchmark["groups"] if group["reason"]),
        ):
            assert part.replace(" ", "") in plain, part
        if short == "zh":
            assert form["standard"]["note_en"].replace(" ", "") not in plain
            assert not any(item["source_en"].replace(" ", "") in plain for item in form["items"])
        assert not any(gap["level"] in plain for gap in result["gaps"]), "levels have names"
        assert any(group["reason"] for group in benchmark["groups"]), "one enterprise is too few"
