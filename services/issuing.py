"""Issuing notices (制发): their number and words in one short transaction, then their file.

The number belongs to the row: whoever continues after a crash prints the same words under the
same number and comes to the same bytes.
"""

import hashlib
import secrets
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson

from models.case import Case, CaseEvent
from models.database import rows
from models.notice import Notice
from models.rules import joint
from models.rules.calendar import day_of
from models.rules.documents.all import TEMPLATES
from models.rules.documents.numbering import (
    CHECK_BYTES,
    check_code,
    document_number,
    organ_short,
    serial_prefix,
)
from models.rules.documents.template import compose
from models.rules.notices import NoticeKind
from models.unit import transaction
from services.cases import Cases
from services.documents.gather import facts_of
from services.documents.step import Step
from services.items import PublishedItem
from services.ports import Crypto, Jobs, MaterialFiles, NewJob, Printer, StoredFile
from services.transitions import ISSUE

PURPOSE = "notice.content"
PDF = "application/pdf"
MAX_BYTES = 20 * 1024 * 1024
INBOX = "INBOX"
# Jobs repeat themselves; what they left behind for so long is given to a new one.
LEFT_BEHIND = timedelta(minutes=10)
SWEPT_AT_ONCE = 500

LOCKED = "SELECT id FROM notices WHERE id = $1 AND doc_no IS NULL FOR UPDATE"
# The serial's row is held until the notice has the number: no gap, whoever crashes.
NEXT_SERIAL = """
INSERT INTO notice_serials (prefix, serial) VALUES ($1, 1)
ON CONFLICT (prefix) DO UPDATE SET serial = notice_serials.serial + 1 RETURNING serial"""
AGREED = """
SELECT p.service_consent_at IS NOT NULL AS agreed FROM cases c
JOIN cases p ON p.id = COALESCE(c.parent_id, c.id) WHERE c.id = $1"""
UNISSUED = """
SELECT id, case_id, seq FROM notices WHERE digest IS NULL AND issued_at <= $1
ORDER BY issued_at, id LIMIT $2"""


@dataclass(frozen=True)
class Desk:
    """Where documents are made: who prints, who keeps, and the address they can be checked at."""

    printer: Printer
    files: MaterialFiles
    public_base: str


@dataclass(frozen=True)
class Issuing:
    cases: Cases
    crypto: Crypto
    jobs: Jobs
    desk: Desk

    async def issue(self, payload: Mapping[str, Any]) -> None:
        """Issue the notices of one step (job ``notice.issue``: case_id, seq); repeated, nothing."""
        waiting = Notice.filter(case_id=UUID(payload["case_id"]), seq=payload["seq"], digest=None)
        # In one order everywhere, so that two jobs never wait for each other's serials.
        for notice in await waiting.order_by("kind", "edition"):
            if await self._number(notice.id):
                await self._finish(await Notice.get(id=notice.id))

    async def left_behind(self) -> int:
        """Count the notices that jobs should have issued by now."""
        before = self.cases.clock.now() - LEFT_BEHIND
        return await Notice.filter(digest=None, issued_at__lte=before).count()

    @transaction
    async def sweep(self) -> int:
        """Give what jobs have left behind to new ones; return how many notices there are."""
        before = self.cases.clock.now() - LEFT_BEHIND
        found = await rows(UNISSUED, [before, SWEPT_AT_ONCE])
        steps = dict.fromkeys((str(row["case_id"]), row["seq"]) for row in found)
        await self.jobs.enqueue_all(
            [
                NewJob(ISSUE, {"case_id": case_id, "seq": seq}, f"{ISSUE}:{case_id}:{seq}")
                for case_id, seq in steps
            ]
        )
        return len(found)

    @transaction
    async def _number(self, notice_id: UUID) -> bool:
        """Fix the number, the check code and the words of a notice, all at once.

        False for one that its joint case's own has made needless: it is gone.
        """
        if not await rows(LOCKED, [notice_id]):
            return await Notice.exists(id=notice_id)
        notice = await Notice.get(id=notice_id)
        case = await Case.get(id=notice.case_id)
        if await _merged(notice, case):
            await notice.delete()
            return False
        item = await self.cases.items.version(case.item_version_id)
        event = await CaseEvent.get(case_id=case.id, seq=notice.seq)
        person = await self.cases.applicants.get(case.account_id)
        facts = await facts_of(Step(self.cases, case, item, notice, event), person.name)
        template = TEMPLATES[NoticeKind(notice.kind)]
        check = check_code(secrets.token_bytes(CHECK_BYTES))
        number = await self._next_number(notice, item)
        link = f"{self.desk.public_base}/verify/{check}"
        content = orjson.dumps(
            compose(template, facts, number, check, link).content(), option=orjson.OPT_SORT_KEYS
        )
        notice.doc_no, notice.check_code = number, check
        notice.content_sealed = self.crypto.seal(content, PURPOSE)
        await notice.save(update_fields=["doc_no", "check_code", "content_sealed"])
        return True

    async def _next_number(self, notice: Notice, item: PublishedItem) -> str:
        short = str(item.body.get("agency_short") or organ_short(item.agency))
        word = TEMPLATES[NoticeKind(notice.kind)].word
        prefix = serial_prefix(short, word, day_of(notice.issued_at).year)
        [row] = await rows(NEXT_SERIAL, [prefix])
        return document_number(prefix, row["serial"])

    async def _finish(self, notice: Notice) -> None:
        """Print, keep and sign a notice that has its number, and put it into the inbox."""
        content = orjson.loads(opened(self.crypto, notice))
        paper = await self.desk.printer.print(content)
        digest = hashlib.sha256(paper).hexdigest()
        file = await self.desk.files.keep(_whole(paper), max_bytes=MAX_BYTES, mime=PDF, made=True)
        await self._record(notice, file, self.crypto.sign(statement(notice, content, digest)))

    @transaction
    async def _record(self, notice: Notice, file: StoredFile, signature: str) -> None:
        now = self.cases.clock.now()
        # 716号令: electronic service needs consent; without it the window or the post serves. What
        # was said of a joint filing was said of each department's part of it.
        [said] = await rows(AGREED, [notice.case_id])
        await Notice.filter(id=notice.id, digest=None).update(
            digest=file.sha256,
            file_key=file.key,
            size=file.size,
            signature=signature,
            served_via=INBOX if said["agreed"] else None,
            served_at=now if said["agreed"] else None,
        )


async def _merged(notice: Notice, case: Case) -> bool:
    """Tell whether the notice of a joint case has said since what this one of a part would."""
    if case.parent_id is None or NoticeKind(notice.kind) not in joint.MERGED:
        return False
    return await Notice.exists(
        case_id=case.parent_id, kind=notice.kind, issued_at__gte=notice.issued_at
    )


def opened(crypto: Crypto, notice: Notice) -> bytes:
    """Return the canonical JSON of what a numbered notice says."""
    if notice.content_sealed is None:
        raise ValueError("the notice has no words yet")
    return crypto.open(notice.content_sealed, PURPOSE)


def statement(notice: Notice, content: Mapping[str, Any], digest: str) -> bytes:
    """Return what is signed: which document this is and the SHA-256 of its file."""
    signed = {
        "notice": str(notice.id),
        "kind": notice.kind,
        "number": content["number"],
        "organ": content["organ"],
        "dated": content["dated"],
        "sha256": digest,
    }
    return orjson.dumps(signed, option=orjson.OPT_SORT_KEYS)


async def _whole(content: bytes) -> AsyncIterator[bytes]:
    yield content
