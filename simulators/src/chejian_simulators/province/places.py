"""Where the simulated workshops are, what they make, and how they are called. All names are made up and say so."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class City(NamedTuple):
    """A city of the simulated province.

    Attributes:
        code: GB/T 2260.
        short: begin of its workshops' codes.
        zh: 名称.
        en: English name.
        share: workshops of a hundred.
    """

    code: str
    short: str
    zh: str
    en: str
    share: int


class Sector(NamedTuple):
    """A field of the plan.

    Attributes:
        id: as in the plan's file.
        zh: 名称.
        en: English name.
        industry: "discrete" or "process".
        machine: equipment type of the contract.
        cycle_us: planned run time per item [us].
        energy_wh: electricity of an item [Wh].
    """

    id: str
    zh: str
    en: str
    industry: str
    machine: str
    cycle_us: int
    energy_wh: float


CITIES: Final = (
    City("230100", "HRB", "哈尔滨", "Harbin", 28),
    City("230200", "QQH", "齐齐哈尔", "Qiqihar", 14),
    City("230600", "DAQ", "大庆", "Daqing", 13),
    City("231000", "MDJ", "牡丹江", "Mudanjiang", 9),
    City("230800", "JMS", "佳木斯", "Jiamusi", 8),
    City("231200", "SUH", "绥化", "Suihua", 7),
    City("230300", "JIX", "鸡西", "Jixi", 4),
    City("230500", "SYS", "双鸭山", "Shuangyashan", 4),
    City("230400", "HEG", "鹤岗", "Hegang", 3),
    City("230700", "YIC", "伊春", "Yichun", 3),
    City("230900", "QTH", "七台河", "Qitaihe", 3),
    City("231100", "HEH", "黑河", "Heihe", 3),
    City("232700", "DXA", "大兴安岭", "Da Hinggan Ling", 1),
)
CNC, FILLING = "cnc_machining_centre", "filling_line"
SECTORS: Final = (
    Sector("power", "发电设备", "power equipment", "discrete", CNC, 600_000_000, 9_000.0),
    Sector("aerospace", "航空航天", "aerospace", "discrete", CNC, 900_000_000, 15_000.0),
    Sector("rail", "轨道交通", "rail transit", "discrete", CNC, 480_000_000, 7_000.0),
    Sector("machine_tools", "数控机床", "machine tools", "discrete", CNC, 720_000_000, 9_500.0),
    Sector("robots", "机器人", "robot", "discrete", CNC, 300_000_000, 3_000.0),
    Sector("cars", "汽车零部件", "car parts", "discrete", CNC, 120_000_000, 1_200.0),
    Sector("farm_machinery", "农机", "farm machinery", "discrete", CNC, 360_000_000, 4_200.0),
    Sector("dairy", "乳制品", "dairy", "process", FILLING, 2_000_000, 15.0),
    Sector("food", "食品", "food", "process", FILLING, 3_000_000, 22.0),
    Sector("meat", "肉类", "meat", "process", FILLING, 4_000_000, 40.0),
    Sector("biomedicine", "生物医药", "biomedicine", "process", FILLING, 1_500_000, 12.0),
    Sector("petrochemicals", "石化", "petrochemical", "process", FILLING, 5_000_000, 90.0),
)
PREFERRED: Final[Mapping[str, tuple[str, ...]]] = {
    "230600": ("petrochemicals", "dairy", "cars"),
    "230200": ("machine_tools", "rail", "dairy"),
    "230800": ("farm_machinery", "food"),
    "231200": ("food", "dairy", "meat"),
}
"""What a city has most of; the others have a bit of everything."""


def cities_of(workshops: int) -> list[City]:
    """The city of each of some workshops, in the proportions above (largest remainder), every city before its second round."""
    exact = [workshops * city.share / 100 for city in CITIES]
    counts = [int(each) for each in exact]
    left = sorted(range(len(CITIES)), key=lambda i: (counts[i] - exact[i], i))
    for i in left[: workshops - sum(counts)]:
        counts[i] += 1
    return [city for city, count in zip(CITIES, counts, strict=True) for _ in range(count)]


def sector_of(city: City, number: int) -> Sector:
    """The field of a city's workshop of that number, from 0."""
    wanted = PREFERRED.get(city.code, ())
    if number % 2 == 0 and wanted:
        name = wanted[number // 2 % len(wanted)]
        return next(sector for sector in SECTORS if sector.id == name)
    return SECTORS[(int(city.code) // 100 + number * 5) % len(SECTORS)]
