"""One process whose wall clock jumps, by Debian's libfaketime."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_PLACES = "*/faketime/libfaketimeMT.so.1"
PRELOAD = Path(__file__).with_name("preload")
"""Goes on the PYTHONPATH of a Python process under a fake clock, see its sitecustomize.py."""


def find_libfaketime() -> Path | None:
    """The library for programs with threads, None where it is not installed."""
    return next(iter(sorted(Path("/usr/lib").glob(_PLACES))), None)


class FakeClock:
    """Start a Python process with `environment` and `PRELOAD`, then `shift` its wall clock as often as wanted.

    Its monotonic clock stays true, as with an operator or an NTP daemon who sets the time: deadlines and pauses must
    not notice. libfaketime looks at the file once a second (FAKETIME_CACHE_DURATION), so a jump shows within a second;
    FAKETIME_NO_CACHE would open the file at every look at the clock.

    Args:
        file: says how far the clock is off; belongs to one process.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self.shift(0.0)

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables for the process.

        Raises:
            FileNotFoundError: libfaketime is not installed.
        """
        library = find_libfaketime()
        if library is None:
            raise FileNotFoundError("libfaketimeMT.so.1: install the package libfaketime")
        return {
            "LD_PRELOAD": str(library),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "FAKETIME_DONT_RESET": "1",
        }

    def shift(self, seconds: float) -> None:
        """Put the clock so far ahead of the true time; negative: behind."""
        draft = self._file.with_suffix(".new")
        draft.write_text(f"{seconds:+.3f}\n", "ascii")
        os.replace(draft, self._file)  # noqa: PTH105 - atomic by its documentation

    @contextmanager
    def shifted(self, seconds: float) -> Iterator[None]:
        """A jump, and the jump back at the end of the block."""
        self.shift(seconds)
        try:
            yield
        finally:
            self.shift(0.0)
