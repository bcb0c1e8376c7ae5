"""A member imports only what its own pyproject declares; the installed workspace would hide a forgotten line."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from itertools import chain
from pathlib import Path
from typing import Any

import pytest

from tools.lock import MEMBERS, ROOT


def declared(member: str) -> set[str]:
    """Distributions of a member's dependencies and extras, and itself."""
    project: dict[str, Any] = tomllib.loads((ROOT / member / "pyproject.toml").read_text(encoding="utf-8"))[
        "project"
    ]
    needs = [
        *project["dependencies"],
        *chain.from_iterable(project.get("optional-dependencies", {}).values()),
    ]
    return {project["name"], *(normal(re.split(r"[^A-Za-z0-9._-]", need)[0]) for need in needs)}


def normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(source: str) -> set[str]:
    """Top-level names that a file imports from outside its package, lazy imports included."""
    names = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module.partition(".")[0])
    return names - set(sys.stdlib_module_names)


OWNERS = importlib.metadata.packages_distributions()


def undeclared(member: str, source: str) -> set[str]:
    allowed = declared(member)
    return {
        name
        for name in imported(source)
        if not {normal(owner) for owner in OWNERS.get(name, [name])} & allowed
    }


@pytest.mark.parametrize("member", MEMBERS)
def test_imports_are_declared(member: str) -> None:
    found = {
        str(path.relative_to(ROOT)): names
        for path in (ROOT / member / "src").rglob("*.py")
        if (names := undeclared(member, path.read_text(encoding="utf-8")))
    }
    assert not found, f"imported but not in {member}/pyproject.toml"


def test_planted_import_is_seen() -> None:
    assert undeclared(
        "contract", "def f():\n    import numpy.fft\n    from google.protobuf import message"
    ) == {"numpy"}
    assert undeclared("edge", "import aiomqtt, json, chejian_contract, fastapi") == {"fastapi"}


def test_no_member_is_left_out_of_the_contracts() -> None:
    """The import contracts name every package."""
    contracts = Path(ROOT / ".importlinter").read_text(encoding="utf-8")
    for member in MEMBERS:
        for package in (ROOT / member / "src").iterdir():
            if (package / "__init__.py").exists():
                assert re.search(rf"^    {package.name}$", contracts, re.MULTILINE), package.name
