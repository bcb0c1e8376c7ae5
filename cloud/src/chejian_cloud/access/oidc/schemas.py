"""Bodies of identity providers."""

from typing import Annotated

from chejian_contract.config import ConfigValueError
from pydantic import Field, StringConstraints

from chejian_cloud.access.oidc.spec import (
    CODE,
    LONGEST,
    MOST_GRANTS,
    Authentication,
    Grant,
    Level,
    ProviderSpec,
)
from chejian_cloud.access.permissions import Role
from chejian_cloud.access.schemas import Label
from chejian_cloud.errors import InvalidValueError
from chejian_cloud.jsontypes import Out
from chejian_cloud.reasons.schemas import In

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]
ProviderCode = Annotated[str, StringConstraints(pattern=CODE)]


class GrantBody(In):
    """A role that a value of the provider's claim gives."""

    value: Text = Field(examples=["/chejian/engineers"])
    role: Role = Field(examples=["engineer"])
    organisation: Text | None = Field(
        default=None,
        examples=["hlj-demo"],
        description="Code; its kind follows from the role. null for platform_admin only.",
    )


class ProviderIn(In):
    """An identity provider. The secret of its client is a file beside the API, never in a request."""

    name_zh: Label = Field(examples=["企业统一身份认证"])
    name_en: Label = Field(examples=["Enterprise SSO"])
    issuer: Text = Field(examples=["https://sso.example.com/realms/plant"])
    client_id: Text = Field(examples=["chejian"])
    authentication: Authentication = "client_secret_basic"
    scopes: list[Text] = Field(default=["openid", "profile"], min_length=1, max_length=20)
    level: Level = Field(examples=["enterprise"])
    organisation: Text | None = Field(
        default=None, examples=["hlj-demo"], description="Code. null for the platform."
    )
    claim: Text = Field(default="groups", description="Whose values give roles; dots lead into objects.")
    grants: list[GrantBody] = Field(
        default=[],
        max_length=MOST_GRANTS,
        examples=[[{"value": "/chejian/engineers", "role": "engineer", "organisation": "hlj-demo"}]],
    )
    adds_accounts: bool = Field(
        default=True, description="Whether somebody new, with a role, gets an account."
    )
    active: bool = True

    def spec(self, code: str) -> ProviderSpec:
        """The provider as it is stored.

        Raises:
            InvalidValueError: names what is wrong.
        """
        given = self.model_dump(exclude={"grants", "scopes"})
        try:
            grants = tuple(Grant(**grant.model_dump()) for grant in self.grants)
            return ProviderSpec(code=code, scopes=tuple(self.scopes), grants=grants, **given)
        except ConfigValueError as error:
            raise InvalidValueError(error.key, error.value, error.allowed) from error


class GrantOut(Out):
    """A role that a value of the provider's claim gives."""

    value: str
    role: Role
    organisation: str | None


class ProviderOut(Out):
    """An identity provider; never its secret."""

    code: str
    name_zh: str
    name_en: str
    issuer: str
    client_id: str
    authentication: Authentication
    scopes: list[str]
    level: Level
    organisation: str | None
    claim: str
    grants: list[GrantOut]
    adds_accounts: bool
    active: bool


class TieIn(In):
    """Whom a provider calls this account."""

    provider: ProviderCode = Field(examples=["plant"])
    subject: Annotated[str, StringConstraints(min_length=1, max_length=255)] = Field(
        examples=["248289761001"], description="`sub` of its ID tokens."
    )
