"""The courier in kuaidi100's style: orders, tracks, and a push at every step."""

import hashlib
import json
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

from aiohttp import web

from .answers import answer, dump, load_object
from .credentials import Credentials
from .loopback import is_loopback_url
from .parcels import NewParcel, OtherParcel, Parcels

_REQUIRED = (
    "kuaidicom",
    "recManName",
    "recManMobile",
    "recManPrintAddr",
    "sendManName",
    "sendManMobile",
    "sendManPrintAddr",
    "cargo",
    "thirdOrderId",
)


class _Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def signature(*parts: str) -> str:
    """Return the upper-case MD5 by which kuaidi100 signs; it is their format, not our choice."""
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest().upper()


@dataclass(frozen=True)
class Courier:
    credentials: Credentials
    parcels: Parcels
    notify_base_url: str

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/order/borderapi.do", self.order),
            web.post("/poll/query.do", self.query),
        ]

    async def order(self, request: web.Request) -> web.Response:
        try:
            form, param = await self._verified(request)
            if form.get("method") != "bOrder":
                raise _Refused("400", "method 应为 bOrder")
            waybill = self.parcels.order(self._read_order(param))
        except OtherParcel:
            return _failure("501", "重复的订单号，内容不同")
        except _Refused as refused:
            return _failure(refused.code, str(refused))
        data = {"taskId": f"{waybill}T", "orderId": f"{waybill}O", "kuaidinum": waybill}
        return answer({"result": True, "returnCode": "200", "message": "成功", "data": data})

    async def query(self, request: web.Request) -> web.Response:
        try:
            _, param = await self._verified(request)
            if not isinstance(param.get("com"), str) or not isinstance(param.get("num"), str):
                raise _Refused("400", "提交的数据不完整")
            track = self.parcels.track(param["num"], param["com"])
            if track is None:
                raise _Refused("500", "查询无结果，请隔段时间再查")
        except _Refused as refused:
            return _failure(refused.code, str(refused))
        return answer(track)

    def _read_order(self, param: dict[str, Any]) -> NewParcel:
        values = {name: param.get(name) for name in _REQUIRED}
        if any(not isinstance(value, str) or not value.strip() for value in values.values()):
            raise _Refused("400", "提交的数据不完整")
        push_url = param.get("callBackUrl") or f"{self.notify_base_url}/callbacks/courier"
        if not isinstance(push_url, str) or not is_loopback_url(push_url):
            raise _Refused("400", "callBackUrl 应为本机地址")
        return NewParcel(
            order_number=str(values["thirdOrderId"]),
            company=str(values["kuaidicom"]),
            param=json.dumps(values, ensure_ascii=False, sort_keys=True),
            receiver=f"{values['recManName']} {values['recManPrintAddr']}",
            push_url=push_url,
        )

    async def _verified(self, request: web.Request) -> tuple[dict[str, str], dict[str, Any]]:
        """Return the form and its ``param`` when the customer signed it."""
        posted = await request.post()
        form = {name: value for name, value in posted.items() if isinstance(value, str)}
        param = form.get("param", "")
        expected = signature(param, self.credentials.courier_key, self.credentials.courier_customer)
        if form.get("customer") != self.credentials.courier_customer or not compare_digest(
            form.get("sign", "").encode(), expected.encode()
        ):
            raise _Refused("503", "验证签名失败")
        try:
            return form, load_object(param.encode())
        except ValueError:
            raise _Refused("400", "param 不是合法的 JSON 对象") from None


def push_form(track: dict[str, Any], salt: str) -> dict[str, str]:
    """Return the form that tells the application where a parcel is."""
    over = track["ischeck"] == "1"
    status = {"status": "shutdown" if over else "polling", "message": "", "lastResult": track}
    param = dump(status).decode()
    return {"sign": signature(param, salt), "param": param}


def _failure(code: str, message: str) -> web.Response:
    return answer({"result": False, "returnCode": code, "message": message})
