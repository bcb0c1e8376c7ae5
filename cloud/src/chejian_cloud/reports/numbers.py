"""Numbers, times and words of a report in one language, written as the console writes them (`static/js/format.js`)."""

import math
from collections.abc import Mapping
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from pydantic import BaseModel

from chejian_cloud.console.language import LANGUAGES, catalogue, translate
from chejian_cloud.console.pages import ZONE

NONE: Final = "-"
"""What stands for no value: never a zero."""
_UNITS: Final[Mapping[str, str]] = {"1": "", "m3": "m³", "m3/h": "m³/h", "degC": "°C", "um": "µm"}
_US_PER_MINUTE: Final = 60_000_000


class Numbers:
    """What a report says in one language.

    Args:
        language: tag of `console.language.LANGUAGES`.
    """

    def __init__(self, language: str) -> None:
        self.language = language

    def t(self, key: str, **values: object) -> str:
        """Text of the console's catalogue."""
        return translate(self.language, key, **values)

    def word(self, stem: str, value: str) -> str:
        """Word of a value from data; the value itself where the catalogue has none."""
        return catalogue(self.language).get(f"{stem}.{value}", value)

    def name(self, row: BaseModel, prefix: str = "") -> str:
        """Name of a registry row, e.g. `name_zh`; the Chinese one, then the code, where it has none."""
        named = getattr(row, f"{prefix}name_{LANGUAGES[self.language]}") or getattr(row, f"{prefix}name_zh")
        return str(named or getattr(row, "code", ""))

    def text(self, row: BaseModel, key: str) -> str:
        """A text that a row has in both languages, e.g. `note_zh` and `note_en`."""
        return str(getattr(row, f"{key}_{LANGUAGES[self.language]}"))

    def fixed(self, value: float | None, digits: int) -> str:
        """A number with `digits` decimals and thousands separators."""
        if value is None or not math.isfinite(value):
            return NONE
        exact = Decimal(value).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)  # as browsers round
        return f"{exact:,}"

    def count(self, value: float | None) -> str:
        """A whole number."""
        return self.fixed(value, 0)

    def percent(self, ratio: float | None, digits: int = 1) -> str:
        """A ratio as percent."""
        return NONE if ratio is None or not math.isfinite(ratio) else f"{self.fixed(ratio * 100, digits)} %"

    def minutes(self, us: int | None, digits: int = 1) -> str:
        """Microseconds as minutes."""
        return NONE if us is None else self.fixed(us / _US_PER_MINUTE, digits)

    def measured(self, value: float | None, digits: int = 4) -> str:
        """A measured value with about `digits` significant digits, no zeros at its end."""
        if value is None or not math.isfinite(value):
            return NONE
        size = abs(value)
        whole = math.floor(math.log10(size)) + 1 if size >= 1 else 1
        small = 0 < size < 0.1  # noqa: PLR2004 - as the console
        places = min(6, digits - math.floor(math.log10(size)) - 1) if small else max(0, digits - whole)
        text = self.fixed(value, places)
        return text.rstrip("0").rstrip(".") if "." in text else text

    def unit(self, unit: str) -> str:
        """A unit of the contract as people write it."""
        return self.t("unit.pieces") if unit == "pcs" else _UNITS.get(unit, unit)

    def moment(self, when: datetime) -> str:
        """Date and time of the plant, to the minute."""
        return when.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")

    def clock(self, when: datetime) -> str:
        """Date and time of the plant within a year, to the second."""
        return when.astimezone(ZONE).strftime("%m-%d %H:%M:%S")

    def span(self, start: datetime, end: datetime) -> str:
        """A window; the day stands once where both ends are of one day."""
        first, last = start.astimezone(ZONE), end.astimezone(ZONE)
        shown = last.strftime("%H:%M") if first.date() == last.date() else self.moment(end)
        return f"{self.moment(start)} – {shown}"
