"""The API as a process with a certificate: HTTPS and nothing else; half a setting is refused by name."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from chejian.demo.chain import program
from chejian.stack.child import Child, ProcessSpec
from chejian.stack.ports import free_port
from chejian_cloud.config import load_settings
from chejian_contract.errors import ConfigError

from tests.fixtures.certificates import Authority

WITHIN_S = 120.0

pytestmark = pytest.mark.long
"""The process is started, and compiles its templates, on a machine that is busy with other tests."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca", "ca")


@pytest.fixture
def port(dsn: str, authority: Authority, tmp_path: Path) -> Iterator[int]:
    """Port of an API that speaks HTTPS."""
    certificate, key = authority.issue("api")
    chosen = free_port()
    environment = {
        "CHEJIAN_DSN": dsn,
        "CHEJIAN_HTTP_PORT": str(chosen),
        "CHEJIAN_HTTP_CERTIFICATE": str(certificate),
        "CHEJIAN_HTTP_KEY": str(key),
    }
    child = Child(
        ProcessSpec(
            name="api", argv=[program("chejian-cloud"), "api"], log=tmp_path / "api.log", env=environment
        )
    )

    def ready() -> bool:
        trusted = ssl.create_default_context(cafile=str(authority.certificate))
        try:
            urllib.request.urlopen(f"https://127.0.0.1:{chosen}/readyz", timeout=2, context=trusted).close()
        except OSError:
            return False
        return True

    try:
        child.wait_ready(ready, within=WITHIN_S)
        yield chosen
    finally:
        child.stop()


def test_the_console_is_reached_over_https_only(port: int, authority: Authority, tmp_path: Path) -> None:
    trusted = ssl.create_default_context(cafile=str(authority.certificate))
    with urllib.request.urlopen(f"https://127.0.0.1:{port}/healthz", timeout=5, context=trusted) as answer:
        assert answer.status == 200
    with pytest.raises(OSError, match=r"Remote end closed|reset|[Ii]nvalid"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5)
    other = ssl.create_default_context(cafile=str(Authority(tmp_path / "other", "other").certificate))
    with pytest.raises(urllib.error.URLError, match="certificate verify failed"):
        urllib.request.urlopen(f"https://127.0.0.1:{port}/healthz", timeout=5, context=other)


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"CHEJIAN_HTTP_KEY": "key.pem"}, "http_certificate"),
        ({"CHEJIAN_HTTP_CERTIFICATE": "certificate.pem"}, "http_key"),
        ({"CHEJIAN_HTTP_CERTIFICATE": "nowhere", "CHEJIAN_HTTP_KEY": "key.pem"}, "http_certificate"),
    ],
)
def test_half_a_setting_is_refused(
    given: dict[str, str], key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("key.pem", "certificate.pem"):
        (tmp_path / name).write_text("", "utf-8")
    with pytest.raises(ConfigError, match=f"'{key}'.*a PEM file"):
        load_settings(environ={"CHEJIAN_DSN": "postgresql://db/x", **given})
