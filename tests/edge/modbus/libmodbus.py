"""A libmodbus server: a small C program (`libmodbus_server.c`), compiled for the test run."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

SOURCE = Path(__file__).with_name("libmodbus_server.c")
HEADERS = Path("/usr/include/modbus")


def find_libmodbus() -> bool:
    """Whether the libmodbus server can be built here."""
    return shutil.which("cc") is not None and (HEADERS / "modbus.h").exists()


def build_libmodbus_server(folder: Path) -> Path:
    """Compile the server; returns its path."""
    program = folder / "libmodbus_server"
    command = ["cc", "-Wall", "-Werror", f"-I{HEADERS}", "-o", str(program), str(SOURCE), "-lmodbus"]
    subprocess.run(command, check=True)
    return program


@asynccontextmanager
async def libmodbus_server(
    program: Path, registers: Mapping[int, Mapping[str, Mapping[int, int]]]
) -> AsyncIterator[int]:
    """Port of the compiled server; its numbers are 0 where not given, and its unit id does not matter."""
    process = await asyncio.create_subprocess_exec(
        program, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    lines = [
        f"{table} {number} {value}\n"
        for tables in registers.values()
        for table, cells in tables.items()
        for number, value in cells.items()
    ]
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("".join(lines).encode())
    process.stdin.close()
    try:
        yield int(await asyncio.wait_for(process.stdout.readline(), 10))
    finally:
        process.kill()
        await process.wait()
