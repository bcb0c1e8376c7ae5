"""Which assertions of the Sparkplug specification are tested by which test, as a page.

python -m tools.sparkplug_report             the totals
python -m tools.sparkplug_report --write     write docs/sparkplug-host.md
python -m tools.sparkplug_report --check     compare with what is there; every id of a host needs a test or a reason

Tests name ids by ``@pytest.mark.assertion("tck-id-...")``; the markers are read from the source, nothing is run. The
list of ids is in tests/sparkplug/not_applicable.toml, so that the page can be checked anywhere; where the list that was
taken from the specification lies beside the checkout, both are compared.
"""

import argparse
import ast
import csv
import os
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from tools.tracked import ROOT, files

PAGE = ROOT / "docs" / "sparkplug-host.md"
LISTS = ROOT / "tests" / "sparkplug" / "not_applicable.toml"
PUBLISHED = ROOT.parent / "shared" / "data" / "standards" / "sparkplug_assertions.csv"
_MARKER = "assertion"
_PREFIX = "tck-id-"
_PAGE = """\
# Sparkplug host

Written by `python -m tools.sparkplug_report --write` from the markers of the tests and from
`tests/sparkplug/not_applicable.toml`; do not edit.

Eclipse Sparkplug 3.0.0 has {count} assertions. **{totals}.** Another {edge} bind edge nodes and {broker} the MQTT
server; of these, the host's side of {both} is tested too.

The tests run the gateway as it is installed, on mosquitto and PostgreSQL, against nodes written for the purpose; a wiretap
between gateway and broker keeps every packet. Ids are those of the specification without `tck-id-`; what is checked is
said in our words.

## Assertions that bind a host

| id | checked | tested by, or why not |
|---|---|---|
{host_rows}

## The host's side of other assertions

Duties of edge nodes that the host relies on, checks, or bears the breach of. Whether our own edge agent meets its duties
is not the matter of this page: see `tests/edge` and `tests/contract`.

| id | tested by |
|---|---|
{both_rows}
"""

Tests = dict[str, list[str]]
"""Names `<folder>/<file>::<test>` by id."""


@dataclass(frozen=True)
class Lists:
    """The file `LISTS`: all ids by whom they bind, and why some of a host's are not tested."""

    host: dict[str, str]
    not_applicable: dict[str, str]
    open: dict[str, str]
    edge: list[str]
    broker: list[str]

    @classmethod
    def load(cls) -> Self:
        """Read the file."""
        table = tomllib.loads(LISTS.read_text(encoding="utf-8"))
        return cls(
            table["host"],
            table["not_applicable"],
            table["open"],
            table["edge"]["ids"],
            table["broker"]["ids"],
        )

    @property
    def all(self) -> list[str]:
        """Every id, doubles included."""
        return [*self.host, *self.edge, *self.broker]


def find_tests() -> Tests:
    """Tests by the ids that they name."""
    found: Tests = {}
    for path in files(".py"):
        if path.is_relative_to(ROOT / "tests") and path.name.startswith("test_"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            place = path.relative_to(ROOT / "tests").as_posix()
            for name, ids in marked(tree):
                for one in ids:
                    found.setdefault(one, []).append(f"{place}::{name}")
    return found


def marked(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Tests of a module that carry the marker, each with its ids; ``*NAME`` may stand for a tuple of the module."""
    tuples = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            ids = [
                one
                for decorator in node.decorator_list
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == f"pytest.mark.{_MARKER}"
                for argument in decorator.args
                for one in _ids(argument, tuples)
            ]
            if ids:
                yield node.name, ids


def _ids(argument: ast.expr, tuples: dict[str, ast.expr]) -> list[str]:
    if isinstance(argument, ast.Starred) and isinstance(argument.value, ast.Name):
        argument = tuples[argument.value.id]
    value = ast.literal_eval(argument)
    return [value] if isinstance(value, str) else list(value)


def problems(lists: Lists, tests: Tests) -> list[str]:
    """What contradicts itself, one sentence each."""
    known = set(lists.all)
    reasons = {**lists.not_applicable, **lists.open}
    found = [f"{one}: listed twice in {LISTS.name}" for one in sorted(known) if lists.all.count(one) > 1]
    found += [f"{one}: named by {tests[one][0]}, no such id" for one in sorted(tests) if one not in known]
    found += [
        f"{one}: an id of a host with neither a test nor a reason in {LISTS.name}"
        for one in lists.host
        if one not in tests and one not in reasons
    ]
    found += [f"{one}: has a reason, and is no id of a host" for one in reasons if one not in lists.host]
    found += [f"{one}: {tests[one][0]} tests it, and yet it has a reason" for one in reasons if one in tests]
    found += [f"{one}: the reason is empty" for one, reason in reasons.items() if not reason.strip()]
    found += [f"{one}: not applicable and open" for one in lists.open if one in lists.not_applicable]
    return found + _published_problems(known)


def _published_problems(known: set[str]) -> list[str]:
    """Compare with the list taken from the specification, where that is at hand."""
    if not PUBLISHED.is_file():
        strict = os.environ.get("CHEJIAN_TEST_STRICT") == "1"
        return [f"CHEJIAN_TEST_STRICT=1: {PUBLISHED.name} is missing beside the checkout"] if strict else []
    with PUBLISHED.open(encoding="utf-8", newline="") as file:
        published = {row["id"] for row in csv.DictReader(file)}
    return [f"{one}: in {PUBLISHED.name} only" for one in sorted(published - known)] + [
        f"{one}: not in {PUBLISHED.name}" for one in sorted(known - published)
    ]


def totals(lists: Lists, tests: Tests) -> str:
    """One line with the counts of a host's ids."""
    tested = sum(one in tests for one in lists.host)
    return (
        f"{len(lists.host)} assertions bind a host: {tested} tested, {len(lists.not_applicable)} not applicable,"
        f" {len(lists.open)} open"
    )


def page(lists: Lists, tests: Tests) -> str:
    """The page."""
    both = [one for one in (*lists.edge, *lists.broker) if one in tests]
    return _PAGE.format(
        count=len(lists.all),
        totals=totals(lists, tests),
        edge=len(lists.edge),
        broker=len(lists.broker),
        both=len(both),
        host_rows="\n".join(
            f"| {_short(one)} | {what} | {_proof(one, lists, tests)} |" for one, what in lists.host.items()
        ),
        both_rows="\n".join(f"| {_short(one)} | {_named(tests[one])} |" for one in both),
    )


def _short(one: str) -> str:
    return f"`{one.removeprefix(_PREFIX)}`"


def _named(names: list[str]) -> str:
    """Links to files, with the tests; a file is named once."""
    by_file: dict[str, list[str]] = {}
    for name in sorted(set(names)):
        file, _, test = name.partition("::")
        by_file.setdefault(file, []).append(f"`{test}`")
    return "; ".join(
        f"[{Path(file).name}](../tests/{file}): {', '.join(found)}" for file, found in by_file.items()
    )


def _proof(one: str, lists: Lists, tests: Tests) -> str:
    if one in tests:
        return _named(tests[one])
    if one in lists.not_applicable:
        return f"**not applicable**: {lists.not_applicable[one]}"
    return f"**open**: {lists.open.get(one, 'no reason given')}"


def main() -> int:
    """Run the command line; the exit status is 1 if something is wrong."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--write", action="store_true", help="write the page")
    what.add_argument("--check", action="store_true", help="compare the page, change nothing")
    arguments = parser.parse_args()
    lists, tests = Lists.load(), find_tests()
    found, text = problems(lists, tests), page(lists, tests)
    if arguments.write and not found:
        PAGE.write_text(text, encoding="utf-8")
    if arguments.check and (not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text):
        name = PAGE.relative_to(ROOT)
        found.append(f"{name}: differs from the tests; run 'python -m tools.sparkplug_report --write'")
    print("\n".join(found) if found else f"sparkplug: {totals(lists, tests)}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
