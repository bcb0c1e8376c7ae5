"""Build every wheel, install each one alone in a fresh environment, and import all its modules.

    python -m tools.wheels_alone

The workspace cannot keep a member from importing what another member declares; here only its own declarations
are installed, at the locked versions. The edge is tried without a driver's extra (everything but the drivers has to
import) and with each driver's own.
"""

import functools
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools import bootstrap
from tools.lock import MEMBERS, ROOT

# Modules that only run inside their tool: alembic hands them its context.
_NOT_IMPORTABLE = (".migrations.env", "__main__")
_IMPORT_ALL = """
import importlib, pkgutil, sys
name, without, skipped = sys.argv[1], sys.argv[2], sys.argv[3].split(",")
package = importlib.import_module(name)
count = 1
for module in pkgutil.walk_packages(package.__path__, name + "."):
    if (without and module.name.startswith(tuple(without.split(",")))) or module.name.endswith(tuple(skipped)):
        continue
    importlib.import_module(module.name)
    count += 1
print(count)
"""
# What must never reach the plant floor, whatever a dependency brings (ARCHITECTURE: parts).
_HEAVY = {"numba", "numpy", "scipy", "psycopg", "psycopg-binary", "sqlalchemy", "fastapi", "uvicorn"}


@dataclass(frozen=True)
class Trial:
    """One installation.

    Args:
        member: folder of the distribution.
        package: its import name.
        extra: extra to install with it, empty for none.
        without: modules whose names begin so are left out; several with commas between, empty for none.
        light: the heavy stack must be absent.
    """

    member: str
    package: str
    extra: str = ""
    without: str = ""
    light: bool = False


TRIALS = (
    Trial("contract", "chejian_contract", light=True),
    Trial("edge", "chejian_edge", without="chejian_edge.drivers.", light=True),
    Trial("edge", "chejian_edge", extra="opcua", without="chejian_edge.drivers.modbus", light=True),
    Trial("edge", "chejian_edge", extra="modbus", without="chejian_edge.drivers.opcua", light=True),
    Trial("gateway", "chejian_gateway"),
    Trial("analytics", "chejian_analytics"),
    Trial("cloud", "chejian_cloud"),
    Trial("simulators", "chejian_simulators"),
    Trial("client", "chejian_client"),
    Trial("deploy", "chejian"),
)


class TrialError(Exception):
    """A wheel does not build, install or import alone."""


def run(*command: str, env: dict[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Output of a command.

    Raises:
        TrialError: it failed; carries what it said.
    """
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TrialError(f"{done.stdout}{done.stderr}".strip())
    return done.stdout


def build(member: str, folder: Path) -> Path:
    """Build a member's wheel without network."""
    place = folder / member
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place), cwd=ROOT / member)
    return next(place.glob("*.whl"))


def install_and_import(trial: Trial, wheels: dict[str, Path], folder: Path) -> str:
    """Install one wheel alone and import its modules.

    Args:
        trial: what to install.
        wheels: wheel of every member by folder; only those a member asks for are installed.
        folder: place for the environment.

    Returns:
        One line: what was installed and imported.
    """
    uv, env = _uv()
    python = folder / "bin" / "python"
    run(uv, "venv", "--quiet", "--python", sys.executable, str(folder), env=env)
    wanted = f"{wheels[trial.member]}[{trial.extra}]" if trial.extra else str(wheels[trial.member])
    command = [uv, "pip", "install", "--quiet", "--python", str(python), "--constraints", "requirements.lock"]
    for wheel in wheels.values():
        command += ["--find-links", str(wheel.parent)]
    try:
        run(*command, "--offline", wanted, env=env)
    except TrialError:
        run(*command, wanted, env=env)  # what the cache lacks comes from the index
    listed = run(uv, "pip", "list", "--quiet", "--python", str(python), "--format", "freeze", env=env)
    names = {line.split("==")[0] for line in listed.split()}
    if trial.light and (heavy := names & _HEAVY):
        raise TrialError(f"brings {', '.join(sorted(heavy))} to the plant floor")
    count = run(
        str(python),
        "-I",
        "-c",
        _IMPORT_ALL,
        trial.package,
        trial.without,
        ",".join(_NOT_IMPORTABLE),
        cwd=folder,
    )
    title = trial.package + (f"[{trial.extra}]" if trial.extra else "")
    return f"{title}: {len(names)} distributions, {count.strip()} modules imported"


@functools.cache
def _uv() -> tuple[str, dict[str, str]]:
    return str(bootstrap.find_uv()), bootstrap.uv_environment()


def main() -> int:
    """Try all wheels; the exit status is 1 if one fails."""
    _uv()  # once, before the threads ask for it
    with (
        tempfile.TemporaryDirectory(dir=ROOT / ".chejian", prefix="wheels-") as temporary,
        ThreadPoolExecutor(2) as pool,
    ):
        folder = Path(temporary)
        try:
            wheels = dict(zip(MEMBERS, pool.map(lambda member: build(member, folder), MEMBERS), strict=True))
        except TrialError as error:
            print(f"wheels: does not build: {error}")
            return 1
        jobs = {
            t: pool.submit(install_and_import, t, wheels, folder / f"env{i}") for i, t in enumerate(TRIALS)
        }
        failed = 0
        for trial, job in jobs.items():
            try:
                print(job.result())
            except TrialError as error:
                failed += 1
                print(f"{trial.package}{[trial.extra] if trial.extra else ''}: {error}")
    return 1 if failed else 0


if __name__ == "__main__":
    (ROOT / ".chejian").mkdir(exist_ok=True)
    sys.exit(main())
