"""Grafana boards: the generated files, the statements in them, and how they reach a Grafana."""

from chejian.boards.files import BoardFile, Statement, boards, statements
from chejian.boards.macros import MacroError, TimeRange, expand

__all__ = ["BoardFile", "MacroError", "Statement", "TimeRange", "boards", "expand", "statements"]
