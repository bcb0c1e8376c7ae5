"""Tables that people send: CSV and Excel files as rows of text, read within bounds and without running anything."""

from chejian_cloud.tables.reading import decoded, read_table, wrong_file
from chejian_cloud.tables.rows import Row

__all__ = ["Row", "decoded", "read_table", "wrong_file"]
