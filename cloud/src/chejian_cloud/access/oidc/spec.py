"""An identity provider as it is registered: a checked record, from a TOML file or from the API."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import urlsplit

from chejian_contract.config import ConfigValueError

from chejian_cloud.access.permissions import PLACE, Role

CODE: Final = r"^[a-z0-9][a-z0-9-]{0,39}$"
LONGEST: Final = 500
"""Characters of an address, a name, a value of a claim."""
MOST_GRANTS: Final = 500
Level = Literal["platform", "province", "city", "enterprise"]
Authentication = Literal["client_secret_basic", "client_secret_post", "none"]
_PLAIN: Final = re.compile(r"^[!#-;=?-\[\]_a-z~]+\Z")
"""Characters of a URL: no space, quotes, angle brackets, backslash or control character."""
_SCOPE: Final = re.compile(r"^[!#-\[\]-~]+\Z")


def is_address(url: str, *, over_http: bool) -> bool:
    """Whether a provider may be asked at a URL: HTTPS, or plain HTTP to this machine where that is allowed."""
    if not _PLAIN.match(url) or len(url) > LONGEST:
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and over_http and _is_loopback(host))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A role that people get whom the provider says something about.

    Attributes:
        value: one value of the provider's claim, e.g. a group.
        role: what it gives.
        organisation: code of where; its kind follows from the role; None for `platform_admin` only.
    """

    value: str
    role: Role
    organisation: str | None = None

    def __post_init__(self) -> None:
        if not 0 < len(self.value) <= LONGEST:
            raise ConfigValueError("value", self.value, f"1 to {LONGEST} characters")
        if (PLACE[self.role] is None) != (self.organisation is None):
            wanted = (
                "none" if PLACE[self.role] is None else f"code of an organisation of kind {PLACE[self.role]}"
            )
            raise ConfigValueError("organisation", self.organisation, f"{wanted}, for the role {self.role}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSpec:
    """An identity provider.

    Attributes:
        code: in the address of its log-in, 1 to 40 small letters, digits and "-".
        name_zh: on the button of the log-in page.
        name_en: likewise.
        issuer: its URL exactly as its tokens name it; its documents are read below it. HTTPS.
        client_id: by which it knows this platform.
        authentication: how the platform proves itself when it exchanges a code. The client's secret is a file, see
            `Settings.identity`; "none": a public client, for which PKCE alone speaks.
        scopes: what is asked for, "openid" among them.
        level: kind of the organisation that the provider belongs to.
        organisation: its code; None for the platform. Nobody gets a role outside it.
        claim: of the ID token or of userinfo, whose values give roles; dots lead into objects ("realm_access.roles").
        grants: which value gives which role. With grants, the roles of its people are these and no others, at each log-in
            anew; without, roles are given here, to accounts that are tied to a subject.
        adds_accounts: whether somebody new gets an account when a grant gives a role. Without a role nobody does.
        active: whether it is offered and trusted.
    """

    code: str
    name_zh: str
    name_en: str
    issuer: str
    client_id: str
    authentication: Authentication = "client_secret_basic"
    scopes: tuple[str, ...] = ("openid", "profile")
    level: Level
    organisation: str | None = None
    claim: str = "groups"
    grants: tuple[Grant, ...] = ()
    adds_accounts: bool = True
    active: bool = True

    def __post_init__(self) -> None:
        if not re.fullmatch(CODE, self.code) or self.code.endswith("\n"):
            raise ConfigValueError("code", self.code, "1 to 40 small letters, digits and '-'")
        for key in ("name_zh", "name_en", "client_id", "claim"):
            if not 0 < len(getattr(self, key).strip()) <= LONGEST:
                raise ConfigValueError(key, getattr(self, key), f"1 to {LONGEST} characters")
        if not is_address(self.issuer, over_http=True) or "?" in self.issuer:
            raise ConfigValueError("issuer", self.issuer, "a URL https://..., without query and fragment")
        if "openid" not in self.scopes or not all(_SCOPE.match(scope) for scope in self.scopes):
            raise ConfigValueError("scopes", list(self.scopes), 'words without spaces, "openid" among them')
        if (self.level == "platform") != (self.organisation is None):
            raise ConfigValueError(
                "organisation", self.organisation, f"a code, or none for the platform; level is {self.level}"
            )
        if len(self.grants) > MOST_GRANTS or len(set(self.grants)) < len(self.grants):
            raise ConfigValueError("grants", len(self.grants), f"{MOST_GRANTS} at most, each once")
