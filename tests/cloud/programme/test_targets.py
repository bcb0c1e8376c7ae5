"""Targets against the plan's line, from what the registry counts and what the province enters."""

from pathlib import Path
from typing import Any

import pytest
from chejian_cloud.app import create_app
from chejian_cloud.config import Settings
from chejian_contract.errors import ConfigError

from tests.cloud.programme.conftest import People

YEAR = {"energy": 4975, "growth": 0, "basis": "equal", "source": "yearbook"}


async def target(people: People, who: str, name: str, on: str) -> dict[str, Any]:
    found = await people.ask(who, "GET", "/targets", params={"on": on})
    matching: dict[str, Any] = next(each for each in found if each["id"] == name)
    return matching


async def test_recognised_workshops_are_counted_for_everybody_and_held_against_the_line(
    people: People,
) -> None:
    for who in ("province", "harbin", "first"):
        found = await target(people, who, "T1.workshops", "2018-12-31")
        assert (found["observed"], found["baseline"], found["planned"]) == (2, 0, 60)
        assert (found["status"], [r["why"] for r in found["reasons"]]) == (
            "at risk", ["behind plan line", "pace too slow"])  # fmt: skip
        assert found["projected"] == pytest.approx(10 / 3)
        assert [o["value"] for o in found["observations"]] == [0, 2, 2]
        assert found["observations"][1]["measured"] == 1
        assert (found["baseline_source_zh"], found["baseline_source_en"]) == (
            "本平台项目台账", "registry of the programme")  # fmt: skip
        assert found["line"] == [{"day": f"{2015 + i}-12-31", "value": 20 * i} for i in range(6)]
    before = await target(people, "province", "T1.workshops", "2018-06-29")
    assert before["observed"] == 0


async def test_intensity_is_chained_from_years_of_one_basis(people: People) -> None:
    for year, energy, growth in ((2015, 4975, 0), (2016, 4975 * 0.98, 0.05), (2017, 4975 * 0.98, 0.04)):
        body = {**YEAR, "energy": energy, "growth": growth}
        await people.ask("province", "PUT", f"/energy-years/{year}", 204, json=body)
    other = {**YEAR, "basis": "equivalent"}
    for year, body, words in ((2018, other, "basis equivalent"), (2019, YEAR, "2019 after 2017")):
        refused = await people.ask("province", "PUT", f"/energy-years/{year}", 409, json=body)
        assert words in refused["detail"]
    years = await people.ask("first", "GET", "/energy-years")
    assert [y["year"] for y in years] == [2015, 2016, 2017]
    assert years[1]["change"] == pytest.approx(0.98 / 1.05 - 1)
    found = await target(people, "province", "T2", "2018-03-01")
    assert found["observed"] == pytest.approx(0.98 / 1.05 / 1.04 - 1)
    assert found["planned"] == pytest.approx(0.82 ** (2 / 5) - 1)
    assert (found["status"], found["observed_on"]) == ("on track", "2017-12-31")
    told = found["observations"][-1]
    assert (told["source_zh"], told["note_zh"]) == (
        "由各年能耗和增加值增速链乘；yearbook",
        "电力按等价值折标",
    )
    assert told["source_en"] == "chained from energy and growth of each year; yearbook"
    assert told["note_en"] == "electricity by equal value"


async def test_what_is_observed_says_where_it_is_from_and_serves_as_baseline(people: People) -> None:
    path, body = "/targets/T6/observations", {"value": 0.8, "source": "yearbook 2016", "completeness": 0.9}
    await people.ask("province", "PUT", f"{path}/2015-12-31", 204, json=body)
    found = await target(people, "province", "T6", "2016-01-31")
    assert (found["baseline_source_zh"], found["baseline_source_en"]) == ("yearbook 2016", "yearbook 2016")
    await people.ask("province", "PUT", f"{path}/2016-12-31", 204, json={**body, "value": 0.7})
    await people.ask("province", "PUT", f"{path}/2016-12-31", 204, json={**body, "value": 0.9})  # corrected
    found = await target(people, "harbin", "T6", "2017-01-31")
    assert (found["baseline"], found["observed"], found["status"]) == (0.8, 0.9, "on track")
    assert found["planned"] == pytest.approx(0.84)
    assert (await target(people, "province", "T5", "2017-01-31"))["status"] == "no data"
    refused = await people.ask("province", "PUT", "/targets/T1.lines/observations/2016-12-31", 409, json=body)
    assert "counted from the entries" in refused["detail"]
    await people.ask("province", "PUT", "/targets/T99/observations/2016-12-31", 404, json=body)
    for who in ("harbin", "first"):
        await people.ask(who, "PUT", f"{path}/2016-12-31", 403, json=body)


async def test_scenarios_compute_with_what_is_given(people: People) -> None:
    path = {"energy": 4975, "energy_growth": [-0.02] * 5, "value_added_growth": [0.05] * 5}
    found = await people.ask("first", "GET", "/scenarios/intensity", params=path)
    assert found["total"] == pytest.approx((0.98 / 1.05) ** 5 - 1)
    assert found["cap"] == pytest.approx(4975 * 1.05**5 * 0.82)
    assert found["met"] is True
    uneven = {**path, "energy_growth": [-0.02]}
    refused = await people.ask("first", "GET", "/scenarios/intensity", 422, params=uneven)
    assert "1 growths of energy and 5" in refused["detail"]
    pace = {"now": 62, "target": 100, "years": 2, "pace": 15}
    found = await people.ask("first", "GET", "/scenarios/count", params=pace)
    assert found == {"reached": 92, "met": False, "needed": 19, "years": pytest.approx(38 / 15)}
    sectors = {
        "sector": ["a", "b"],
        "energy": [60, 40],
        "value_added": [50, 50],
        "growth": [0, 0.2],
        "saving": [-0.1, 0],
    }
    found = await people.ask("first", "GET", "/scenarios/sectors", params=sectors)
    assert found["total"] == pytest.approx((54 + 48) / 110 / (100 / 100) - 1)
    refused = await people.ask("first", "GET", "/scenarios/sectors", 422, params={**sectors, "growth": [0]})
    assert "same length" in refused["detail"]


async def test_scenarios_refuse_what_leads_to_no_number(people: People) -> None:
    await people.ask(
        "first",
        "GET",
        "/scenarios/count",
        422,
        params={"now": 62, "target": 100, "years": 5e-324, "pace": 15},
    )
    slow = {"now": 62, "target": 100, "years": 2, "pace": 5e-324}
    assert (await people.ask("first", "GET", "/scenarios/count", params=slow))["years"] is None
    nothing = {"sector": ["a"], "energy": [100], "value_added": [5e-324], "growth": [0], "saving": [-0.02]}
    await people.ask("first", "GET", "/scenarios/sectors", 422, params=nothing)


async def test_the_plan_is_told_with_its_sources_and_may_be_another_file(
    people: People, tmp_path: Path
) -> None:
    plan = await people.ask("first", "GET", "")
    assert len(plan["cities"]) == 13
    assert len({(c["column"], c["row"]) for c in plan["cities"]}) == 13
    assert {c["agrees"] for c in plan["checks"]} == {True, None}
    assert "T1" not in plan
    file = tmp_path / "own.toml"
    file.write_text('schema = 1\nid = "own"\nregion = "230000"\n[[target]]\nid = "T1"\n', "utf-8")
    with pytest.raises(ConfigError, match=r"own\.toml.*name_zh") as error:
        create_app(Settings(dsn="postgresql://nobody@127.0.0.1:1/nothing", programme_plan=file))
    assert str(error.value).count("\n") > 5
