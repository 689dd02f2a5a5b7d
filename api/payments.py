"""Payment of a case's fee: what is owed, an order to pay now, asking the channel."""

from typing import Any
from uuid import UUID

from pydantic import BaseModel

from api.auth import CITIZEN
from api.call import Call
from api.routes import Routes
from models.payment import Fee, PaymentOrder
from services.access import CaseUnknown
from services.actors import Citizen
from services.consents import ConsentMissing
from services.errors import OutsideUnavailable
from services.orders import AlreadyPaid, NothingToPay, OrderClosed, PayerElsewhere, PayerUnknown
from services.payments import Bill, Payable, PaymentInQuestion

payments = Routes("payments", "/v1/cases/<case_id:uuid>/payment", CITIZEN)
ROUTES = (payments,)


class FeeLineView(BaseModel):
    """``quantity`` is a decimal number as text; the line's amount is half-up to the fen."""

    text: str
    quantity: str
    unit_price_fen: int
    amount_fen: int


class FeeView(BaseModel):
    name: str
    basis: str
    stage: str
    amount_fen: int
    lines: list[FeeLineView]
    settled: bool

    @classmethod
    def of(cls, fee: Fee) -> "FeeView":
        return cls(
            name=fee.name,
            basis=fee.basis,
            stage=fee.stage,
            amount_fen=fee.amount_fen,
            lines=[FeeLineView(**line) for line in fee.breakdown],
            settled=fee.settled_at is not None,
        )


class OrderView(BaseModel):
    """缴款单: ``status`` is CREATED, PAYING, PAID or CLOSED."""

    number: str
    amount_fen: int
    status: str
    expires_at: str
    paid_at: str | None

    @classmethod
    def of(cls, order: PaymentOrder) -> "OrderView":
        return cls(
            number=order.number,
            amount_fen=order.amount_fen,
            status=order.status,
            expires_at=order.expires_at.isoformat(),
            paid_at=order.paid_at.isoformat() if order.paid_at else None,
        )


class BillView(BaseModel):
    """What a case owes: ``status`` NOT_REQUIRED, UNPAID, PAID, REFUNDING or REFUNDED."""

    status: str
    fee: FeeView | None
    order: OrderView | None

    @classmethod
    def of(cls, bill: Bill) -> "BillView":
        return cls(
            status=bill.status,
            fee=FeeView.of(bill.fee) if bill.fee else None,
            order=OrderView.of(bill.order) if bill.order else None,
        )


class Invocation(BaseModel):
    """The arguments of ``wx.requestPayment``, as they are."""

    timeStamp: str  # noqa: N815 - WeChat's own names
    nonceStr: str  # noqa: N815
    package: str
    signType: str  # noqa: N815
    paySign: str  # noqa: N815


class PayableView(BaseModel):
    order: OrderView
    invocation: Invocation

    @classmethod
    def of(cls, payable: Payable) -> "PayableView":
        arguments: dict[str, Any] = dict(payable.invocation)
        return cls(order=OrderView.of(payable.order), invocation=Invocation(**arguments))


@payments.add("GET", "", answer=BillView, errors=(CaseUnknown,))
async def show(call: Call[Citizen], case_id: UUID) -> BillView:
    """Show what one's own case owes or has paid."""
    return BillView.of(await call.ctx.payments.show(call.who, case_id))


@payments.add(
    "POST",
    "",
    answer=PayableView,
    errors=(
        CaseUnknown,
        NothingToPay,
        AlreadyPaid,
        PayerUnknown,
        PayerElsewhere,
        ConsentMissing,
        PaymentInQuestion,
        OrderClosed,
        OutsideUnavailable,
    ),
    idempotent=True,
)
async def open_order(call: Call[Citizen], case_id: UUID) -> PayableView:
    """Open the order of the fee, or find the open one: to be paid in WeChat within two hours."""
    await call.ctx.limiter.hit("payment", str(call.who.account_id))
    key = call.idempotency_key
    return PayableView.of(await call.ctx.payments.open_order(call.who, case_id, key))


@payments.add("POST", "/check", answer=BillView, errors=(CaseUnknown, OutsideUnavailable))
async def check(call: Call[Citizen], case_id: UUID) -> BillView:
    """Ask the channel whether the open order was paid."""
    await call.ctx.limiter.hit("payment", str(call.who.account_id))
    return BillView.of(await call.ctx.payments.check(call.who, case_id))
