"""OPC UA with signed and encrypted messages, user and password, against an asyncua server that asks for both."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from asyncua.crypto.permission_rules import User, UserRole
from asyncua.server.server import Server
from asyncua.server.user_managers import UserManager
from chejian.stack.ports import free_port
from chejian_contract.config import ConfigValueError, Seconds
from chejian_edge.drivers.opcua import OpcUaDriver, OpcUaOptions
from chejian_edge.errors import SourceError

from tests.fixtures.certificates import Authority

USER, PASSWORD = "reader", "geheim-密码"
SECURITY = "Basic256Sha256,SignAndEncrypt"
ADDRESS = "nsu=urn:test:plant;s=Speed"


class OneUser(UserManager):
    """Lets one user in."""

    def get_user(
        self, iserver: Any, username: str | None = None, password: str | None = None, certificate: Any = None
    ) -> User | None:
        del iserver, certificate
        return User(role=UserRole.User) if (username, password) == (USER, PASSWORD) else None


Files = tuple[Path, Path]
Make = Callable[..., OpcUaOptions]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca", "ca")


@pytest.fixture
def client_files(authority: Authority) -> Files:
    return authority.issue("client", uri="urn:chejian:edge", der=True)


@pytest.fixture
def server_files(authority: Authority) -> Files:
    return authority.issue("server", uri="urn:test:server", der=True)


@asynccontextmanager
async def serving(files: Files) -> AsyncIterator[str]:
    """URL of a server that takes nothing but signed and encrypted messages of the one user."""
    server = Server(user_manager=OneUser())
    await server.init()
    url = f"opc.tcp://127.0.0.1:{free_port()}/"
    server.set_endpoint(url)
    await server.set_application_uri("urn:test:server")
    server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
    server.set_identity_tokens([ua.UserNameIdentityToken])
    await server.load_certificate(str(files[0]))
    await server.load_private_key(str(files[1]))
    index = await server.register_namespace("urn:test:plant")
    await server.nodes.objects.add_variable(ua.NodeId(ua.String("Speed"), ua.Int16(index)), "Speed", 12.5)
    async with server:
        yield url


@pytest.fixture
def make(client_files: Files, tmp_path: Path) -> Make:
    """Options as `edge.toml` would give them."""

    def options(url: str, **given: Any) -> OpcUaOptions:
        password = tmp_path / "password"
        password.write_text(f"{given.pop('password', PASSWORD)}\n", "utf-8")
        settings: dict[str, Any] = {
            "username": USER,
            "password_file": password,
            "security": SECURITY,
            "certificate": client_files[0],
            "private_key": client_files[1],
            "request_timeout": Seconds(5),
        }
        return OpcUaOptions(name="s", driver="opcua", url=url, **{**settings, **given})

    return options


async def first_value(options: OpcUaOptions) -> object:
    """The value of the first reading that the driver delivers."""
    driver = OpcUaDriver(options)
    try:
        await driver.connect()
        async for burst in await driver.subscribe({1: driver.parse(ADDRESS)}):
            if burst.readings:
                return burst.readings[0][3]
    finally:
        await driver.close()
    raise AssertionError("no reading")


@pytest.mark.parametrize("pinned", [False, True])
async def test_values_come_signed_and_encrypted(make: Make, server_files: Files, *, pinned: bool) -> None:
    async with serving(server_files) as url:
        given = {"server_certificate": server_files[0]} if pinned else {}
        assert await first_value(make(url, **given)) == 12.5


async def test_another_server_in_its_place_is_not_spoken_to(
    make: Make, server_files: Files, authority: Authority
) -> None:
    other = authority.issue("other", uri="urn:test:server", der=True)
    async with serving(other) as url:
        with pytest.raises(SourceError):
            await first_value(make(url, server_certificate=server_files[0]))


@pytest.mark.parametrize(
    "given",
    [
        {"password": "wrong"},
        {"username": None, "password_file": None},
        {"security": "none", "certificate": None, "private_key": None},
    ],
    ids=["wrong password", "anonymous", "in the clear"],
)
async def test_who_lacks_what_the_server_asks_for_is_told_so(
    make: Make, server_files: Files, given: dict[str, Any]
) -> None:
    async with serving(server_files) as url:
        with pytest.raises(SourceError):
            await first_value(make(url, **given))


async def test_a_key_that_can_not_be_read_is_told(
    make: Make, client_files: Files, server_files: Files
) -> None:
    async with serving(server_files) as url:
        with pytest.raises(SourceError, match="certificate or key can't be used"):
            await first_value(make(url, private_key=client_files[0]))


def test_a_pinned_certificate_without_security_is_refused(make: Make, server_files: Files) -> None:
    with pytest.raises(ConfigValueError, match="only together with security"):
        make(
            "opc.tcp://127.0.0.1:4840/",
            security="none",
            certificate=None,
            private_key=None,
            server_certificate=server_files[0],
        )
