"""The treasury's platform over HTTP: notices, electronic bills, 退付."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from .answers import dump, load_object
from .fiscalbills import FiscalBills
from .notices import Notices
from .treasury import TreasuryRefused, TreasurySigner
from .treasuryrefunds import TreasuryRefunds

_BASE = "/nontax/v1"
_NOTICE = _BASE + "/notices/{number}"
_BILL = _BASE + "/bills/{code}/{number}"


@dataclass(frozen=True)
class Nontax:
    signer: TreasurySigner
    notices: Notices
    bills: FiscalBills
    refunds: TreasuryRefunds

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"{_BASE}/notices", self.issue),
            web.get(_NOTICE, self.query),
            web.post(_NOTICE + "/cancel", self.cancel),
            web.post(f"{_BASE}/bills", self.bill),
            web.get(_BILL, self.query_bill),
            web.post(_BILL + "/red", self.reverse),
            web.post(f"{_BASE}/refunds", self.refund),
            web.get(_BASE + "/refunds/{number}", self.query_refund),
        ]

    async def issue(self, request: web.Request) -> web.Response:
        def act(body: dict[str, Any]) -> Any:
            return self.notices.describe(self.notices.issue(body))

        return await self._answered(request, act)

    async def query(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        return await self._answered(
            request, lambda _: self.notices.describe(self.notices.existing(number))
        )

    async def cancel(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        return await self._answered(
            request, lambda _: self.notices.describe(self.notices.cancel(number))
        )

    async def bill(self, request: web.Request) -> web.Response:
        def act(body: dict[str, Any]) -> Any:
            return self.bills.describe(self.bills.issue(body), _base(request))

        return await self._answered(request, act)

    async def query_bill(self, request: web.Request) -> web.Response:
        named = (request.match_info["code"], request.match_info["number"])
        return await self._answered(
            request, lambda _: self.bills.describe(self.bills.existing(*named), _base(request))
        )

    async def reverse(self, request: web.Request) -> web.Response:
        named = (request.match_info["code"], request.match_info["number"])

        def act(body: dict[str, Any]) -> Any:
            return self.bills.describe(self.bills.reverse(*named, body), _base(request))

        return await self._answered(request, act)

    async def refund(self, request: web.Request) -> web.Response:
        def act(body: dict[str, Any]) -> Any:
            return self.refunds.describe(self.refunds.ask(body))

        return await self._answered(request, act)

    async def query_refund(self, request: web.Request) -> web.Response:
        number = request.match_info["number"]
        return await self._answered(
            request, lambda _: self.refunds.describe(self.refunds.existing(number))
        )

    async def _answered(
        self, request: web.Request, act: Callable[[dict[str, Any]], Any]
    ) -> web.Response:
        """Answer a request that the unit signed; refusals of those are signed too."""
        asked, body = "", await request.read()
        try:
            parts = urlsplit(request.raw_path)
            target = f"{parts.path}?{parts.query}" if parts.query else parts.path
            headers = {name.title(): value for name, value in request.headers.items()}
            asked = self.signer.check_request(request.method, target, headers, body)
            return self._signed(asked, 200, act(load_object(body) if body else {}))
        except ValueError:
            return self._signed(
                asked, 400, {"code": "PARAM_INVALID", "message": "请求体不是合法的 JSON 对象"}
            )
        except TreasuryRefused as refused:
            said = {"code": refused.code, "message": refused.message}
            return self._signed(asked, refused.status, said)

    def _signed(self, asked: str, status: int, value: object) -> web.Response:
        body = dump(value)
        # Who could not prove itself gets no signature.
        headers = self.signer.answer(status, asked, body) if asked else {}
        return web.Response(
            body=body,
            status=status,
            content_type="application/json",
            charset="utf-8",
            headers=headers,
        )


def _base(request: web.Request) -> str:
    return str(request.url.origin())
