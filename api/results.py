"""Results: handed in by the back-office, released to the applicant when the fee is settled."""

from uuid import UUID

from pydantic import BaseModel
from sanic.response import HTTPResponse

from api.auth import CITIZEN, MACHINE
from api.call import Call
from api.files import send_file
from api.routes import Binary, Routes
from services.access import CaseUnknown
from services.actors import Citizen, Machine
from services.errors import MaterialTypeRefused, TooLarge
from services.results import PaymentRequired, ResultNotExpected, ResultNotReady, Stored

results = Routes("results", "/v1/cases", CITIZEN)
handing_in = Routes("results", "/backoffice/v1/cases", MACHINE)
ROUTES = (results, handing_in)

PDF = "application/pdf"


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
    answer=Binary((PDF,), partial=True),
    errors=(CaseUnknown, ResultNotReady, PaymentRequired),
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
    body=Binary((PDF,)),
    answer=ResultReceipt,
    errors=(CaseUnknown, ResultNotExpected, TooLarge, MaterialTypeRefused),
    stream=True,
)
async def put_result(call: Call[Machine], case_no: str) -> tuple[ResultReceipt, int]:
    """Hand in a result document (PDF, at most 20 MB); the same bytes again answer 200."""
    stored = await call.ctx.results.store(call.who, case_no, call.chunks())
    return ResultReceipt.of(case_no, stored), 201 if stored.created else 200
