"""Withdrawal after acceptance: asking for it, and taking the request back."""

from uuid import UUID

from pydantic import BaseModel

from api.auth import CITIZEN
from api.call import Call
from api.routes import Routes
from services.access import CaseUnknown
from services.actors import Citizen
from services.transitions import StepNotAllowed
from services.withdrawals import (
    NoWithdrawalOpen,
    Requested,
    WithdrawalsUsedUp,
    WithdrawalTooLate,
)

withdrawals = Routes("withdrawals", "/v1/cases", CITIZEN)
ROUTES = (withdrawals,)

PATH = "/<case_id:uuid>/withdrawal-request"


class WithdrawalView(BaseModel):
    """``status``: OPEN while the department has not answered, TAKEN_BACK by the applicant; what
    the department answered stands in the progress."""

    case_no: str
    status: str
    requested_at: str

    @classmethod
    def of(cls, requested: Requested) -> "WithdrawalView":
        return cls(**vars(requested))


@withdrawals.add(
    "POST",
    PATH,
    answer=WithdrawalView,
    errors=(CaseUnknown, WithdrawalTooLate, WithdrawalsUsedUp, StepNotAllowed),
    idempotent=True,
)
async def request(call: Call[Citizen], case_id: UUID) -> WithdrawalView:
    """Ask to withdraw an accepted application; the department answers."""
    await call.ctx.limiter.hit("submit", str(call.who.account_id))
    requested = await call.ctx.withdrawals.request(call.who, case_id, call.idempotency_key)
    return WithdrawalView.of(requested)


@withdrawals.add("DELETE", PATH, answer=WithdrawalView, errors=(CaseUnknown, NoWithdrawalOpen))
async def take_back(call: Call[Citizen], case_id: UUID) -> WithdrawalView:
    """Take the request back: the case goes on."""
    await call.ctx.limiter.hit("submit", str(call.who.account_id))
    return WithdrawalView.of(await call.ctx.withdrawals.take_back(call.who, case_id))
