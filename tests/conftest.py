"""Loads the fixture plugins; see README.md in this folder. Examples have no deadline: machines that run tests are busy."""

from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")

pytest_plugins = [
    "tests.fixtures.fix_recordings",  # first: fix_needs imports it
    "tests.fixtures.fix_needs",
    "tests.fixtures.fix_faults",
    "tests.fixtures.fix_store",
    "tests.fixtures.fix_broker",
    "tests.fixtures.fix_postgres",
]

BEGIN = ((3, "timeout"), (2, "browser"), (1, "long"))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What asks for more time than others begins first, then files with a browser, then those that take long: no worker is left
    with one at the end.

    Within these groups the order of chance stays.
    """
    weight: dict[Path, int] = {}
    for item in items:
        own = next((w for w, mark in BEGIN if item.get_closest_marker(mark)), 0)
        weight[item.path] = max(weight.get(item.path, 0), own)
    items.sort(key=lambda item: -weight[item.path])
