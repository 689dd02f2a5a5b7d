"""The cashier of H5 payments: the page that a phone's browser is sent to, and sent back from."""

import html
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from aiohttp import web

from .loopback import is_loopback_host
from .orders import CannotPay, Orders, Payment
from .people import CITIZENS
from .phonerules import PhoneRefused
from .prepay import MWEB

_PATH = "/cgi-bin/mmpayweb-bin/checkmweb"
_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>微信支付(沙箱)</title><link rel="stylesheet" href="/phone/phone.css">
<main><h1>微信支付(沙箱)</h1><p>{description}</p><p class="money">{yuan} 元</p>
<p>这里代替微信的付款页,钱是假的。</p><form method="post"><label>谁付款
<select name="openid">{people}</select></label> <button>付款</button></form>{back}</main></html>"""
_PERSON = '<option value="{openid}">{name}</option>'
_DONE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>已支付</title>
<main><h1>已支付</h1><p>可以关掉这一页了。</p></main></html>"""


def cashier_path(prepay_id: str) -> str:
    """Return where the cashier of a prepay id is."""
    return f"{_PATH}?{urlencode({'prepay_id': prepay_id, 'package': '1'})}"


@dataclass(frozen=True)
class Cashier:
    orders: Orders

    def routes(self) -> list[web.RouteDef]:
        return [web.get(_PATH, self.page), web.post(_PATH, self.pay)]

    async def page(self, request: web.Request) -> web.Response:
        prepay_id, back = self._asked(request)
        found = self.orders.find_prepay(prepay_id)
        if found is None:
            raise PhoneRefused(404, "没有这张订单")
        order = found[0]
        text = _PAGE.format(
            description=html.escape(order.description),
            yuan=f"{order.amount_fen // 100}.{order.amount_fen % 100:02d}",
            people="".join(
                _PERSON.format(openid=each.openid, name=html.escape(each.name)) for each in CITIZENS
            ),
            back=f'<p><a href="{html.escape(back)}">不付了</a></p>' if back else "",
        )
        return web.Response(text=text, content_type="text/html", charset="utf-8")

    async def pay(self, request: web.Request) -> web.Response:
        """Pay, and send the browser back: that it comes back proves nothing."""
        prepay_id, back = self._asked(request)
        openid = str((await request.post()).get("openid"))
        if openid not in {each.openid for each in CITIZENS}:
            raise PhoneRefused(404, "没有这位市民")
        try:
            self.orders.pay(prepay_id, Payment(openid))
        except CannotPay as refused:
            raise PhoneRefused(409, str(refused)) from refused
        if back:
            raise web.HTTPFound(back)
        return web.Response(text=_DONE, content_type="text/html", charset="utf-8")

    def _asked(self, request: web.Request) -> tuple[str, str]:
        """Return the prepay id and where to go afterwards, if anywhere."""
        prepay_id, back = (request.query.get(name, "") for name in ("prepay_id", "redirect_url"))
        found = self.orders.find_prepay(prepay_id)
        if found is not None and found[0].trade_type != MWEB:
            raise PhoneRefused(400, "这张订单不在浏览器里付")
        parts = urlsplit(back)
        if back and (
            parts.scheme not in ("http", "https") or not is_loopback_host(parts.hostname or "")
        ):
            raise PhoneRefused(400, "redirect_url 应为本机地址")
        return prepay_id, back
