"""Equipment paths (ISA-95 / IEC 62264): enterprise / workshop / line / equipment."""

import unicodedata
from dataclasses import dataclass

from chejian_contract.errors import IdentifierError

MAX_CODE_LENGTH = 64
"""Characters; keeps a Sparkplug topic with three codes far below MQTT's 65,535 bytes."""

_FORBIDDEN = frozenset("/+#")
_UNPRINTED = frozenset({"Cc", "Cs"})
"""Unicode categories of control characters and of surrogates, which UTF-8 can't carry."""


def check_code(code: str, what: str) -> str:
    """Return `code` if it may stand in an equipment path and in a Sparkplug topic.

    Args:
        code: UTF-8 text, 1 to 64 characters, without '/', '+', '#', control characters or outer blanks.
        what: what the code names, for the error text, e.g. "equipment".

    Raises:
        IdentifierError: names the code and the rule (tck-id-intro-group-id-chars and its siblings).
    """
    if not code or len(code) > MAX_CODE_LENGTH:
        raise IdentifierError(f"{what} code {code!r} must have 1 to {MAX_CODE_LENGTH} characters")
    if code != code.strip() or any(c in _FORBIDDEN or unicodedata.category(c) in _UNPRINTED for c in code):
        raise IdentifierError(
            f"{what} code {code!r} must not hold '/', '+', '#', control characters or outer blanks"
        )
    return code


@dataclass(frozen=True, slots=True)
class EquipmentPath:
    """Where a piece of equipment stands.

    Attributes:
        enterprise: the Sparkplug group id.
        workshop: site and area in ISA-95 words (数字化车间).
        line: work centre.
        equipment: work unit; the Sparkplug device id.
    """

    enterprise: str
    workshop: str
    line: str
    equipment: str

    def __post_init__(self) -> None:
        for level in ("enterprise", "workshop", "line", "equipment"):
            check_code(getattr(self, level), level)

    def __str__(self) -> str:
        return f"{self.enterprise}/{self.workshop}/{self.line}/{self.equipment}"

    @classmethod
    def parse(cls, text: str) -> "EquipmentPath":
        """Read the form that `str()` writes.

        Raises:
            IdentifierError: when it has not exactly four levels, or a level is no legal code.
        """
        levels = text.split("/")
        if len(levels) != 4:  # noqa: PLR2004 - the four ISA-95 levels above
            raise IdentifierError(f"equipment path {text!r} must be enterprise/workshop/line/equipment")
        return cls(*levels)
