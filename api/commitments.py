"""The promise of fulfilled conditions (告知承诺): read, signed, taken back."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN
from api.call import Call
from api.promises import PromiseView
from api.routes import Routes
from services.access import CaseUnknown
from services.actors import Citizen
from services.applicants import RealNameRequired
from services.commitments import (
    CommitmentAccepted,
    CommitmentChanged,
    CommitmentUnsigned,
    Shown,
)
from services.flavours import CreditUnrepaired, ModeNotAllowed
from services.transitions import StepNotAllowed

commitments = Routes("commitments", "/v1/cases/<case_id:uuid>/commitment", CITIZEN)
ROUTES = (commitments,)


class CommitmentView(BaseModel):
    """What is read before it is signed; ``digest`` stands for exactly these statements."""

    template_version: str
    statements: list[str]
    digest: str
    signed_at: str | None

    @classmethod
    def of(cls, shown: Shown) -> "CommitmentView":
        return cls(
            template_version=shown.wording.template_version,
            statements=list(shown.wording.statements),
            digest=shown.wording.digest,
            signed_at=shown.signed.signed_at.isoformat() if shown.signed else None,
        )


class SignatureBody(BaseModel):
    """``digest`` as it was shown: it tells what the person has read."""

    model_config = ConfigDict(extra="forbid")

    digest: str = Field(pattern="^[0-9a-f]{64}$")


@commitments.add("GET", "", answer=CommitmentView, errors=(CaseUnknown, ModeNotAllowed))
async def get_commitment(call: Call[Citizen], case_id: UUID) -> CommitmentView:
    """Show the promise of a case's item."""
    return CommitmentView.of(await call.ctx.commitments.show(call.who, case_id))


@commitments.add(
    "POST",
    "",
    body=SignatureBody,
    answer=PromiseView,
    errors=(
        CaseUnknown,
        RealNameRequired,
        ModeNotAllowed,
        CommitmentChanged,
        CreditUnrepaired,
        StepNotAllowed,
    ),
)
async def sign(call: Call[Citizen], case_id: UUID) -> PromiseView:
    """Sign the promise that was shown; twice is once."""
    digest = call.body(SignatureBody).digest
    return PromiseView.of(await call.ctx.commitments.sign(call.who, case_id, digest))


@commitments.add(
    "DELETE",
    "",
    status=204,
    errors=(CaseUnknown, CommitmentUnsigned, CommitmentAccepted, StepNotAllowed),
)
async def take_back(call: Call[Citizen], case_id: UUID) -> None:
    """Take the promise back before acceptance; the case is an ordinary one again."""
    await call.ctx.commitments.take_back(call.who, case_id)
