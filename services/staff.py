"""Accounts of window staff and department staff: a username and a password."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import structlog

from models.database import Duplicate
from models.ids import uuid7
from models.rules.events import Role
from models.staff import StaffMember
from models.unit import transaction
from services.actors import Officer
from services.audit import Audit
from services.errors import Conflict, Unauthenticated
from services.passwords import Decoy
from services.ports import Clock, Passwords, Tokens

STAFF_AUDIENCE = "zhangban:staff"
TOKEN_LIFE = timedelta(minutes=30)
MOST_FAILURES = 5
LONGEST_USERNAME = 64
LOCKED_FOR = timedelta(minutes=15)

log = structlog.get_logger(__name__)


class StaffRefused(Unauthenticated):
    """Wrong username, wrong password, locked or closed: the answer does not tell which."""

    code = "staff_login_refused"
    sentence = "用户名或密码不正确。连续输错5次,账号会锁定15分钟。"


class UsernameTaken(Conflict):
    """Somebody has this username."""

    code = "username_taken"
    sentence = "这个用户名已经有人使用。"


@dataclass(frozen=True)
class StaffGrant:
    """A token and whom it names."""

    access_token: str = field(repr=False)
    officer: Officer
    name: str


def read_username(text: str) -> str:
    """Return a username as it is stored: upper and lower case are the same person."""
    # Some small letters take more room than their capitals.
    return text.strip().lower()[:LONGEST_USERNAME]


@dataclass(frozen=True)
class StaffAccounts:
    clock: Clock
    tokens: Tokens
    passwords: Passwords
    audit: Audit
    decoy: Decoy = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "decoy", Decoy(self.passwords))

    async def login(self, username: str, password: str) -> StaffGrant:
        """Return a token of 30 minutes; raise ``StaffRefused``.

        Five wrong passwords in a row lock the account for 15 minutes, for the right one too
        (GB/T 22239-2019, level 3: dealing with failed logins).
        """
        member = await StaffMember.get_or_none(username=read_username(username), active=True)
        hashed = None if member is None else member.password_hash
        right = await self.decoy.verify(hashed, password)
        if member is not None:
            member = await self._settle(member.id, hashed, right=right)
        # Raised out here, for inside it would roll the count of failures back.
        if member is None:
            raise StaffRefused
        log.info("staff.login", staff=str(member.id))
        return self._grant(member)

    @transaction
    async def _settle(
        self, member_id: UUID, hashed: str | None, *, right: bool
    ) -> StaffMember | None:
        # The password was checked without a lock: what counts is how things stand now.
        member = await StaffMember.select_for_update().get(id=member_id)
        now = self.clock.now()
        if member.is_locked(now) or not member.active or member.password_hash != hashed:
            return None
        actor = _officer(member).anyhow
        if right:
            await StaffMember.filter(id=member_id).update(failures=0, locked_until=None)
            await self.audit.record(actor, "staff.login", "staff_member", member_id)
            return member
        failures = member.failures + 1
        locked = failures >= MOST_FAILURES
        if locked:
            log.warning("staff.locked", staff=str(member_id))
            await self.audit.record(actor, "staff.locked", "staff_member", member_id)
        await StaffMember.filter(id=member_id).update(
            failures=0 if locked else failures,
            locked_until=now + LOCKED_FOR if locked else None,
        )
        return None

    async def create(
        self,
        *,
        username: str,
        password: str,
        name: str,
        roles: Collection[Role],
        unit: str,
        window_id: str | None = None,
    ) -> Officer:
        """Add a member of staff; raise ``UsernameTaken``."""
        member = StaffMember(
            id=uuid7(),
            username=read_username(username),
            name=name,
            password_hash=await self.passwords.hash(password),
            roles=sorted(role.value for role in roles),
            unit=unit,
            window_id=window_id,
            created_at=self.clock.now(),
        )
        try:
            await self._add(member)
        except Duplicate as error:
            raise UsernameTaken from error
        return _officer(member)

    @transaction
    async def _add(self, member: StaffMember) -> None:
        await member.save(force_create=True)

    def _grant(self, member: StaffMember) -> StaffGrant:
        officer = _officer(member)
        claims = {
            "sub": str(member.id),
            "roles": member.roles,
            "unit": member.unit,
            "name": member.name,
        }
        token = self.tokens.issue(claims, audience=STAFF_AUDIENCE, ttl=TOKEN_LIFE)
        return StaffGrant(token, officer, member.name)


def _officer(member: StaffMember) -> Officer:
    return Officer(member.id, frozenset(map(Role, member.roles)), member.unit)
