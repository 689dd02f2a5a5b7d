"""Accounts of staff, kept by system administrators; nobody touches their own."""

from typing import Literal
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field

from api.auth import ADMIN
from api.call import Call
from api.routes import Routes
from models.rules.events import Role
from models.rules.units import UnitKind
from models.staff import OrgUnit, StaffMember
from services.actors import Actor, Officer
from services.members import (
    MemberUnknown,
    OwnAccount,
    Post,
    RolesRefused,
    UsernameTaken,
    WindowElsewhere,
)
from services.units import UnitInvalid, UnitTaken, UnitUnknown

members = Routes("members", "/staff/v1/members", ADMIN)
units = Routes("members", "/staff/v1/units", ADMIN)
ROUTES = (members, units)

Word = Literal["WINDOW", "DEPT", "SUPERVISOR", "AUDITOR", "ADMIN"]
POST_ERRORS = (UnitUnknown, RolesRefused, WindowElsewhere)


class PostBody(BaseModel):
    """``head``: leads the unit (负责人), and may approve what its members ask for."""

    model_config = ConfigDict(extra="forbid")

    roles: list[Word] = Field(min_length=1, max_length=6)
    unit_id: str = Field(min_length=1, max_length=32)
    window_id: str | None = Field(None, min_length=1, max_length=32)
    head: bool = False

    def post(self) -> Post:
        return Post(frozenset(map(Role, self.roles)), self.unit_id, self.window_id, self.head)


class NewMember(PostBody):
    username: str = Field(min_length=3, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    name: str = Field(min_length=1, max_length=50)


class MemberView(BaseModel):
    id: UUID
    username: str
    name: str
    roles: list[str]
    unit_id: str
    unit: str
    window_id: str | None
    head: bool
    active: bool
    enrolled: bool
    locked_until: str | None

    @classmethod
    def of(cls, member: StaffMember) -> "MemberView":
        return cls(
            id=member.id,
            username=member.username,
            name=member.name,
            roles=member.roles,
            unit_id=member.unit_id,
            unit=member.unit.name,
            window_id=member.window_id,
            head=member.head,
            active=member.active,
            enrolled=member.totp_since is not None and member.initial_until is None,
            locked_until=member.locked_until.isoformat() if member.locked_until else None,
        )


class MemberPage(BaseModel):
    members: list[MemberView]
    next_after: UUID | None


class MemberQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    unit_id: str | None = Field(None, min_length=1, max_length=32)
    limit: int = Field(50, ge=1, le=200)
    after: UUID | None = None


class FirstPassword(BaseModel):
    """For the first login, within three days; it is shown this once."""

    member_id: UUID
    password: str


def _admin(call: Call[Officer]) -> Actor:
    return call.who.acting_as(Role.ADMIN)


@members.add("GET", "", query=MemberQuery, answer=MemberPage)
async def list_members(call: Call[Officer]) -> MemberPage:
    """List accounts in the order in which they were made."""
    query = call.query(MemberQuery)
    found, after = await call.ctx.members.list(query.unit_id, limit=query.limit, after=query.after)
    return MemberPage(members=list(map(MemberView.of, found)), next_after=after)


@members.add(
    "POST",
    "",
    status=201,
    body=NewMember,
    answer=FirstPassword,
    errors=(UsernameTaken, *POST_ERRORS),
)
async def create_member(call: Call[Officer]) -> FirstPassword:
    """Create an account."""
    body = call.body(NewMember)
    made = await call.ctx.members.create(_admin(call), body.username, body.name, body.post())
    return FirstPassword(member_id=made.officer.id, password=made.password)


@members.add(
    "PUT",
    "/<member_id:uuid>",
    body=PostBody,
    answer=MemberView,
    errors=(MemberUnknown, OwnAccount, *POST_ERRORS),
)
async def change_member(call: Call[Officer], member_id: UUID) -> MemberView:
    """Change roles, unit and window; the member has to log in again."""
    post = call.body(PostBody).post()
    return MemberView.of(await call.ctx.members.change(_admin(call), member_id, post))


@members.add("POST", "/<member_id:uuid>/close", status=204, errors=(MemberUnknown, OwnAccount))
async def close_member(call: Call[Officer], member_id: UUID) -> None:
    """Close an account at once."""
    await call.ctx.members.close(_admin(call), member_id)


@members.add(
    "POST",
    "/<member_id:uuid>/reset-password",
    answer=FirstPassword,
    errors=(MemberUnknown, OwnAccount),
)
async def reset_password(call: Call[Officer], member_id: UUID) -> FirstPassword:
    """Give a new first password; a lock is lifted."""
    password = await call.ctx.members.reset_password(_admin(call), member_id)
    return FirstPassword(member_id=member_id, password=password)


@members.add("POST", "/<member_id:uuid>/reset-totp", status=204, errors=(MemberUnknown, OwnAccount))
async def reset_totp(call: Call[Officer], member_id: UUID) -> None:
    """Take a lost second factor away; the next login sets a new one up."""
    await call.ctx.members.reset_totp(_admin(call), member_id)


class UnitView(BaseModel):
    """``kind``: COUNTY_CENTER, AGENCY or TOWNSHIP."""

    id: str
    name: str
    kind: str
    uscc: str | None
    region: str
    parent_id: str | None

    @classmethod
    def of(cls, unit: OrgUnit) -> "UnitView":
        return cls(
            id=unit.id,
            name=unit.name,
            kind=unit.kind.value,
            uscc=unit.uscc,
            region=unit.region,
            parent_id=unit.parent_id,
        )


class UnitList(BaseModel):
    units: list[UnitView]


@units.add("GET", "", answer=UnitList)
async def list_units(call: Call[Officer]) -> UnitList:
    """List the county's hall, its agencies and its townships."""
    return UnitList(units=list(map(UnitView.of, await call.ctx.units.list())))


class UnitBody(BaseModel):
    """``id`` names a hall or a township; an agency's is its ``uscc``."""

    model_config = ConfigDict(extra="forbid")

    id: str = Field("", max_length=32, pattern=r"^[A-Za-z0-9._-]*$")
    name: str = Field(min_length=2, max_length=100)
    kind: UnitKind
    uscc: str | None = Field(None, min_length=18, max_length=18)
    region: str = Field(pattern="^[0-9]{6,12}$")
    parent_id: str | None = Field(None, min_length=1, max_length=32)

    def unit(self) -> OrgUnit:
        return OrgUnit(**{**self.model_dump(), "id": self.id or uuid4().hex})


@units.add("POST", "", status=201, body=UnitBody, answer=UnitView, errors=(UnitInvalid, UnitTaken))
async def add_unit(call: Call[Officer]) -> UnitView:
    """Add a unit, before anybody can work there."""
    unit = call.body(UnitBody).unit()
    return UnitView.of(await call.ctx.units.add(_admin(call), unit))
