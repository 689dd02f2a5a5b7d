"""Superseding a notice: its newest edition no longer says what holds, so another one is owed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from models.ids import uuid7
from models.notice import Notice
from models.rules.notices import NoticeKind


class Superseding(Protocol):
    """Owes an applicant a new edition of a notice, in the caller's transaction."""

    async def supersede(self, case_id: UUID, kind: NoticeKind, now: datetime) -> None:
        """Supersede the newest notice of a kind; a case that has none owes none."""
        ...


@dataclass(frozen=True)
class NewEditions:
    """Owes the new edition as a step owes a notice: by its row. It is issued like any other."""

    async def supersede(self, case_id: UUID, kind: NoticeKind, now: datetime) -> None:
        found = Notice.filter(case_id=case_id, kind=kind.value)
        newest = await found.order_by("-seq", "-edition").first()
        if newest is None:
            return
        await Notice.create(
            id=uuid7(),
            case_id=case_id,
            kind=newest.kind,
            seq=newest.seq,
            edition=newest.edition + 1,
            issued_at=now,
            supersedes_id=newest.id,
        )
