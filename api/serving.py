"""Service (送达): consent to the electronic way, and what the window hands over or posts."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sanic.response import HTTPResponse

from api.auth import CITIZEN, STAFF
from api.call import Call
from api.files import send_file
from api.notices import PDF, NoticeList, NoticeSummary
from api.routes import Binary, Routes
from services.access import CaseUnknown
from services.actors import Citizen, Officer
from services.notices import NoticeUnknown
from services.quarantine import KEPT_IN
from services.serving import (
    ADDRESS,
    STATEMENT,
    WORDING,
    AddressUnconfirmed,
    Consent,
    ConsentFixed,
    ConsentOutdated,
    ServedAlready,
    ServiceWay,
)
from services.transitions import StepNotYours

serving = Routes("serving", "/v1", CITIZEN)
staff = Routes("serving", "/staff/v1", STAFF)
ROUTES = (serving, staff)


class ConsentChange(BaseModel):
    """``statement_version`` and ``address`` are those that were shown; to withdraw, leave them."""

    model_config = ConfigDict(extra="forbid")

    agreed: bool
    statement_version: str = Field("", max_length=20)
    address: str = Field("", max_length=12)


class ConsentView(BaseModel):
    """电子送达: whether notices are served into the inbox, and the words to agree to."""

    agreed: bool
    given_at: str | None
    address: str
    statement_version: str
    statement: list[str]

    @classmethod
    def of(cls, consent: Consent) -> "ConsentView":
        return cls(
            agreed=consent.agreed,
            given_at=consent.given_at.isoformat() if consent.given_at else None,
            address=ADDRESS,
            statement_version=STATEMENT,
            statement=list(WORDING),
        )


class ServiceRecord(BaseModel):
    """How a notice was handed over on paper: WINDOW, or POST (the day of posting counts)."""

    model_config = ConfigDict(extra="forbid")

    via: ServiceWay


class ServiceView(BaseModel):
    id: UUID
    served_via: str
    served_at: str


@serving.add(
    "GET", "/cases/<case_id:uuid>/service-consent", answer=ConsentView, errors=(CaseUnknown,)
)
async def get_consent(call: Call[Citizen], case_id: UUID) -> ConsentView:
    """Show whether one's own case is served electronically, and the words to agree to."""
    return ConsentView.of(await call.ctx.serving.consent(call.who, case_id))


@serving.add(
    "PUT",
    "/cases/<case_id:uuid>/service-consent",
    body=ConsentChange,
    answer=ConsentView,
    errors=(CaseUnknown, ConsentFixed, ConsentOutdated, AddressUnconfirmed),
)
async def put_consent(call: Call[Citizen], case_id: UUID) -> ConsentView:
    """Agree to electronic service, or withdraw it for what comes later."""
    body = call.body(ConsentChange)
    if not body.agreed:
        return ConsentView.of(await call.ctx.serving.take_back(call.who, case_id))
    consent = await call.ctx.serving.agree(call.who, case_id, body.statement_version, body.address)
    return ConsentView.of(consent)


@staff.add(
    "GET",
    "/cases/<case_id:uuid>/notices",
    answer=NoticeList,
    errors=(CaseUnknown, StepNotYours),
)
async def list_notices_of_case(call: Call[Officer], case_id: UUID) -> NoticeList:
    """List the notices of a case, oldest first."""
    found = await call.ctx.notices.of_case_for_staff(call.who, case_id)
    return NoticeList(notices=[NoticeSummary.of(each) for each in found])


@staff.add(
    "GET",
    "/notices/<notice_id:uuid>/file",
    answer=Binary((PDF,), partial=True),
    errors=(NoticeUnknown, CaseUnknown, StepNotYours, *KEPT_IN),
    etag=True,
)
async def get_file_of_notice(call: Call[Officer], notice_id: UUID) -> HTTPResponse:
    """Download a notice as a PDF, to print or to post it."""
    file = await call.ctx.notices.file_for_staff(call.who, notice_id)
    return await send_file(call.request, call.ctx.notices.files, file)


@staff.add(
    "PUT",
    "/notices/<notice_id:uuid>/service",
    body=ServiceRecord,
    answer=ServiceView,
    errors=(NoticeUnknown, CaseUnknown, StepNotYours, ServedAlready),
)
async def put_service(call: Call[Officer], notice_id: UUID) -> ServiceView:
    """Record that a notice was handed over at the window or given to the post."""
    way = call.body(ServiceRecord).via
    served = await call.ctx.serving.record(call.who, notice_id, way)
    return ServiceView(
        id=served.id,
        served_via=served.served_via or "",
        served_at=served.served_at.isoformat() if served.served_at else "",
    )
