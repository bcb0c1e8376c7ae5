"""A disk so small that a test can fill it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

_CHUNK = 2**20


class SmallDisk:
    """A tmpfs mounted on a folder; a context manager.

    Args:
        folder: made if missing; what it holds is hidden while mounted.
        mebibytes: size.
    """

    def __init__(self, folder: Path, *, mebibytes: int) -> None:
        self.folder = folder
        self._size = mebibytes
        self._ballast = folder / "ballast"

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={self._size}m,mode=0755", "chejian-test", str(self.folder)],
            check=True,
            capture_output=True,
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Lazy: a process that still ends must not keep the mount for ever.
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True, capture_output=True)

    @contextmanager
    def full(self) -> Iterator[int]:
        """No byte is free inside the block; yields the size of the ballast [bytes]."""
        try:
            yield self._fill()
        finally:
            self._ballast.unlink(missing_ok=True)

    def _fill(self) -> int:
        written = 0
        with self._ballast.open("wb", buffering=0) as file:
            for size in (_CHUNK, 4096, 1):
                block = bytes(size)
                try:
                    while True:
                        written += file.write(block)
                except OSError:  # ENOSPC is what we want; smaller blocks fill the rest
                    continue
        return written


def can_mount() -> bool:
    """Whether this machine lets us mount a tmpfs."""
    if os.geteuid() != 0:
        return False
    with TemporaryDirectory() as folder:
        try:
            with SmallDisk(Path(folder) / "disk", mebibytes=1):
                return True
        except (OSError, subprocess.CalledProcessError):
            return False
