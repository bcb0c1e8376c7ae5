"""Bodies of accounts, tokens and the audit journal."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from chejian_cloud.access.permissions import Permission, Role
from chejian_cloud.jsontypes import Moment, Out
from chejian_cloud.reasons.schemas import In

Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)]


class ReachOut(Out):
    """Where a permission holds."""

    permission: Permission
    everything: bool = Field(description="Everywhere, and for what belongs to no enterprise.")
    enterprises: list[int]


class MeOut(Out):
    """Who asks."""

    name: str = Field(examples=["zhang.san"])
    display_name: str = Field(examples=["张三"])
    permissions: list[ReachOut]


class OrganisationOut(Out):
    """A node of the organisation tree."""

    organisation_id: int
    parent_id: int | None
    kind: Literal["province", "city", "enterprise"]
    code: str = Field(examples=["230100"])
    name_zh: str = Field(examples=["哈尔滨市"])
    name_en: str = Field(examples=["Harbin"])
    enterprise_id: int | None


class PostBody(In):
    """A role in an organisation."""

    role: Role
    organisation_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = Field(
        default=None, description="null for platform_admin only."
    )


class AccountOut(Out):
    """An account."""

    account_id: int
    name: str
    display_name: str
    kind: Literal["person", "service"]
    active: bool
    oidc: bool = Field(description="Whether an OIDC provider vouches for it.")
    roles: list[PostBody]
    created_at: Moment


_POSTS = [{"role": "operator", "organisation_id": 15}]


class AccountIn(In):
    """A new account."""

    name: Name = Field(examples=["zhang.san"])
    display_name: Label = Field(examples=["张三"])
    kind: Literal["person", "service"] = "person"
    roles: list[PostBody] = Field(min_length=1, max_length=50, examples=[_POSTS])


class NewAccountOut(Out):
    """A new account; `link` is shown this once."""

    account_id: int
    link: str | None = Field(description="Path of the page where the person sets the password, for 24 hours.")


class AccountChange(In):
    """What changes of an account."""

    display_name: Label | None = Field(default=None, examples=["张三"])
    active: bool | None = None


class RolesIn(In):
    """All roles of an account."""

    roles: list[PostBody] = Field(min_length=1, max_length=50, examples=[_POSTS])


class LinkOut(Out):
    """A one-time link, shown this once."""

    link: str


class TokenIn(In):
    """A new machine token."""

    label: Label = Field(examples=["MES of workshop 1"])
    permissions: list[Permission] = Field(min_length=1, max_length=10, examples=[["read", "operate"]])
    days: int = Field(ge=1, le=400, examples=[365], description="[d] until it ends.")


class TokenOut(Out):
    """A machine token, without its secret."""

    token_id: int
    label: str
    permissions: list[Permission]
    created_at: Moment
    created_by: str
    expires_at: Moment
    last_used_at: Moment | None
    revoked_at: Moment | None


class NewTokenOut(TokenOut):
    """A new machine token; `token` is shown this once and goes into the header `Authorization: Bearer ...`."""

    token: str


class AuditOut(Out):
    """A line of the audit journal."""

    audit_id: int
    at: Moment
    account_id: int | None
    account_name: str
    token_id: int | None
    enterprise_id: int | None
    action: str = Field(examples=["PUT /api/v1/orders"])
    target: dict[str, Any]
    address: str
