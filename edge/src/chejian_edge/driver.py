"""The driver contract: all that the agent asks of a driver, and all that a driver may rely on.

A driver is made by its `DriverKind.create` from checked options, without any I/O. Then the agent calls, in this order:

1. `parse(text)` once for each signal, still without I/O: an `AddressError` is a mistake in the configuration.
2. `connect()`: reach the source, log in, resolve what only a live source knows (namespaces).
3. `subscribe(items)`: returns once the source delivers changes; iterating yields bursts of readings until the source
   is lost. The first bursts hold the present values. A source that can only be polled polls inside.
4. `read_history(...)`, for drivers that are also a `HistoryReader`, any time after `subscribe`, alongside the iteration.
5. `close()`: always, also after an error; it never raises.

Every failure of the source is a `SourceError`. The driver retries nothing: the agent closes it, makes a new one and
connects again with backoff. The driver scales nothing, buffers nothing beyond its protocol's queue (whose overflow it
counts in `dropped`), and logs nothing that repeats. Other methods are not called and must not be relied on.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, runtime_checkable

from chejian_contract.config import ConfigValueError, Seconds
from chejian_contract.samples import Quality

Raw = bool | int | float | str | bytes | Sequence[float] | None
"""What sources deliver: scalars, text, or a block of numbers; None for no value."""

Reading = tuple[int, int | None, int | None, Raw, Quality]
"""(key, source time [ms UTC] or None, server time [ms UTC] or None, value, quality); a plain tuple for speed."""


class Burst(NamedTuple):
    """Readings that came together.

    Attributes:
        readings: in the order of delivery; of one key sorted by source time unless the source itself was late.
        complete_to_ms: the source has delivered everything up to this time of its clock; None: says nothing.
        keys: those that `complete_to_ms` speaks for, where a source has several clocks; None: all of the source.
        historical: the readings are old ones, delivered while the source plays its past.
    """

    readings: Sequence[Reading]
    complete_to_ms: int | None = None
    keys: Sequence[int] | None = None
    historical: bool = False


class HistoryPage(NamedTuple):
    """One bounded page of the history of one signal.

    Attributes:
        readings: sorted by source time.
        last: nothing is left behind it in the range asked for.
    """

    readings: Sequence[Reading]
    last: bool


@dataclass(frozen=True, kw_only=True)
class SourceOptions:
    """Options that every source has; a driver adds its own in a subclass.

    Attributes:
        name: of the source; signals of [[equipment]] refer to it.
        driver: entry point of the group `chejian.drivers`.
        url: address of the source, as the driver reads it.
        first_contact: [s], >= 0; how far back history is read when nothing was buffered yet. 0: none.
        retry_max: [s], > 0; longest pause between two attempts to connect.
    """

    name: str
    driver: str
    url: str
    first_contact: Seconds = Seconds(0)  # noqa: RUF009 - a float, immutable
    retry_max: Seconds = Seconds(30)  # noqa: RUF009 - same

    def __post_init__(self) -> None:
        if not self.name:
            raise ConfigValueError("name", self.name, "a name of at least one character")
        if self.first_contact < 0:
            raise ConfigValueError("first_contact", float(self.first_contact), "0 or more, such as 24h")
        if self.retry_max <= 0:
            raise ConfigValueError("retry_max", float(self.retry_max), "more than 0, such as 30s")


class Driver(Protocol):
    """A connection to one source, see the module's text."""

    @property
    def dropped(self) -> int:
        """Readings lost in the protocol's own queues since `connect`, as far as the protocol tells."""
        ...

    def parse(self, text: str) -> Any:
        """Read an address once; no I/O.

        Raises:
            AddressError: names the text and the form expected.
        """
        ...

    async def connect(self) -> None:
        """Reach the source.

        Raises:
            SourceError: it can't be reached, or refuses.
        """
        ...

    async def subscribe(self, items: Mapping[int, Any]) -> AsyncIterator[Burst]:
        """Ask for changes of the addresses in `items` (by key) and return the bursts.

        Raises:
            SourceError: at once, or while iterating when the source is lost.
        """
        ...

    async def close(self) -> None:
        """Leave the source; never raises."""
        ...


@runtime_checkable
class HistoryReader(Protocol):
    """A driver whose source keeps history."""

    def read_history(
        self, key: int, address: Any, *, start_ms: int, block: bool
    ) -> AsyncIterator[HistoryPage]:
        """Yield what the source recorded from `start_ms` (inclusive) to now, in bounded pages, at least one.

        Args:
            key: goes into the readings.
            address: of the signal.
            start_ms: [ms UTC].
            block: values are large arrays; pages must be short.

        Raises:
            SourceError: the source was lost.
            HistoryUnavailableError: this signal has no history.
        """
        ...


@runtime_checkable
class Player(Protocol):
    """A driver whose source may play its past through the subscription before it settles at the present."""

    @property
    def played(self) -> float:
        """Share of the past that has come, 0 to 1; 1 at the present."""
        ...


@runtime_checkable
class Browsable(Protocol):
    """A driver whose source can list its signals."""

    def browse(self) -> AsyncIterator[tuple[str, str]]:
        """Yield (address, data type) of every variable, after `connect`."""
        ...


class HistoryUnavailableError(Exception):
    """A source keeps no history of one signal; the signal goes on live."""


@dataclass(frozen=True)
class DriverKind:
    """What a driver registers under the entry-point group `chejian.drivers`.

    Attributes:
        options: dataclass of its part of the configuration.
        create: makes a driver from such options, without I/O.
    """

    options: type[SourceOptions]
    create: Callable[[Any], Driver]
