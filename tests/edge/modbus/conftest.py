"""What the Modbus tests share."""

from pathlib import Path

import pytest

from tests.edge.modbus.libmodbus import build_libmodbus_server


@pytest.fixture(scope="session")
def libmodbus_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The libmodbus server, compiled; deselected where libmodbus-dev is missing (see `fix_needs`)."""
    return build_libmodbus_server(tmp_path_factory.mktemp("libmodbus"))
