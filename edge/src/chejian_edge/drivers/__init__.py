"""Protocol drivers, one folder each, found through the entry-point group `chejian.drivers`."""

from importlib import metadata

from chejian_edge.driver import DriverKind
from chejian_edge.errors import DriverMissingError

GROUP = "chejian.drivers"


def driver_names() -> tuple[str, ...]:
    """Names of all registered drivers, installed libraries or not."""
    return tuple(sorted({entry.name for entry in metadata.entry_points(group=GROUP)}))


def load_driver(name: str) -> DriverKind:
    """Import the driver `name`.

    Raises:
        DriverMissingError: unknown name, or its library is not installed; the text says what to do.
    """
    found = [entry for entry in metadata.entry_points(group=GROUP) if entry.name == name]
    if not found:
        raise DriverMissingError(f"no driver {name!r}; installed: {', '.join(driver_names()) or 'none'}")
    try:
        kind = found[0].load()
    except ImportError as error:
        raise DriverMissingError(
            f"driver {name!r} lacks the library {error.name!r}: install chejian-edge[{name}]"
        ) from error
    if not isinstance(kind, DriverKind):
        raise DriverMissingError(f"entry point {found[0].value!r} of driver {name!r} is no DriverKind")
    return kind
