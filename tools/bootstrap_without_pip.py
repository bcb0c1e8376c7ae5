"""Fetch the uv wheel from the package index with the standard library, for a Python without pip.

python3 tools/bootstrap_without_pip.py requirements-uv.lock target
"""

import hashlib
import os
import platform
import re
import sys
import urllib.request
import zipfile
from pathlib import Path
from urllib.parse import urljoin

# Seconds one request may take before the index counts as unreachable.
_TIMEOUT_S = 60


def install_uv(lock: Path, target: Path) -> None:
    """Put the locked uv program at ``target``.

    Args:
        lock: ``requirements-uv.lock``: one pinned package with the hashes of its files.
        target: where the program goes.
    """
    text = lock.read_text(encoding="utf-8")
    pinned = re.search(r"^uv==(\S+)", text, re.MULTILINE)
    if pinned is None:
        sys.exit(f"bootstrap: {lock} pins no uv")
    wheel = _download(pinned.group(1), set(re.findall(r"sha256:([0-9a-f]{64})", text)))
    packed = target.with_name("uv.whl")
    target.parent.mkdir(parents=True, exist_ok=True)
    packed.write_bytes(wheel)
    with zipfile.ZipFile(packed) as archive:
        program = next(name for name in archive.namelist() if name.endswith(".data/scripts/uv"))
        draft = target.with_name("uv.new")
        draft.write_bytes(archive.read(program))
    packed.unlink()
    draft.chmod(0o755)
    draft.replace(target)


def _download(version: str, allowed: set[str]) -> bytes:
    index = os.environ.get("UV_DEFAULT_INDEX") or os.environ.get("PIP_INDEX_URL") or "https://pypi.org/simple"
    page_address = f"{index.rstrip('/')}/uv/"
    page = _get(page_address).decode()
    for address in re.findall(r'href="([^"]+)"', page):
        file = address.split("#")[0]
        if re.search(rf"/uv-{re.escape(version)}-py3-none-{_platform_pattern()}\.whl$", file):
            content = _get(urljoin(page_address, file))
            if hashlib.sha256(content).hexdigest() not in allowed:
                sys.exit(f"bootstrap: {file} does not have a hash of requirements-uv.lock")
            return content
    sys.exit(f"bootstrap: {page_address} has no uv {version} for {platform.system()} {platform.machine()}")


def _platform_pattern() -> str:
    machine = platform.machine().lower()
    if platform.system() == "Darwin":
        return rf"macosx_\d+_\d+_{'arm64' if machine == 'arm64' else 'x86_64'}"
    libc = "manylinux" if platform.libc_ver()[0] == "glibc" else "musllinux"
    return rf"[a-z0-9_.]*{libc}[a-z0-9_.]*_{re.escape(machine)}"


def _get(address: str) -> bytes:
    request = urllib.request.Request(address, headers={"Accept": "text/html"})  # noqa: S310 - the index's scheme
    with urllib.request.urlopen(request, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - same
        content: bytes = answer.read()
        return content


if __name__ == "__main__":
    install_uv(Path(sys.argv[1]), Path(sys.argv[2]))
