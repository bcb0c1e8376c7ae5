"""Published sums, dated factors, meter trees."""

from datetime import date
from pathlib import Path

import pytest
from chejian_analytics.energy import (
    Carrier,
    EnergyTotals,
    TreeNode,
    Value,
    intensity,
    load_factors,
    remainders,
)

FACTORS = load_factors()


def test_published_sums_are_met() -> None:
    totals = [EnergyTotals(Carrier.ELECTRICITY, 1_000_000, 1000), EnergyTotals(Carrier.STEAM, 500_000, 1000)]
    result = intensity(totals, 1040, factors=FACTORS, on="2026-11-24")
    assert result.kgce == pytest.approx(187.2, abs=1e-9)
    assert result.kgce_per_unit == pytest.approx(0.18, abs=1e-12)
    assert result.per_unit[Carrier.ELECTRICITY] == 1000 / 1040
    power = intensity([EnergyTotals(Carrier.ELECTRICITY, 18_540_000)], 0, factors=FACTORS, on="2026-01-01")
    assert power.kgce == pytest.approx(2_278_566.0)
    assert power.kgce_per_unit is None
    gas = intensity([EnergyTotals(Carrier.NATURAL_GAS, 1_280_000)], 1, factors=FACTORS, on="2026-01-01")
    assert gas.kgce == pytest.approx(1_554_304.0)


def test_the_factor_of_the_day_applies() -> None:
    old = FACTORS.find(Carrier.FRESH_WATER, on=date(2021, 3, 31))
    new = FACTORS.find(Carrier.FRESH_WATER, on=date(2021, 4, 1))
    assert (str(old.kgce), str(new.kgce)) == ("0.0857", "0.2571")
    assert "2020" in new.source
    with pytest.raises(KeyError, match="no equal factor for electricity on 2026-11-24"):
        FACTORS.find(Carrier.ELECTRICITY, on="2026-11-24", value=Value.EQUAL)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('carrier = "peat"', "carrier 'peat'; allowed: electricity"),
        ("kgce = -1", "kgce -1 must be above 0"),
        ('valid_from = "soon"', "valid_from 'soon' must be a date"),
        ('confidence = "D"', "confidence 'D'; allowed: A, B, C"),
        ("colour = 1", r"unknown or missing keys \['colour'\]"),
    ],
)
def test_a_wrong_factor_is_refused_by_name(tmp_path: Path, line: str, said: str) -> None:
    good = {
        "carrier": '"heat"',
        "unit": '"MJ"',
        "value": '"both"',
        "kgce": "0.03",
        "valid_from": "2020-01-01",
        "source": '"x"',
        "confidence": '"A"',
    }
    key, _, value = line.partition(" = ")
    path = tmp_path / "factors.toml"
    path.write_text(
        "[[factor]]\n" + "\n".join(f"{k} = {v}" for k, v in (good | {key: value}).items()), "utf-8"
    )
    with pytest.raises(ValueError, match=r"factors.toml: factor\[0\]: " + said):
        load_factors(path)


def test_two_factors_on_one_day_are_refused(tmp_path: Path) -> None:
    one = '[[factor]]\ncarrier = "heat"\nunit = "MJ"\nvalue = "equal"\nkgce = 1\nvalid_from = %s\nsource = "x"\nconfidence = "A"\n'
    path = tmp_path / "factors.toml"
    path.write_text(one % "2020-01-01" + one % "2021-01-01", "utf-8")
    with pytest.raises(ValueError, match="two factors hold on 2021-01-01"):
        load_factors(path)


def test_the_remainder_of_a_tree() -> None:
    nodes = {
        "main": TreeNode(100),
        "a": TreeNode(60, "main"),
        "b": TreeNode(30, "main"),
        "a1": TreeNode(70, "a"),
        "c": TreeNode(None),
        "c1": TreeNode(5, "c"),
    }
    assert remainders(nodes) == {"main": 10, "a": -10, "c": None}
    with pytest.raises(ValueError, match="parent 'x' is unknown"):
        remainders({"a": TreeNode(1, "x")})
    with pytest.raises(ValueError, match="stands above itself"):
        remainders({"a": TreeNode(1, "b"), "b": TreeNode(1, "a")})
