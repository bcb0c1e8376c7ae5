"""From a source's raw value to the published one: scale, offset, unit, state map; what does not fit is refused with a reason."""

import math
import sys
from array import array
from collections.abc import Callable, Mapping, Sequence
from enum import IntEnum

from chejian_contract.config import ConfigValueError
from chejian_contract.quantities import Quantity, convert
from chejian_contract.signals import SignalDef, SignalKind
from chejian_contract.states import MODE_MAPS, STATE_MAPS, MachineState, OperationMode

from chejian_edge.driver import Raw

Value = int | float | str | bytes
"""Published values: Int32/Int64, Double, String, and waveforms as little-endian singles."""

Transform = Callable[[Raw], Value]
"""Returns the published value or raises `Refused`."""

_INT64 = 2**63
_INT32 = 2**31
MAX_TEXT = 65_535
"""Characters of an event text; longer ones are no product or serial number but a mistake in the address."""


class Refused(ValueError):  # noqa: N818 - a verdict on a value that is always caught, no failure of the program
    """A raw value that does not fit its signal; the text is a short reason that counters carry."""


def state_map_of(given: object, definition: SignalDef) -> Mapping[int, int] | None:
    """Read the configured state map.

    Args:
        given: None, the name of a map, or a table of source code to state name.
        definition: of the signal.

    Raises:
        ConfigValueError: names key, value and what is allowed.
    """
    return _code_map("state_map", given, definition, Quantity.MACHINE_STATE, MachineState, STATE_MAPS)


def mode_map_of(given: object, definition: SignalDef) -> Mapping[int, int] | None:
    """Read the configured map of operation modes; see `state_map_of`."""
    return _code_map("mode_map", given, definition, Quantity.OPERATION_MODE, OperationMode, MODE_MAPS)


def _code_map(
    key: str,
    given: object,
    definition: SignalDef,
    quantity: Quantity,
    members: type[IntEnum],
    named: Mapping[str, Mapping[int, IntEnum]],
) -> Mapping[int, int] | None:
    own = definition.quantity is quantity
    if given is None:
        return {int(m): int(m) for m in members} if own else None
    if not own:
        raise ConfigValueError(key, given, f"nothing: only signals of quantity {quantity.value} have it")
    if isinstance(given, str):
        if given not in named:
            raise ConfigValueError(key, given, "a table or one of " + ", ".join(named))
        return {code: int(member) for code, member in named[given].items()}
    if not isinstance(given, dict) or not given:
        example = f'{{ "10" = "{next(iter(members)).name}" }}'
        raise ConfigValueError(key, given, f"a table such as {example} or a map's name")
    return {_code(key, k): _member(f"{key}.{k}", v, members) for k, v in given.items()}


def _code(key: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ConfigValueError(f"{key}.{text}", text, "a whole number as key") from None


def _member(key: str, name: object, members: type[IntEnum]) -> int:
    try:
        return int(members[str(name)])
    except KeyError:
        allowed = ", ".join(m.name for m in members)
        raise ConfigValueError(key, name, f"one of {allowed}") from None


def compile_transform(
    definition: SignalDef, *, unit: str, scale: float, offset: float, states: Mapping[int, int] | None
) -> Transform:
    """Make the function for one signal, so that the work per value is one call.

    Args:
        definition: what is published.
        unit: of the source, one of the quantity's.
        scale: source value times this, finite, not 0.
        offset: added after the scale, finite.
        states: source code to published number, for machine states and operation modes.

    Raises:
        ConfigValueError: a scale or offset that can't be applied.
    """
    if not math.isfinite(scale) or scale == 0:
        raise ConfigValueError("scale", scale, "a finite number other than 0")
    if not math.isfinite(offset):
        raise ConfigValueError("offset", offset, "a finite number")
    factor, shift = _linear(definition, unit, scale, offset)
    kind = definition.kind
    if kind in (SignalKind.STATE, SignalKind.EVENT) and (factor, shift) != (1.0, 0.0):
        raise ConfigValueError("scale", scale, "nothing: states and texts are not scaled")
    if kind is SignalKind.STATE:
        return _state_transform(states)
    if kind is SignalKind.EVENT:
        return _text
    if kind is SignalKind.WAVEFORM:
        return _waveform_transform(factor, shift)
    if kind is SignalKind.MEASUREMENT:
        return _measurement_transform(factor, shift)
    return _total_transform(factor, shift)


def _linear(definition: SignalDef, unit: str, scale: float, offset: float) -> tuple[float, float]:
    """Scale, offset and unit conversion as one `raw * factor + shift`."""
    if unit == definition.unit:
        return scale, offset
    zero = convert(0.0, definition.quantity, unit, definition.unit)
    slope = convert(1.0, definition.quantity, unit, definition.unit) - zero
    return scale * slope, offset * slope + zero


def _number(raw: Raw) -> float:
    if isinstance(raw, int | float):
        return raw
    raise Refused("no_value" if raw is None else "not_a_number")


def _measurement_transform(factor: float, shift: float) -> Transform:
    plain = factor == 1.0 and shift == 0.0

    def measurement(raw: Raw) -> Value:
        number = raw if type(raw) is float else float(_number(raw))
        value = number if plain else number * factor + shift
        if value - value != 0.0:  # inf and NaN are the only values for which this holds
            raise Refused("not_finite")
        return value

    return measurement


def _total_transform(factor: float, shift: float) -> Transform:
    plain = factor == 1.0 and shift == 0.0
    whole = float(factor).is_integer() and float(shift).is_integer()
    times, plus = (int(factor), int(shift)) if whole else (0, 0)

    def total(raw: Raw) -> Value:
        number = _number(raw)
        if isinstance(number, float) and not math.isfinite(number):
            raise Refused("not_finite")
        if plain and number != int(number):
            raise Refused("not_whole")
        if whole and isinstance(number, int):
            value = number * times + plus  # exact to the last digit, which a float is not beyond 2**53
        else:
            value = int(number) if plain else round(number * factor + shift)
        if not -_INT64 <= value < _INT64:
            raise Refused("out_of_range")
        return value

    return total


def _state_transform(states: Mapping[int, int] | None) -> Transform:
    def state(raw: Raw) -> Value:
        number = _number(raw)
        if isinstance(number, float) and not math.isfinite(number):
            raise Refused("not_finite")
        if number != int(number) or not -_INT32 <= number < _INT32:
            raise Refused("not_whole")
        if states is None:
            return int(number)
        mapped = states.get(int(number))
        if mapped is None:
            raise Refused("unknown_state")
        return mapped

    return state


def _text(raw: Raw) -> Value:
    if isinstance(raw, str):
        text = raw
    elif isinstance(raw, int | float):
        text = str(raw)
    else:
        raise Refused("no_value" if raw is None else "not_a_text")
    if len(text) > MAX_TEXT or "\0" in text:
        raise Refused("text_unfit")
    return text


def _waveform_transform(factor: float, shift: float) -> Transform:
    plain = factor == 1.0 and shift == 0.0

    def waveform(raw: Raw) -> Value:
        if not isinstance(raw, Sequence) or isinstance(raw, str | bytes):
            raise Refused("no_value" if raw is None else "not_a_block")
        if not raw:
            raise Refused("no_value")
        return _singles(raw if plain else [v * factor + shift for v in raw])

    return waveform


def _singles(values: Sequence[float]) -> bytes:
    try:
        block = array("f", values)
        if not math.isfinite(sum(block)):
            raise Refused("not_finite")
    except (TypeError, OverflowError, ValueError) as error:
        raise Refused(
            "not_finite" if isinstance(error, ValueError | OverflowError) else "not_a_block"
        ) from None
    if sys.byteorder == "big":
        block.byteswap()
    return block.tobytes()
