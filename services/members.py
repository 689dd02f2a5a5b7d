"""Members of staff as administrators keep them: who they are, what they may, when they leave."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from models.database import Duplicate
from models.ids import uuid7
from models.rules.events import Role
from models.rules.powers import may_hold
from models.staff import OrgUnit, StaffMember, StaffSession, Window
from models.unit import transaction
from services.actors import Actor, Officer
from services.audit import Audit
from services.errors import Conflict, Forbidden, Invalid, NotFound
from services.ports import Clock, Passwords
from services.staff import read_username
from services.units import UnitUnknown, officer_of

INITIAL_FOR = timedelta(hours=72)


class MemberUnknown(NotFound):
    """There is no such member of staff."""

    code = "member_unknown"
    sentence = "没有找到这位工作人员。"


class UsernameTaken(Conflict):
    """Somebody has this username."""

    code = "username_taken"
    sentence = "这个用户名已经有人使用。"


class OwnAccount(Forbidden):
    """Nobody changes what they themselves may do."""

    code = "own_account"
    sentence = "不能修改自己的账号,请由另一位系统管理员办理。"


class RolesRefused(Invalid):
    """Roles that one person may not hold together, or not in this unit (三权分立)."""

    code = "roles_refused"
    sentence = (
        "这些角色不能由一个人同时担任,或者不适合这个机构:系统管理员和安全审计员不能兼任其他角色,"
        "审批人员属于审批部门,电子监察人员属于县政务服务中心。"
    )


class WindowElsewhere(Invalid):
    """The window is another unit's, or there is none."""

    code = "window_elsewhere"
    sentence = "这个窗口不属于该机构。"


@dataclass(frozen=True)
class Post:
    """What somebody does and where: roles, unit, the window they sit at, whether they lead."""

    roles: frozenset[Role]
    unit_id: str
    window_id: str | None = None
    head: bool = False

    @property
    def columns(self) -> dict[str, Any]:
        return {
            "roles": sorted(role.value for role in self.roles),
            "unit_id": self.unit_id,
            "window_id": self.window_id,
            "head": self.head,
        }


@dataclass(frozen=True)
class Created:
    """A member and the password for the first login, which nobody sees again."""

    officer: Officer
    password: str = field(repr=False)


@dataclass(frozen=True)
class Members:
    clock: Clock
    passwords: Passwords
    audit: Audit

    async def list(
        self, unit_id: str | None = None, *, limit: int, after: UUID | None
    ) -> tuple[Sequence[StaffMember], UUID | None]:
        """Return members in the order they came, and where the next page begins."""
        found = StaffMember.all() if unit_id is None else StaffMember.filter(unit_id=unit_id)
        if after is not None:
            found = found.filter(id__gt=after)
        page = await found.order_by("id").limit(limit + 1).select_related("unit")
        return page[:limit], page[limit - 1].id if len(page) > limit else None

    async def create(
        self, actor: Actor, username: str, name: str, post: Post, password: str | None = None
    ) -> Created:
        """Add a member, whose first password serves once, within three days.

        Raises ``UsernameTaken``, ``UnitUnknown``, ``RolesRefused``, ``WindowElsewhere``.
        """
        first = password or secrets.token_urlsafe(12)
        now = self.clock.now()
        member = StaffMember(
            id=uuid7(),
            username=read_username(username),
            name=name,
            password_hash=await self.passwords.hash(first),
            initial_until=now + INITIAL_FOR,
            created_at=now,
            **post.columns,
        )
        try:
            await self._add(actor, member, post)
        except Duplicate as error:
            raise UsernameTaken from error
        return Created(officer_of(member), first)

    @transaction
    async def _add(self, actor: Actor, member: StaffMember, post: Post) -> None:
        await _check(post)
        await member.save(force_create=True)
        await member.fetch_related("unit")
        await self._record(actor, "staff.create", member.id, post.columns)

    @transaction
    async def change(self, actor: Actor, member_id: UUID, post: Post) -> StaffMember:
        """Give a member another post; their sessions end.

        Raises ``OwnAccount``, ``MemberUnknown``, and the problems of ``create``.
        """
        member = await self._other(actor, member_id)
        await _check(post)
        before = {name: getattr(member, name) for name in post.columns}
        await member.update_from_dict(post.columns).save(update_fields=list(post.columns))
        await self._end_sessions(member_id)
        facts = {"before": before, "after": post.columns}
        await self._record(actor, "staff.change", member_id, facts)
        await member.fetch_related("unit")
        return member

    @transaction
    async def close(self, actor: Actor, member_id: UUID) -> None:
        """Close an account for good, at once; again changes nothing.

        Raises ``OwnAccount`` or ``MemberUnknown``. As nobody closes their own, there is always
        an administrator left.
        """
        member = await self._other(actor, member_id)
        if not member.active:
            return
        member.active = False
        await member.save(update_fields=["active"])
        await self._end_sessions(member_id)
        await self._record(actor, "staff.close", member_id)

    async def reset_password(
        self, actor: Actor, member_id: UUID, password: str | None = None
    ) -> str:
        """Return a new first password; sessions end, a lock is lifted.

        Raises ``OwnAccount`` or ``MemberUnknown``.
        """
        first = password or secrets.token_urlsafe(12)
        hashed = await self.passwords.hash(first)
        await self._reset_password(actor, member_id, hashed)
        return first

    @transaction
    async def _reset_password(self, actor: Actor, member_id: UUID, hashed: str) -> None:
        member = await self._other(actor, member_id)
        columns = {
            "password_hash": hashed,
            "initial_until": self.clock.now() + INITIAL_FOR,
            "failures": 0,
            "locked_until": None,
        }
        await member.update_from_dict(columns).save(update_fields=list(columns))
        await self._end_sessions(member_id)
        await self._record(actor, "staff.reset_password", member_id)

    @transaction
    async def reset_totp(self, actor: Actor, member_id: UUID) -> None:
        """Take a second factor away, so that the next login sets a new one up.

        Raises ``OwnAccount`` or ``MemberUnknown``.
        """
        member = await self._other(actor, member_id)
        columns: dict[str, Any] = {"totp_sealed": None, "totp_since": None, "recovery": []}
        await member.update_from_dict(columns).save(update_fields=list(columns))
        await self._end_sessions(member_id)
        await self._record(actor, "staff.reset_totp", member_id)

    async def _other(self, actor: Actor, member_id: UUID) -> StaffMember:
        if actor.id == str(member_id):
            raise OwnAccount
        member = await StaffMember.filter(id=member_id).select_for_update().get_or_none()
        if member is None:
            raise MemberUnknown
        return member

    async def _end_sessions(self, member_id: UUID) -> None:
        standing = StaffSession.filter(member_id=member_id, ended_at=None)
        await standing.update(ended_at=self.clock.now())

    async def _record(
        self, actor: Actor, action: str, member_id: UUID, facts: dict[str, Any] | None = None
    ) -> None:
        await self.audit.record(actor, action, "staff_member", member_id, facts)


async def _check(post: Post) -> None:
    unit = await OrgUnit.get_or_none(id=post.unit_id)
    if unit is None:
        raise UnitUnknown
    if not may_hold(post.roles, unit.kind):
        raise RolesRefused
    if post.window_id is not None and not await Window.exists(
        id=post.window_id, unit_id=post.unit_id
    ):
        raise WindowElsewhere
