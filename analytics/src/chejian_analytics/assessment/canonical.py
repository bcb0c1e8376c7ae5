"""One text for one content: canonical JSON and its SHA-256, the ground of frozen evidence.

Objects have their keys in the order of code points, no blanks, UTF-8 without escapes beyond those that JSON demands.
Whole numbers stay numbers within ±(2^53 - 1); other exact numbers become strings ("0.7", "1/3"). Floats are refused:
their text depends on who writes it.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

_SAFE = 2**53 - 1
"""Greatest whole number that every reader of JSON keeps exactly."""


def plain(value: Any, at: str = "") -> Any:
    """A value as JSON knows it; records become objects, enumerations their values, dates ISO texts.

    Args:
        value: whatever is to be kept.
        at: place of it, for the error text.

    Raises:
        TypeError: a float, or something that has no one text; names the place.
        ValueError: a whole number beyond ±(2^53 - 1), or a number that is not finite.
    """
    if isinstance(value, Enum):
        return plain(value.value, at)
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return _whole(value, at)
    if isinstance(value, Fraction | Decimal):
        return exact_text(value)
    if isinstance(value, date):
        return value.isoformat()
    return _compound(value, at)


def _whole(value: int, at: str) -> int:
    if abs(value) > _SAFE:
        raise ValueError(f"{at or 'value'}: {value} is beyond 2^53 - 1; give it as text")
    return value


def _compound(value: Any, at: str) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name), f"{at}/{f.name}") for f in fields(value)}
    if isinstance(value, Mapping):
        return {_key(k, at): plain(v, f"{at}/{k}") for k, v in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [plain(v, f"{at}/{i}") for i, v in enumerate(value)]
    raise TypeError(
        f"{at or 'value'}: {type(value).__name__} {value!r} has no canonical text; give an exact number"
    )


def _key(key: object, at: str) -> str:
    if not isinstance(key, str):
        raise TypeError(f"{at or 'value'}: key {key!r} must be a text")
    return str(key)


def exact_text(value: Fraction | Decimal) -> str:
    """A number as text: decimal where it ends, else as a quotient of whole numbers.

    Raises:
        ValueError: it is not finite.
    """
    if isinstance(value, Decimal) and not value.is_finite():
        raise ValueError(f"{value} is not finite")
    number = Fraction(value)
    rest, places = number.denominator, 0
    while rest % 10 == 0:
        rest, places = rest // 10, places + 1
    for prime in (2, 5):
        while rest % prime == 0:
            rest, places = rest // prime, places + 1
    if rest != 1:
        return f"{number.numerator}/{number.denominator}"
    digits = f"{abs(number.numerator) * 10**places // number.denominator:0{places + 1}d}"
    sign = "-" if number < 0 else ""
    whole, part = digits[: len(digits) - places], digits[len(digits) - places :].rstrip("0")
    return sign + whole + (f".{part}" if part else "")


def canonical(value: Any) -> bytes:
    """Canonical JSON of a value, UTF-8.

    Raises:
        TypeError: a part has no one text.
        ValueError: a number is out of bounds, or a text is no valid Unicode.
    """
    return json.dumps(
        plain(value), ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    ).encode("utf-8")


def digest(value: Any) -> str:
    """SHA-256 of the canonical JSON, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()
