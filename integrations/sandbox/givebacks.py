"""Refunds as the phone sees them, and what a test or a newcomer can make of them."""

from dataclasses import dataclass

from aiohttp import web

from .answers import answer
from .people import find
from .phonerules import PhoneRefused, flag, read_body
from .refunds import ENDS, Refunds


@dataclass(frozen=True)
class Givebacks:
    refunds: Refunds

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/phone/api/refunds", self.list_refunds),
            web.post("/phone/api/refunds/{number}/settle", self.settle),
            web.post("/phone/api/citizens/{openid}/frozen", self.freeze),
        ]

    async def list_refunds(self, request: web.Request) -> web.Response:
        return answer({"items": self.refunds.all(request.query.get("openid"))})

    async def settle(self, request: web.Request) -> web.Response:
        status = (await read_body(request)).get("status")
        if status not in ENDS:
            raise PhoneRefused(400, "status 应为 SUCCESS、ABNORMAL 或 CLOSED")
        try:
            known = self.refunds.settle(request.match_info["number"], status)
        except ValueError as refused:
            raise PhoneRefused(409, str(refused)) from refused
        if not known:
            raise PhoneRefused(404, "没有这笔退款")
        return answer({"status": status})

    async def freeze(self, request: web.Request) -> web.Response:
        openid = request.match_info["openid"]
        if find(openid) is None:
            raise PhoneRefused(404, "没有这位市民")
        frozen = flag(await read_body(request), "frozen", default=True)
        self.refunds.freeze(openid, frozen=frozen)
        return answer({"frozen": frozen})
