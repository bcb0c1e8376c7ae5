"""The truth as text for people: machines by shift, meters, planted faults."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chejian_simulators.shifts import to_datetime

_MINUTE_US = 60_000_000
_RATIOS = ("oee", "availability", "effectiveness", "quality_ratio")
_TIMES = ("apt_us", "aust_us", "adet_us", "adot_us", "planned_stop_us", "no_data_us")


def truth_table(truth: Mapping[str, Any]) -> str:
    """Tables of what `truth_of` returns; times in minutes, energy in the counter's unit."""
    tables = (_machines(truth["equipment"]), _meters(truth["meters"]), _faults(truth["faults"]))
    return "\n\n".join(_aligned(list(rows)) for rows in tables)


def _machines(equipment: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    yield (
        *("machine", "shift", "from (UTC)", "OEE", "availability", "effectiveness", "quality"),
        *("produced", "good", "scrap", "APT", "AUST", "ADET", "ADOT", "planned stop", "outside"),
    )
    for code, machine in equipment.items():
        for row in machine["shifts"]:
            yield (
                *(code, row["code"], _time(row["start_ms"])),
                *("-" if row[name] is None else f"{row[name]:.4f}" for name in _RATIOS),
                *(str(row[name]) for name in ("produced", "good", "scrap")),
                *(f"{row[name] / _MINUTE_US:.1f}" for name in _TIMES),
            )


def _meters(meters: Mapping[str, Any]) -> Iterator[Sequence[str]]:
    yield ("meter", "carrier", "records", "total", "unit", "resets", "rollovers")
    for code, meter in meters.items():
        changes = (str(len(meter[name])) for name in ("resets_ms", "rollovers_ms"))
        yield (code, meter["carrier"], str(meter["records"]), str(meter["total"]), meter["unit"], *changes)


def _faults(faults: Sequence[Mapping[str, Any]]) -> Iterator[Sequence[str]]:
    yield ("fault", "equipment", "signal", "from (UTC)", "to (UTC)")
    for fault in faults:
        times = (_time(fault["onset_ms"]), _time(fault["end_ms"]))
        yield (fault["kind"], fault["equipment"], fault["signal"] or "", *times)


def _time(time_ms: int | None) -> str:
    return "" if time_ms is None else f"{to_datetime(time_ms):%m-%d %H:%M}"


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
