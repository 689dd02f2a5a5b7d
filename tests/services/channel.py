"""The pay channel's pen: callbacks signed and sealed as WeChat Pay does, whatever they say."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from integrations.sandbox.credentials import Credentials, issue_credentials
from integrations.sandbox.paysign import PaySigner
from models.payment import PaymentOrder
from tests.world import World


@dataclass(frozen=True)
class Callback:
    """A callback as it goes over the wire."""

    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Pen:
    world: World

    @property
    def credentials(self) -> Credentials:
        return issue_credentials(self.world.settings.wxpay_mch_key_file.parent)

    def trade(self, order: PaymentOrder, **changes: Any) -> dict[str, Any]:
        """Return the transaction that settles an order, with some fields changed."""
        settings = self.world.settings
        paid: dict[str, Any] = {
            "appid": settings.wechat_appid,
            "mchid": settings.wxpay_mchid,
            "out_trade_no": order.number,
            "trade_state": "SUCCESS",
            "transaction_id": f"42000{uuid4().int % 10**23:023d}",
            "success_time": datetime.now(UTC).isoformat(timespec="seconds"),
            "payer": {"openid": order.payer},
            "amount": {"total": order.amount_fen, "currency": "CNY"},
        }
        return {**paid, **changes}

    def callback(
        self, trade: Mapping[str, Any], *, number: str | None = None, age: float = 0
    ) -> Callback:
        """Return a signed callback; ``age`` is in seconds before now."""
        at = self.world.clock.now().timestamp() - age
        signer = PaySigner.of(self.credentials, lambda: at)
        body = json.dumps(
            {
                "id": number or uuid4().hex,
                "create_time": "2026-03-02T09:10:00+08:00",
                "resource_type": "encrypt-resource",
                "event_type": "TRANSACTION.SUCCESS",
                "summary": "支付成功",
                "resource": signer.seal(json.dumps(dict(trade)).encode(), "transaction"),
            }
        ).encode()
        return Callback(signer.headers(body), body)

    def signed(self, body: bytes) -> Callback:
        """Return any bytes with the platform's signature on them."""
        signer = PaySigner.of(self.credentials, lambda: self.world.clock.now().timestamp())
        return Callback(signer.headers(body), body)

    async def deliver(self, callback: Callback) -> int:
        """Post a callback to the application as the channel does; return the status."""
        answer = await self.world.http.post(
            "/callbacks/wechatpay", data=callback.body, headers=callback.headers
        )
        return answer.status


async def money(world: World) -> list[object]:
    """Return every row that money can change, to show that nothing did."""
    tables = ("cases", "case_events", "fees", "payment_orders", "payment_events")
    return [await world.rows(table) for table in tables]
