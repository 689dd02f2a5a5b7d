"""Logging in through a browser: a unified identity, or WeChat's web page; and WeChat's app."""

from pydantic import BaseModel, ConfigDict, Field
from sanic.response import HTTPResponse

from api.accounts import Code, LoginCode, SignedInView
from api.auth import CITIZEN, PUBLIC
from api.call import Call, Who
from api.routes import Routes
from api.ways import WayList
from models.rules.devices import device_name
from models.rules.ways import Way
from services.actors import Citizen
from services.browser_logins import (
    Remote,
    RemoteUnknown,
    ReturnRefused,
    StateRefused,
    TicketRefused,
)
from services.entrances import Caller
from services.errors import LoginCodeInvalid, OutsideUnavailable, Unavailable
from services.real_names import AlreadyVerified, IdentityInUse
from services.ways import WayInUse

entrance = Routes("accounts", "/v1/login", PUBLIC)
own = Routes("accounts", "/v1/me/ways", CITIZEN)
ROUTES = (entrance, own)
COOKIE = "zhangban_login"
PATH = "/v1"
SECONDS = 600
LEAVING = (ReturnRefused, RemoteUnknown, OutsideUnavailable, Unavailable)


class DepartureQuery(BaseModel):
    """``return_to`` is a path of our own page."""

    model_config = ConfigDict(extra="forbid")

    return_to: str = Field("/", min_length=1, max_length=512)
    userinfo: bool = False


class ArrivalQuery(BaseModel):
    """What comes back; WeChat and providers add words of their own."""

    state: str = Field(min_length=1, max_length=256)
    code: str | None = Field(None, max_length=2048)


class Ticket(BaseModel):
    """``device`` is what its owner calls the browser."""

    model_config = ConfigDict(extra="forbid")

    ticket: str = Field(min_length=1, max_length=64)
    device: str = Field("", max_length=60)


class LinkTicket(BaseModel):
    """The ticket that the page got, to be spent on a way in instead of a login."""

    model_config = ConfigDict(extra="forbid")

    ticket: str = Field(min_length=1, max_length=64)


@entrance.add("GET", "/oidc", status=302, query=DepartureQuery, errors=LEAVING)
async def leave_for_oidc(call: Call[None]) -> HTTPResponse:
    """Send the browser to the unified identity (统一身份认证)."""
    return await _leave(call, Remote.OIDC)


@entrance.add("GET", "/wechat-h5", status=302, query=DepartureQuery, errors=LEAVING)
async def leave_for_wechat(call: Call[None]) -> HTTPResponse:
    """Send the browser, which is WeChat's own, to WeChat's consent."""
    return await _leave(call, Remote.WECHAT_H5)


@entrance.add(
    "GET", "/oidc/callback", status=302, query=ArrivalQuery, errors=(StateRefused, Unavailable)
)
async def back_from_oidc(call: Call[None]) -> HTTPResponse:
    """Take the browser back from the unified identity."""
    return await _come_back(call, Remote.OIDC)


@entrance.add(
    "GET",
    "/wechat-h5/callback",
    status=302,
    query=ArrivalQuery,
    errors=(StateRefused, Unavailable),
)
async def back_from_wechat(call: Call[None]) -> HTTPResponse:
    """Take the browser back from WeChat."""
    return await _come_back(call, Remote.WECHAT_H5)


@entrance.add(
    "POST", "/ticket", body=Ticket, answer=SignedInView, errors=(TicketRefused, Unavailable)
)
async def exchange_ticket(call: Call[None]) -> SignedInView:
    """Take the ticket that the page got for tokens, in the same browser."""
    body = call.body(Ticket)
    await call.ctx.limiter.hit("login", call.address)
    device = device_name(call.user_agent, body.device)
    found = await call.ctx.browser_logins.exchange(body.ticket, _browser(call), device)
    return SignedInView.of(found)


@entrance.add(
    "POST",
    "/wechat-app",
    body=LoginCode,
    answer=SignedInView,
    errors=(LoginCodeInvalid, RemoteUnknown, OutsideUnavailable),
)
async def login_wechat_app(call: Call[None]) -> SignedInView:
    """Log in to the mobile app with a code of WeChat's open platform."""
    body = call.body(LoginCode)
    await call.ctx.limiter.hit("login", call.address)
    device = device_name(call.user_agent, body.device)
    caller = await _app_caller(call, body.code)
    return SignedInView.of(await call.ctx.accounts.entrances.enter(caller, device))


@own.add(
    "POST",
    "/ticket",
    body=LinkTicket,
    answer=WayList,
    errors=(TicketRefused, WayInUse, AlreadyVerified, IdentityInUse, Unavailable),
)
async def link(call: Call[Citizen]) -> WayList:
    """Add what a round of this very browser has shown as a way into one's account."""
    body = call.body(LinkTicket)
    await call.ctx.limiter.hit("ways", str(call.who.account_id))
    found = await call.ctx.browser_logins.link(call.who, body.ticket, _browser(call))
    return WayList.of(list(found))


@own.add(
    "POST",
    "/wechat-app",
    body=Code,
    answer=WayList,
    errors=(LoginCodeInvalid, RemoteUnknown, OutsideUnavailable, WayInUse),
)
async def add_wechat_app(call: Call[Citizen]) -> WayList:
    """Add the WeChat user of the mobile app as a way in."""
    body = call.body(Code)
    await call.ctx.limiter.hit("ways", str(call.who.account_id))
    caller = await _app_caller(call, body.code)
    return WayList.of(list(await call.ctx.ways.attach(call.who, caller)))


async def _leave(call: Call[None], remote: Remote) -> HTTPResponse:
    query = call.query(DepartureQuery)
    await call.ctx.limiter.hit("login", call.address)
    departure = await call.ctx.browser_logins.depart(
        remote, query.return_to, userinfo=query.userinfo
    )
    answer = _redirect(departure.url)
    answer.add_cookie(
        COOKIE,
        departure.browser,
        path=PATH,
        httponly=True,
        # Lax: the way back is a plain navigation from another site.
        samesite="Lax",
        secure=call.ctx.browser_logins.base.startswith("https:"),
        max_age=SECONDS,
    )
    return answer


async def _come_back(call: Call[None], remote: Remote) -> HTTPResponse:
    query = call.query(ArrivalQuery)
    await call.ctx.limiter.hit("login", call.address)
    return _redirect(
        await call.ctx.browser_logins.arrive(remote, query.state, query.code, _browser(call))
    )


def _redirect(url: str) -> HTTPResponse:
    # The next page learns nothing from the address that it was come from.
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return HTTPResponse(status=302, headers=headers)


def _browser(call: Call[Who]) -> str:
    return str(call.request.cookies.get(COOKIE) or "")


async def _app_caller(call: Call[Who], code: str) -> Caller:
    app = call.ctx.wechat_app
    if app is None:
        raise RemoteUnknown
    found = await app.session(code)
    return Caller(Way.WECHAT_APP, found.appid, found.openid, found.unionid)
