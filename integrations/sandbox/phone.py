"""The citizen's phone: codes, subscriptions, cashier and messages, as JSON and as a page."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Row
from typing import Any

from aiohttp import web

from .answers import answer, rfc3339
from .orders import PAID, CannotPay, Order, Orders, Payment
from .paysign import SignatureRefused
from .people import CITIZENS, Citizen, find
from .phonerules import PhoneRefused, flag, read_body, whole
from .sms import plain_phone
from .store import Store
from .subscriptions import Subscriptions, is_template
from .wechat import CODE_LIFE, Wechat

_HERE = Path(__file__).parent
_PAGES = {
    "/phone": ("phone.html", "text/html"),
    "/phone/phone.css": ("phone.css", "text/css"),
    "/phone/phone.js": ("phone.js", "text/javascript"),
}
_CITIZENS = "/phone/api/citizens"
_ORDERS = "/phone/api/orders"
_MOST_COPIES = 50


@dataclass(frozen=True)
class Phone:
    store: Store
    wechat: Wechat
    subscriptions: Subscriptions
    orders: Orders
    now: Callable[[], float]

    def routes(self) -> list[web.RouteDef]:
        return [
            *(web.get(path, self.page) for path in _PAGES),
            web.get(_CITIZENS, self.citizens),
            web.post(_CITIZENS + "/{openid}/login-code", self.login_code),
            web.post(_CITIZENS + "/{openid}/phone-code", self.phone_code),
            web.get(_CITIZENS + "/{openid}/subscriptions", self.list_subscriptions),
            web.post(_CITIZENS + "/{openid}/subscriptions", self.subscribe),
            web.get(_CITIZENS + "/{openid}/orders", self.own_orders),
            web.get(_ORDERS, self.all_orders),
            web.post(_ORDERS + "/{prepay_id}/pay", self.pay),
            web.post(_ORDERS + "/{prepay_id}/cancel", self.cancel),
            web.get("/phone/api/outbox", self.outbox),
        ]

    async def page(self, request: web.Request) -> web.Response:
        name, content_type = _PAGES[request.path]
        text = (_HERE / name).read_text(encoding="utf-8")
        return web.Response(text=text, content_type=content_type, charset="utf-8")

    async def citizens(self, request: web.Request) -> web.Response:
        shown = ("openid", "name", "id_number", "phone", "note")
        items = [{name: getattr(citizen, name) for name in shown} for citizen in CITIZENS]
        return answer({"items": items})

    async def login_code(self, request: web.Request) -> web.Response:
        return self._code(request, "login")

    async def phone_code(self, request: web.Request) -> web.Response:
        return self._code(request, "phone")

    async def list_subscriptions(self, request: web.Request) -> web.Response:
        rows = self.store.all(
            "SELECT template_id, remaining FROM subscriptions WHERE openid = ?"
            " ORDER BY template_id",
            _citizen(request).openid,
        )
        items = [{"template_id": row["template_id"], "left": row["remaining"]} for row in rows]
        return answer({"items": items})

    async def subscribe(self, request: web.Request) -> web.Response:
        body = await read_body(request)
        openid, template_id = _citizen(request).openid, body.get("template_id")
        if not isinstance(template_id, str) or not is_template(template_id):
            raise PhoneRefused(400, "template_id 应形如 wxsandbox-template-…")
        times = whole(body, "times", 1, least=1, most=100)
        left = self.subscriptions.accept(openid, template_id, times)
        return answer({"template_id": template_id, "left": left})

    async def own_orders(self, request: web.Request) -> web.Response:
        return answer({"items": self._orders(_citizen(request).openid)})

    async def all_orders(self, request: web.Request) -> web.Response:
        return answer({"items": self._orders(None)})

    async def pay(self, request: web.Request) -> web.Response:
        prepay_id = request.match_info["prepay_id"]
        body = await read_body(request)
        self._own_order(prepay_id, body)
        self._check_invocation(prepay_id, body)
        payment = Payment(
            openid=str(body.get("openid")),
            copies=whole(body, "copies", 1, least=1, most=_MOST_COPIES),
            deliver=flag(body, "deliver", default=True),
            signtest=flag(body, "signtest", default=False),
        )
        try:
            transaction_id, queued = self.orders.pay(prepay_id, payment)
        except CannotPay as refused:
            raise PhoneRefused(409, str(refused)) from refused
        paid = {"errMsg": "requestPayment:ok", "transaction_id": transaction_id}
        return answer(paid | {"callbacks": queued})

    async def cancel(self, request: web.Request) -> web.Response:
        prepay_id = request.match_info["prepay_id"]
        order = self._own_order(prepay_id, await read_body(request))
        if order.state in PAID:
            raise PhoneRefused(409, "这张订单已支付")
        self.orders.cancel(prepay_id)
        return answer({"errMsg": "requestPayment:fail cancel"})

    async def outbox(self, request: web.Request) -> web.Response:
        openid, phone = request.query.get("openid"), request.query.get("phone")
        wanted = {openid, plain_phone(phone) if phone else None} - {None}
        rows = self.store.all("SELECT * FROM messages ORDER BY seq DESC LIMIT 500")
        everybody = openid is None and phone is None
        return answer(
            {"items": [_message(row) for row in rows if everybody or row["recipient"] in wanted]}
        )

    def _code(self, request: web.Request, kind: str) -> web.Response:
        code = self.wechat.issue_code(kind, _citizen(request).openid)
        return answer({"code": code, "expires_in": int(CODE_LIFE)})

    def _orders(self, openid: str | None) -> list[dict[str, Any]]:
        rows = self.store.all(
            "SELECT o.*, p.prepay_id, p.created_at AS given_at, p.cancelled_at"
            " FROM prepays p JOIN orders o USING (out_trade_no)"
            " WHERE o.openid IN ('', coalesce(?, o.openid)) ORDER BY p.created_at DESC",
            openid,
        )
        return [self._shown(row) for row in rows]

    def _shown(self, row: Row) -> dict[str, Any]:
        status = {"SUCCESS": "PAID", "REFUND": "PAID", "CLOSED": "CLOSED"}.get(row["state"])
        if status is None:
            payable = self.orders.is_payable(row["trade_type"], row["expires_at"], row["given_at"])
            status = "OPEN" if payable else "EXPIRED"
        names = ("prepay_id", "out_trade_no", "description", "amount_fen", "openid", "trade_type")
        return {name: row[name] for name in names} | {
            "status": status,
            "expires_at": rfc3339(row["expires_at"]),
            "transaction_id": row["transaction_id"],
            "cancelled": row["cancelled_at"] is not None,
        }

    def _own_order(self, prepay_id: str, body: dict[str, Any]) -> Order:
        found = self.orders.find_prepay(prepay_id)
        if found is None:
            raise PhoneRefused(404, "没有这张订单")
        if found[0].openid not in ("", body.get("openid")):
            raise PhoneRefused(403, "这张订单不是这部手机的")
        if find(str(body.get("openid"))) is None:
            raise PhoneRefused(404, "没有这位市民")
        return found[0]

    def _check_invocation(self, prepay_id: str, body: dict[str, Any]) -> None:
        invocation = body.get("invocation")
        if invocation is None:
            return
        if not isinstance(invocation, dict):
            raise PhoneRefused(400, "invocation 应为对象")
        arguments = {str(name): str(value) for name, value in invocation.items()}
        # An app hands on the bare prepay id.
        named = arguments.get("prepayid") or arguments.get("package", "").removeprefix("prepay_id=")
        if named != prepay_id:
            raise PhoneRefused(400, "package 与订单不符")
        try:
            self.orders.signer.check_invocation(arguments)
        except SignatureRefused as refused:
            raise PhoneRefused(400, f"requestPayment:fail {refused}") from refused


def _citizen(request: web.Request) -> Citizen:
    citizen = find(request.match_info["openid"])
    if citizen is None:
        raise PhoneRefused(404, "没有这位市民")
    return citizen


def _message(row: Row) -> dict[str, Any]:
    names = ("id", "channel", "template", "page")
    return {name: row[name] for name in names} | {
        "to": row["recipient"],
        "data": json.loads(row["data"]),
        "at": rfc3339(row["at"]),
    }
