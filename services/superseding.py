"""Superseding a notice: its newest edition no longer says what holds, so another one is owed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from models.case import Case
from models.notice import Notice
from models.rules.notices import NoticeKind
from services.notices import Notices

MOVED = "放假安排公布后工作日有变化,期限按新的日历重新计算,只会更晚。"


class Superseding(Protocol):
    """Owes an applicant a new edition of a notice, in the caller's transaction."""

    async def supersede(self, case_id: UUID, kind: NoticeKind, now: datetime) -> None:
        """Supersede the newest notice of a kind; a case that has none owes none."""
        ...


@dataclass(frozen=True)
class NewEditions:
    """Puts a new edition in the place of a notice whose day has moved (a new calendar)."""

    notices: Notices

    async def supersede(self, case_id: UUID, kind: NoticeKind, now: datetime) -> None:
        found = Notice.filter(case_id=case_id, kind=kind.value)
        newest = await found.order_by("-seq", "-edition").first()
        if newest is not None:
            case = await Case.get(id=case_id)
            await self.notices.supersede(case, kind, newest.seq, {"reason": MOVED})
