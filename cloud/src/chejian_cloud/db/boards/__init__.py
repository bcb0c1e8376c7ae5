"""Schema `boards`: the views and functions that Grafana and reports read, made anew when they or schema `app` change."""

from chejian_cloud.db.boards.readers import Reader, make_reader
from chejian_cloud.db.boards.schema import GROUP, drop_boards, make_boards

__all__ = ["GROUP", "Reader", "drop_boards", "make_boards", "make_reader"]
