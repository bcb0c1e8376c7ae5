"""Permissions, and the roles that hold them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from chejian_cloud.db.rows import EVERYTHING


class Permission(StrEnum):
    """What a route asks of its caller."""

    PUBLIC = "public"
    """Nothing: everybody, logged in or not."""
    SELF = "self"
    """An account; the route concerns nobody else."""
    READ = "read"
    """See registry, figures and samples, and export them."""
    OPERATE = "operate"
    """Record what happened: reasons of stops, inspections, parts and maintenance orders."""
    ENGINEER = "engineer"
    """Change what figures are computed with: cycles, calendars, orders, factors, days of service."""
    ASSESS = "assess"
    """Fill in assessments of an enterprise and submit them."""
    REVIEW = "review"
    """Review what enterprises of a city submitted."""
    APPROVE = "approve"
    """Approve what the cities reviewed, and keep the programme."""
    REGION = "region"
    """Enter and submit what holds for a province or city."""
    ACCOUNTS = "accounts"
    """Administer accounts of an organisation."""
    AUDIT = "audit"
    """Read the audit journal."""
    PLATFORM = "platform"
    """Administer the platform: the organisation tree, platform administrators."""


class Role(StrEnum):
    """A role; the organisation that it is given in bounds it."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ENGINEER = "engineer"
    ENTERPRISE_ADMIN = "enterprise_admin"
    CITY = "city"
    PROVINCE = "province"
    PLATFORM_ADMIN = "platform_admin"


_SEE = frozenset({Permission.SELF, Permission.READ})
_OPERATE = _SEE | {Permission.OPERATE}
_ENGINEER = _OPERATE | {Permission.ENGINEER, Permission.ASSESS}
_ADMINISTER = _ENGINEER | {Permission.ACCOUNTS, Permission.AUDIT}
_OVERSEE = _SEE | {Permission.AUDIT}

GRANTS: Final[Mapping[Role, frozenset[Permission]]] = {
    Role.VIEWER: _SEE,
    Role.OPERATOR: _OPERATE,
    Role.ENGINEER: _ENGINEER,
    Role.ENTERPRISE_ADMIN: _ADMINISTER,
    Role.CITY: _OVERSEE | {Permission.REVIEW, Permission.REGION},
    Role.PROVINCE: _OVERSEE | {Permission.APPROVE, Permission.REGION},
    Role.PLATFORM_ADMIN: _ADMINISTER | {Permission.PLATFORM},
}
PLACE: Final[Mapping[Role, str | None]] = {
    Role.VIEWER: "enterprise",
    Role.OPERATOR: "enterprise",
    Role.ENGINEER: "enterprise",
    Role.ENTERPRISE_ADMIN: "enterprise",
    Role.CITY: "city",
    Role.PROVINCE: "province",
    Role.PLATFORM_ADMIN: None,
}
"""Role -> kind of organisation that it is given in; None: the platform as a whole."""
TOKEN_PERMISSIONS: Final = tuple(p for p in Permission if p not in {Permission.PUBLIC, Permission.SELF})
"""What a machine token may be narrowed to."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Enterprises and regions that a permission covers.

    Attributes:
        enterprises: their ids.
        everything: all of them, and what belongs to none.
        regions: codes of the provinces and cities.
    """

    enterprises: frozenset[int] = frozenset()
    everything: bool = False
    regions: frozenset[str] = frozenset()

    def __or__(self, other: Self) -> "Reach":
        return Reach(
            self.enterprises | other.enterprises,
            self.everything or other.everything,
            self.regions | other.regions,
        )

    def holds(self, enterprise_id: int) -> bool:
        """Whether an enterprise lies inside."""
        return self.everything or enterprise_id in self.enterprises

    @property
    def setting(self) -> str:
        """As `chejian.enterprises` of a transaction takes it."""
        return EVERYTHING if self.everything else ",".join(map(str, sorted(self.enterprises)))

    @property
    def region_setting(self) -> str:
        """As `chejian.regions` of a transaction takes it; who has everything needs none."""
        return ",".join(sorted(self.regions))


NOTHING: Final = Reach()
ALL: Final = Reach(everything=True)
