"""Bills of a day, made from what was paid and refunded here: trade bill, fund flow, download."""

import gzip
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import urlsplit

from aiohttp import web

from .answers import SHANGHAI, answer, dump
from .billsheets import Moved, Refunded, flow_bill, trade_bill
from .credentials import Credentials
from .paysign import PaySigner, SignatureRefused
from .phonerules import PhoneRefused, read_body
from .prepay import PayRefused
from .store import Store

_READY_HOUR = 10
_DAYS_BACK = 92
_LINK_LIFE = 300.0
_MOST_SPOILED = 1000


@dataclass(frozen=True)
class Bills:
    credentials: Credentials
    store: Store
    signer: PaySigner
    now: Callable[[], float]

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/v3/bill/tradebill", self.trades),
            web.get("/v3/bill/fundflowbill", self.flow),
            web.get("/v3/billdownload/file", self.download),
            web.post("/phone/api/bills/spoil", self.spoil),
        ]

    async def trades(self, request: web.Request) -> web.Response:
        return await self._announce(request, "trade", "bill_type", ("ALL",))

    async def flow(self, request: web.Request) -> web.Response:
        return await self._announce(request, "flow", "account_type", ("BASIC",))

    async def download(self, request: web.Request) -> web.Response:
        """Answer the file of an announced bill, without a signature: its digest was signed."""
        try:
            await self._check(request)
            row = self.store.one(
                "SELECT body, made_at FROM bill_files WHERE token = ?", request.query.get("token")
            )
            if row is None or self.now() - row["made_at"] > _LINK_LIFE:
                raise PayRefused(400, "PARAM_ERROR", "下载链接不存在或已过期")
        except (SignatureRefused, PayRefused) as refused:
            return _error(refused)
        return web.Response(body=bytes(row["body"]), content_type="application/x-gzip")

    async def spoil(self, request: web.Request) -> web.Response:
        """Have the next ``times`` bills announced with a digest that is not theirs."""
        times = (await read_body(request)).get("times", 1)
        if type(times) is not int or not 0 <= times <= _MOST_SPOILED:
            raise PhoneRefused(400, "times 应为 0 到 1000")
        with self.store.transaction():
            self.store.run("DELETE FROM bill_spoils")
            self.store.run("INSERT INTO bill_spoils VALUES (?)", times)
        return answer({"times": times})

    async def _announce(
        self, request: web.Request, kind: str, name: str, values: tuple[str, ...]
    ) -> web.Response:
        try:
            await self._check(request)
            if request.query.get(name, values[0]) not in values:
                raise PayRefused(400, "PARAM_ERROR", f"参数 {name} 有误")
            day = self._day(request.query.get("bill_date", ""))
            sheet = self._sheet(kind, day)
        except (SignatureRefused, PayRefused) as refused:
            return _error(refused)
        token = f"wxsandbox{secrets.token_urlsafe(24)}"
        packed = gzip.compress(sheet) if request.query.get("tar_type") == "GZIP" else sheet
        self.store.run("INSERT INTO bill_files VALUES (?, ?, ?)", token, packed, self.now())
        body = dump(
            {
                "hash_type": "SHA1",
                "hash_value": self._digest(sheet),
                "download_url": f"{request.url.origin()}/v3/billdownload/file?token={token}",
            }
        )
        headers = self.signer.headers(body)
        return web.Response(body=body, content_type="application/json", headers=headers)

    async def _check(self, request: web.Request) -> None:
        parts = urlsplit(request.raw_path)
        url = f"{parts.path}?{parts.query}" if parts.query else parts.path
        authorization = request.headers.get("Authorization", "")
        self.signer.check_request(request.method, url, await request.read(), authorization)
        self.signer.answers_to(request.headers.get("Wechatpay-Serial"))

    def _day(self, text: str) -> date:
        """Return a day whose bill is made; raise ``PayRefused``."""
        try:
            day = date.fromisoformat(text)
        except ValueError:
            raise PayRefused(400, "PARAM_ERROR", "参数 bill_date 不合法") from None
        now = datetime.fromtimestamp(self.now(), SHANGHAI)
        if not now.date() - timedelta(days=_DAYS_BACK) <= day < now.date():
            raise PayRefused(400, "PARAM_ERROR", "账单日期应为三个月内、今天之前")
        if day == now.date() - timedelta(days=1) and now.hour < _READY_HOUR:
            raise PayRefused(400, "STATEMENT_CREATING", "账单生成中,请稍后再试")
        return day

    def _sheet(self, kind: str, day: date) -> bytes:
        since = datetime.combine(day, time(), SHANGHAI).timestamp()
        until = since + timedelta(days=1).total_seconds()
        paid = [
            Moved(
                row["paid_at"],
                row["transaction_id"],
                row["out_trade_no"],
                row["amount_fen"],
                row["openid"],
                row["description"],
                row["trade_type"],
            )
            for row in self.store.all(
                "SELECT * FROM orders WHERE paid_at >= ? AND paid_at < ? ORDER BY paid_at",
                since,
                until,
            )
        ]
        refunded = refunds_of(self.store, since, until, self.now())
        if not paid and not refunded:
            raise PayRefused(400, "NO_STATEMENT_EXIST", "该日期没有账单")
        if kind == "trade":
            return trade_bill(self.credentials, paid, refunded)
        return flow_bill(paid, refunded)

    def _digest(self, sheet: bytes) -> str:
        spoiled = self.store.run("UPDATE bill_spoils SET times = times - 1 WHERE times > 0")
        return hashlib.sha1(sheet + b"?" * spoiled, usedforsecurity=False).hexdigest()


def refunds_of(store: Store, since: float, until: float, now: float) -> list[Refunded]:
    """Return the refunds that were accepted in a span of time, none where there are no refunds."""
    if store.one("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'refunds'") is None:
        return []
    rows = store.all(
        "SELECT r.*, o.transaction_id, o.openid, o.description, o.trade_type FROM refunds r"
        " JOIN orders o ON o.out_trade_no = r.out_trade_no"
        " WHERE r.created_at >= ? AND r.created_at < ? ORDER BY r.created_at",
        since,
        until,
    )
    return [
        Refunded(
            row["created_at"],
            row["transaction_id"],
            row["out_trade_no"],
            row["amount_fen"],
            row["openid"],
            row["description"],
            row["trade_type"],
            refund_id=row["refund_id"],
            out_refund_no=row["out_refund_no"],
            state=row["ends_as"] if row["settles_at"] <= now else "PROCESSING",
        )
        for row in rows
    ]


def _error(refused: SignatureRefused | PayRefused) -> web.Response:
    if isinstance(refused, PayRefused):
        return answer({"code": refused.code, "message": refused.message}, refused.status)
    return answer({"code": "SIGN_ERROR", "message": str(refused)}, 401)
