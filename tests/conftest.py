"""Loads the fixture plugins; see README.md in this folder. Examples have no deadline: machines that run tests are busy."""

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
