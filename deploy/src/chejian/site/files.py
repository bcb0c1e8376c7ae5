"""Files of an installation: secrets are made once and readable by their owner only, the rest follows from them."""

import os
import secrets
from pathlib import Path
from typing import NamedTuple

from chejian.stack import StackError

CONTAINER_USER = 10_001
"""User and group of the containers where root makes the folder; else they are those of whoever makes it."""
_SECRET_BYTES = 32
_SECRET, _PLAIN, _FOLDER = 0o600, 0o644, 0o700


class Owner(NamedTuple):
    """Whom the containers run as, and whom what they read belongs to."""

    user: int
    group: int


def owner() -> Owner:
    """The caller; of root's files the containers' own user."""
    if os.geteuid() == 0:
        return Owner(CONTAINER_USER, CONTAINER_USER)
    return Owner(os.geteuid(), os.getegid())


def make_folder(path: Path) -> None:
    """Make a folder that its owner alone may enter; one that is there stays as it is.

    Raises:
        StackError: something else is in its place, or the right is missing.
    """
    try:
        path.mkdir(mode=_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise StackError(f"{path}: {error.strerror}; a folder that may be written is needed") from error


def write_secret(path: Path, content: bytes) -> None:
    """Write a file that its owner alone may read, from its first byte on; never over another.

    Raises:
        StackError: the file exists, or can't be made.
    """
    make_folder(path.parent)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _SECRET)
    except OSError as error:
        raise StackError(f"{path}: {error.strerror}; secrets are never written over") from error
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def random_secret(path: Path) -> str:
    """The secret of a file, made of 256 random bits where the file is missing.

    Raises:
        StackError: the file is there and holds no secret, or others may read it.
    """
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(_SECRET_BYTES).encode() + b"\n")
    if path.stat().st_mode & 0o077:
        raise StackError(
            f"{path}: its rights are {path.stat().st_mode & 0o777:03o}; allowed: 600 (chmod 600 {path})"
        )
    words = path.read_text("utf-8").split()
    if len(words) != 1:
        raise StackError(f"{path}: allowed: one word, the secret; remove the file to have a new one made")
    return words[0]


def write_text(path: Path, text: str, *, secret: bool = False) -> None:
    """Write a file that follows from others, all or nothing; one that says the same already is not touched."""
    make_folder(path.parent)
    mode = _SECRET if secret else _PLAIN
    if path.exists() and path.read_text("utf-8") == text and path.stat().st_mode & 0o777 == mode:
        return
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    fresh.replace(path)


def hand_over(folder: Path, to: Owner, *, but: frozenset[str]) -> None:
    """Give everything below a folder to the containers' user, except files of these names."""
    if os.geteuid() != 0:
        return
    for path in (folder, *folder.rglob("*")):
        if path.name not in but:
            os.chown(path, to.user, to.group, follow_symlinks=False)
