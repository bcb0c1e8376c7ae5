"""Keys to the API for tests: machine tokens, so that a request needs no browser's manners."""

import zlib

from chejian_cloud.access.commands import make_token
from chejian_cloud.access.permissions import TOKEN_PERMISSIONS, Role


def bearer(dsn: str, role: Role = Role.PLATFORM_ADMIN, organisation: str | None = None) -> dict[str, str]:
    """Header of a new service account that may all that its role may (default: everything, everywhere)."""
    name = f"tests-{role}-{zlib.crc32((organisation or '').encode())}"
    token = make_token(dsn, name, role, organisation, TOKEN_PERMISSIONS, days=1)
    return {"Authorization": f"Bearer {token}"}
