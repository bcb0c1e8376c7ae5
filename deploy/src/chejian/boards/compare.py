"""What differs between a board as it should be and as a Grafana has it."""

from collections.abc import Iterator
from typing import Any

OWN = frozenset({"id", "version"})
"""Keys at the top that each Grafana sets itself."""


def differences(wanted: Any, found: Any, path: str = "") -> Iterator[str]:
    """Paths where `found` lacks what `wanted` has, or has it otherwise.

    What `found` adds (a newer Grafana's defaults) is no difference, but a list of another length is.
    """
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, value in wanted.items():
            if not path and key in OWN:
                continue
            if key in found:
                yield from differences(value, found[key], f"{path}/{key}")
            else:
                yield f"{path}/{key}"
    elif isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        for i, (a, b) in enumerate(zip(wanted, found, strict=True)):
            yield from differences(a, b, f"{path}[{i}]")
    elif wanted != found:
        yield path
