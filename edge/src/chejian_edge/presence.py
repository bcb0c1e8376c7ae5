"""Which devices are there: a device lives while its source is connected, and for some time after that was lost."""

import time
from collections.abc import Callable, Iterable, Mapping


class Presence:
    """Told of sources, asked about devices; no I/O.

    A short loss is no death: values hold for some time, and a machine that is switched off and on is one machine.

    Args:
        sources: of each device, by its code.
        watched: sources that are read; of others nobody knows whether they are there, so their devices live.
        patience: how long a device outlives its source [s].
        clock: monotonic [s].
    """

    def __init__(
        self,
        sources: Mapping[str, str],
        watched: Iterable[str],
        patience: float,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sources = dict(sources)
        self._patience = patience
        self._clock = clock
        now = clock()
        self._away = dict.fromkeys(watched, now)  # none is connected at the start

    def source(self, name: str, *, connected: bool) -> None:
        """A source was found, or lost, or is still lost."""
        if connected:
            self._away.pop(name, None)
        else:
            self._away.setdefault(name, self._clock())

    def alive(self, device: str) -> bool:
        """Whether a device is there; one that the configuration no longer has is not."""
        source = self._sources.get(device)
        if source is None:
            return False
        since = self._away.get(source)
        return since is None or self._clock() - since < self._patience
