import pytest
from chejian_contract.errors import UnitError
from chejian_contract.quantities import Quantity, convert, unit_of, units_of
from hypothesis import given
from hypothesis import strategies as st

pairs = st.sampled_from(Quantity).flatmap(
    lambda q: st.tuples(st.just(q), st.sampled_from(units_of(q)), st.sampled_from(units_of(q)))
)


@pytest.mark.parametrize(
    ("quantity", "value", "source", "target", "expected"),
    [
        (Quantity.TEMPERATURE, 32.0, "degF", "degC", 0.0),
        (Quantity.TEMPERATURE, 212.0, "degF", "K", 373.15),
        (Quantity.TEMPERATURE, 0.0, "K", "degC", -273.15),
        (Quantity.ACTIVE_ENERGY, 3.6e6, "J", "kWh", 1.0),
        (Quantity.ACTIVE_POWER, 2.5, "MW", "kW", 2500.0),
        (Quantity.ROTATIONAL_SPEED, 50.0, "Hz", "rpm", 3000.0),
        (Quantity.ACCELERATION, 1.0, "g", "m/s2", 9.80665),
        (Quantity.VELOCITY, 6000.0, "mm/min", "m/s", 0.1),
        (Quantity.VOLUME_FLOW, 100.0, "L/min", "m3/h", 6.0),
        (Quantity.PRESSURE, 1.0, "bar", "kPa", 100.0),
        (Quantity.RATIO, 85.0, "%", "1", 0.85),
        (Quantity.DURATION, 1.5, "h", "min", 90.0),
        (Quantity.TORQUE, 1.2, "kN.m", "N.m", 1200.0),
        (Quantity.MASS, 1.0, "t", "g", 1e6),
        (Quantity.LENGTH, 1.0, "mm", "um", 1000.0),
    ],
)
def test_known_conversions(
    quantity: Quantity, value: float, source: str, target: str, expected: float
) -> None:
    assert convert(value, quantity, source, target) == pytest.approx(expected, rel=1e-12, abs=1e-11)


@given(pair=pairs, value=st.floats(-1e9, 1e9))
def test_there_and_back_is_the_value(pair: tuple[Quantity, str, str], value: float) -> None:
    quantity, source, target = pair
    there = convert(value, quantity, source, target)
    assert convert(there, quantity, target, source) == pytest.approx(value, rel=1e-9, abs=1e-6)


@given(value=st.floats(allow_nan=False))
def test_the_same_unit_changes_no_bit(value: float) -> None:
    assert convert(value, Quantity.TEMPERATURE, "degF", "degF").hex() == value.hex()


def test_every_quantity_has_units_and_its_first_is_the_base() -> None:
    for quantity in Quantity:
        symbols = units_of(quantity)
        assert len(set(symbols)) == len(symbols) > 0, quantity
        base = unit_of(quantity, symbols[0])
        assert (base.factor, base.offset) == (1.0, 0.0), quantity


def test_a_wrong_unit_is_named_with_the_permitted_ones() -> None:
    with pytest.raises(UnitError) as error:
        convert(1.0, Quantity.PRESSURE, "Pa", "psi")
    assert str(error.value) == "quantity pressure: unit 'psi' is wrong; allowed: Pa, kPa, MPa, bar"
