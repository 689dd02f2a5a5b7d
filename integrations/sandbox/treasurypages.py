"""The treasury's pages for people, and their JSON for tests: pay a notice, look at a bill."""

from dataclasses import dataclass
from html import escape
from typing import Any

from aiohttp import web

from .answers import answer, local_time, rfc3339
from .fiscalbills import FiscalBills
from .notices import Cash, Notice, Notices
from .orders import CannotPay
from .phonerules import PhoneRefused, flag, read_body, whole
from .treasury import TreasuryRefused
from .treasuryrefunds import ENDS, TreasuryRefunds

_MOST_COPIES = 50
_STATES = {"UNPAID": "未缴款", "PAID": "已缴款", "CANCELLED": "已作废", "EXPIRED": "已过期"}
_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}(测试)</title>
<style>body {{ font: 18px/1.6 sans-serif; max-width: 32em; margin: 2em auto; padding: 0 1em }}
dt {{ color: #555 }} dd {{ margin: 0 0 .6em }}
button {{ font-size: 20px; padding: .5em 2em }}</style>
</head><body><h1>{title}(测试)</h1><dl>{facts}</dl>{rest}</body></html>"""


@dataclass(frozen=True)
class TreasuryPages:
    notices: Notices
    bills: FiscalBills
    refunds: TreasuryRefunds

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/nontax/cashier/{code:[0-9]{20}}", self.page),
            web.post("/nontax/cashier/{code:[0-9]{20}}", self.press),
            web.get("/nontax/bills/{code}/{number}/{check}", self.bill),
            web.get("/phone/api/notices", self.list_notices),
            web.post("/phone/api/notices/{code:[0-9]{20}}/pay", self.pay),
            web.get("/phone/api/fiscal-bills", self.list_bills),
            web.get("/phone/api/treasury-refunds", self.list_refunds),
            web.post("/phone/api/treasury-refunds/{number}/settle", self.settle),
        ]

    async def page(self, request: web.Request) -> web.Response:
        notice = self._notice(request)
        payable = self.notices.state(notice) == "UNPAID"
        button = '<form method="post"><button>确认缴款</button></form>' if payable else ""
        return _html("财政非税缴款", self._facts(notice), button)

    async def press(self, request: web.Request) -> web.Response:
        notice = self._notice(request)
        try:
            self.notices.pay(notice.notice_code, Cash())
        except CannotPay as refused:
            return _html("财政非税缴款", self._facts(notice), f"<p>{escape(str(refused))}</p>")
        raise web.HTTPSeeOther(request.path)

    async def bill(self, request: web.Request) -> web.Response:
        named = request.match_info
        try:
            bill = self.bills.existing(named["code"], named["number"])
        except TreasuryRefused as refused:
            raise PhoneRefused(404, refused.message) from refused
        if bill.check_code != named["check"]:
            raise PhoneRefused(404, "没有这张票据")
        sign = "-" if bill.kind == "RED" else ""
        facts = {
            "票据代码": bill.bill_code,
            "票据号码": bill.bill_number,
            "校验码": bill.check_code,
            "金额": f"{sign}{bill.amount_fen / 100:.2f}元",
            "开票时间": local_time(bill.issued_at),
        }
        title = "财政电子票据(红字)" if bill.kind == "RED" else "财政电子票据"
        return _html(title, facts)

    async def list_notices(self, request: web.Request) -> web.Response:
        items = [
            self.notices.describe(each)
            | {name: each.asked[name] for name in ("item_name", "payer_name", "revenue_code")}
            for each in self.notices.all()
        ]
        return answer({"items": items})

    async def pay(self, request: web.Request) -> web.Response:
        notice, body = self._notice(request), await read_body(request)
        cash = Cash(
            copies=whole(body, "copies", 1, least=1, most=_MOST_COPIES),
            deliver=flag(body, "deliver", default=True),
            late=flag(body, "late", default=False),
        )
        try:
            flow, queued = self.notices.pay(notice.notice_code, cash)
        except CannotPay as refused:
            raise PhoneRefused(409, str(refused)) from refused
        return answer({"flow_no": flow, "callbacks": queued})

    async def list_bills(self, request: web.Request) -> web.Response:
        items = [vars(each) | {"issued_at": rfc3339(each.issued_at)} for each in self.bills.all()]
        return answer({"items": items})

    async def list_refunds(self, request: web.Request) -> web.Response:
        return answer({"items": [self.refunds.describe(each) for each in self.refunds.all()]})

    async def settle(self, request: web.Request) -> web.Response:
        end = (await read_body(request)).get("state")
        if end not in ENDS:
            raise PhoneRefused(400, "state 应为 SUCCESS 或 FAILED")
        try:
            known = self.refunds.settle(request.match_info["number"], str(end))
        except ValueError as refused:
            raise PhoneRefused(409, str(refused)) from refused
        if not known:
            raise PhoneRefused(404, "没有这笔退付")
        return answer({"state": end})

    def _notice(self, request: web.Request) -> Notice:
        notice = self.notices.find_code(request.match_info["code"])
        if notice is None:
            raise PhoneRefused(404, "没有这张缴款通知书")
        return notice

    def _facts(self, notice: Notice) -> dict[str, str]:
        asked: dict[str, Any] = notice.asked
        return {
            "缴款码": notice.notice_code,
            "收费项目": asked["item_name"],
            "缴款人": asked["payer_name"],
            "金额": f"{notice.amount_fen / 100:.2f}元",
            "状态": _STATES[self.notices.state(notice)],
        }


def _html(title: str, facts: dict[str, str], rest: str = "") -> web.Response:
    shown = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items())
    text = _PAGE.format(title=escape(title), facts=shown, rest=rest)
    return web.Response(text=text, content_type="text/html", charset="utf-8")
