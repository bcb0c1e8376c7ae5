"""Cities by GB/T 2260 code and fields of the plan, each with who says so."""

import tomllib
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from importlib.resources import files

from chejian_analytics.assessment.definition import CONFIDENCE, INDUSTRIES
from chejian_analytics.assessment.problems import DataFileError, Problem, Table

AUTHORITIES = ("named", "inferred", "section")
"""named: the plan names the field among its key fields; inferred: it has a subsection that a plausible reading counts;
section: a section on resource industries that would make more than seventeen."""
_CODE_DIGITS = 6
_MOST_SQUARES = 30
"""Columns and rows of a schematic map, less 1."""


@dataclass(frozen=True, slots=True)
class City:
    """A prefecture-level division.

    Attributes:
        code: GB/T 2260.
        name_zh: 中文名称.
        name_en: English name.
        role: in the plan: "centre", "regional centre", "other", or "" where it is not told.
        column: of its square on a schematic map, from 0 in the west.
        row: of the same, from 0 in the north.
    """

    code: str
    name_zh: str
    name_en: str
    role: str
    column: int
    row: int


@dataclass(frozen=True, slots=True)
class Field:
    """A field or sector of the plan.

    Attributes:
        id: stable key.
        name_zh: 中文名称, as in the plan.
        name_en: English name.
        group: "key" (candidates for the 17 key fields), "upgrade" (industries for smart upgrade), "solutions" (first to
            hand on solutions).
        authority: one of `AUTHORITIES`.
        industry: one of `INDUSTRIES` whose weights fit it, project default; "" where both occur.
    """

    id: str
    name_zh: str
    name_en: str
    group: str
    authority: str
    industry: str


@dataclass(frozen=True, slots=True)
class Places:
    """Cities and fields of a region.

    Attributes:
        region: code of GB/T 2260.
        version: of the file.
        source_zh: 代码和领域的出处.
        source_en: of the codes and the fields.
        confidence: of the codes.
        cities: by code.
        fields: in the order of the plan.
    """

    region: str
    version: str
    source_zh: str
    source_en: str
    confidence: str
    cities: tuple[City, ...]
    fields: tuple[Field, ...]

    def city(self, code: str) -> City:
        """A city by its code.

        Raises:
            KeyError: there is none; names those that are.
        """
        for each in self.cities:
            if each.code == code:
                return each
        raise KeyError(f"no city {code!r}; there are {', '.join(c.code for c in self.cities)}")


@cache
def load_places(name: str = "heilongjiang") -> Places:
    """Places of a region from the package.

    Raises:
        DataFileError: lists everything that is wrong with the file.
    """
    file = f"{name}.places.toml"
    text = (files(__package__) / "plans" / file).read_text(encoding="utf-8")
    return read_places(text, file)


def read_places(text: str, file: str) -> Places:
    """Places from the text of a file.

    Raises:
        DataFileError: lists everything that is wrong.
    """
    problems: list[Problem] = []
    table = Table(file, "", tomllib.loads(text, parse_float=Decimal), problems)
    table.integer("schema", 1, 1)
    source_zh, source_en = table.both("source")
    places = Places(
        region=table.text("region"),
        version=table.text("version"),
        source_zh=source_zh,
        source_en=source_en,
        confidence=table.choice("confidence", tuple(CONFIDENCE)),
        cities=tuple(_city(each) for each in table.tables("city")),
        fields=tuple(_field(each) for each in table.tables("field")),
    )
    table.close()
    squares = [f"column {c.column}, row {c.row}" for c in places.cities]
    once = (
        ("city", [c.code for c in places.cities]),
        ("city", squares),
        ("field", [f.id for f in places.fields]),
    )
    for key, ids in once:
        problems += [
            Problem(file, key, repr(name), "each once") for name in sorted(set(ids)) if ids.count(name) > 1
        ]
    if problems:
        raise DataFileError(problems)
    return places


def _city(table: Table) -> City:
    code = table.text("code")
    if len(code) != _CODE_DIGITS or not code.isdecimal():
        table.wrong("code", "six digits of GB/T 2260")
    city = City(
        code,
        table.text("name_zh"),
        table.text("name_en"),
        table.choice("role", ("centre", "regional centre", "other"), default=""),
        table.integer("column", 0, _MOST_SQUARES),
        table.integer("row", 0, _MOST_SQUARES),
    )
    table.close()
    return city


def _field(table: Table) -> Field:
    field = Field(
        table.text("id"),
        table.text("name_zh"),
        table.text("name_en"),
        table.choice("group", ("key", "upgrade", "solutions")),
        table.choice("authority", AUTHORITIES),
        table.choice("industry", INDUSTRIES, default=""),
    )
    table.close()
    return field
