"""Requests about personal data: copy, correction, erasure, explanation, closing the account."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictBool
from sanic.response import HTTPResponse, raw

from api.auth import CITIZEN, SUPERVISOR
from api.call import Call
from api.routes import Binary, Routes
from services.actors import Citizen, Officer
from services.erasing import ClosureNotNow
from services.personal_requests import (
    Asked,
    ExportGone,
    Kind,
    RequestByItself,
    RequestEnded,
    RequestUnknown,
    WishMissing,
)

mine = Routes("personal-requests", "/v1/me/requests", CITIZEN)
office = Routes("personal-requests", "/staff/v1/requests", SUPERVISOR)
ROUTES = (mine, office)
JSON = "application/json"


class NewRequest(BaseModel):
    """ACCESS 查阅复制, CORRECTION 更正, ERASURE 删除, EXPLANATION 解释说明, CLOSURE 注销账号."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    wish: str = Field("", max_length=2000)


class RequestView(BaseModel):
    """``status``: OPEN, DONE or REFUSED; ``answer`` says what came of it, or why not.

    ``download_until``: a copy waits under …/export until then.
    """

    id: UUID
    kind: Kind
    kind_text: str
    status: str
    wish: str
    answer: str
    asked_at: str
    due_at: str
    ended_at: str | None
    download_until: str | None

    @classmethod
    def of(cls, asked: Asked) -> "RequestView":
        row, kind = asked.row, Kind(asked.row.kind)
        until = row.export_until if row.export_sealed is not None else None
        return cls(
            id=row.id,
            kind=kind,
            kind_text=kind.zh,
            status=row.status,
            wish=asked.wish,
            answer=asked.answer,
            asked_at=row.asked_at.isoformat(),
            due_at=row.due_at.isoformat(),
            ended_at=row.ended_at.isoformat() if row.ended_at else None,
            download_until=until.isoformat() if until else None,
        )


class RequestList(BaseModel):
    requests: list[RequestView]


class WaitingQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    limit: int = Field(20, ge=1, le=100)
    after: UUID | None = None


class Decision(BaseModel):
    """``answer`` is read by the person: what was done, or the reasons of a refusal."""

    model_config = ConfigDict(extra="forbid")

    granted: StrictBool
    answer: str = Field(min_length=5, max_length=2000)


@mine.add(
    "POST",
    "",
    status=201,
    body=NewRequest,
    answer=RequestView,
    errors=(WishMissing, ClosureNotNow),
)
async def ask(call: Call[Citizen]) -> tuple[RequestView, int]:
    """Ask for one's rights; the open request of a kind is returned instead of a second one."""
    body = call.body(NewRequest)
    await call.ctx.limiter.hit("rights", str(call.who.account_id))
    asked = await call.ctx.personal_requests.ask(call.who, body.kind, body.wish)
    return RequestView.of(asked), 201


@mine.add("GET", "", answer=RequestList)
async def list_own(call: Call[Citizen]) -> RequestList:
    """List one's own requests, newest first."""
    found = await call.ctx.personal_requests.list(call.who)
    return RequestList(requests=[RequestView.of(each) for each in found])


@mine.add("GET", "/<request_id:uuid>", answer=RequestView, errors=(RequestUnknown,))
async def show(call: Call[Citizen], request_id: UUID) -> RequestView:
    """Show one's own request."""
    return RequestView.of(await call.ctx.personal_requests.get(call.who, request_id))


@mine.add(
    "GET",
    "/<request_id:uuid>/export",
    answer=Binary((JSON,)),
    errors=(RequestUnknown, ExportGone),
)
async def download(call: Call[Citizen], request_id: UUID) -> HTTPResponse:
    """Download the copy of everything about oneself."""
    content = await call.ctx.personal_requests.download(call.who, request_id)
    headers = {
        "Content-Disposition": 'attachment; filename="zhangban-copy.json"',
        "Cache-Control": "no-store",
    }
    return raw(content, headers=headers, content_type=JSON)


@office.add("GET", "", query=WaitingQuery, answer=RequestList)
async def waiting(call: Call[Officer]) -> RequestList:
    """List what waits for a person, the oldest first; the reading is recorded."""
    query = call.query(WaitingQuery)
    found = await call.ctx.personal_requests.waiting(call.who, limit=query.limit, after=query.after)
    return RequestList(requests=[RequestView.of(each) for each in found])


@office.add(
    "POST",
    "/<request_id:uuid>/decision",
    body=Decision,
    answer=RequestView,
    errors=(RequestUnknown, RequestByItself, RequestEnded),
)
async def decide(call: Call[Officer], request_id: UUID) -> RequestView:
    """Answer a request; a refusal says why."""
    body = call.body(Decision)
    asked = await call.ctx.personal_requests.decide(
        call.who, request_id, body.answer, granted=body.granted
    )
    return RequestView.of(asked)
