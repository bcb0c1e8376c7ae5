"""Standards that are at hand: those of the package and those of folders that the user names."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Protocol

from chejian_analytics.assessment.definition import Method, Standard, StandardRef
from chejian_analytics.assessment.problems import DataFileError, Problem
from chejian_analytics.assessment.reading import read_standard

DEFAULT_RULES = "gbt37393-2019"
"""What a region without rules of its own is held against."""


class _File(Protocol):
    @property
    def name(self) -> str: ...
    def read_text(self, encoding: str) -> str: ...


class Catalogue:
    """Standards by id and version.

    Args:
        standards: in any order; the one that comes last among those of one id is its latest version.
    """

    def __init__(self, standards: Iterable[Standard]) -> None:
        self._all: dict[tuple[str, str], Standard] = {}
        self._latest: dict[str, Standard] = {}
        for standard in standards:
            self._all[standard.id, standard.version] = standard
            self._latest[standard.id] = standard

    def __iter__(self) -> Iterator[Standard]:
        """The latest version of each, by id."""
        return iter(self._latest[key] for key in sorted(self._latest))

    def get(self, standard: str, version: str = "") -> Standard:
        """A standard; without a version, the latest.

        Raises:
            KeyError: it is not there; the text names those that are.
        """
        found = self._all.get((standard, version)) if version else self._latest.get(standard)
        if found is None:
            known = ", ".join(f"{i} ({v})" for i, v in sorted(self._all))
            raise KeyError(f"no standard {standard!r} {version}; there are {known}")
        return found

    def rules(self, region: str, year: int) -> Standard:
        """Rules by which a region recognises workshops in a year: its latest ones up to then, else GB/T 37393.

        Args:
            region: code of GB/T 2260; a city's rules are those of its province.
            year: of the application; rules without a year count as the oldest.

        Raises:
            KeyError: neither the region's rules nor GB/T 37393 are there.
        """
        province = f"{region[:2]}0000"
        own = [s for s in self if s.method is Method.REQUIREMENTS and s.region == province and s.year <= year]
        return max(own, key=lambda s: s.year) if own else self.get(DEFAULT_RULES)

    def exactly(self, reference: StandardRef) -> Standard:
        """The standard that a result was computed with.

        Of content of which only words were changed since, it has the words of today under the digest of then.

        Raises:
            KeyError: it is not there, or its content has changed since; the text says which.
        """
        found = self.get(reference.id, reference.version)
        if not found.covers(reference):
            raise KeyError(
                f"{reference.id} {reference.version} has content {found.digest[:12]}, not {reference.digest[:12]}: "
                "its file was changed without a new version"
            )
        return replace(found, digest=reference.digest)


def load_standards(*folders: Path) -> Catalogue:
    """The package's standards and those of further folders of `*.toml` files.

    A file of a folder gives another standard, or another version of one; the folder named last has the latest.

    Raises:
        DataFileError: lists every problem of every file.
    """
    return Catalogue(
        [*_own(), *_checked(sorted(path for folder in folders for path in folder.glob("*.toml")))]
    )


@cache
def _own() -> tuple[Standard, ...]:
    folder = files(__package__) / "standards"
    return tuple(_checked(sorted(_toml(folder.iterdir()), key=lambda file: file.name), own=True))


def _toml(entries: Iterable[_File]) -> list[_File]:
    return [entry for entry in entries if entry.name.endswith(".toml")]


def _checked(entries: Iterable[_File], *, own: bool = False) -> list[Standard]:
    found: list[Standard] = []
    problems: list[Problem] = []
    seen: dict[tuple[str, str], str] = {} if own else {(s.id, s.version): s.digest for s in _own()}
    for entry in entries:
        try:
            standard = read_standard(entry.read_text(encoding="utf-8"), entry.name)
        except DataFileError as error:
            problems += error.problems
            continue
        except UnicodeDecodeError as error:
            problems.append(Problem(entry.name, "(file)", str(error), "UTF-8"))
            continue
        key = standard.id, standard.version
        if seen.setdefault(key, standard.digest) != standard.digest:
            problems.append(
                Problem(
                    entry.name,
                    "version",
                    repr(standard.version),
                    f"a new version: {standard.id} has this one with other content",
                )
            )
        found.append(standard)
    if problems:
        raise DataFileError(problems)
    return found
