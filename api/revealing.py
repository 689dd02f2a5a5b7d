"""Revealing: a whole name or number for an officer, with its purpose on record."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import STAFF
from api.call import Call
from api.routes import Routes
from services.access import CaseUnknown
from services.actors import Officer
from services.approvals import ApprovalNeeded
from services.revealing import FieldNotHeld, Purpose
from services.transitions import StepNotYours

revealing = Routes("revealing", "/staff/v1/cases", STAFF)
ROUTES = (revealing,)


class Wanted(BaseModel):
    """Which value (applicant.name, applicant.id_number, applicant.phone, form.<field>), and why."""

    model_config = ConfigDict(extra="forbid")

    field: str = Field(pattern=r"^(applicant\.(name|id_number|phone)|form\.[a-z0-9_]{1,60})$")
    purpose: Purpose


class RevealedView(BaseModel):
    field: str
    value: Any


@revealing.add(
    "POST",
    "/<case_id:uuid>/reveal",
    body=Wanted,
    answer=RevealedView,
    errors=(CaseUnknown, StepNotYours, ApprovalNeeded, FieldNotHeld),
)
async def reveal(call: Call[Officer], case_id: UUID) -> RevealedView:
    """Show one value of a case whole; who saw what and for which purpose is recorded."""
    wanted = call.body(Wanted)
    await call.ctx.limiter.hit("reveal", str(call.who.id))
    found = await call.ctx.revealing.reveal(call.who, case_id, wanted.field, wanted.purpose)
    return RevealedView(field=found.field, value=found.value)
