"""Money that goes back: paid cases, what the channel says of refunds, what it has done."""

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from uuid import uuid4

from integrations.sandbox.paysign import PaySigner
from models.payment import Fee, PaymentOrder, Refund
from services.actors import Machine
from services.events import Decision, EventType
from services.refunds import Refunds
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.channel import Callback, Pen
from tests.world import World

REGISTRATION_FEE = 8_000  # 住宅
TABLES = ("cases", "case_events", "fees", "payment_orders", "payment_events", "refunds")


@dataclass(frozen=True)
class RefundPen(Pen):
    """Writes what the channel says of refunds, whatever it says."""

    def refund(self, refund: Refund, order: PaymentOrder, **changes: Any) -> dict[str, Any]:
        said: dict[str, Any] = {
            "mchid": self.world.settings.wxpay_mchid,
            "transaction_id": order.transaction_id or "4200000000202603020000000001",
            "out_trade_no": order.number,
            "refund_id": "50300000000202603020000000001",
            "out_refund_no": refund.number,
            "refund_status": "SUCCESS",
            "success_time": "2026-03-02T09:40:00+08:00",
            "user_received_account": "支付用户零钱",
            "amount": {
                "total": order.amount_fen,
                "refund": refund.amount_fen,
                "payer_total": order.amount_fen,
                "payer_refund": refund.amount_fen,
            },
        }
        return {**said, **changes}

    def refund_callback(self, said: dict[str, Any], *, number: str | None = None) -> Callback:
        at = self.world.clock.now().timestamp()
        signer = PaySigner.of(self.credentials, lambda: at)
        body = json.dumps(
            {
                "id": number or uuid4().hex,
                "create_time": "2026-03-02T09:40:00+08:00",
                "resource_type": "encrypt-resource",
                "event_type": f"REFUND.{said['refund_status']}",
                "summary": "退款",
                "resource": signer.seal(json.dumps(said).encode(), "refund"),
            }
        ).encode()
        return Callback(signer.headers(body), body)


async def registering(world: World) -> Filed:
    """Return a case under review whose fee of 80.00 yuan is paid at the channel (ITEM09)."""
    filed = await stages.reviewed(world, "ITEM09")
    await paid(world, filed)
    return filed


async def paid(world: World, filed: Filed, openid: str = make.WANG) -> PaymentOrder:
    """Pay a case's fee on the phone, and let the channel be asked for it."""
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    await stages.pay(world, payable, openid=openid)
    await world.ctx.payments.check(filed.citizen, filed.case_id)
    return await PaymentOrder.get(id=payable.order.id)


async def rejected(world: World) -> Filed:
    """Return a case that was paid for and then refused."""
    filed = await registering(world)
    await stages.decided(world, filed, Decision.REJECTED)
    return filed


async def let_go(world: World, machine: Machine, filed: Filed) -> None:
    """Let an applicant ask for a case under review to end, and the back-office agree."""
    await world.ctx.withdrawals.request(filed.citizen, filed.case_id, uuid4().hex)
    await stages.taken_over(world, machine, filed)
    await stages.report(world, machine, filed, EventType.WITHDRAWAL_ANSWERED, confirmed=True)


async def withdrawn(world: World, filed: Filed) -> None:
    await let_go(world, await stages.handed_off(world, filed), filed)


async def late(world: World) -> tuple[Filed, PaymentOrder]:
    """Return a case whose order was closed before its payment was heard of, and that order."""
    filed = await stages.owing(world)
    payable = await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex)
    await stages.pay(world, payable)
    await PaymentOrder.filter(id=payable.order.id).update(status="CLOSED")
    return filed, await PaymentOrder.get(id=payable.order.id)


async def asked_for(filed: Filed) -> Refund:
    """Return a refund that waits for its check, of a fee and an order that are rows only."""
    case = await filed.case()
    at = case.updated_at
    fee = await Fee.create(
        case_id=case.id,
        stage="AFTER_DECISION",
        name="费用",
        basis="条例",
        amount_fen=100,
        breakdown=[],
        settled_at=at,
        created_at=at,
    )
    order = await PaymentOrder.create(
        fee_id=fee.id,
        case_id=case.id,
        number=uuid4().hex,
        amount_fen=100,
        payer=make.WANG,
        status="CLOSED",
        expires_at=at,
        created_at=at,
        paid_at=at,
    )
    return await Refund.create(
        order_id=order.id,
        case_id=case.id,
        number=uuid4().hex,
        track="ADMINISTRATIVE",
        reason="APPLICANT",
        remark="多缴了费用",
        amount_fen=100,
        status="REQUESTED",
        requested_by="APPLICANT:0",
        created_at=at,
    )


def use_case(world: World) -> Refunds:
    """Return the refunds of this world, as its worker has them."""
    found: Refunds = cast("Any", world.parts.handlers["refund.send"]).__self__
    return found


async def send(world: World) -> int:
    return await stages.do(world, "refund.send")


async def sweep(world: World) -> int:
    return await stages.do(world, "refund.sweep")


async def at_channel(world: World) -> list[dict[str, Any]]:
    """Return the refunds that the channel knows, as it shows them."""
    found: list[dict[str, Any]] = (await world.phone.get("/refunds")).json["items"]
    return found


async def arrive(world: World) -> None:
    """Let what is on its way arrive, and have it asked after."""
    world.clock.advance(timedelta(seconds=2))
    await sweep(world)


async def settle(world: World, number: str, status: str) -> None:
    """Let a refund end in some way at the channel, which calls back."""
    answer = await world.phone.post(f"/refunds/{number}/settle", json={"status": status})
    assert answer.status == 200, answer.body


async def state(world: World) -> list[object]:
    """Return every row that money can change, to show that nothing did."""
    return [await world.rows(table) for table in (*TABLES, "refund_events", "audit_log")]
