"""Reconciliation (对账) for supervisors: runs, differences, and the whole record of an order."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from api.auth import SUPERVISOR
from api.call import Call
from api.routes import Routes
from models.payment import PaymentEvent, Refund, RefundEvent
from models.reconciliation import PaymentDifference, ReconciliationRun
from models.rules.differences import Differs
from models.rules.events import Role
from services.actors import Actor, Officer
from services.differences import MOST_REASON, DifferenceClosed, DifferenceUnknown, ReasonMissing
from services.errors import OutsideUnavailable
from services.order_desk import OrderRecord
from services.payments import OrderUnknown
from services.reconciliation import DayNotOver

reckoning = Routes("reckoning", "/staff/v1/payments", SUPERVISOR)
ROUTES = (reckoning,)


class RunView(BaseModel):
    """``outcome``: DONE, EMPTY (nothing happened), WAITING, UNREACHABLE or DAMAGED (all not done).

    ``found`` counts new differences, ``mended`` those that are gone, ``left_open`` the day's rest.
    """

    id: UUID
    channel: str
    day: date
    started_by: str
    started_at: str
    outcome: str
    trade_digest: str
    flow_digest: str
    payments: int
    paid_fen: int
    refunds: int
    refunded_fen: int
    found: int
    mended: int
    left_open: int

    @classmethod
    def of(cls, run: ReconciliationRun) -> "RunView":
        shown = {name: getattr(run, name) for name in cls.model_fields}
        return cls(**{**shown, "started_at": run.started_at.isoformat()})


class RunsView(BaseModel):
    runs: list[RunView]


class DayBody(BaseModel):
    """``day`` is a day in China, by default yesterday."""

    model_config = ConfigDict(extra="forbid")

    day: date | None = None


class DifferenceView(BaseModel):
    """``key`` names it for good; ``sentence`` says what it means and what to do."""

    key: str
    day: date
    code: str
    sentence: str
    light: str
    order_number: str | None
    refund_number: str | None
    case_id: UUID | None
    facts: dict[str, Any]
    status: str
    found_at: str
    closed_at: str | None
    closed_by: str | None
    reason: str

    @classmethod
    def of(cls, difference: PaymentDifference) -> "DifferenceView":
        names = set(cls.model_fields) - {"sentence"}
        shown = {name: getattr(difference, name) for name in names}
        closed = difference.closed_at
        return cls(
            **{
                **shown,
                "sentence": Differs(difference.code).sentence,
                "found_at": difference.found_at.isoformat(),
                "closed_at": closed.isoformat() if closed else None,
            }
        )


class DifferencesView(BaseModel):
    """At most 200, the newest day first."""

    differences: list[DifferenceView]

    @classmethod
    def of(cls, found: Sequence[PaymentDifference]) -> "DifferencesView":
        return cls(differences=[DifferenceView.of(each) for each in found])


class DifferenceQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    status: Literal["OPEN", "MENDED", "RESOLVED"] | None = None
    day: date | None = None


class ResolutionOfDifference(BaseModel):
    """``reason``: why it stays as it is, and what was done about the money."""

    model_config = ConfigDict(extra="forbid")

    key: str = Field(min_length=1, max_length=120)
    reason: str = Field(min_length=1, max_length=MOST_REASON)


class SaidView(BaseModel):
    """One thing that the channel said, and what became of it."""

    at: str
    source: str
    said: str
    outcome: str
    reference: str | None
    amount_fen: int | None

    @classmethod
    def of_order(cls, event: PaymentEvent) -> "SaidView":
        return cls(
            at=event.at.isoformat(),
            source=event.source,
            said=event.settlement,
            outcome=event.outcome,
            reference=event.transaction_id,
            amount_fen=event.amount_fen,
        )

    @classmethod
    def of_refund(cls, event: RefundEvent) -> "SaidView":
        return cls(
            at=event.at.isoformat(),
            source=event.source,
            said=event.status,
            outcome=event.outcome,
            reference=event.channel_refund_id,
            amount_fen=event.amount_fen,
        )


class RefundRecordView(BaseModel):
    number: str
    track: str
    reason: str
    amount_fen: int
    status: str
    created_at: str
    sent_at: str | None
    paid_at: str | None
    said: list[SaidView]

    @classmethod
    def of(cls, refund: Refund, said: Sequence[RefundEvent]) -> "RefundRecordView":
        return cls(
            number=refund.number,
            track=refund.track,
            reason=refund.reason,
            amount_fen=refund.amount_fen,
            status=refund.status,
            created_at=refund.created_at.isoformat(),
            sent_at=refund.sent_at.isoformat() if refund.sent_at else None,
            paid_at=refund.paid_at.isoformat() if refund.paid_at else None,
            said=[SaidView.of_refund(each) for each in said],
        )


class OrderRecordView(BaseModel):
    """An order with everything that the channel said; who pays is not shown."""

    number: str
    case_id: UUID
    channel: str
    scene: str
    fee_name: str
    fee_settled: bool
    amount_fen: int
    status: str
    transaction_id: str | None
    created_at: str
    expires_at: str
    paid_at: str | None
    shipped_at: str | None
    shipped_as: str | None
    said: list[SaidView]
    refunds: list[RefundRecordView]
    differences: list[DifferenceView]

    @classmethod
    def of(cls, record: OrderRecord) -> "OrderRecordView":
        order = record.order
        return cls(
            number=order.number,
            case_id=order.case_id,
            channel=order.channel,
            scene=order.scene,
            fee_name=record.fee.name,
            fee_settled=record.fee.settled_at is not None,
            amount_fen=order.amount_fen,
            status=order.status,
            transaction_id=order.transaction_id,
            created_at=order.created_at.isoformat(),
            expires_at=order.expires_at.isoformat(),
            paid_at=order.paid_at.isoformat() if order.paid_at else None,
            shipped_at=order.shipped_at.isoformat() if order.shipped_at else None,
            shipped_as=order.shipped_as,
            said=[SaidView.of_order(each) for each in record.events],
            refunds=[RefundRecordView.of(refund, said) for refund, said in record.refunds],
            differences=[DifferenceView.of(each) for each in record.differences],
        )


@reckoning.add("GET", "/reconciliations", answer=RunsView)
async def list_runs(call: Call[Officer]) -> RunsView:
    """List the latest runs, newest first."""
    return RunsView(runs=[RunView.of(run) for run in await call.ctx.order_desk.runs()])


@reckoning.add(
    "POST", "/reconciliations", body=DayBody, optional=True, answer=RunView, errors=(DayNotOver,)
)
async def reconcile(call: Call[Officer]) -> RunView:
    """Reconcile a day now; run again it finds nothing twice."""
    await call.ctx.limiter.hit("payment", str(call.who.id))
    day = call.body(DayBody, optional=True).day
    return RunView.of(await call.ctx.order_desk.reconcile(_actor(call), day))


@reckoning.add("GET", "/differences", query=DifferenceQuery, answer=DifferencesView)
async def list_differences(call: Call[Officer]) -> DifferencesView:
    """List differences between the channel's bills and our books."""
    query = call.query(DifferenceQuery)
    found = await call.ctx.order_desk.differences(query.status, query.day)
    return DifferencesView.of(found)


@reckoning.add(
    "POST",
    "/differences/resolve",
    body=ResolutionOfDifference,
    answer=DifferenceView,
    errors=(DifferenceUnknown, DifferenceClosed, ReasonMissing),
)
async def resolve(call: Call[Officer]) -> DifferenceView:
    """Close a difference that stays as it is, with a reason; its alert ends with it."""
    body = call.body(ResolutionOfDifference)
    desk = call.ctx.order_desk
    return DifferenceView.of(await desk.resolve(_actor(call), body.key, body.reason))


@reckoning.add("GET", "/orders/<number>", answer=OrderRecordView, errors=(OrderUnknown,))
async def show_order(call: Call[Officer], number: str) -> OrderRecordView:
    """Show an order with everything that the channel ever said of it and of its refunds."""
    return OrderRecordView.of(await call.ctx.order_desk.show(_actor(call), number))


@reckoning.add(
    "POST",
    "/orders/<number>/ask",
    answer=OrderRecordView,
    errors=(OrderUnknown, OutsideUnavailable),
)
async def ask_order(call: Call[Officer], number: str) -> OrderRecordView:
    """Ask the channel for an order now; a payment that it knows of takes effect."""
    await call.ctx.limiter.hit("payment", str(call.who.id))
    return OrderRecordView.of(await call.ctx.order_desk.ask(_actor(call), number))


def _actor(call: Call[Officer]) -> Actor:
    return call.who.acting_as(Role.SUPERVISOR)
