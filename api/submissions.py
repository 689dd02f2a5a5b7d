"""Submitting, resubmitting, withdrawing: acts that must not happen twice."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN
from api.call import Call
from api.routes import Routes
from models.rules.states import AcceptMode
from services.access import CaseUnknown
from services.actors import Citizen
from services.applicants import RealNameRequired
from services.cases import AgentRefused
from services.consents import ConsentMissing
from services.filing import CaseOpenAlready, CaseOpenOnly, ItemVersionOutdated, WindowNotOffered
from services.flavours import (
    CreditUnrepaired,
    ModeNotAllowed,
    ShortfallNotAllowed,
    ShortfallUnnamed,
    Wish,
)
from services.forms import FormInvalid
from services.items import ItemUnknown
from services.parties import SignaturesMissing
from services.step_up import RealNameLevelRequired
from services.submissions import (
    CorrectionUnanswered,
    GuardianNeeded,
    MaterialsMissing,
    PermitNotRequired,
    Receipt,
)
from services.transitions import StepNotAllowed

submissions = Routes("submissions", "/v1/cases", CITIZEN)
ROUTES = (submissions,)

REFUSALS = (
    CaseUnknown,
    RealNameRequired,
    FormInvalid,
    MaterialsMissing,
    ConsentMissing,
    PermitNotRequired,
    ItemUnknown,
    StepNotAllowed,
    SignaturesMissing,
)


class SubmitBody(BaseModel):
    """How the applicant wants to be handled; ``shortfall`` names materials to come later.

    ``another``: file it although one for the same item is not decided yet. ``window_id``: the
    township's window that handles it, for an item that townships take; the county's hall else.
    """

    model_config = ConfigDict(extra="forbid")

    mode: Literal["NORMAL", "SHORTFALL", "VERIFY_LATER", "COMMITMENT"] | None = None
    shortfall: list[str] = Field(default_factory=list, max_length=50)
    another: bool = False
    window_id: str | None = Field(None, min_length=1, max_length=32)

    def wish(self) -> Wish:
        mode = None if self.mode is None else AcceptMode(self.mode)
        return Wish(mode, tuple(self.shortfall), self.another, self.window_id)


class ReceiptView(BaseModel):
    """收件凭证: what proves that the application arrived."""

    case_no: str
    query_code: str
    state: str
    received_at: str

    @classmethod
    def of(cls, receipt: Receipt) -> "ReceiptView":
        return cls(**vars(receipt))


@submissions.add(
    "POST",
    "/<case_id:uuid>/submit",
    body=SubmitBody,
    answer=ReceiptView,
    errors=(
        *REFUSALS,
        RealNameLevelRequired,
        ItemVersionOutdated,
        CaseOpenAlready,
        CaseOpenOnly,
        WindowNotOffered,
        ModeNotAllowed,
        ShortfallUnnamed,
        ShortfallNotAllowed,
        CreditUnrepaired,
        GuardianNeeded,
        AgentRefused,
    ),
    idempotent=True,
    optional=True,
)
async def submit(call: Call[Citizen], case_id: UUID) -> ReceiptView:
    """Submit a draft: from now on it is a legal application."""
    await call.ctx.limiter.hit("submit", str(call.who.account_id))
    wish = call.body(SubmitBody, optional=True).wish()
    receipt = await call.ctx.submissions.submit(call.who, case_id, call.idempotency_key, wish)
    return ReceiptView.of(receipt)


@submissions.add(
    "POST",
    "/<case_id:uuid>/resubmit",
    answer=ReceiptView,
    errors=(*REFUSALS, CorrectionUnanswered),
    idempotent=True,
)
async def resubmit(call: Call[Citizen], case_id: UUID) -> ReceiptView:
    """Resubmit after a correction notice."""
    await call.ctx.limiter.hit("submit", str(call.who.account_id))
    receipt = await call.ctx.submissions.resubmit(call.who, case_id, call.idempotency_key)
    return ReceiptView.of(receipt)


@submissions.add(
    "POST",
    "/<case_id:uuid>/withdraw",
    answer=ReceiptView,
    errors=(CaseUnknown, StepNotAllowed),
    idempotent=True,
)
async def withdraw(call: Call[Citizen], case_id: UUID) -> ReceiptView:
    """Withdraw an application that was not accepted yet."""
    receipt = await call.ctx.submissions.withdraw(call.who, case_id, call.idempotency_key)
    return ReceiptView.of(receipt)
