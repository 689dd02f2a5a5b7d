"""Logging in as a member of staff: a password, a code that is used once, a short session."""

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import orjson
import structlog

from models.database import rows
from models.ids import uuid7
from models.rules.events import Role
from models.rules.units import UnitKind
from models.staff import StaffMember, StaffSession
from models.unit import transaction
from services import second_factor
from services.actors import Office, Officer
from services.audit import Audit
from services.errors import Unauthenticated
from services.passwords import Decoy
from services.ports import Clock, Crypto, OneTimeCodes, Passwords, Tokens
from services.units import officer_of

STAFF_AUDIENCE = "zhangban:staff"
TOKEN_LIFE = timedelta(minutes=30)
MOST_FAILURES = 5
LONGEST_USERNAME = 64
LOCKED_FOR = timedelta(minutes=15)
# Read with every request: a closed account, changed roles and a logout count at once.
SESSION = """
SELECT s.setup, m.id, m.roles, u.id AS unit_id, u.name, u.kind, u.uscc
FROM staff_sessions s JOIN staff_members m ON m.id = s.member_id JOIN units u ON u.id = m.unit_id
WHERE s.id = $1 AND s.member_id = $2 AND s.ended_at IS NULL AND s.expires_at > $3 AND m.active"""
FORGET = "DELETE FROM staff_sessions WHERE member_id = $1 AND expires_at < $2"

log = structlog.get_logger(__name__)


class StaffRefused(Unauthenticated):
    """Wrong username, password or code, locked or closed: the answer does not tell which."""

    code = "staff_login_refused"
    sentence = "用户名、密码或动态验证码不正确。连续输错5次,账号会锁定15分钟。"


@dataclass(frozen=True)
class StaffGrant:
    """A token and whom it names. ``setup`` tells what has to be done before it opens anything."""

    access_token: str = field(repr=False)
    officer: Officer
    name: str
    setup: tuple[str, ...] = ()


@dataclass(frozen=True)
class Present:
    """A member of staff with a session that stands."""

    officer: Officer
    session_id: UUID
    setup: bool


def read_username(text: str) -> str:
    """Return a username as it is stored: upper and lower case are the same person."""
    # Some small letters take more room than their capitals.
    return text.strip().lower()[:LONGEST_USERNAME]


def missing(member: StaffMember) -> tuple[str, ...]:
    """Return what a member has to set up: a password of their own, a second factor."""
    wanted = {"password": member.initial_until is not None, "totp": member.totp_since is None}
    return tuple(name for name, lacks in wanted.items() if lacks)


@dataclass(frozen=True)
class StaffAccounts:
    clock: Clock
    tokens: Tokens
    passwords: Passwords
    crypto: Crypto
    codes: OneTimeCodes
    audit: Audit
    decoy: Decoy = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "decoy", Decoy(self.passwords))

    async def login(self, username: str, password: str, otp: str = "") -> StaffGrant:
        """Return a token of 30 minutes; raise ``StaffRefused``.

        ``otp`` is the code of the moment or a recovery code; whoever has no second factor yet
        gets a token that only sets it up. Five failures in a row, of password or code, lock the
        account for 15 minutes, for what is right too (GB/T 22239-2019, 8.1.4.1).
        """
        member = await StaffMember.get_or_none(username=read_username(username), active=True)
        hashed = None if member is None else member.password_hash
        right = await self.decoy.verify(hashed, password)
        grant = None
        if member is not None:
            grant = await self._settle(member.id, hashed, otp, right=right)
        # Raised out here, for inside it would roll the count of failures back.
        if grant is None:
            raise StaffRefused
        log.info("staff.login", staff=str(grant.officer.id))
        return grant

    @transaction
    async def _settle(
        self, member_id: UUID, hashed: str | None, otp: str, *, right: bool
    ) -> StaffGrant | None:
        # The password was checked without a lock: what counts is how things stand now.
        member = await StaffMember.select_for_update().get(id=member_id)
        await member.fetch_related("unit")
        now = self.clock.now()
        if member.is_locked(now) or not member.active or member.password_hash != hashed:
            return None
        late = member.initial_until is not None and now >= member.initial_until
        if not right or late or not await self._second(member, otp):
            await self._fail(member)
            return None
        await StaffMember.filter(id=member_id).update(failures=0, locked_until=None)
        officer = officer_of(member)
        await self.audit.record(officer.anyhow, "staff.login", "staff_member", member_id)
        return await self._grant(member)

    async def _second(self, member: StaffMember, otp: str) -> bool:
        if member.totp_since is None:
            return True
        given = second_factor.check(self.crypto, self.codes, member, otp, self.clock.now())
        if given is None:
            return False
        await StaffMember.filter(id=member.id).update(**given.columns)
        if given.by_recovery:
            facts = {"left": len(given.columns["recovery"])}
            actor = officer_of(member).anyhow
            await self.audit.record(actor, "staff.recovery", "staff_member", member.id, facts)
        return True

    async def _fail(self, member: StaffMember) -> None:
        failures = member.failures + 1
        locked = failures >= MOST_FAILURES
        if locked:
            log.warning("staff.locked", staff=str(member.id))
            actor = officer_of(member).anyhow
            await self.audit.record(actor, "staff.locked", "staff_member", member.id)
        await StaffMember.filter(id=member.id).update(
            failures=0 if locked else failures,
            locked_until=self.clock.now() + LOCKED_FOR if locked else None,
        )

    async def _grant(self, member: StaffMember) -> StaffGrant:
        now, lacks = self.clock.now(), missing(member)
        await rows(FORGET, [member.id, now - TOKEN_LIFE])
        session = await StaffSession.create(
            id=uuid7(),
            member_id=member.id,
            setup=bool(lacks),
            started_at=now,
            expires_at=now + TOKEN_LIFE,
        )
        # The rest is read where it is kept; the unit is for who reads logs of a proxy.
        claims = {"sub": str(member.id), "sid": str(session.id), "unit": member.unit_id}
        token = self.tokens.issue(claims, audience=STAFF_AUDIENCE, ttl=TOKEN_LIFE)
        return StaffGrant(token, officer_of(member), member.name, lacks)

    async def authenticate(self, token: str) -> Present:
        """Return who has a session, as they stand now; raise ``Unauthenticated``."""
        claims = self.tokens.read(token, audience=STAFF_AUDIENCE)
        try:
            session_id, member_id = UUID(claims["sid"]), UUID(claims["sub"])
        except (KeyError, ValueError, AttributeError) as error:
            raise Unauthenticated from error
        found = await rows(SESSION, [session_id, member_id, self.clock.now()])
        if not found:
            raise Unauthenticated
        [row] = found
        office = Office(row["unit_id"], row["name"], UnitKind(row["kind"]), row["uscc"])
        roles = frozenset(map(Role, orjson.loads(row["roles"])))
        return Present(Officer(row["id"], roles, office), session_id, row["setup"])

    @transaction
    async def logout(self, present: Present) -> None:
        """End a session; its token opens nothing any more."""
        now = self.clock.now()
        await StaffSession.filter(id=present.session_id, ended_at=None).update(ended_at=now)
        who = present.officer
        await self.audit.record(who.anyhow, "staff.logout", "staff_member", who.id)
