"""Payment of a case's fee: what is owed, an order to pay now, asking the channel."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict

from api.auth import CITIZEN
from api.call import Call
from api.routes import Routes
from models.payment import Fee, FiscalBill, PaymentOrder, Waiver
from models.rules.item_words import Till
from models.rules.waivers import WaiverStatus
from services.access import CaseUnknown
from services.actors import Citizen
from services.consents import ConsentMissing
from services.errors import OutsideUnavailable
from services.orders import AlreadyPaid, NothingToPay, OrderClosed, PayerElsewhere, PayerUnknown
from services.payments import Bill, Payable, PaymentInQuestion
from services.ports import Scene
from services.tills import ChannelNotOffered, Choice, Offer, SceneNotOffered

payments = Routes("payments", "/v1/cases/<case_id:uuid>/payment", CITIZEN)
ROUTES = (payments,)


class FeeLineView(BaseModel):
    """``quantity`` is a decimal number as text; the line's amount is half-up to the fen."""

    text: str
    quantity: str
    unit_price_fen: int
    amount_fen: int


class FeeView(BaseModel):
    """``waived_by`` names the published waiver by which nothing of the lines is owed."""

    name: str
    basis: str
    stage: str
    amount_fen: int
    lines: list[FeeLineView]
    settled: bool
    waived_by: str | None

    @classmethod
    def of(cls, fee: Fee) -> "FeeView":
        return cls(
            name=fee.name,
            basis=fee.basis,
            stage=fee.stage,
            amount_fen=fee.amount_fen,
            lines=[FeeLineView(**line) for line in fee.breakdown],
            settled=fee.settled_at is not None,
            waived_by=fee.waived_by,
        )


class OrderView(BaseModel):
    """缴款单: ``status`` is CREATED, PAYING, PAID or CLOSED.

    ``channel`` is WECHAT or NONTAX, ``scene`` JSAPI, APP, H5 or PAGE.
    """

    number: str
    channel: str
    scene: str
    amount_fen: int
    status: str
    expires_at: str
    paid_at: str | None

    @classmethod
    def of(cls, order: PaymentOrder) -> "OrderView":
        return cls(
            number=order.number,
            channel=order.channel,
            scene=order.scene,
            amount_fen=order.amount_fen,
            status=order.status,
            expires_at=order.expires_at.isoformat(),
            paid_at=order.paid_at.isoformat() if order.paid_at else None,
        )


class OfferView(BaseModel):
    """A channel by which the fee can be paid, and in which scenes."""

    channel: str
    scenes: list[str]

    @classmethod
    def of(cls, offer: Offer) -> "OfferView":
        return cls(channel=offer.channel, scenes=list(offer.scenes))


class FiscalBillView(BaseModel):
    """财政电子票据: ``kind`` BLUE for what was paid, RED (冲红) for what went back.

    ``code`` is its 票据代码 (8 digits), ``number`` its 票据号码 (10), ``check_code`` its 校验码;
    ``url`` is the treasury's page on which it is checked and downloaded.
    """

    kind: str
    code: str
    number: str
    check_code: str
    amount_fen: int
    issued_at: str
    url: str

    @classmethod
    def of(cls, bill: FiscalBill) -> "FiscalBillView":
        return cls(
            kind=bill.kind,
            code=bill.code,
            number=bill.number,
            check_code=bill.check_code,
            amount_fen=bill.amount_fen,
            issued_at=bill.issued_at.isoformat(),
            url=bill.url,
        )


class WaiverView(BaseModel):
    """A waiver as its applicant sees it: OPEN, TAKEN_BACK, GRANTED, REFUSED or OVERTAKEN."""

    ground: str
    reason: str
    status: str
    status_text: str
    refusal: str | None
    asked_at: str
    decided_at: str | None

    @classmethod
    def of(cls, waiver: Waiver) -> "WaiverView":
        return cls(
            ground=waiver.ground,
            reason=waiver.reason,
            status=waiver.status,
            status_text=WaiverStatus(waiver.status).zh,
            refusal=waiver.refusal,
            asked_at=waiver.asked_at.isoformat(),
            decided_at=waiver.decided_at.isoformat() if waiver.decided_at else None,
        )


class BillView(BaseModel):
    """What a case owes: ``status`` NOT_REQUIRED, UNPAID, PAID, WAIVED, REFUNDING or REFUNDED.

    ``waiver_grounds`` are those that the item publishes, ``waiver`` is the newest asked for.
    """

    status: str
    fee: FeeView | None
    order: OrderView | None
    offers: list[OfferView]
    bills: list[FiscalBillView]
    waiver_grounds: list[str]
    waiver: WaiverView | None

    @classmethod
    def of(cls, bill: Bill) -> "BillView":
        return cls(
            status=bill.status,
            fee=FeeView.of(bill.fee) if bill.fee else None,
            order=OrderView.of(bill.order) if bill.order else None,
            offers=[OfferView.of(each) for each in bill.offers],
            bills=[FiscalBillView.of(each) for each in bill.bills],
            waiver_grounds=list(bill.grounds),
            waiver=WaiverView.of(bill.waiver) if bill.waiver else None,
        )


class PayableView(BaseModel):
    """``invocation`` is what the phone needs, by the order's scene and as it is.

    JSAPI: the arguments of ``wx.requestPayment``. APP: those of the app's pay request. H5 and
    PAGE: ``url``, the page to open; what else a channel shows its payers is beside it.
    """

    order: OrderView
    invocation: dict[str, str]

    @classmethod
    def of(cls, payable: Payable) -> "PayableView":
        return cls(order=OrderView.of(payable.order), invocation=dict(payable.invocation))


class ChoiceBody(BaseModel):
    """How to pay; by default in the mini-program, by WeChat Pay."""

    model_config = ConfigDict(extra="forbid")

    channel: Till = Till.WECHAT
    scene: Scene = Scene.JSAPI

    def choice(self, address: str) -> Choice:
        ip = None if address == "unknown" else address
        return Choice(self.channel.value, self.scene.value, ip)


@payments.add("GET", "", answer=BillView, errors=(CaseUnknown,))
async def show(call: Call[Citizen], case_id: UUID) -> BillView:
    """Show what one's own case owes or has paid."""
    return BillView.of(await call.ctx.payments.show(call.who, case_id))


@payments.add(
    "POST",
    "",
    body=ChoiceBody,
    answer=PayableView,
    errors=(
        CaseUnknown,
        NothingToPay,
        AlreadyPaid,
        ChannelNotOffered,
        SceneNotOffered,
        PayerUnknown,
        PayerElsewhere,
        ConsentMissing,
        PaymentInQuestion,
        OrderClosed,
        OutsideUnavailable,
    ),
    idempotent=True,
    optional=True,
)
async def open_order(call: Call[Citizen], case_id: UUID) -> PayableView:
    """Open the order of the fee, or find the open one: to be paid within two hours.

    One that is open in another channel or scene, or as another's, is closed for it.
    """
    await call.ctx.limiter.hit("payment", str(call.who.account_id))
    key, choice = call.idempotency_key, call.body(ChoiceBody, optional=True).choice(call.address)
    return PayableView.of(await call.ctx.payments.open_order(call.who, case_id, key, choice))


@payments.add("POST", "/check", answer=BillView, errors=(CaseUnknown, OutsideUnavailable))
async def check(call: Call[Citizen], case_id: UUID) -> BillView:
    """Ask the channel whether the open order was paid."""
    await call.ctx.limiter.hit("payment", str(call.who.account_id))
    return BillView.of(await call.ctx.payments.check(call.who, case_id))
