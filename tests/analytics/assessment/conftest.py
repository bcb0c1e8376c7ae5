"""Gives this folder the fixture `standards` of published tables."""

from tests.contract.needs_standards import pytest_collection_modifyitems, pytest_terminal_summary, standards

__all__ = ["pytest_collection_modifyitems", "pytest_terminal_summary", "standards"]
