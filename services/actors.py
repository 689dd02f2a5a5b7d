"""Who is acting: the values that the edge makes of a token and the rules ask about."""

from dataclasses import dataclass
from uuid import UUID

from models.rules.events import Role
from models.rules.units import UnitKind


@dataclass(frozen=True)
class Citizen:
    """A citizen with a live session."""

    account_id: UUID
    session_id: UUID

    @property
    def actor(self) -> "Actor":
        return Actor(Role.APPLICANT, str(self.account_id), None)


@dataclass(frozen=True)
class Office:
    """The unit that somebody works in; ``uscc`` is an agency's 统一社会信用代码."""

    id: str
    name: str
    kind: UnitKind
    uscc: str | None = None


@dataclass(frozen=True)
class Officer:
    """A member of staff and the unit that they work in."""

    id: UUID
    roles: frozenset[Role]
    office: Office

    @property
    def unit(self) -> str:
        return self.office.name

    def roles_for(self, agency_uscc: str) -> frozenset[Role]:
        """Return the roles in the affairs of an agency: another department is none there."""
        if self.office.uscc == agency_uscc:
            return self.roles
        return self.roles - {Role.DEPT}

    def acting_as(self, role: Role) -> "Actor":
        return Actor(role, str(self.id), self.unit)

    @property
    def anyhow(self) -> "Actor":
        """Return the officer in whatever role they have, the window's first."""
        order = (Role.WINDOW, Role.DEPT, Role.SUPERVISOR, *Role)
        return self.acting_as(next(role for role in order if role in self.roles))


@dataclass(frozen=True)
class Machine:
    """A back-office system of one agency; ``items`` are the codes it is limited to, if any."""

    client_id: str
    agency_uscc: str
    name: str
    items: frozenset[str] = frozenset()

    def handles(self, item_code: str) -> bool:
        """Tell whether an item of the agency is this system's."""
        return not self.items or item_code in self.items

    def answers_for(self, agency_uscc: str, item_code: str) -> bool:
        """Tell whether a case is this system's: its agency's, and one of its items'."""
        return self.agency_uscc == agency_uscc and self.handles(item_code)

    @property
    def actor(self) -> "Actor":
        return Actor(Role.BACKOFFICE, self.client_id, self.name)


@dataclass(frozen=True)
class Actor:
    """Who takes a step of the lifecycle, as the event row remembers it."""

    role: Role
    id: str | None
    unit: str | None


@dataclass(frozen=True)
class RollUp(Actor):
    """The system in the place of a role: a joint case's own step, which follows from its
    children's (联办件)."""


SYSTEM = Actor(Role.SYSTEM, None, None)
