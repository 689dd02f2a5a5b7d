"""WeChat Pay v3 over HTTP: orders of three kinds, both queries, close, refunds, certificates."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from aiohttp import web

from .answers import answer, dump, load_object
from .cashier import cashier_path
from .credentials import Credentials
from .orders import Order, Orders
from .paysign import PaySigner, SignatureRefused
from .platform import Platform
from .prepay import APP, JSAPI, MWEB, PayRefused, read_wanted
from .refunds import Refund, Refunds

_BASE = "/v3/pay/transactions"
_REFUNDS = "/v3/refund/domestic/refunds"
_TRADE_TYPES = {"jsapi": JSAPI, "app": APP, "h5": MWEB}


@dataclass(frozen=True)
class Wechatpay:
    credentials: Credentials
    signer: PaySigner
    orders: Orders
    refunds: Refunds
    platform: Platform

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post(f"{_BASE}/jsapi", self.prepay),
            web.post(f"{_BASE}/app", self.prepay),
            web.post(f"{_BASE}/h5", self.prepay),
            web.get(_BASE + "/out-trade-no/{number}", self.query),
            web.get(_BASE + "/id/{number}", self.query_transaction),
            web.post(_BASE + "/out-trade-no/{number}/close", self.close),
            web.get("/v3/certificates", self.certificates),
            web.post("/phone/api/platform-certificates", self.rotate),
            web.post(_REFUNDS, self.refund),
            web.get(_REFUNDS + "/{number}", self.query_refund),
        ]

    async def prepay(self, request: web.Request) -> web.Response:
        try:
            body = await self._verified(request)
            trade_type = _TRADE_TYPES[request.path.rpartition("/")[2]]
            wanted = read_wanted(load_object(body), self.credentials, trade_type)
            prepay_id = self.orders.open(wanted)
        except ValueError:
            return _bad_json()
        except (SignatureRefused, PayRefused) as refused:
            return _error(refused, request)
        if wanted.trade_type == MWEB:
            return self._signed({"h5_url": f"{request.url.origin()}{cashier_path(prepay_id)}"})
        return self._signed({"prepay_id": prepay_id})

    async def query(self, request: web.Request) -> web.Response:
        return await self._show(request, self.orders.find(request.match_info["number"]))

    async def query_transaction(self, request: web.Request) -> web.Response:
        order = self.orders.find_transaction(request.match_info["number"])
        return await self._show(request, order)

    async def close(self, request: web.Request) -> web.Response:
        try:
            body = load_object(await self._verified(request))
            self._check_merchant(body.get("mchid"))
            self.orders.close(_existing(self.orders.find(request.match_info["number"])))
        except ValueError:
            return _bad_json()
        except (SignatureRefused, PayRefused) as refused:
            return _error(refused, request)
        return web.Response(status=204, headers=self.signer.headers(b""))

    async def certificates(self, request: web.Request) -> web.Response:
        try:
            await self._verified(request)
        except (SignatureRefused, PayRefused) as refused:
            return _error(refused, request)
        found = self.platform.certificates()
        sealed = [self.signer.seal(each.pem.encode(), "certificate") for each in found]
        pairs = zip(found, sealed, strict=True)
        return self._signed({"data": [each.listed(envelope) for each, envelope in pairs]})

    async def rotate(self, request: web.Request) -> web.Response:
        """Sign with a new certificate from now on."""
        return answer({"serial": self.platform.rotate()})

    async def refund(self, request: web.Request) -> web.Response:
        try:
            refund = self.refunds.ask(load_object(await self._verified(request)))
            return self._signed(self.refunds.describe(refund))
        except ValueError:
            return _bad_json()
        except (SignatureRefused, PayRefused) as refused:
            return _error(refused, request)

    async def query_refund(self, request: web.Request) -> web.Response:
        try:
            await self._verified(request)
            refund = _existing_refund(self.refunds.find(request.match_info["number"]))
            return self._signed(self.refunds.describe(refund))
        except (SignatureRefused, PayRefused) as refused:
            return _error(refused, request)

    async def _show(self, request: web.Request, order: Order | None) -> web.Response:
        try:
            await self._verified(request)
            self._check_merchant(request.query.get("mchid"))
            return self._signed(self.orders.describe(_existing(order)))
        except (SignatureRefused, PayRefused) as refused:
            return _error(refused, request)

    async def _verified(self, request: web.Request) -> bytes:
        """Return the body of a request that the merchant signed."""
        body = await request.read()
        parts = urlsplit(request.raw_path)
        url = f"{parts.path}?{parts.query}" if parts.query else parts.path
        authorization = request.headers.get("Authorization", "")
        self.signer.check_request(request.method, url, body, authorization)
        if not self.signer.answers_to(request.headers.get("Wechatpay-Serial")):
            raise PayRefused(400, "PARAM_ERROR", "Wechatpay-Serial 有误")
        return body

    def _check_merchant(self, merchant: object) -> None:
        if merchant != self.credentials.merchant_id:
            raise PayRefused(400, "PARAM_ERROR", "参数 mchid 与签名的商户不一致")

    def _signed(self, value: object) -> web.Response:
        body = dump(value)
        headers = self.signer.headers(body)
        return web.Response(
            body=body, content_type="application/json", charset="utf-8", headers=headers
        )


def _existing(order: Order | None) -> Order:
    if order is None:
        raise PayRefused(404, "ORDER_NOT_EXIST", "订单不存在")
    return order


def _existing_refund(refund: Refund | None) -> Refund:
    if refund is None:
        raise PayRefused(404, "RESOURCE_NOT_EXISTS", "退款单不存在")
    return refund


def _bad_json() -> web.Response:
    return answer({"code": "PARAM_ERROR", "message": "请求体不是合法的 JSON 对象"}, 400)


def _error(refused: SignatureRefused | PayRefused, request: web.Request) -> web.Response:
    # Error answers are not signed: the official SDKs verify 2xx only.
    if isinstance(refused, PayRefused):
        return answer({"code": refused.code, "message": refused.message}, refused.status)
    detail = {
        "field": "signature",
        "issue": "sign not match",
        "location": "authorization",
        "sign_information": {"method": request.method, "url": request.raw_path},
    }
    return answer({"code": "SIGN_ERROR", "message": str(refused), "detail": detail}, 401)
