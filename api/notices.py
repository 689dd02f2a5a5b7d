"""Notices (文书): a person's inbox, the words and the files of what they were told."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sanic.response import HTTPResponse

from api.auth import CITIZEN
from api.call import Call
from api.files import send_file
from api.routes import Binary, Routes
from models.rules.documents.aloud import aloud
from services.access import CaseUnknown
from services.actors import Citizen
from services.notices import Listed, NoticeUnknown, Open
from services.quarantine import KEPT_IN

notices = Routes("notices", "/v1", CITIZEN)
ROUTES = (notices,)

PDF = "application/pdf"


class InboxQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, le=100)
    cursor: UUID | None = None
    unread: bool = False
    applicant: UUID | None = None


class NoticeSummary(BaseModel):
    """A notice in a list; ``served_via`` is INBOX, WINDOW, POST, or null: not served yet."""

    id: UUID
    case_id: UUID
    case_no: str
    item_name: str
    organ: str
    kind: str
    title: str
    number: str
    issued_at: str
    digest: str
    size: int
    served_via: str | None
    served_at: str | None
    read_at: str | None
    superseded: bool
    superseded_by: UUID | None

    @classmethod
    def of(cls, listed: Listed) -> "NoticeSummary":
        return cls(**_summary(listed))


class NoticeList(BaseModel):
    notices: list[NoticeSummary]


class InboxView(NoticeList):
    """A page of the inbox; ``unread`` counts all notices that were not read yet."""

    unread: int
    next_cursor: UUID | None


class BlockView(BaseModel):
    """A paragraph (``text``), or a table (``heading``, ``columns``, ``rows``)."""

    text: str | None = None
    heading: str | None = None
    columns: list[str] | None = None
    rows: list[list[str]] | None = None


class DeadlineView(BaseModel):
    """A day until which something is to be done; it ends at 24:00 in China."""

    clock: str
    text: str
    last_day: str
    counted_from: str
    counted: str
    provisional: bool


class NoticeView(NoticeSummary):
    """A notice with its words as they stand on paper, and as a voice reads them."""

    subtitle: str
    addressee: str
    blocks: list[BlockView]
    basis: str
    dated_text: str
    deadlines: list[DeadlineView]
    aloud: str
    check_code: str
    check_url: str
    signature: str

    @classmethod
    def show(cls, found: Open) -> "NoticeView":
        content: Mapping[str, Any] = found.content
        return cls(
            **_summary(found.listed),
            subtitle=content["subtitle"],
            addressee=content["addressee"],
            blocks=[BlockView(**block) for block in content["blocks"]],
            basis=content["basis"],
            dated_text=content["dated_text"],
            deadlines=[DeadlineView(**each) for each in content["deadlines"]],
            aloud=aloud(content),
            check_code=content["check"],
            check_url=content["link"],
            signature=found.signature,
        )


def _summary(listed: Listed) -> dict[str, Any]:
    return {
        "id": listed.id,
        "case_id": listed.case_id,
        "case_no": listed.case_no,
        "item_name": listed.item_name,
        "organ": listed.organ,
        "kind": listed.kind.value,
        "title": listed.title,
        "number": listed.doc_no,
        "issued_at": listed.issued_at.isoformat(),
        "digest": listed.digest,
        "size": listed.size,
        "served_via": listed.served_via,
        "served_at": listed.served_at.isoformat() if listed.served_at else None,
        "read_at": listed.read_at.isoformat() if listed.read_at else None,
        "superseded": listed.superseded,
        "superseded_by": listed.superseded_by,
    }


@notices.add("GET", "/notices", query=InboxQuery, answer=InboxView)
async def get_inbox(call: Call[Citizen]) -> InboxView:
    """List the notices over all cases of one's own or of ``applicant``, newest first."""
    query = call.query(InboxQuery)
    found = await call.ctx.notices.inbox(
        call.who,
        limit=query.limit,
        before=query.cursor,
        unread=query.unread,
        applicant=query.applicant,
    )
    return InboxView(
        notices=[NoticeSummary.of(each) for each in found.notices],
        unread=found.unread,
        next_cursor=found.next_cursor,
    )


@notices.add("GET", "/cases/<case_id:uuid>/notices", answer=NoticeList, errors=(CaseUnknown,))
async def list_notices(call: Call[Citizen], case_id: UUID) -> NoticeList:
    """List the notices of one's own case, oldest first."""
    found = await call.ctx.notices.of_case(call.who, case_id)
    return NoticeList(notices=[NoticeSummary.of(each) for each in found])


@notices.add("GET", "/notices/<notice_id:uuid>", answer=NoticeView, errors=(NoticeUnknown,))
async def get_notice(call: Call[Citizen], notice_id: UUID) -> NoticeView:
    """Show one's own notice with its words."""
    return NoticeView.show(await call.ctx.notices.show(call.who, notice_id))


@notices.add(
    "GET",
    "/notices/<notice_id:uuid>/file",
    answer=Binary((PDF,), partial=True),
    errors=(NoticeUnknown, *KEPT_IN),
    etag=True,
)
async def get_notice_file(call: Call[Citizen], notice_id: UUID) -> HTTPResponse:
    """Download one's own notice as a PDF."""
    file = await call.ctx.notices.file(call.who, notice_id)
    return await send_file(call.request, call.ctx.notices.files, file)


@notices.add(
    "POST", "/notices/<notice_id:uuid>/read", answer=NoticeSummary, errors=(NoticeUnknown,)
)
async def read_notice(call: Call[Citizen], notice_id: UUID) -> NoticeSummary:
    """Acknowledge that one has read a notice; the first time counts."""
    return NoticeSummary.of(await call.ctx.notices.read(call.who, notice_id))
