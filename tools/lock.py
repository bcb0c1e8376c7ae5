"""Write the lock files from the pyproject files, or check that they fit.

    python -m tools.lock             keep the pinned versions where they still fit
    python -m tools.lock --upgrade   newest versions
    python -m tools.lock --check     offline: do the locks belong to these pyproject files, and name no address?

`requirements-dev.lock` is resolved first; the others are held to its versions. The files name packages, versions
and hashes only, so that every machine uses its own index.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
MEMBERS = ("contract", "edge", "gateway", "analytics", "cloud", "simulators", "client", "deploy")
# File -> dependency groups of the root pyproject; the members with all extras come along where True.
LOCKS: dict[str, tuple[tuple[str, ...], bool]] = {
    "requirements-dev.lock": (("dev",), True),
    "requirements.lock": (("bootstrap",), True),
    "requirements-node.lock": (("node",), False),
    "requirements-uv.lock": (("uv",), False),
}
NPM_LOCK = "package-lock.json"
_NPM_KINDS = ("dependencies", "devDependencies")  # what the wheel ships, what its tests use
_HEADER = "# Written by tools/lock.py, do not edit. Made from inputs {digest}\n"
_ADDRESS = re.compile(r"://|^-e |@ file|^--(?:index|extra-index|find-links)", re.MULTILINE)


def inputs_digest(root: Path = ROOT) -> str:
    """Hash of everything the locks follow from: the dependency tables of all pyproject files and package.json."""
    tables: dict[str, Any] = {}
    for folder in (".", *MEMBERS):
        content = tomllib.loads((root / folder / "pyproject.toml").read_text(encoding="utf-8"))
        project = content.get("project", {})
        tables[folder] = {
            "groups": content.get("dependency-groups"),
            "needs": [
                project.get(key) for key in ("requires-python", "dependencies", "optional-dependencies")
            ],
        }
    package = json.loads((root / "package.json").read_text(encoding="utf-8"))
    tables["npm"] = [package.get(kind) for kind in _NPM_KINDS]
    return hashlib.sha256(json.dumps(tables, sort_keys=True).encode()).hexdigest()


def problems(root: Path = ROOT) -> list[str]:
    """What is wrong with the lock files, one sentence each; empty if nothing is."""
    found = []
    header = _HEADER.format(digest=inputs_digest(root))
    for name in LOCKS:
        path = root / name
        if not path.exists():
            found.append(f"{name}: missing; run 'make lock'")
            continue
        text = path.read_text(encoding="utf-8")
        if not text.startswith(header):
            found.append(f"{name}: not made from the present pyproject files; run 'make lock'")
        found += [
            f"{name}: names an address or a local path ({hit.group()})" for hit in _ADDRESS.finditer(text)
        ]
        unhashed = [
            line for line in text.splitlines() if re.match(r"[a-z0-9]", line) and not line.endswith("\\")
        ]
        found += [f"{name}: no hash for {line}" for line in unhashed]
    return found + _npm_problems(root)


def _npm_problems(root: Path) -> list[str]:
    wanted = json.loads((root / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((root / NPM_LOCK).read_text(encoding="utf-8"))["packages"]
    found = []
    if any(locked[""].get(kind) != wanted.get(kind) for kind in _NPM_KINDS):
        found.append(f"{NPM_LOCK}: not made from the present package.json; run 'make lock'")
    for place, entry in locked.items():
        if "resolved" in entry:
            found.append(f"{NPM_LOCK}: {place} names an address (resolved)")
        if place and "integrity" not in entry:
            found.append(f"{NPM_LOCK}: {place} has no integrity")
    return found


def write_python_locks(*, upgrade: bool) -> None:
    """Resolve with uv for every Python from 3.11 and every platform, and write the files."""
    digest = inputs_digest()
    for name, (groups, members) in LOCKS.items():
        command = [
            "uv",
            "pip",
            "compile",
            "--quiet",
            "--universal",
            "--python-version",
            "3.11",
            "--generate-hashes",
        ]
        command += ["--no-header", "--no-annotate", "--no-emit-index-url", "--output-file", name]
        command += [argument for group in groups for argument in ("--group", group)]
        if members:
            command += ["--all-extras", *(f"{member}/pyproject.toml" for member in MEMBERS)]
            command += [argument for own in _member_names() for argument in ("--no-emit-package", own)]
        if upgrade:
            command.append("--upgrade")
        if name == "requirements.lock":
            command += ["--constraints", "requirements-dev.lock"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        path = ROOT / name
        path.write_text(_HEADER.format(digest=digest) + path.read_text(encoding="utf-8"), encoding="utf-8")
        print(
            f"{name}: {sum('==' in line for line in path.read_text(encoding='utf-8').splitlines())} packages"
        )


def write_npm_lock() -> None:
    """Have npm resolve package.json, and take the addresses out."""
    subprocess.run(
        ["npm", "install", "--package-lock-only", "--ignore-scripts", "--no-audit", "--no-fund"],
        cwd=ROOT,
        check=True,
    )
    path = ROOT / NPM_LOCK
    content = json.loads(path.read_text(encoding="utf-8"))
    for entry in content["packages"].values():
        entry.pop("resolved", None)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _member_names() -> list[str]:
    texts = [(ROOT / member / "pyproject.toml").read_text(encoding="utf-8") for member in MEMBERS]
    return [tomllib.loads(text)["project"]["name"] for text in texts]


def main() -> int:
    """Run the command line; the exit status is 1 if the check finds something."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--check", action="store_true", help="only compare, change nothing")
    choice.add_argument("--upgrade", action="store_true", help="take the newest versions")
    args = parser.parse_args()
    if not args.check:
        write_python_locks(upgrade=args.upgrade)
        write_npm_lock()
    found = problems()
    print("\n".join(found) if found else "locks: fit the pyproject files, hashed, no addresses")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
