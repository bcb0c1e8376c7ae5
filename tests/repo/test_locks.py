"""Lock files fit the pyproject files, carry hashes and name no address."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import bootstrap, lock


def test_locks_are_sound() -> None:
    assert lock.problems() == []


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that matter, to be spoilt."""
    for name in ("pyproject.toml", "package.json", lock.NPM_LOCK, *lock.LOCKS):
        shutil.copy(lock.ROOT / name, tmp_path)
    for member in lock.MEMBERS:
        (tmp_path / member).mkdir()
        shutil.copy(lock.ROOT / member / "pyproject.toml", tmp_path / member)
    return tmp_path


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "finding"),
    [
        (
            lambda root: replace(root / "edge/pyproject.toml", "asyncua>=", "asyncua>="[:-2] + ">=9"),
            "requirements.lock: not made from the present pyproject files; run 'make lock'",
        ),
        (
            lambda root: replace(
                root / "requirements.lock", "aiomqtt==", "x @ https://host/x.whl \\\naiomqtt=="
            ),
            "requirements.lock: names an address or a local path (://)",
        ),
        (
            lambda root: replace(root / "requirements.lock", "aiomqtt==", "bare==1.0\naiomqtt=="),
            "requirements.lock: no hash for bare==1.0",
        ),
        (
            lambda root: replace(root / lock.NPM_LOCK, '"integrity"', '"resolved": "x", "integrity"'),
            "package-lock.json: node_modules/axe-core names an address (resolved)",
        ),
        (
            lambda root: replace(root / "package.json", '"echarts": "', '"echarts": "9'),
            "package-lock.json: not made from the present package.json; run 'make lock'",
        ),
        (
            lambda root: replace(root / "package.json", '"axe-core": "', '"axe-core": "9'),
            "package-lock.json: not made from the present package.json; run 'make lock'",
        ),
    ],
)
def test_spoilt_lock_is_seen(copy: Path, spoil: Callable[[Path], None], finding: str) -> None:
    spoil(copy)
    assert finding in lock.problems(copy)


def test_bootstrap_notices_changes(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stamp follows every lock and pyproject file, and nothing else: no change, no work."""
    monkeypatch.setattr(bootstrap, "ROOT", copy)
    before = bootstrap.stamp(dev=True)
    assert bootstrap.stamp(dev=True) == before != bootstrap.stamp(dev=False)
    replace(copy / "cloud/pyproject.toml", "fastapi>=", "fastapi>=0")
    assert bootstrap.stamp(dev=True) != before
