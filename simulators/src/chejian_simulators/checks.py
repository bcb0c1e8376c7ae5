"""Checks that the plant file's dataclasses share; each raises with key, value and what is allowed."""

from chejian_contract.config import ConfigValueError
from chejian_contract.equipment import check_code
from chejian_contract.errors import IdentifierError


def positive(key: str, value: float) -> None:
    """Refuse what is not above 0."""
    if not value > 0:
        raise ConfigValueError(key, value, "a number above 0")


def not_negative(key: str, value: float) -> None:
    """Refuse what is below 0."""
    if not value >= 0:
        raise ConfigValueError(key, value, "a number of at least 0")


def share(key: str, value: float) -> None:
    """Refuse what is outside 0 to 1."""
    if not 0 <= value <= 1:
        raise ConfigValueError(key, value, "a number from 0 to 1")


def code(key: str, value: str) -> None:
    """Refuse what can't be a code in an equipment path."""
    try:
        check_code(value, key)
    except IdentifierError as error:
        raise ConfigValueError(key, value, str(error)) from error
