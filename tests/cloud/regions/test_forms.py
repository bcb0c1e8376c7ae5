"""Forms of regions: the index from its values down to their sources, tables in and out, seals, who sees what."""

import csv
import io
from pathlib import Path
from typing import Any

import psycopg
import pytest
import xlsxwriter  # type: ignore[import-untyped] # it ships no types

from tests.cloud.regions.conftest import CLASSES, People, said

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TABLE: dict[str, Any] = {"headers": {"content-type": "text/csv"}}


def by_id(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rows}


async def test_every_published_row_is_reproduced_from_a_table(people: People, standards: Path) -> None:
    columns = {
        "infrastructure": "infrastructure_jichu_huanjing",
        "application": "application_gongye_yingyong",
        "benefit": "benefit_yingyong_xiaoyi",
    }
    with (standards / "regional_index_2015.csv").open(encoding="utf-8") as file:
        published = list(csv.DictReader(file))
    assert len(published) == 18
    for number, row in enumerate(published):  # a form is of a region and year: one province has 18 years here
        form = await people.started(year=2000 + number)
        lines = [f"{item},{row[column]},table teniang.cn,A" for item, column in columns.items()]
        content = "\n".join(["item,value,source,confidence", *lines]).encode()
        path = f"/{form['region_assessment_id']}/import?lock={form['lock']}"
        done = await people.ask("province", "POST", path, content=content, **TABLE)
        assert abs(done["form"]["result"]["total"] - float(row["total_published"])) <= 0.1, row["region"]
        assert done["form"]["result"]["total"] == pytest.approx(float(row["total_recomputed_25_50_25"]))
    compared = await people.ask(
        "harbin", "GET", "/api/v1/regional-comparison", params={"standard": "regional-index-2015"}
    )
    assert {row["state"] for row in compared["rows"]} == {
        "published"
    }  # the province's forms are not the city's
    compared = await people.ask(
        "province", "GET", "/api/v1/regional-comparison", params={"standard": "regional-index-2015"}
    )
    given = [row for row in compared["rows"] if row["state"] == "published"]
    assert sorted(row["region_name_zh"] for row in given) == sorted(row["region"] for row in published)
    totals = {row["region_name_zh"]: row["total"] for row in given}
    assert totals == {row["region"]: float(row["total_published"]) for row in published}
    assert {(row["source_zh"], row["source_en"]) for row in given} == {
        ("teniang.cn数据表", "table of teniang.cn")
    }
    compared["rows"] = [row for row in compared["rows"] if row["state"] == "draft"]
    assert [row["year"] for row in compared["rows"]] == [2000 + n for n in range(18)]
    assert [c["id"] for c in compared["columns"]] == list(columns)
    heilongjiang = compared["rows"][[row["region"] for row in published].index("黑龙江")]
    assert (heilongjiang["total"], heilongjiang["weakest"], heilongjiang["answered"]) == (76.5, "A", 1)
    assert heilongjiang["values"] == pytest.approx({k: float(v) for k, v in CLASSES.items()})


async def test_the_index_leads_down_to_each_value_and_its_source(people: People) -> None:
    form = await people.started()
    form = await people.saved("province", form, said({"infrastructure": "80.2", "benefit": "64.2"}))
    assert (form["result"]["total"], form["result"]["answered"]) == (None, 0.5)
    path = f"/{form['region_assessment_id']}/values"
    indicator = said({"erp": "68.2"}, base="50", confidence="C", source="survey of key enterprises")
    body = {"lock": form["lock"], "values": indicator}
    refused = await people.ask("province", "PUT", path, 422, json=body)
    assert "has a normaliser" in refused["errors"][0]["allowed"]  # the published one is not known
    body["normaliser"] = "ratio"
    form = await people.ask("province", "PUT", path, json=body)
    other = said({"mes": "45"}, base="50", confidence="B", source="survey of key enterprises")
    form = await people.saved("province", form, other)
    assert form["result"]["normaliser"] == "ratio"
    assert form["result"]["total"] == pytest.approx(0.25 * 80.2 + 0.5 * (136.4 + 90) / 2 + 0.25 * 64.2)
    items, nodes = by_id(form["items"]), by_id(form["nodes"])
    assert (items["erp"]["points"], items["erp"]["share"]) == (pytest.approx(136.4), 0.25)
    assert (items["mes"]["points"], items["mes"]["share"], items["plm"]["share"]) == (90, 0.25, None)
    assert (nodes["application"]["points"], nodes["application"]["value"]) == (pytest.approx(113.2), None)
    assert nodes["application"]["answered"] == 0.25  # two of eight indicators
    assert (items["erp"]["source"], items["erp"]["confidence"]) == ("survey of key enterprises", "C")
    assert form["result"]["weakest"] == "C"
    total = sum(
        node["weight"] * float(node["value"]) if node["value"] else
        sum(i["share"] * i["points"] for i in items.values() if i["node"] == node["id"] and i["share"])
        for node in nodes.values()
    )  # fmt: skip
    assert total == pytest.approx(form["result"]["total"])
    form = await people.saved("province", form, [{"item": "erp"}])
    assert by_id(form["items"])["erp"]["value"] is None


async def test_every_wrong_value_is_named_and_nothing_is_stored(people: People) -> None:
    form = await people.started(standard="national-indicators", year=2022)
    path = f"/{form['region_assessment_id']}"
    wrong = (
        "指标,数值,来源,可信度,备注\n"
        "key_process_nc,55.3 %,公报,A,\n"
        "platform,1.2,公报,A,\n"
        "unknown,0.5,公报,A,\n"
        "readiness,many,,E,\n"
        "key_process_nc,0.5,公报,A,\n"
        "digital_equipment,,公报,A,\n"
    ).encode("gb18030")
    answer = await people.ask("province", "POST", f"{path}/import?lock=1", 422, content=wrong, **TABLE)
    found = {(each["row"], each["column"]) for each in answer["errors"]}
    assert found == {
        *((4, "item"), (5, "value"), (5, "source"), (5, "confidence"), (6, "item"), (7, "value"))
    }
    scale = b"item,value,source,confidence\nplatform,1.2,gazette,A\nreadiness,5.6%,gazette,A\n"
    answer = await people.ask("province", "POST", f"{path}/import?lock=1", 422, content=scale, **TABLE)
    assert [(each["row"], each["column"]) for each in answer["errors"]] == [(2, "platform")]
    head = b"item,number,source\nplatform,1,x\n"
    answer = await people.ask("province", "POST", f"{path}/import?lock=1", 422, content=head, **TABLE)
    assert {each["column"] for each in answer["errors"]} == {"number", "value", "confidence"}
    stored = await people.ask("province", "GET", path)
    assert {item["value"] for item in stored["items"]} == {None}
    right = {"item": "platform", "value": "0.3", "source": "gazette"}
    sent = [{**right, "value": "2"}, {**right, "item": "x"}, {**right, "item": "readiness", "value": "7"}]
    answer = await people.ask("province", "PUT", f"{path}/values", 422, json={"lock": 1, "values": sent})
    assert [each["row"] for each in answer["errors"]] == [1, 2, 3]
    sent = [{**right, "source": " "}, right]
    answer = await people.ask("province", "PUT", f"{path}/values", 422, json={"lock": 1, "values": sent})
    assert {each["column"] for each in answer["errors"]} == {"source", "platform"}
    body = {"lock": 1, "values": [right], "normaliser": "ratio"}
    await people.ask("province", "PUT", f"{path}/values", 422, json=body)
    form = await people.saved("province", stored, [right])
    late = {"lock": 1, "values": [{**right, "value": "0.4"}]}
    await people.ask("province", "PUT", f"{path}/values", 409, json=late)
    item = by_id(form["items"])["platform"]
    assert (item["value"], item["confidence"]) == ("0.3", "C")
    assert [(r["year"], r["kind"], r["value"]) for r in item["references"]] == [(2025, "target", 0.45)]
    assert item["references"][0]["difference"] == pytest.approx(-0.15)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
async def test_a_table_goes_out_and_comes_back_the_same(people: People, kind: str) -> None:
    form = await people.started(normaliser="logarithmic")
    form = await people.saved("province", form, said(CLASSES, note="=cmd()"))
    path = f"/{form['region_assessment_id']}"
    answer = await people.send("province", "GET", f"{path}/file", params={"format": kind})
    assert answer.headers["content-disposition"].endswith(f'"region-230000-2015-regional-index-2015.{kind}"')
    where, headers = (
        f"{path}/import?lock={form['lock']}",
        {"content-type": XLSX if kind == "xlsx" else "text/csv"},
    )
    again = await people.ask("province", "POST", where, content=answer.content, headers=headers)
    assert again["rows"] == 3
    assert again["changed"] == (
        [] if kind == "xlsx" else list(CLASSES)
    )  # CSV guards the note with an apostrophe
    assert again["form"]["result"]["total"] == form["result"]["total"]
    book = io.BytesIO()
    with xlsxwriter.Workbook(book, {"in_memory": True}) as made:
        sheet = made.add_worksheet()
        for number, row in enumerate(
            [["item", "value", "base", "source", "confidence"], ["erp", 68.2, 50, "survey", "C"]]
        ):
            sheet.write_row(number, 0, row)
        sheet.write_formula(2, 1, "=1+1")
        sheet.write_string(2, 0, "mes")
    where = f"{path}/import?lock={again['form']['lock']}"
    refused = await people.ask(
        "province", "POST", where, 422, content=book.getvalue(), headers={"content-type": XLSX}
    )
    assert (3, "value") in {(each["row"], each["column"]) for each in refused["errors"]}


async def test_what_was_submitted_is_frozen_and_a_change_of_it_shows(people: People) -> None:
    form = await people.started()
    path = f"/{form['region_assessment_id']}"
    await people.ask("province", "POST", f"{path}/submit", 422, json={"lock": form["lock"]})
    form = await people.ask("province", "GET", path)
    form = await people.saved("province", form, said(CLASSES))
    form = await people.ask(
        "province", "POST", f"{path}/submit", json={"lock": form["lock"], "comment": "as published"}
    )
    assert (form["state"], form["submitted_total"]) == ("submitted", 76.5)
    refused = {"lock": form["lock"], "values": said({"benefit": "99"})}
    await people.ask("province", "PUT", f"{path}/values", 409, json=refused)
    await people.ask("province", "POST", f"{path}/reopen", 422, json={"lock": form["lock"], "comment": " "})
    form = await people.ask(
        "province", "POST", f"{path}/reopen", json={"lock": form["lock"], "comment": "corrigendum"}
    )
    assert (form["state"], form["revision"]) == ("draft", 2)
    form = await people.saved("province", form, said({"benefit": "70"}))
    await people.ask("province", "POST", f"{path}/submit", json={"lock": form["lock"]})
    first, second = await people.ask("province", "GET", f"{path}/revisions")
    assert (first["intact"], second["intact"], first["total"], second["total"]) == (True, True, 76.5, 77.95)
    document = await people.ask("province", "GET", f"{path}/revisions/1")
    assert document["context"]["values"]["benefit"]["source"] == "blue book 2015, table 3"
    assert (document["result"]["total"], document["subject"]) == ("76.5", "230000/2015")
    with psycopg.connect(people.dsn, autocommit=True) as owner:
        with pytest.raises(psycopg.errors.RaiseException, match="only grows"):
            owner.execute("UPDATE app.region_submission SET total = 99")
        owner.execute("SET session_replication_role = replica")  # as an owner could who wants to hide it
        owner.execute("UPDATE app.region_submission SET total = 99 WHERE revision = 1")
        owner.execute("UPDATE app.region_event SET sha256 = 'x' WHERE revision = 2 AND kind = 'submit'")
        owner.execute(
            "UPDATE app.audit SET target = jsonb_set(target, '{sha256}', '\"y\"') WHERE target ->> 'revision' = '2'"
        )
    first, second = await people.ask("province", "GET", f"{path}/revisions")
    assert (first["broken"], second["broken"]) == (["figures"], ["step", "journal"])


async def test_a_city_sees_its_own_and_the_province_its_cities(people: People) -> None:
    regions = {}
    for who in people.keys:
        regions[who] = [each["code"] for each in await people.ask(who, "GET", "/api/v1/regions")]
    assert (regions["harbin"], regions["qiqihar"], regions["enterprise"]) == (["230100"], ["230200"], [])
    assert len(regions["province"]) == 14
    for who, region in (("harbin", "230200"), ("qiqihar", "230000"), ("province", "320000")):
        await people.ask(
            who, "POST", "", 403, json={"standard": "national-indicators", "region": region, "year": 2022}
        )
    await people.ask(
        "province", "POST", "", 422, json={"standard": "gbt37393-2019", "region": "230000", "year": 2022}
    )
    penetration = {"standard": "penetration", "region": "320000", "year": 2022}
    await people.ask("province", "POST", "", 422, json=penetration)  # the standard is of one province
    forms = {
        "harbin": await people.started("harbin", region="230100"),
        "qiqihar": await people.started("province", region="230200"),
        "province": await people.started("province"),
    }
    await people.ask(
        "harbin", "POST", "", 409, json={"standard": "regional-index-2015", "region": "230100", "year": 2015}
    )
    told = await people.ask("enterprise", "GET", "/api/v1/audit")  # the only enterprise of its city
    assert not [line for line in told if "regional" in line["action"]]
    sees = {"harbin": {"harbin"}, "qiqihar": {"qiqihar"}, "province": set(forms), "enterprise": set()}
    for who, own in sees.items():
        told = await people.ask(who, "GET", "")
        assert {each["region_assessment_id"] for each in told} == {
            forms[name]["region_assessment_id"] for name in own
        }
        for name, form in forms.items():
            path = f"/{form['region_assessment_id']}"
            for below in ("", "/file", "/revisions"):
                answer = await people.send(who, "GET", path + below)
                assert answer.status_code == (200 if name in own else 404), (who, name, below)
            writing = {"enterprise": 403}.get(who, 422 if name in own else 404)
            await people.ask(who, "POST", f"{path}/submit", writing, json={"lock": form["lock"]})


def test_the_database_itself_shows_a_region_to_those_who_oversee_it(seeded: str) -> None:
    tables = ("region_assessment", "region_value", "region_submission", "region_event")
    with psycopg.connect(seeded, autocommit=True) as owner:
        owner.execute("SET session_replication_role = replica")
        for number, region in enumerate(("230000", "230100", "230200"), 1):
            owner.execute(
                "INSERT INTO app.region_assessment (region, year, standard_id, standard_version, standard_digest, normaliser,"
                " created_by) VALUES (%s, 2015, 'x', '1', 'x', '', 'li')", [region])  # fmt: skip
            owner.execute(
                "INSERT INTO app.region_value (region_assessment_id, item, region, value, source, confidence, note, changed_by)"
                " VALUES (%s, 'x', %s, '1', 'x', 'A', '', 'li')", [number, region])  # fmt: skip
            owner.execute(
                "INSERT INTO app.region_submission VALUES (%s, 1, %s, now(), 'li', '', 'x', NULL, 1)", [number, region])  # fmt: skip
            owner.execute(
                "INSERT INTO app.region_event (region_assessment_id, revision, region, kind, user_name, comment)"
                " VALUES (%s, 1, %s, 'start', 'li', '')", [number, region])  # fmt: skip
        for regions, own in (
            ("230100", {"230100"}),
            ("230000,230100,230200", {"230000", "230100", "230200"}),
            ("", set()),
        ):
            for table in tables:
                for statement in (
                    f"SELECT region FROM app.{table}",
                    f"UPDATE app.{table} SET region = region RETURNING region",
                    f"DELETE FROM app.{table} RETURNING region",
                ):
                    with owner.transaction(force_rollback=True):
                        owner.execute(
                            "SELECT set_config('role', 'chejian_api', true), set_config('chejian.enterprises', '1,2', true),"
                            " set_config('chejian.regions', %s, true)", [regions])  # fmt: skip
                        found = {region for (region,) in owner.execute(statement.encode()).fetchall()}
                    assert found == own, (table, regions, statement)
