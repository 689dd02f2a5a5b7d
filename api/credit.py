"""Credit: what stands against oneself, objecting to it, and the supervisor's side of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import CITIZEN, SUPERVISOR
from api.call import Call
from api.routes import Routes
from models.credit import CreditEvent
from models.rules.calendar import due_on
from models.rules.credit import Behaviour, CreditStatus
from services.actors import Citizen, Officer
from services.credit import Credit
from services.credit_problems import (
    CreditEventUnknown,
    CreditNotNow,
    ObjectionClosed,
    OwnProposal,
)

own = Routes("credit", "/v1/credit-events", CITIZEN)
supervised = Routes("credit", "/staff/v1/credit-events", SUPERVISOR)
ROUTES = (own, supervised)

EVENT = "/<event_id:uuid>"


class ObjectionBody(BaseModel):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=5, max_length=2000)


class ReasonsBody(BaseModel):
    """Why, for the person to read."""

    model_config = ConfigDict(extra="forbid")

    reasons: str = Field(min_length=5, max_length=500)


class DecisionBody(BaseModel):
    """Whether the objection is right, and why or why not."""

    model_config = ConfigDict(extra="forbid")

    upheld: bool
    reasons: str = Field(min_length=5, max_length=500)


class CreditQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: CreditStatus | None = None
    limit: int = Field(20, ge=1, le=100)
    before: UUID | None = None


class CreditView(BaseModel):
    """A credit event as its person sees it; ``object_until`` is the last day to object."""

    id: UUID
    case_no: str
    item_name: str
    behaviour: str
    text: str
    basis: str
    evidence: list[str]
    status: str
    status_text: str
    proposed_at: str
    can_object: bool
    object_until: str | None
    objection: str | None
    decision: str
    outcome: str
    expires_at: str | None

    @classmethod
    def of(cls, credit: Credit, event: CreditEvent) -> "CreditView":
        return cls(**_shown(credit, event))


class SupervisedCreditView(CreditView):
    """A credit event as a supervisor sees it; ``proposed_by`` may not confirm it."""

    case_id: UUID
    proposed_by: list[str]
    confirmed_by: UUID | None
    confirmed_at: str | None
    objected_at: str | None
    reported_at: str | None

    @classmethod
    def of(cls, credit: Credit, event: CreditEvent) -> "SupervisedCreditView":
        return cls(
            **_shown(credit, event),
            case_id=event.case_id,
            proposed_by=event.proposed_by,
            confirmed_by=event.confirmed_by,
            confirmed_at=_time(event.confirmed_at),
            objected_at=_time(event.objected_at),
            reported_at=_time(event.reported_at),
        )


class CreditList(BaseModel):
    events: list[CreditView]


class SupervisedCreditList(BaseModel):
    """``next_before`` asks for the next page."""

    events: list[SupervisedCreditView]
    next_before: UUID | None


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _shown(credit: Credit, event: CreditEvent) -> dict[str, Any]:
    status = CreditStatus(event.status)
    until = event.objection_due_at
    return {
        "id": event.id,
        "case_no": str(event.case.case_no),
        "item_name": event.case.item.name,
        "behaviour": event.behaviour,
        "text": Behaviour(event.behaviour).zh,
        "basis": event.basis,
        "evidence": event.evidence,
        "status": status.value,
        "status_text": status.zh,
        "proposed_at": event.proposed_at.isoformat(),
        "can_object": credit.may_object(event),
        "object_until": None if until is None else due_on(until).isoformat(),
        "objection": credit.objection_of(event),
        "decision": event.decision,
        "outcome": event.outcome,
        "expires_at": _time(event.expires_at),
    }


@own.add("GET", "", answer=CreditList)
async def list_own(call: Call[Citizen]) -> CreditList:
    """List what was proposed or recorded against oneself, and how it stands."""
    credit = call.ctx.credit
    events = [CreditView.of(credit, event) for event in await credit.mine(call.who)]
    return CreditList(events=events)


@own.add(
    "POST",
    f"{EVENT}/objection",
    body=ObjectionBody,
    answer=CreditView,
    errors=(CreditEventUnknown, ObjectionClosed),
)
async def object_to(call: Call[Citizen], event_id: UUID) -> CreditView:
    """Object to a credit event; it is not reported before that was decided."""
    text = call.body(ObjectionBody).text
    credit = call.ctx.credit
    return CreditView.of(credit, await credit.object(call.who, event_id, text))


@supervised.add("GET", "", query=CreditQuery, answer=SupervisedCreditList)
async def list_all(call: Call[Officer]) -> SupervisedCreditList:
    """List credit events, newest first."""
    query, credit = call.query(CreditQuery), call.ctx.credit
    found = await credit.list(call.who, query.status, limit=query.limit + 1, before=query.before)
    page = found[: query.limit]
    return SupervisedCreditList(
        events=[SupervisedCreditView.of(credit, event) for event in page],
        next_before=page[-1].id if len(found) > query.limit else None,
    )


@supervised.add(
    "POST",
    f"{EVENT}/confirm",
    answer=SupervisedCreditView,
    errors=(CreditEventUnknown, OwnProposal, CreditNotNow),
)
async def confirm(call: Call[Officer], event_id: UUID) -> SupervisedCreditView:
    """Confirm a proposal: the person is told and may object."""
    credit = call.ctx.credit
    return SupervisedCreditView.of(credit, await credit.confirm(call.who, event_id))


@supervised.add(
    "POST",
    f"{EVENT}/cancel",
    body=ReasonsBody,
    answer=SupervisedCreditView,
    errors=(CreditEventUnknown, CreditNotNow),
)
async def cancel(call: Call[Officer], event_id: UUID) -> SupervisedCreditView:
    """Cancel what does not stand."""
    reasons = call.body(ReasonsBody).reasons
    credit = call.ctx.credit
    return SupervisedCreditView.of(credit, await credit.cancel(call.who, event_id, reasons))


@supervised.add(
    "POST",
    f"{EVENT}/decision",
    body=DecisionBody,
    answer=SupervisedCreditView,
    errors=(CreditEventUnknown, OwnProposal, CreditNotNow),
)
async def decide(call: Call[Officer], event_id: UUID) -> SupervisedCreditView:
    """Decide an objection: upheld, the event is cancelled; refused, it goes on."""
    body, credit = call.body(DecisionBody), call.ctx.credit
    decided = await credit.decide(call.who, event_id, body.reasons, upheld=body.upheld)
    return SupervisedCreditView.of(credit, decided)


@supervised.add(
    "POST",
    f"{EVENT}/repair",
    body=ReasonsBody,
    answer=SupervisedCreditView,
    errors=(CreditEventUnknown, CreditNotNow),
)
async def repair(call: Call[Officer], event_id: UUID) -> SupervisedCreditView:
    """Mark a record as repaired (信用修复)."""
    reasons = call.body(ReasonsBody).reasons
    credit = call.ctx.credit
    return SupervisedCreditView.of(credit, await credit.repair(call.who, event_id, reasons))
