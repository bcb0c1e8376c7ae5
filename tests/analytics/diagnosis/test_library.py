"""The library of bearings and machines: known designations, published orders, a source for each row."""

import pytest
from chejian_analytics.diagnosis import BearingOrders
from chejian_analytics.diagnosis.library import TEMPLATES, bearings, find_bearing
from chejian_analytics.diagnosis.severity import LIMITS_MM_S

PUBLISHED = {
    "6205": (3.5848, 5.4152, 0.39828, 4.7135),
    "6203": (3.0530, 4.9469, 0.3817, 3.9874),
    "NICE": (81.125 / 25, 118.875 / 25, 10.14 / 25, 2 * 63.91 / 25),
    "PRONOSTIA": (168.3 / 30, 221.7 / 30, None, None),
}
"""Orders as the sources print them (frequencies at their shaft speed)."""


@pytest.mark.parametrize("designation", bearings())
def test_dimensions_give_the_published_orders(designation: str) -> None:
    bearing = bearings()[designation]
    assert len(bearing.source) > 20
    orders = BearingOrders.from_geometry(bearing.geometry)
    found = (orders.bpfo, orders.bpfi, orders.ftf, orders.bsf2)
    for value, published in zip(found, PUBLISHED[designation], strict=True):
        assert published is None or value == pytest.approx(published, rel=1e-3)  # sources round


def test_suffixes_do_not_matter_and_strangers_are_not_known() -> None:
    for name in ("6205", "6205-2RS", "6205-2RS JEM SKF", "6205/C3"):
        found = find_bearing(name)
        assert found is not None
        assert found.designation == "6205"
    assert find_bearing("62050") is None
    assert find_bearing("") is None


def test_templates_have_zones() -> None:
    for template in TEMPLATES.values():
        assert (template.zone_group, template.support) in LIMITS_MM_S
