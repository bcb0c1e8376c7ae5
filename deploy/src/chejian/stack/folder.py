"""The folder of an embedded server: who owns it, who may read it, what a killed owner left in it."""

import errno
import fcntl
import os
import subprocess
from pathlib import Path
from typing import IO

from chejian.stack.child import RunAs
from chejian.stack.errors import InUseError, StackError


def own(folder: Path) -> IO[str]:
    """Take the folder's lock; the kernel gives it back however this process ends."""
    file = (folder / "owner").open("a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        if error.errno != errno.EWOULDBLOCK:
            raise
        raise InUseError(
            f"{folder}: in use by process {owner}; stop that one or choose another data folder"
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def private_folder(folder: Path, owner: RunAs | None) -> None:
    """Make a folder that only the server's user can enter, or take the one that is there.

    Args:
        folder: its place; the folder above exists.
        owner: the server's user, None for the present one.

    Raises:
        StackError: it is there and belongs to somebody else.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    give(folder, owner)
    if folder.stat().st_uid != (os.geteuid() if owner is None else owner.uid):
        raise StackError(f"{folder}: belongs to user id {folder.stat().st_uid}; move it away")
    folder.chmod(0o700)


def give(path: Path, owner: RunAs | None) -> None:
    """Make the server's user the owner of a file; None leaves it with the present one."""
    if owner is not None:
        os.chown(path, owner.uid, owner.gid, follow_symlinks=False)


def postmaster(marker: Path, cluster: Path) -> int | None:
    """Process id of the live server that wrote ``marker``; None if there is none (the id may be another's by now)."""
    try:
        pid = int(marker.read_text(encoding="ascii").split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None
    listing = Path("/proc") / str(pid) / "cmdline"
    if listing.parent.parent.exists() and Path("/proc/self").exists():
        try:
            arguments = listing.read_bytes().split(b"\0")
        except FileNotFoundError:
            return None
        return pid if os.fsencode(cluster) in arguments else None
    shown = subprocess.run(  # noqa: S603 - fixed arguments; systems without /proc have ps
        ["/bin/ps", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
    )
    return pid if str(cluster) in shown.stdout else None
