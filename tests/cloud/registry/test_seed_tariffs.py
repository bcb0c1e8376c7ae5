"""Tariffs in the registry file: stored exactly, left alone when nothing changed, refused with the place that is wrong."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from chejian_cloud.registry.seed import seed
from chejian_contract.errors import ConfigError

from tests.cloud.worker.rounds import rows

TARIFF = """
[[tariff]]
enterprise = "hlj-demo"
carrier = "electricity"
valid_from = 2026-01-01
prices = { peak = "0.90", flat = "0.6000" }
remark = "示例"

[[tariff.season]]
months = [1, 2, 3, 4, 5, 6]
period = [{ start = "08:00", end = "11:30", band = "peak" }, { start = "11:30", end = "08:00", band = "flat" }]

[[tariff.season]]
months = [7, 8, 9, 10, 11, 12]
period = [{ start = "00:00", end = "24:00", band = "flat" }]

[[tariff]]
enterprise = "hlj-demo"
carrier = "steam"
valid_from = 2026-01-01
prices = { flat = "0.25" }
"""
STORED = "SELECT carrier, peak, flat, valley, seasons, unit, currency, remark, changed_at FROM app.energy_tariff ORDER BY carrier"


def write(folder: Path, text: str) -> Path:
    path = folder / "tariffs.toml"
    path.write_text(text, "utf-8")
    return path


def test_tariffs_are_stored_once_and_changed_in_place(make_seeded: Callable[[], str], tmp_path: Path) -> None:
    dsn = make_seeded()
    assert seed(dsn, write(tmp_path, TARIFF)) == {"energy_tariff added": 2}
    power, steam = rows(dsn, STORED)
    assert (power["peak"], power["flat"], power["valley"]) == (Decimal("0.90"), Decimal("0.6"), None)
    assert [s["months"] for s in power["seasons"]] == [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]
    assert (power["unit"], power["currency"], power["remark"]) == ("kWh", "CNY", "示例")
    assert (steam["flat"], steam["seasons"], steam["unit"]) == (Decimal("0.25"), [], "kg")
    assert seed(dsn, write(tmp_path, TARIFF)) == {}
    assert rows(dsn, STORED) == [power, steam]
    dearer = TARIFF.replace('"0.25"', '"0.26"')
    assert seed(dsn, write(tmp_path, dearer)) == {"energy_tariff changed": 1}
    assert rows(dsn, STORED)[1]["flat"] == Decimal("0.26")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('end = "11:30", band', 'end = "11:15", band', "tariff[0].season[0].period[0].end"),
        ('start = "11:30", end', 'start = "12:00", end', "tariff[0].season[0].period"),
        ("[7, 8, 9, 10, 11, 12]", "[7, 8, 9, 10, 11]", "tariff[0].season"),
        ('flat = "0.6000"', 'flat = "much"', "tariff[0].prices.flat"),
        ('flat = "0.6000"', 'noon = "0.6"', "tariff[0].prices.noon"),
        ("valid_from = 2026-01-01\nprices = { peak", 'valid_from = "x"\nprices = { peak', "tariff[0].valid_from"),
        ('carrier = "electricity"', 'carrier = "steam"', "tariff[0].season"),
        ('enterprise = "hlj-demo"\ncarrier = "steam"', 'enterprise = "none"\ncarrier = "steam"', "tariff[1].enterprise"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    make_seeded: Callable[[], str], tmp_path: Path, old: str, new: str, key: str
) -> None:
    dsn = make_seeded()
    assert TARIFF.count(old) >= 1
    with pytest.raises(ConfigError) as told:
        seed(dsn, write(tmp_path, TARIFF.replace(old, new, 1)))
    assert told.value.key == key
    assert rows(dsn, STORED) == []
