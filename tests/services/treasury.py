"""Fees that are paid into the treasury: notices, what its platform says, and what it has."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from typing import Any, cast
from uuid import uuid4

from integrations.sandbox.credentials import Credentials, issue_credentials
from models.payment import PaymentOrder
from services.fiscal_bills import FiscalBilling
from services.payments import Payable
from services.ports import NONTAX, Scene
from services.tills import Choice
from tests.make import Filed
from tests.services import stages
from tests.services.channel import Callback
from tests.world import World

CHOICE = Choice(NONTAX, Scene.PAGE.value)
PATH = "/callbacks/nontax"
FEE = 8_000  # 不动产登记费, 住宅
TABLES = (
    *("cases", "case_events", "fees", "payment_orders", "payment_events", "refunds"),
    *("refund_events", "fiscal_bills"),
)


@dataclass(frozen=True)
class TreasuryPen:
    """Writes what the treasury's platform says, whatever it says."""

    world: World

    @property
    def credentials(self) -> Credentials:
        return issue_credentials(self.world.settings.wxpay_mch_key_file.parent)

    def notice(self, order: PaymentOrder, **changes: Any) -> dict[str, Any]:
        """Return the notice that settles an order, with some fields changed."""
        return {
            "unit_code": self.credentials.nontax_unit,
            "order_no": order.number,
            "notice_code": order.prepay_id,
            "amount_fen": order.amount_fen,
            "currency": "CNY",
            "state": "PAID",
            "expires_at": "2026-03-02T11:10:00+08:00",
            "flow_no": f"T{uuid4().hex[:20]}",
            "paid_at": "2026-03-02T09:09:00+08:00",
            **changes,
        }

    def paid(self, notice: dict[str, Any], *, number: str | None = None) -> Callback:
        told = {"id": number or uuid4().hex, "event": "NOTICE.PAID", "notice": notice}
        return self.signed(json.dumps(told).encode())

    def signed(self, body: bytes, **spoil: str) -> Callback:
        """Return any bytes as the platform's; ``spoil`` replaces headers after the signing."""
        unit = self.credentials.nontax_unit
        stamp, nonce = str(int(self.world.clock.now().timestamp())), uuid4().hex
        lines = ("CALLBACK", PATH, unit, stamp, nonce, hashlib.sha256(body).hexdigest())
        message = "".join(f"{line}\n" for line in lines).encode()
        secret = self.credentials.nontax_secret.encode()
        signature = hmac.new(secret, message, hashlib.sha256).hexdigest()
        names = ("X-Unit-Code", "X-Timestamp", "X-Nonce", "X-Signature")
        headers = dict(zip(names, (unit, stamp, nonce, signature), strict=True))
        return Callback({**headers, **spoil}, body)

    async def deliver(self, callback: Callback) -> int:
        answer = await self.world.http.post(PATH, data=callback.body, headers=callback.headers)
        return answer.status


async def opened(world: World, filed: Filed) -> Payable:
    """Return the notice of a case's fee, to be paid at the treasury's cashier."""
    return await world.ctx.payments.open_order(filed.citizen, filed.case_id, uuid4().hex, CHOICE)


async def cash(world: World, payable: Payable, **how: Any) -> str:
    """Pay at the cashier and return the flow number; by default the platform keeps silent."""
    body = {"deliver": False, **how}
    path = f"/notices/{payable.invocation['notice']}/pay"
    answer = await world.phone.post(path, json=body)
    assert answer.status == 200, answer.body
    return str(answer.json["flow_no"])


async def registering(world: World) -> tuple[Filed, PaymentOrder]:
    """Return a case under review whose fee of 80.00 yuan was paid into the treasury (ITEM09)."""
    filed = await stages.reviewed(world, "ITEM09")
    payable = await opened(world, filed)
    await cash(world, payable)
    await world.ctx.payments.check(filed.citizen, filed.case_id)
    return filed, await PaymentOrder.get(id=payable.order.id)


async def bill(world: World) -> int:
    """Look after bills that wait for it; return how many looks there were."""
    return await stages.do(world, "payment.bill")


def billing(world: World) -> FiscalBilling:
    """Return the billing of this world, as its worker has it."""
    found: FiscalBilling = cast("Any", world.parts.handlers["payment.bill"]).__self__
    return found


async def at_treasury(world: World, what: str) -> list[dict[str, Any]]:
    """Return what the treasury has: ``notices``, ``fiscal-bills`` or ``treasury-refunds``."""
    found: list[dict[str, Any]] = (await world.phone.get(f"/{what}")).json["items"]
    return found


async def state(world: World) -> list[object]:
    """Return every row that money can change, to show that nothing did."""
    return [await world.rows(table) for table in TABLES]
