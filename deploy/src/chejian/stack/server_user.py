"""Which user a PostgreSQL server runs as: PostgreSQL refuses to run as root."""

import logging
import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path

from chejian.stack.child import RunAs
from chejian.stack.errors import StackError

_log = logging.getLogger(__name__)

# System user that owns the embedded server's files where this process is root.
SERVER_USER = "chejian-pg"


def server_user(*paths: Path) -> RunAs | None:
    """Return the user the server has to run as, None for the present one.

    Root gets the system user `SERVER_USER`, made at the first call. Where a folder above one of ``paths`` is
    closed to it (a checkout below ``/root``), the server keeps the capability to pass; no permission of a folder
    that is not ours is ever changed.

    Args:
        paths: what the server has to reach: its programs, its data.

    Raises:
        StackError: root, and the user can neither be found nor made.
    """
    if os.geteuid() != 0:
        return None
    entry = _find_or_make()
    reach = not all(_passable(path, entry.pw_uid, entry.pw_gid) for path in paths)
    return RunAs(uid=entry.pw_uid, gid=entry.pw_gid, reach_files=reach)


def _find_or_make() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SERVER_USER)
    except KeyError:
        _log.info("creating the system user %s for the embedded PostgreSQL server", SERVER_USER)
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if useradd is None:
        raise StackError(
            f"PostgreSQL cannot run as root and 'useradd' is missing: create a system user '{SERVER_USER}', "
            "or run as an ordinary user"
        )
    made = subprocess.run(  # noqa: S603 - fixed arguments
        [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SERVER_USER],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return pwd.getpwnam(
            SERVER_USER
        )  # another process may have won the race, so the status alone decides nothing
    except KeyError:
        raise StackError(f"cannot create the system user '{SERVER_USER}': {made.stderr.strip()}") from None


def _passable(path: Path, uid: int, gid: int) -> bool:
    """Whether the user may pass every folder above ``path``."""
    return all(_may_search(folder.stat(), uid, gid) for folder in path.resolve().parents)


def _may_search(status: os.stat_result, uid: int, gid: int) -> bool:
    if status.st_uid == uid:
        return bool(status.st_mode & stat.S_IXUSR)
    if status.st_gid == gid:
        return bool(status.st_mode & stat.S_IXGRP)
    return bool(status.st_mode & stat.S_IXOTH)
