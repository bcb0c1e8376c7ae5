"""A TimescaleDB server of a test's own, from the packages that `tools/timescaledb` keeps in a folder of Debian trixie."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from chejian.stack import ProcessSpec
from chejian.stack.ports import free_port
from psycopg import sql

_BIN = "/usr/lib/postgresql/17/bin"
_AS_POSTGRES = "--userspec=postgres:postgres"
_STOP_S = 60.0
"""A fast shutdown writes one checkpoint [s]."""
_SETTINGS = {
    "shared_preload_libraries": "timescaledb",
    "timescaledb.telemetry_level": "off",
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "shared_buffers": "128MB",
    "max_wal_size": "128MB",
    "min_wal_size": "32MB",
    "timezone": "UTC",
}
"""A durable server, as the other one of the fault tests, whose log of changes fits on a small disk."""


def timescaledb_folder() -> Path:
    """Where `tools/timescaledb` puts Debian trixie with the packages."""
    return Path(os.environ.get("CHEJIAN_STORE_ROOT", "/var/tmp/chejian-store"))


def has_timescaledb() -> bool:
    """Whether the folder is there and this user may enter it as another root."""
    return os.geteuid() == 0 and (timescaledb_folder() / _BIN[1:] / "postgres").exists()


class Timescale:
    """The server under a supervisor: `prepare()`, start `process()`, wait for `ready()`, at the end `release()`.

    Args:
        data_dir: for the cluster and the log; seen from inside the folder of Debian through a mount.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self.log = data_dir / "postgres.log"
        self._inside = Path("/var/lib/postgresql") / f"test-{os.getpid()}-{free_port()}"
        self._port = free_port()

    @property
    def cluster(self) -> Path:
        """Folder of the database's files."""
        return self.data_dir / "cluster"

    @property
    def _mount(self) -> Path:
        return timescaledb_folder() / self._inside.relative_to("/")

    def dsn(self, database: str = "postgres") -> str:
        """URL of a database."""
        return f"postgresql://postgres@127.0.0.1:{self._port}/{database}"

    def prepare(self) -> None:
        """Mount the data folder and make the cluster."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._mount.mkdir()
        _run("mount", "--bind", str(self.data_dir), str(self._mount))
        self.cluster.mkdir(mode=0o700)
        owner = (timescaledb_folder() / "var/lib/postgresql").stat()
        shutil.chown(self.cluster, owner.st_uid, owner.st_gid)
        initdb = f"{_BIN}/initdb -D {self._inside}/cluster -U postgres -A trust -E UTF8 --locale=C.UTF-8"
        _run("chroot", _AS_POSTGRES, str(timescaledb_folder()), *initdb.split())

    def process(self) -> ProcessSpec:
        """How to run the prepared server."""
        server = [f"{_BIN}/postgres", "-D", f"{self._inside}/cluster", "-p", str(self._port)]
        for key, value in _SETTINGS.items():
            server += ["-c", f"{key}={value}"]
        return ProcessSpec(
            name="postgres",
            argv=["chroot", _AS_POSTGRES, str(timescaledb_folder()), *server],
            log=self.log,
            stop_signal=signal.SIGINT,
            stop_within=_STOP_S,
        )

    def ready(self) -> bool:
        """Whether the server accepts a session now."""
        try:
            psycopg.connect(self.dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self, name: str) -> str:
        """Make a database with the extension, and return its URL."""
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        with psycopg.connect(self.dsn(name), autocommit=True) as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
        return self.dsn(name)

    def release(self) -> None:
        """Undo the mount; call it after the process has ended."""
        if os.path.ismount(self._mount):
            _run("umount", "--lazy", str(self._mount))
        if self._mount.is_dir():
            self._mount.rmdir()


def _run(*argv: str) -> None:
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={"PATH": os.defpath + ":/usr/sbin:/sbin"}
    )
    assert done.returncode == 0, f"{argv}: {done.stdout}{done.stderr}"
