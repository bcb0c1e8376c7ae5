"""HTTP routes of accounts, tokens, identity providers, organisations and the audit journal."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Request, Response
from sqlalchemy import or_, select

from chejian_cloud.access import accounts, log_in, tokens
from chejian_cloud.access.accounts import Person, Post
from chejian_cloud.access.caller import Caller, caller_of
from chejian_cloud.access.oidc import providers, ties
from chejian_cloud.access.oidc.schemas import ProviderIn, ProviderOut, TieIn
from chejian_cloud.access.oidc.spec import CODE
from chejian_cloud.access.permissions import Permission
from chejian_cloud.access.schemas import (
    AccountChange,
    AccountIn,
    AccountOut,
    AuditOut,
    LinkOut,
    MeOut,
    NewAccountOut,
    NewTokenOut,
    OrganisationOut,
    PostBody,
    ReachOut,
    RolesIn,
    TokenIn,
    TokenOut,
)
from chejian_cloud.conditional import Check, SeenBefore, tagged
from chejian_cloud.db.access import Audit, Membership, Organisation
from chejian_cloud.db.engine import DoorSession
from chejian_cloud.once import Once
from chejian_cloud.paging import Page, paging
from chejian_cloud.registry.scope import MAX_ID

router = APIRouter(tags=["access"])

AccountId = Annotated[int, Path(ge=1, le=MAX_ID, examples=[1])]
AccountsPage = Annotated[Page, Depends(paging({"name": str}, most=accounts.MOST))]
TokensPage = Annotated[Page, Depends(paging({"token_id": int}))]
AuditPage = Annotated[Page, Depends(paging({"audit_id": int}))]
CallerIs = Annotated[Caller, Depends(caller_of)]


@router.get("/me")
def get_me(caller: CallerIs) -> MeOut:
    """Who asks, and what that may."""
    held = [
        ReachOut(permission=p, everything=reach.everything, enterprises=sorted(reach.enterprises))
        for p, reach in sorted(caller.held.items())
    ]
    return MeOut(name=caller.name, display_name=caller.display_name, permissions=held)


@router.get("/organisations")
def get_organisations(session: DoorSession, caller: CallerIs) -> list[OrganisationOut]:
    """The organisation tree, as far as the caller sees it."""
    rows = accounts.organisations(session, caller.reach(Permission.READ))
    return [OrganisationOut.model_validate(row) for row in rows]


@router.get("/accounts")
def get_accounts(
    session: DoorSession,
    caller: CallerIs,
    page: AccountsPage,
) -> list[AccountOut]:
    """Accounts with a role in what the caller administers, by name."""
    found = accounts.list_accounts(session, caller.reach(Permission.ACCOUNTS), page.part)
    return page.cut([_told(person) for person in found])


def _told(person: Person) -> AccountOut:
    return AccountOut(
        account_id=person.account.account_id,
        name=person.account.name,
        display_name=person.account.display_name,
        kind="service" if person.account.kind == "service" else "person",
        active=person.account.active,
        oidc=person.account.issuer is not None,
        roles=[PostBody(role=p.role, organisation_id=p.organisation_id) for p in person.posts],
        created_at=person.account.created_at,
    )


@router.get("/accounts/{account_id}")
def get_account(
    session: DoorSession, response: Response, caller: CallerIs, account_id: AccountId
) -> AccountOut:
    """One account; its ETag is what edits of it take as `If-Match`."""
    return tagged(response, _told(accounts.find(session, caller, account_id)))


def _unchanged(session: DoorSession, seen: SeenBefore, caller: CallerIs, account_id: AccountId) -> Check:
    return seen.unchanged(
        lambda: accounts.lock(session, account_id), lambda: _told(accounts.find(session, caller, account_id))
    )


Unchanged = Annotated[Check, Depends(_unchanged)]


def _posts(roles: list[PostBody]) -> list[Post]:
    return [Post(p.role, p.organisation_id) for p in roles]


@router.post("/accounts", status_code=201)
def post_account(session: DoorSession, once: Once, caller: CallerIs, body: AccountIn) -> NewAccountOut:
    """Add an account; a person gets a link to set the password, a service gets tokens."""

    def add() -> NewAccountOut:
        posts = _posts(body.roles)
        account, link = accounts.add(session, caller, body.name, body.display_name, body.kind, posts)
        return NewAccountOut(account_id=account.account_id, link=link and log_in.path_of(link))

    return once.do(session, add, secret=body.kind == "person")


@router.patch("/accounts/{account_id}", status_code=204)
def patch_account(
    session: DoorSession, unchanged: Unchanged, caller: CallerIs, account_id: AccountId, body: AccountChange
) -> None:
    """Change an account's name or state; an inactive one is logged out everywhere."""
    unchanged()
    accounts.change(session, caller, account_id, display_name=body.display_name, active=body.active)


@router.put("/accounts/{account_id}/memberships", status_code=204)
def put_memberships(
    session: DoorSession, unchanged: Unchanged, caller: CallerIs, account_id: AccountId, body: RolesIn
) -> None:
    """Give an account these roles and no others."""
    unchanged()
    accounts.set_posts(session, caller, account_id, _posts(body.roles))


@router.post("/accounts/{account_id}/link", status_code=201)
def post_link(session: DoorSession, caller: CallerIs, account_id: AccountId) -> LinkOut:
    """A link by which a person sets a new password."""
    return LinkOut(link=log_in.path_of(accounts.new_link(session, caller, account_id)))


@router.get("/accounts/{account_id}/tokens")
def get_tokens(
    session: DoorSession, caller: CallerIs, page: TokensPage, account_id: AccountId
) -> list[TokenOut]:
    """Tokens of a service account, newest first, revoked ones too."""
    found = tokens.of_account(session, caller, account_id, page.part)
    return page.cut([TokenOut.model_validate(t) for t in found])


@router.post("/accounts/{account_id}/tokens", status_code=201)
def post_token(
    session: DoorSession, once: Once, caller: CallerIs, account_id: AccountId, body: TokenIn
) -> NewTokenOut:
    """A new token of a service account; its secret is in this answer and nowhere else."""

    def make() -> NewTokenOut:
        account = accounts.find(session, caller, account_id).account
        token, secret = tokens.make(
            session, account, body.label, body.permissions, days=body.days, made_by=caller.name
        )
        accounts.note(session, caller, "make token", account, token_id=token.token_id, label=body.label)
        return NewTokenOut(**TokenOut.model_validate(token).model_dump(), token=secret)

    return once.do(session, make, secret=True)


@router.delete("/tokens/{token_id}", status_code=204)
def delete_token(
    session: DoorSession, caller: CallerIs, token_id: Annotated[int, Path(ge=1, le=MAX_ID, examples=[1])]
) -> None:
    """Revoke a token."""
    token = tokens.revoke(session, caller, token_id)
    account = accounts.find(session, caller, token.account_id).account
    accounts.note(session, caller, "revoke token", account, token_id=token_id)


@router.put("/accounts/{account_id}/identity", status_code=204)
def put_identity(session: DoorSession, caller: CallerIs, account_id: AccountId, body: TieIn) -> None:
    """Let an identity provider vouch for an account from now on; its password ends."""
    ties.tie(session, caller, account_id, body.provider, body.subject)


@router.delete("/accounts/{account_id}/identity", status_code=204)
def delete_identity(session: DoorSession, caller: CallerIs, account_id: AccountId) -> None:
    """Let no identity provider vouch for an account any more; it gets a password by a link."""
    ties.untie(session, caller, account_id)


@router.get("/identity-providers")
def get_providers(session: DoorSession) -> list[ProviderOut]:
    """All identity providers, by code."""
    return [ProviderOut.model_validate(spec) for spec in providers.everything(session)]


@router.put("/identity-providers/{provider}", status_code=204)
def put_provider(
    request: Request,
    session: DoorSession,
    caller: CallerIs,
    provider: Annotated[str, Path(pattern=CODE, examples=["plant"])],
    body: ProviderIn,
) -> None:
    """Register an identity provider, or change it; whoever came in by it has to log in again."""
    signer = providers.Signer(caller.account_id, caller.name, caller.address, caller.token_id)
    over_http = request.app.state.settings.identity_over_http
    providers.store(session, body.spec(provider), signer, over_http=over_http)


@router.get("/audit")
def get_audit(
    session: DoorSession,
    caller: CallerIs,
    page: AuditPage,
) -> list[AuditOut]:
    """The audit journal, newest first: what happened to own enterprises, and what their people did."""
    query = page.part.of(select(Audit), Audit.audit_id, descending=True)
    reach = caller.reach(Permission.AUDIT)
    if not reach.everything:
        people = (
            select(Membership.account_id)
            .join(Organisation, Organisation.organisation_id == Membership.organisation_id)
            .where(Organisation.enterprise_id.in_(reach.enterprises))
        )
        nobodys = Audit.enterprise_id.is_(None) & Audit.account_id.in_(people)
        query = query.where(or_(Audit.enterprise_id.in_(reach.enterprises), nobodys))
    return page.cut([AuditOut.model_validate(row) for row in session.scalars(query)])
