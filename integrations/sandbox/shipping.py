"""发货信息: what the mini-program's platform was told of paid orders, each at most twice."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from aiohttp import web

from .answers import answer, load_object
from .orders import Order, Orders
from .store import Store
from .wechat import Refused, Wechat, wechat_error

_LOGISTICS = (1, 2, 3, 4)
_MOST_UPLOADS = 2


@dataclass(frozen=True)
class Shipping:
    wechat: Wechat
    store: Store
    orders: Orders
    now: Callable[[], float]

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/wxa/sec/order/upload_shipping_info", self.upload),
            web.get("/phone/api/shipments", self.list_shipments),
        ]

    async def upload(self, request: web.Request) -> web.Response:
        try:
            self.wechat.check_token(request)
            self._keep(load_object(await request.read()))
        except (ValueError, KeyError, TypeError):
            return wechat_error(47001, "data format error")
        except Refused as refused:
            return wechat_error(refused.errcode, refused.errmsg)
        return answer({"errcode": 0, "errmsg": "ok"})

    async def list_shipments(self, request: web.Request) -> web.Response:
        rows = self.store.all("SELECT * FROM shipments ORDER BY transaction_id")
        return answer({"items": [{**dict(row), "told": json.loads(row["told"])} for row in rows]})

    def _keep(self, body: dict[str, Any]) -> None:
        order = self._order(body["order_key"])
        if body["payer"]["openid"] != order.openid:
            raise Refused(10060031, "该笔支付单不属于 openid 所指定的用户")
        _check(body)
        at = datetime.fromisoformat(body["upload_time"])
        if at.tzinfo is None:
            raise ValueError("upload_time")
        told = json.dumps([body["logistics_type"], body["shipping_list"]], ensure_ascii=False)
        with self.store.transaction():
            row = self.store.one(
                "SELECT * FROM shipments WHERE transaction_id = ?", order.transaction_id
            )
            if row is None:
                self.store.run(
                    "INSERT INTO shipments VALUES (?, ?, 1, ?)",
                    order.transaction_id,
                    told,
                    at.timestamp(),
                )
                return
            if row["told"] == told:
                raise Refused(10060023, "发货信息未更新")
            if row["uploads"] >= _MOST_UPLOADS:
                raise Refused(10060003, "支付单已使用重新发货机会")
            if at.timestamp() <= row["at"]:
                raise Refused(268485216, "上传时间非法")
            self.store.run(
                "UPDATE shipments SET told = ?, uploads = uploads + 1, at = ?"
                " WHERE transaction_id = ?",
                told,
                at.timestamp(),
                order.transaction_id,
            )

    def _order(self, key: dict[str, Any]) -> Order:
        kind = key["order_number_type"]
        if kind == 1:
            order = self.orders.find(key["out_trade_no"])
        elif kind == 2:
            order = self.orders.find_transaction(key["transaction_id"])
        else:
            raise Refused(268485194, "订单单号类型有误")
        if order is None or order.transaction_id is None:
            raise Refused(10060001, "支付单不存在")
        return order


def _check(body: dict[str, Any]) -> None:
    """Refuse what the platform does not take of one parcel or none."""
    if body["logistics_type"] not in _LOGISTICS:
        raise Refused(10060005, "物流类型有误")
    if body["delivery_mode"] != 1 or len(body["shipping_list"]) != 1:
        raise Refused(10060006, "非快递发货时不允许分拆发货")
    [parcel] = body["shipping_list"]
    if not parcel.get("item_desc"):
        raise Refused(10060008, "商品描述字段不能为空")
    if len(parcel["item_desc"]) > 120:
        raise Refused(10060009, "商品描述字段太长")
    if body["logistics_type"] == 1 and not (
        parcel.get("tracking_no") and parcel.get("express_company")
    ):
        raise Refused(10060014, "参数错误")
