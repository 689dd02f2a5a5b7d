"""Results: handed in by the back-office, released to the applicant when the fee is settled."""

from datetime import date
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sanic.response import HTTPResponse

from api.auth import CITIZEN, REPORTING
from api.call import Call
from api.files import send_file
from api.routes import Binary, Routes
from services.access import CaseUnknown
from services.actors import Citizen, Machine
from services.declared import Declared, ResultData
from services.errors import MaterialInfected, MaterialTypeRefused, MaterialUnreadable, TooLarge
from services.quarantine import KEPT_IN
from services.results import (
    PaymentRequired,
    ResultMismatch,
    ResultNotExpected,
    ResultNotReady,
    Stored,
)

results = Routes("results", "/v1/cases", CITIZEN)
handing_in = Routes("results", "/backoffice/v1/cases", REPORTING)
ROUTES = (results, handing_in)

PDF, OFD = "application/pdf", "application/ofd"


class ResultReceipt(BaseModel):
    """``sha256`` (hex) and ``size`` (bytes) of what arrived, for the sender to compare."""

    case_no: str
    sha256: str
    size: int

    @classmethod
    def of(cls, case_no: str, stored: Stored) -> "ResultReceipt":
        document = stored.document
        return cls(case_no=case_no, sha256=document.sha256, size=document.size)


@results.add(
    "GET",
    "/<case_id:uuid>/result",
    answer=Binary((PDF, OFD), partial=True),
    errors=(CaseUnknown, ResultNotReady, PaymentRequired, *KEPT_IN),
    etag=True,
)
async def get_result(call: Call[Citizen], case_id: UUID) -> HTTPResponse:
    """Download the result of one's own case."""
    file = await call.ctx.results.open(call.who, case_id)
    return await send_file(call.request, call.ctx.results.files, file)


@handing_in.add(
    "PUT",
    "/<case_no:str>/result",
    status=201,
    body=Binary((PDF, OFD)),
    answer=ResultReceipt,
    errors=(
        CaseUnknown,
        ResultNotExpected,
        ResultMismatch,
        TooLarge,
        MaterialTypeRefused,
        MaterialUnreadable,
        MaterialInfected,
    ),
    stream=True,
)
async def put_result(call: Call[Machine], case_no: str) -> tuple[ResultReceipt, int]:
    """Hand in a result document (PDF or OFD, at most 20 MB); the same bytes again answer 200."""
    stored = await call.ctx.results.store(call.who, case_no, call.chunks())
    return ResultReceipt.of(case_no, stored), 201 if stored.created else 200


class ResultBody(BaseModel):
    """What a result is, before its file: whose, from whom, under which number and until when.

    ``holder_id_sha256``: SHA-256 (hex) of the ID number or 统一社会信用代码, with a capital X.
    ``valid_until`` None: for good. ``sha256`` is the file's.
    """

    model_config = ConfigDict(extra="forbid")

    sha256: str = Field(pattern="^[0-9a-fA-F]{64}$")
    number: str = Field(min_length=1, max_length=100)
    holder_name: str = Field(min_length=1, max_length=100)
    holder_id_sha256: str = Field(pattern="^[0-9a-fA-F]{64}$")
    issuing_agency: str = Field(min_length=1, max_length=100)
    valid_from: date
    valid_until: date | None = None


class ResultView(BaseModel):
    """``holder``: who of the application it is: APPLICANT, CO_APPLICANT or FORM (named in it)."""

    case_no: str
    number: str
    sha256: str
    holder: str

    @classmethod
    def of(cls, case_no: str, declared: Declared) -> "ResultView":
        told = declared.declaration
        return cls(case_no=case_no, number=told.number, sha256=told.sha256, holder=told.holder)


@handing_in.add(
    "POST",
    "/<case_no:str>/results",
    status=201,
    body=ResultBody,
    answer=ResultView,
    errors=(CaseUnknown, ResultNotExpected, ResultMismatch),
)
async def declare_result(call: Call[Machine], case_no: str) -> tuple[ResultView, int]:
    """Declare a result before handing its file in; the same number again answers 200."""
    data = ResultData(**vars(call.body(ResultBody)))
    declared = await call.ctx.declarations.declare(call.who, case_no, data)
    return ResultView.of(case_no, declared), 201 if declared.created else 200
