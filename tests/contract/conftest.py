"""Gives this folder the fixture `standards`; examples have no deadline, as machines that run tests are busy."""

from hypothesis import settings

from tests.contract.needs_standards import pytest_collection_modifyitems, pytest_terminal_summary, standards

__all__ = ["pytest_collection_modifyitems", "pytest_terminal_summary", "standards"]

settings.register_profile("busy", deadline=None)
settings.load_profile("busy")
