"""Notices (文书) as people meet them: the inbox, the file, the read receipt, the public check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from models.case import Case
from models.database import rows
from models.ids import uuid7
from models.notice import Notice
from models.rules.documents.all import TEMPLATES
from models.rules.documents.numbering import read_check_code
from models.rules.events import Role
from models.rules.mandates import Act
from models.rules.notices import NoticeKind
from models.unit import transaction
from services import access
from services.access import CaseUnknown
from services.actors import Citizen, Officer
from services.audit import Audit
from services.errors import NotFound
from services.files import ServedFile
from services.issuing import PDF, opened
from services.items import Items
from services.ports import Clock, Crypto, Jobs, MaterialFiles, NewJob
from services.queue import HIDDEN
from services.transitions import ISSUE, StepNotYours

# Only what has its file is shown; a new edition counts from the moment it was decided on.
SHOWN = """
SELECT n.id, n.case_id, n.kind, n.doc_no, n.issued_at, n.digest, n.size, n.served_via, n.served_at,
  n.read_at, c.case_no, i.name AS item_name, i.agency AS organ,
  s.id IS NOT NULL AS superseded, CASE WHEN s.digest IS NOT NULL THEN s.id END AS superseded_by
FROM notices n JOIN cases c ON c.id = n.case_id JOIN items i ON i.id = c.item_id
LEFT JOIN notices s ON s.supersedes_id = n.id
WHERE n.digest IS NOT NULL AND """
INBOX = (
    SHOWN
    + f"""c.account_id = $4 AND {access.MAY} AND ($5::uuid IS NULL OR n.id < $5)
  AND (NOT $6 OR n.read_at IS NULL) ORDER BY n.id DESC LIMIT $7"""
)
OF_CASE = SHOWN + "n.case_id = $1 ORDER BY n.id"
ONE = SHOWN + f"n.id = $4 AND {access.MAY}"
UNREAD = f"""SELECT count(*) AS unread FROM notices n JOIN cases c ON c.id = n.case_id
WHERE c.account_id = $4 AND {access.MAY}
  AND n.digest IS NOT NULL AND n.read_at IS NULL"""  # noqa: S608
READ = f"""UPDATE notices SET read_at = $3 FROM cases c
WHERE notices.id = $4 AND c.id = notices.case_id AND {access.MAY}
  AND notices.digest IS NOT NULL AND notices.read_at IS NULL RETURNING notices.id"""  # noqa: S608
CHECKED = """
SELECT n.kind, n.digest, n.signature, s.id IS NOT NULL AS superseded, s.doc_no AS newer
FROM notices n LEFT JOIN notices s ON s.supersedes_id = n.id
WHERE n.check_code = $1 AND n.digest IS NOT NULL"""


class NoticeUnknown(NotFound):
    """No such notice, or not the asker's, or not issued yet."""

    code = "notice_unknown"
    sentence = "没有找到这份文书。"


@dataclass(frozen=True)
class Listed:
    """A notice in a list. ``superseded_by`` is the new edition once it can be read."""

    id: UUID
    case_id: UUID
    kind: NoticeKind
    doc_no: str
    issued_at: datetime
    digest: str
    size: int
    served_via: str | None
    served_at: datetime | None
    read_at: datetime | None
    case_no: str
    item_name: str
    organ: str
    superseded: bool
    superseded_by: UUID | None

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Listed":
        return cls(**{**row, "kind": NoticeKind(row["kind"])})

    @property
    def title(self) -> str:
        return TEMPLATES[self.kind].title


@dataclass(frozen=True)
class Inbox:
    notices: Sequence[Listed]
    unread: int
    next_cursor: UUID | None


@dataclass(frozen=True)
class Open:
    """A notice with its words, as they stand on paper."""

    listed: Listed
    content: Mapping[str, Any]
    signature: str


@dataclass(frozen=True)
class Checked:
    """What anybody may know of a document: nothing of the person that it is for."""

    title: str
    number: str
    organ: str
    dated: str
    digest: str
    superseded: bool
    newer: str | None


@dataclass(frozen=True)
class Notices:
    clock: Clock
    crypto: Crypto
    items: Items
    jobs: Jobs
    files: MaterialFiles
    audit: Audit

    async def inbox(
        self,
        who: Citizen,
        *,
        limit: int,
        before: UUID | None,
        unread: bool = False,
        applicant: UUID | None = None,
    ) -> Inbox:
        """Return the notices of one's own cases, the newest first.

        With ``applicant`` those of somebody's cases in which one may act for them.
        """
        asking = self._asking(who, Act.VIEW, applicant or who.account_id)
        found = await rows(INBOX, [*asking, before, unread, limit + 1])
        [count] = await rows(UNREAD, asking)
        page = [Listed.of(row) for row in found[:limit]]
        following = page[-1].id if len(found) > limit else None
        return Inbox(page, count["unread"], following)

    async def of_case(self, who: Citizen, case_id: UUID) -> Sequence[Listed]:
        """Return the notices of one's own case, the oldest first; raise ``CaseUnknown``."""
        await access.seen(who, case_id, self.clock.now())
        return [Listed.of(row) for row in await rows(OF_CASE, [case_id])]

    async def show(self, who: Citizen, notice_id: UUID) -> Open:
        """Return one's own notice with its words; raise ``NoticeUnknown``."""
        listed = await self._own(who, notice_id)
        notice = await Notice.get(id=notice_id)
        content = orjson.loads(opened(self.crypto, notice))
        return Open(listed, content, notice.signature or "")

    async def file(self, who: Citizen, notice_id: UUID) -> ServedFile:
        """Return the PDF of one's own notice; raise ``NoticeUnknown``."""
        await self._own(who, notice_id)
        return _file(await Notice.get(id=notice_id))

    @transaction
    async def read(self, who: Citizen, notice_id: UUID) -> Listed:
        """Keep when a person first read a notice (阅读回执); again changes nothing.

        Whoever may not receive for the applicant reads it, and leaves no receipt.
        """
        await rows(READ, self._asking(who, Act.RECEIVE, notice_id))
        return await self._own(who, notice_id)

    def _asking(self, who: Citizen, act: Act, about: UUID) -> list[object]:
        return [who.account_id, act.value, self.clock.now(), about]

    async def _own(self, who: Citizen, notice_id: UUID) -> Listed:
        found = await rows(ONE, self._asking(who, Act.VIEW, notice_id))
        if not found:
            raise NoticeUnknown
        return Listed.of(found[0])

    async def of_case_for_staff(self, officer: Officer, case_id: UUID) -> Sequence[Listed]:
        """Return the notices of a case; raise ``CaseUnknown`` or ``StepNotYours``."""
        await self.check_staff(officer, case_id)
        return [Listed.of(row) for row in await rows(OF_CASE, [case_id])]

    async def file_for_staff(self, officer: Officer, notice_id: UUID) -> ServedFile:
        """Return a PDF for the window or the department, on the record; raise as the list does."""
        notice = await Notice.get_or_none(id=notice_id)
        if notice is None or notice.digest is None:
            raise NoticeUnknown
        await self.check_staff(officer, notice.case_id)
        facts = {"case_id": str(notice.case_id)}
        await self.audit.read(officer.anyhow, "notice.read", "notice", notice_id, facts)
        return _file(notice)

    async def check_staff(self, officer: Officer, case_id: UUID) -> Case:
        """Return a case that the officer may see, as pre-review lets them."""
        case = await Case.exclude(state__in=HIDDEN).get_or_none(id=case_id)
        if case is None:
            raise CaseUnknown
        item = await self.items.version(case.item_version_id)
        if Role.WINDOW not in officer.roles and item.acceptor not in officer.roles:
            raise StepNotYours
        return case

    async def check(self, code: str) -> Checked:
        """Return what anybody may know of the document with this code.

        Raises ``NoticeUnknown``, also when our own record does not bear its signature out.
        """
        known = read_check_code(code)
        found = await rows(CHECKED, [known]) if known else []
        if not found:
            raise NoticeUnknown
        [row] = found
        try:
            signed = orjson.loads(self.crypto.verify(row["signature"] or ""))
        except ValueError as error:
            raise NoticeUnknown from error
        if signed["sha256"] != row["digest"]:
            raise NoticeUnknown
        return Checked(
            title=TEMPLATES[NoticeKind(row["kind"])].title,
            number=signed["number"],
            organ=signed["organ"],
            dated=signed["dated"],
            digest=row["digest"],
            superseded=row["superseded"],
            newer=row["newer"],
        )

    async def supersede(
        self, case: Case, kind: NoticeKind, seq: int, data: Mapping[str, Any]
    ) -> Notice:
        """Put a new edition in the place of a step's notice, in the caller's transaction.

        The caller holds the case's row. ``data`` are facts that the new edition says beside or
        in place of the step's own (no personal data; "reason" tells why it replaces the old one).
        It has a number of its own, and the old edition is shown as superseded from now on. Raises
        ``NoticeUnknown`` when the step owed no such notice.
        """
        editions = Notice.filter(case_id=case.id, kind=kind.name, seq=seq)
        old = await editions.order_by("-edition").first()
        if old is None:
            raise NoticeUnknown
        new = await Notice.create(
            id=uuid7(),
            case_id=case.id,
            kind=kind.name,
            seq=seq,
            edition=old.edition + 1,
            issued_at=self.clock.now(),
            data=dict(data),
            supersedes_id=old.id,
        )
        payload = {"case_id": str(case.id), "seq": seq}
        key = f"{ISSUE}:{case.id}:{seq}:{kind.name}:{new.edition}"
        await self.jobs.enqueue_all([NewJob(ISSUE, payload, key)])
        return new


def _file(notice: Notice) -> ServedFile:
    if notice.file_key is None or notice.digest is None:
        raise NoticeUnknown
    name = f"{TEMPLATES[NoticeKind(notice.kind)].title}-{notice.doc_no}.pdf"
    return ServedFile(notice.file_key, notice.digest, notice.size or 0, PDF, name)
