"""Members of staff who went through their first login, and the codes on their phones."""

from dataclasses import dataclass
from uuid import UUID

import pyotp

from integrations.passwords import ArgonPasswords
from integrations.totp import PyotpCodes
from models.rules.events import Role
from models.staff import StaffMember
from services.actors import SYSTEM, Officer
from services.enrolment import Enrolment
from services.members import Members, Post
from services.ports import Passwords
from services.staff import Present, StaffAccounts
from tests.world import World

PASSWORD = "Correct-horse-7"
FIRST = "First-password-1"
CODES = PyotpCodes("掌办")


def cheap() -> Passwords:
    """Return passwords at the least cost."""
    return ArgonPasswords(time_cost=1, memory_kib=8)


def staff_of(world: World, passwords: Passwords | None = None) -> StaffAccounts:
    return StaffAccounts(
        world.clock,
        world.ctx.tokens,
        passwords or cheap(),
        world.parts.adapters.crypto,
        CODES,
        world.parts.audit,
    )


def enrolment_of(world: World) -> Enrolment:
    return Enrolment(world.clock, cheap(), world.parts.adapters.crypto, CODES, world.parts.audit)


def members_of(world: World) -> Members:
    return Members(world.clock, cheap(), world.parts.audit)


@dataclass
class Enrolled:
    """Somebody with a password and an authenticator app."""

    world: World
    officer: Officer
    username: str
    secret: str
    recovery: list[str]

    def code(self, step: int = 0) -> str:
        """Return the code of now, or of ``step`` half minutes later."""
        return pyotp.TOTP(self.secret).at(int(self.world.clock.now().timestamp()) + 30 * step)

    async def row(self) -> StaffMember:
        return await StaffMember.get(id=self.officer.id)


async def present(world: World, member_id: UUID, *, setup: bool = True) -> Present:
    """Return a member with a session, though nobody logged in."""
    row = await StaffMember.get(id=member_id)
    await row.fetch_related("unit")
    grant = await staff_of(world)._grant(row)
    found = await staff_of(world).authenticate(grant.access_token)
    assert found.setup is setup
    return found


async def enrolled(
    world: World,
    username: str = "chen.window",
    roles: tuple[Role, ...] = (Role.WINDOW,),
    unit_id: str = "COUNTY",
) -> Enrolled:
    """Return a member who changed the first password and set the second factor up."""
    post = Post(frozenset(roles), unit_id)
    made = await members_of(world).create(SYSTEM, username, "陈窗口", post, FIRST)
    staff, enrolment = staff_of(world), enrolment_of(world)
    grant = await staff.login(username, FIRST)
    assert grant.setup == ("password", "totp")
    who = await staff.authenticate(grant.access_token)
    await enrolment.change_password(who, FIRST, PASSWORD)
    secret = (await enrolment.begin_totp(who)).secret
    before = int(world.clock.now().timestamp()) - 30
    recovery = await enrolment.confirm_totp(who, pyotp.TOTP(secret).at(before))
    return Enrolled(world, made.officer, username, secret, list(recovery))
