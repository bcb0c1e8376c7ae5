"""Loads the fixture plugins; see README.md in this folder."""

pytest_plugins = [
    "tests.fixtures.fix_recordings",  # first: fix_needs imports it
    "tests.fixtures.fix_needs",
    "tests.fixtures.fix_broker",
    "tests.fixtures.fix_postgres",
]
