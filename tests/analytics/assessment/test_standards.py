"""The standards of the package: complete words, the structure and weights of the tables they come from."""

import csv
from fractions import Fraction
from pathlib import Path

import pytest
from chejian_analytics.assessment import (
    CONFIDENCE,
    INDICATORS,
    Authority,
    Method,
    Standard,
    StandardRef,
    assess,
    declare,
    load_standards,
    radar,
    regional_figure,
)

ALL = pytest.mark.parametrize("standard", list(load_standards()), ids=lambda s: s.id)


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@ALL
def test_everything_has_both_names_a_source_and_a_confidence(standard: Standard) -> None:
    for words in (standard, *standard.nodes, *standard.items, *standard.levels, *standard.bands):
        assert any("\u4e00" <= c <= "\u9fff" for c in words.name_zh), words.id
        assert words.name_en, words.id
        assert all(ord(c) < 128 or "\u4e00" <= c <= "\u9fff" for c in words.name_en), words.id
        assert words.source_zh, words.id
        assert words.source_en, words.id
        assert words.confidence in CONFIDENCE, words.id


@ALL
def test_what_telemetry_measures_is_known(standard: Standard) -> None:
    assert {item.evidence for item in standard.items} - {""} <= set(INDICATORS)


def test_maturity_has_the_structure_and_the_weights_of_the_table(standards: Path) -> None:
    standard = load_standards().get("gbt39117-2020")
    nodes = {node.id: node for node in standard.nodes}
    table = rows(standards, "gbt39116_index.csv")
    assert len(table) == 20
    leaves = [node.id for node in standard.nodes if any(i.node == node.id for i in standard.items)]
    assert leaves == [row["subdomain_en"] for row in table]
    for row in table:
        leaf = nodes[row["subdomain_en"]]
        chain = [leaf, nodes[leaf.parent]]
        if chain[-1].parent:
            chain.append(nodes[chain[-1].parent])
        assert (leaf.name_zh, chain[-1].name_zh) == (row["subdomain_zh"], row["element_zh"])
        for industry in ("discrete", "process"):
            columns = [f"w_subdomain_in_parent_{industry}_pct"]
            columns += [f"w_domain_in_element_{industry}_pct"] if len(chain) == 3 else []
            columns += [f"w_element_{industry}_pct"]
            for node, column in zip(chain, columns, strict=True):
                given = Fraction(row[column]) if row[column] else None
                assert node.weights.get(industry) == given, (node.id, column)


def test_gbt23020_has_the_tree_of_the_table(standards: Path) -> None:
    standard = load_standards().get("gbt23020-2013")
    table = rows(standards, "gbt23020_index.csv")
    aspects = {node.id: node.name_zh for node in standard.nodes if node.aspect}
    assert [(aspects[n.parent], n.name_zh, n.confidence) for n in standard.nodes if n.parent in aspects] == [
        (row["level2"], row["level3"], row["confidence"]) for row in table
    ]
    assert len(table) == 35
    assert standard.weights_missing is Authority.PROJECT_DEFAULT
    assert {each.authority for each in (*standard.bands, *standard.levels)} == {Authority.PROJECT_DEFAULT}
    assert [band.name_zh for band in standard.bands] == ["初级", "中级", "较高级", "高级"]
    assert [stage.name_zh for stage in standard.levels] == ["起步建设", "单项覆盖", "集成提升", "创新突破"]


def test_what_is_asked_elsewhere_is_a_yes_or_no_there() -> None:
    catalogue = load_standards()
    asked = {each for standard in catalogue for item in standard.items for each in item.asked_in}
    assert asked == {"gbt37393-2019:mes"}
    for each in asked:
        standard, _, name = each.partition(":")
        assert [i.scale.value for i in catalogue.get(standard).items if i.id == name] == ["yes_no"]


CLASSES = ("infrastructure_jichu_huanjing", "application_gongye_yingyong", "benefit_yingyong_xiaoyi")


def test_regional_index_reproduces_every_published_row(standards: Path) -> None:
    standard = load_standards().get("regional-index-2015")
    table = rows(standards, "regional_index_2015.csv")
    assert len(table) == 18
    for row in table:
        result = assess(
            standard,
            [
                declare("infrastructure", Fraction(row["infrastructure_jichu_huanjing"])),
                declare("application", Fraction(row["application_gongye_yingyong"])),
                declare("benefit", Fraction(row["benefit_yingyong_xiaoyi"])),
            ],
            industry="discrete",
        )
        assert result.total is not None
        assert abs(result.total - Fraction(row["total_published"])) <= Fraction("0.1"), row["region"]
        assert result.total == Fraction(row["total_recomputed_25_50_25"]), row["region"]
    assert [(each.name_zh, each.total, *each.values.values()) for each in standard.published] == [
        (row["region"], *(Fraction(row[name]) for name in ("total_published", *CLASSES))) for row in table
    ]


def test_national_figures_stand_beside_the_answers() -> None:
    result = assess(
        load_standards().get("national-indicators"), [declare("key_process_nc", 0.6)], industry="discrete"
    )
    figure = next(each for each in result.figures if each.item == "key_process_nc")
    assert [(r.year, r.kind, difference) for r, difference in figure.beside] == [
        (2021, "value", Fraction("0.054")),
        (2022, "value", Fraction("0.047")),
        (2025, "target", Fraction("-0.08")),
    ]
    assert {each.value for each in result.figures if each.item != "key_process_nc"} == {None}


def test_a_radar_shows_where_each_subdomain_stands_by_itself() -> None:
    """Data meets level 1 and half of level 2: S = 1.5 of 5; what is cut has no axis."""
    standard = load_standards().get("gbt39117-2020")
    answers = [declare("data.1", 1), declare("data.2", 0.5), declare("network.3", 1)]
    axes = radar(standard, assess(standard, answers, industry="discrete", not_applicable=["sales"]))
    assert len(axes) == 19
    assert "sales" not in axes
    assert (axes["data"], axes["network"]) == (Fraction("0.3"), Fraction(0))


def test_a_radar_of_stages_has_the_six_aspects() -> None:
    standard = load_standards().get("gbt23020-2013")
    result = assess(standard, [declare("security.score", 60)], industry="discrete")
    axes = radar(standard, result)
    assert list(axes) == [node.id for node in standard.nodes if node.aspect]
    assert axes["foundation"] == Fraction(60, 500)
    with pytest.raises(ValueError, match="result of"):
        radar(load_standards().get("gbt39117-2020"), result)


def test_a_regions_figure_is_the_mean_over_enterprises() -> None:
    """One small and one large enterprise count the same; who did not answer lowers the completeness only."""
    items = {item.id: item for item in load_standards().get("national-indicators").items}
    found = regional_figure(items["key_process_nc"], [Fraction("0.9"), Fraction("0.3"), None])
    assert (found.value, found.answered, found.asked) == (Fraction("0.6"), 2, 3)
    yes = regional_figure(items["platform"], [Fraction(1), Fraction(0), Fraction(0), Fraction(0)])
    assert yes.value == Fraction(1, 4)
    assert regional_figure(items["platform"], [None]).value is None
    with pytest.raises(ValueError, match="integration_index: has no rule for regions"):
        regional_figure(items["integration_index"], [Fraction(1)])
    with pytest.raises(ValueError, match="platform: value 2; allowed: 0 to 1"):
        regional_figure(items["platform"], [Fraction(2)])


@pytest.mark.parametrize(
    ("region", "year", "expected"),
    [
        ("230000", 2025, "recognition-heilongjiang-2025"),
        ("230600", 2026, "recognition-heilongjiang-2025"),
        ("230000", 2024, "gbt37393-2019"),
        ("320000", 2019, "recognition-jiangsu"),
        ("440000", 2026, "gbt37393-2019"),
    ],
)
def test_rules_of_a_region_and_year(region: str, year: int, expected: str) -> None:
    assert load_standards().rules(region, year).id == expected


def test_an_unknown_standard_is_named_with_those_that_are_there() -> None:
    with pytest.raises(KeyError, match=r"no standard 'gbt1'.*gbt39117-2020 \(1\)"):
        load_standards().get("gbt1")


def test_a_result_of_other_content_is_told_apart() -> None:
    with pytest.raises(KeyError, match="changed without a new version"):
        load_standards().exactly(StandardRef("gbt37393-2019", "1", "0" * 64))


def test_methods_are_all_used() -> None:
    assert {standard.method for standard in load_standards()} == set(Method)
