"""Requests about personal data (个人信息权利请求): each recorded, with a day for its answer.

个人信息保护法50 wants an easy way and a reason with each refusal; fifteen working days are the
longest that an app may promise (App违法违规收集使用个人信息行为认定方法 六).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from models.consent import PersonalRequest
from models.ids import uuid7
from models.rules.calendar import Limit, due_at
from models.rules.events import Role
from models.unit import transaction
from services import copies
from services.actors import SYSTEM, Citizen, Officer
from services.audit import Audit
from services.calendars import Calendars
from services.erasing import Erasing, purge_exports
from services.errors import Conflict, Invalid, NotFound
from services.ports import Crypto, Jobs
from services.sealed import ANSWER, EXPORT, WISH

FULFIL = "rights.copy"
LIMIT = Limit(15)
KEPT = timedelta(days=7)
READY = "您的信息已经整理好,7天内可以下载。"
CLOSED = "账号已经注销。"


class Kind(StrEnum):
    """What a person may ask for (个人信息保护法44-48, 15)."""

    _value_: str
    zh: str
    by_hand: bool

    def __new__(cls, name: str, zh: str = "", by_hand: bool = False) -> "Kind":
        member = str.__new__(cls, name)
        member._value_ = name
        member.zh, member.by_hand = zh, by_hand
        return member

    ACCESS = "ACCESS", "查阅、复制"
    CORRECTION = "CORRECTION", "更正、补充", True
    ERASURE = "ERASURE", "删除"
    EXPLANATION = "EXPLANATION", "解释说明", True
    CLOSURE = "CLOSURE", "注销账号"


class Status(StrEnum):
    OPEN = "OPEN"
    DONE = "DONE"
    REFUSED = "REFUSED"


class RequestUnknown(NotFound):
    """No such request, or not the asker's."""

    code = "request_unknown"
    sentence = "没有找到这个请求。"


class RequestEnded(Conflict):
    """The request was answered already."""

    code = "request_ended"
    sentence = "这个请求已经答复过了。"


class RequestByItself(Conflict):
    """What the system does by itself no officer decides."""

    code = "request_by_itself"
    sentence = "这个请求由系统自动办理,不用人工答复。"


class WishMissing(Invalid):
    """A correction or an explanation says what about."""

    code = "wish_missing"
    sentence = "请写明要更正什么,或者要我们说明什么。"


class ExportGone(NotFound):
    """There is no copy to download: not made yet, or kept long enough."""

    code = "export_gone"
    sentence = "现在没有可以下载的内容。还在整理的请稍后再看;过了7天的,请重新申请。"


@dataclass(frozen=True)
class Asked:
    """A request with its words opened. ``repr`` shows which."""

    row: PersonalRequest
    wish: str
    answer: str

    def __repr__(self) -> str:
        return f"Asked({self.row.id})"


@dataclass(frozen=True)
class PersonalRequests:
    crypto: Crypto
    calendars: Calendars
    erasing: Erasing
    audit: Audit
    jobs: Jobs

    @property
    def _now(self) -> datetime:
        return self.audit.clock.now()

    @transaction
    async def ask(self, who: Citizen, kind: Kind, wish: str = "") -> Asked:
        """Make a request, or return the open one of its kind; erasing is done at once.

        Raises ``WishMissing`` and ``ClosureNotNow``; nothing changed then.
        """
        known = await PersonalRequest.get_or_none(
            account_id=who.account_id, kind=kind.value, status=Status.OPEN.value
        )
        if known is not None:
            return self._opened(known)
        if kind.by_hand and not wish.strip():
            raise WishMissing
        now = self._now
        row = PersonalRequest(
            id=uuid7(),
            account_id=who.account_id,
            kind=kind.value,
            wish_sealed=self.crypto.seal(wish.encode(), WISH) if wish else None,
            asked_at=now,
            due_at=due_at(now, LIMIT, await self.calendars.current()),
        )
        if kind is Kind.ERASURE:
            self._end(row, Status.DONE, (await self.erasing.erase(who, now)).text)
        elif kind is Kind.CLOSURE:
            self._end(row, Status.DONE, f"{CLOSED}{(await self.erasing.close(who, now)).text}")
        await row.save(force_create=True)
        if kind is Kind.ACCESS:
            await self.jobs.enqueue(FULFIL, {"request_id": str(row.id)}, key=f"{FULFIL}:{row.id}")
        facts = {"kind": kind.value}
        action = "personal_request.make"
        await self.audit.record(who.actor, action, "personal_request", row.id, facts)
        return self._opened(row)

    async def list(self, who: Citizen) -> Sequence[Asked]:
        """Return one's own requests, newest first."""
        found = await PersonalRequest.filter(account_id=who.account_id).order_by("-id")
        return [self._opened(row) for row in found]

    async def get(self, who: Citizen, request_id: UUID) -> Asked:
        """Return one's own request; raise ``RequestUnknown``."""
        row = await PersonalRequest.get_or_none(id=request_id, account_id=who.account_id)
        if row is None:
            raise RequestUnknown
        return self._opened(row)

    async def download(self, who: Citizen, request_id: UUID) -> bytes:
        """Return the copy of one's own data as JSON; raise ``RequestUnknown``, ``ExportGone``."""
        row = (await self.get(who, request_id)).row
        if row.export_sealed is None or row.export_until is None or row.export_until <= self._now:
            raise ExportGone
        actor, action = who.actor, "personal_request.download"
        await self.audit.read(actor, action, "personal_request", row.id)
        return self.crypto.open(row.export_sealed, EXPORT)

    @transaction
    async def copy(self, payload: Mapping[str, Any]) -> None:
        """Make the copy that a request asked for (job ``rights.copy``: request_id), once."""
        found = PersonalRequest.filter(id=UUID(payload["request_id"]), status=Status.OPEN.value)
        row = await found.select_for_update().first()
        if row is None:
            return
        content = await copies.of_account(self.crypto, row.account_id)
        row.export_sealed = self.crypto.seal(content, EXPORT)
        row.export_until = self._now + KEPT
        self._end(row, Status.DONE, READY)
        await row.save()
        await self.audit.record(SYSTEM, "personal_request.copy", "personal_request", row.id)

    async def waiting(self, officer: Officer, *, limit: int, after: UUID | None) -> Sequence[Asked]:
        """Return what waits for a person, the oldest first; the reading is kept."""
        kinds = [kind.value for kind in Kind if kind.by_hand]
        found = PersonalRequest.filter(status=Status.OPEN.value, kind__in=kinds)
        if after is not None:
            found = found.filter(id__gt=after)
        asked = [self._opened(row) for row in await found.order_by("id").limit(limit)]
        facts = {"requests": [str(each.row.id) for each in asked]}
        actor = officer.acting_as(Role.SUPERVISOR)
        await self.audit.read(actor, "personal_request.read", "personal_request", "list", facts)
        return asked

    @transaction
    async def decide(
        self, officer: Officer, request_id: UUID, answer: str, *, granted: bool
    ) -> Asked:
        """Answer a request that needs a person; a refusal tells why (个人信息保护法50).

        Raises ``RequestUnknown``, ``RequestByItself``, ``RequestEnded``.
        """
        row = await PersonalRequest.filter(id=request_id).select_for_update().first()
        if row is None:
            raise RequestUnknown
        if not Kind(row.kind).by_hand:
            raise RequestByItself
        if row.status != Status.OPEN.value:
            raise RequestEnded
        row.handled_by = officer.id
        self._end(row, Status.DONE if granted else Status.REFUSED, answer)
        await row.save()
        facts = {"status": row.status, "late": self._now >= row.due_at}
        actor, action = officer.acting_as(Role.SUPERVISOR), "personal_request.decide"
        await self.audit.record(actor, action, "personal_request", row.id, facts)
        return self._opened(row)

    async def purge(self) -> int:
        """Delete copies that were kept for seven days (hourly)."""
        return await purge_exports(self._now)

    def _end(self, row: PersonalRequest, status: Status, answer: str) -> None:
        row.status = status.value
        row.answer_sealed = self.crypto.seal(answer.encode(), ANSWER)
        row.ended_at = self._now

    def _opened(self, row: PersonalRequest) -> Asked:
        wish, answer = row.wish_sealed, row.answer_sealed
        return Asked(
            row,
            "" if wish is None else self.crypto.open(wish, WISH).decode(),
            "" if answer is None else self.crypto.open(answer, ANSWER).decode(),
        )
