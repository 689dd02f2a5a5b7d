"""Corrections on the spot (当场更正): opened by an officer, confirmed by the applicant."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN, STAFF
from api.call import Call
from api.reviews import CASE, REFUSALS, ReviewedCase
from api.routes import Routes
from services.access import CaseUnknown
from services.actors import Citizen, Officer
from services.forms import FieldUnknown, FormInvalid
from services.inline_fixes import FixUnanswered, FixUnknown
from services.transitions import StepNotAllowed

mine = Routes("inline_fixes", "/v1/cases", CITIZEN)
handling = Routes("inline_fixes", "/staff/v1/cases", STAFF)
ROUTES = (mine, handling)


class FixBody(BaseModel):
    """Fields of the form; none takes back what was open."""

    model_config = ConfigDict(extra="forbid")

    fields: list[str] = Field(max_length=20)
    note: str = Field("", max_length=300)


@handling.add(
    "POST",
    f"{CASE}/inline-fix",
    body=FixBody,
    answer=ReviewedCase,
    errors=(*REFUSALS, FieldUnknown),
)
async def open_fix(call: Call[Officer], case_id: UUID) -> ReviewedCase:
    """Let the applicant put small errors in the form right at once."""
    body = call.body(FixBody)
    case = await call.ctx.inline_fixes.open(call.who, case_id, body.fields, body.note)
    return ReviewedCase.of(case)


@mine.add(
    "POST",
    f"{CASE}/inline-fix",
    answer=ReviewedCase,
    errors=(CaseUnknown, StepNotAllowed, FixUnknown, FixUnanswered, FormInvalid),
)
async def confirm_fix(call: Call[Citizen], case_id: UUID) -> ReviewedCase:
    """Say that everything named is right now."""
    return ReviewedCase.of(await call.ctx.inline_fixes.confirm(call.who, case_id))
