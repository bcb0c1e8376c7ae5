"""Every member looks alike: adding one means adding a folder like the others."""

import importlib.metadata
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tools.lock import MEMBERS, ROOT


def project(member: str) -> dict[str, Any]:
    content = tomllib.loads((ROOT / member / "pyproject.toml").read_text(encoding="utf-8"))
    table: dict[str, Any] = content["project"]
    return table


def package(member: str) -> Path:
    folders = [path for path in (ROOT / member / "src").iterdir() if (path / "__init__.py").exists()]
    assert len(folders) == 1, f"{member}/src holds one package"
    return folders[0]


def test_members_are_those_of_the_workspace() -> None:
    root = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert tuple(root["tool"]["uv"]["workspace"]["members"]) == MEMBERS
    assert {path.parent.name for path in ROOT.glob("*/pyproject.toml")} == set(MEMBERS)


@pytest.mark.parametrize("member", MEMBERS)
def test_member_has_what_a_member_has(member: str) -> None:
    table = project(member)
    name = table["name"].replace("-", "_")
    assert package(member).name == name
    assert (package(member) / "py.typed").exists()
    assert table["license"] == "Apache-2.0"
    assert table["requires-python"] == ">=3.11"
    assert (ROOT / member / "README.md").read_text(encoding="utf-8").startswith(f"# {table['name']}\n")


def test_one_version_for_all() -> None:
    """Lockstep: the same version everywhere, exact between members, and installed."""
    versions = {project(member)["version"] for member in MEMBERS}
    assert len(versions) == 1
    version = versions.pop()
    own = {project(member)["name"] for member in MEMBERS}
    for member in MEMBERS:
        for need in project(member)["dependencies"]:
            name, _, pin = need.partition("==")
            if name.partition("[")[0] in own:
                assert pin == version, f"{member} asks for {need}"
        assert importlib.metadata.version(project(member)["name"]) == version


def test_commands_exist() -> None:
    """Every console script leads to a function."""
    for member in MEMBERS:
        for command, target in project(member).get("scripts", {}).items():
            module, _, function = target.partition(":")
            file = package(member).parent / (module.replace(".", "/") + ".py")
            assert file.exists(), f"{command}: {file} is missing"
            assert f"def {function}(" in file.read_text(encoding="utf-8"), (
                f"{command}: {file} has no {function}"
            )


def test_public_names_exist() -> None:
    """`__all__` of every package lists names that exist, each once (ruff keeps their order)."""
    for member in MEMBERS:
        for init in package(member).rglob("__init__.py"):
            name = ".".join(init.parent.relative_to(package(member).parent).parts)
            if "__all__" not in init.read_text(encoding="utf-8"):
                continue
            module = importlib.import_module(name)
            assert all(hasattr(module, public) for public in module.__all__), name
            assert len(set(module.__all__)) == len(module.__all__), name
