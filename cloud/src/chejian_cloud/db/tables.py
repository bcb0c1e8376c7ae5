"""All tables of schema `app`: each module that describes some is imported here, and enters them into `METADATA`."""

from chejian_cloud.db import (  # noqa: F401 - their tables are entered by the import
    access,
    assessment,
    diagnosis,
    energy,
    lifecycle,
    production,
    programme,
    regions,
    reporting,
    runs,
)
from chejian_cloud.db.app import Base

METADATA = Base.metadata
"""What migrations lead to."""
