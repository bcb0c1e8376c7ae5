"""The registry of a simulated province as the file that a plant engineer would write."""

from collections.abc import Iterator
from datetime import date

from chejian_simulators.province import Province, Workshop

_CALENDAR = """
[[calendar]]
code = "sim-two-shifts"
timezone = "Asia/Shanghai"

[[calendar.shift]]
code = "A"
name_zh = "白班"
name_en = "Day shift"
start = "08:00"
end = "20:00"

[[calendar.shift]]
code = "B"
name_zh = "夜班"
name_en = "Night shift"
start = "20:00"
end = "08:00"
"""
LINE = "L1"
METER_TYPE = "electricity_meter"


def registry_text(province: Province) -> str:
    """Text of a registry file, as `chejian-cloud seed` takes it."""
    return "\n".join(
        [_CALENDAR, *(part for each in province.workshops for part in _parts(each, province.first))]
    )


def _table(kind: str, **values: object) -> str:
    lines = [
        f"{key} = {value if not isinstance(value, str) or value.startswith('[') else _quoted(value)}"
        for key, value in values.items()
    ]
    return "\n".join([f"[[{kind}]]", *lines, ""])


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def _parts(workshop: Workshop, since: date) -> Iterator[str]:
    w = workshop
    yield _table(
        "enterprise",
        code=w.enterprise,
        name_zh=f"{w.city.zh}{w.sector.zh}企业{w.code[-2:]}（模拟）",
        name_en=f"{w.city.en} {w.sector.en} enterprise {w.code[-2:]} (simulated)",
    )
    yield _table(
        "workshop", enterprise=w.enterprise, code=w.code, name_zh=w.name_zh, name_en=w.name_en, timezone="Asia/Shanghai",
        city_code=w.city.code, calendar="sim-two-shifts",
    )  # fmt: skip
    yield _table("line", workshop=w.code, code=LINE, name_zh="主线", name_en="Main line")
    product = f"{w.code}-P"
    yield _table(
        "product",
        enterprise=w.enterprise,
        code=product,
        name_zh=f"{w.sector.zh}产品",
        name_en=f"{w.sector.en} product",
    )
    for number, machine in enumerate(w.machines, 1):
        place = {"workshop": w.code, "line": LINE}
        for code, zh, en, kind, position in (
            (machine.code, f"{number}号设备", f"Machine {number}", w.sector.machine, number),
            (machine.meter, f"{number}号设备电表", f"Meter of machine {number}", METER_TYPE, 0),
        ):
            feed = f'[{{ node = "{w.code}", device = "{code}" }}]'
            yield _table(
                "equipment",
                **place,
                code=code,
                name_zh=zh,
                name_en=en,
                type=kind,
                position=position,
                feeds=feed,
            )
        yield _table(
            "meter",
            equipment=machine.meter,
            carrier="electricity",
            machines=f'["{machine.code}"]',
            interval_s=60,
        )
        yield _table(
            "ideal_cycle", equipment=machine.code, product=product, seconds=w.sector.cycle_us / 1_000_000,
            valid_from=_Bare(f"{since.isoformat()}T00:00:00+08:00"),
        )  # fmt: skip


class _Bare:
    """A value that TOML writes without quotes."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __str__(self) -> str:
        return self._text
