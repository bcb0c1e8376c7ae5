"""Fault orders: identities, published numbers, refusals."""

import math

import pytest
from chejian_analytics.diagnosis import BearingGeometry, BearingOrders
from hypothesis import given
from hypothesis import strategies as st


@given(st.integers(3, 40), st.floats(0.05, 0.6), st.floats(0, 60))
def test_identities_of_pure_rolling(elements: int, ratio: float, angle: float) -> None:
    orders = BearingOrders.from_geometry(BearingGeometry(elements, 10 * ratio, 10.0, angle))
    assert orders.bpfo + orders.bpfi == pytest.approx(elements)
    assert orders.bpfo == pytest.approx(elements * orders.ftf)
    spin = orders.bsf2 / 2
    assert spin == pytest.approx((1 - (ratio * math.cos(math.radians(angle))) ** 2) / (2 * ratio))


@pytest.mark.parametrize(
    ("geometry", "published"),
    [
        # Case Western Reserve: inches from its bearing page, orders from its table.
        (BearingGeometry(9, 0.3126 * 25.4, 1.537 * 25.4), (3.5848, 5.4152, 0.39828, 4.7135)),
        (BearingGeometry(8, 0.2656 * 25.4, 1.122 * 25.4), (3.0530, 4.9469, 0.3817, 3.9874)),
        # MFPT: 8 rollers 0.235 in on 1.245 in; the frequencies of its files at 25 Hz.
        (
            BearingGeometry(8, 0.235 * 25.4, 1.245 * 25.4),
            (81.125 / 25, 118.875 / 25, 10.14 / 25, 2 * 63.91 / 25),
        ),
    ],
)
def test_published_orders_follow_from_published_dimensions(
    geometry: BearingGeometry, published: tuple[float, float, float, float]
) -> None:
    orders = BearingOrders.from_geometry(geometry, name="x")
    assert (orders.bpfo, orders.bpfi, orders.ftf, orders.bsf2) == pytest.approx(published, rel=1.5e-3)
    assert orders.name == "x"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((2, 8.0, 39.0, 0.0), "elements: 2 given"),
        ((9, 39.0, 39.0, 0.0), "0 < ball < pitch"),
        ((9, math.nan, 39.0, 0.0), "0 < ball < pitch"),
        ((9, 8.0, 39.0, 90.0), "contact_angle_deg: 90.0 given"),
    ],
)
def test_impossible_geometry_is_refused(arguments: tuple[int, float, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BearingGeometry(*arguments)


@pytest.mark.parametrize(
    ("orders", "message"),
    [
        ((5.4, 3.6, 0.4, 4.7), "0 < bpfo < bpfi"),
        ((3.6, 5.4, 0.59, 4.7), "outer ring fixed"),
        ((3.6, 5.4, 0.4, math.nan), "bsf2: nan given"),
    ],
)
def test_impossible_orders_are_refused(orders: tuple[float, float, float, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BearingOrders(*orders)
