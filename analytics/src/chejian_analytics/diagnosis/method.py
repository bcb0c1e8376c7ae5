"""What a diagnosis method is: one record, found by everyone through `METHODS`."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chejian_contract.signals import Role


@dataclass(frozen=True, slots=True)
class Method:
    """A diagnosis method.

    Args:
        id: stable name, stored with every result.
        version: raised whenever a result for the same window may differ.
        needs: roles of the signals it reads.
        function: a pure function of one window; its first argument is the waveform, shape (n,), and its result is
            a frozen dataclass with ``method`` and ``version``, plain enough for `dataclasses.asdict` and JSON.
        baselines_of: earlier versions whose numbers were the same, so that baselines made by them hold.
    """

    id: str
    version: str
    needs: tuple[Role, ...]
    function: Callable[..., Any]
    baselines_of: tuple[str, ...] = ()

    @property
    def baseline_versions(self) -> list[str]:
        """Versions whose baselines judge a window."""
        return [*self.baselines_of, self.version]
