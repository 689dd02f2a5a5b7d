"""Logins that go through a browser: away to somebody who knows the person, and back with a code.

What leaves is bound to this browser and comes back once. Tokens never stand in an address: the
page gets a ticket, good for a minute and in the same browser, and exchanges it.
"""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from models.rules.ways import Way
from services.actors import Citizen
from services.entrances import Caller
from services.errors import Invalid, LoginCodeInvalid, NotFound, OutsideUnavailable, Problem
from services.federation import Federation
from services.ports import Crypto, FederatedPerson, Oidc, Passing, WechatWeb
from services.profiles import SignedIn
from services.ways import OwnWay, Ways

ROUND = timedelta(minutes=10)
TICKET = timedelta(minutes=1)
STATE, TICKETS = "login.state", "login.ticket"
SEALED = "login.ticket"
# A path of our own page: one slash, then neither another one nor a backslash, nor what a browser
# leaves out of an address.
_RETURN = re.compile(r"/(?:[A-Za-z0-9_.~!$&'()*+,;=:@%-][A-Za-z0-9_.~!$&'()*+,;=:@%/?-]{0,511})?")


class Remote(StrEnum):
    """Where a browser is sent."""

    OIDC = "oidc"
    WECHAT_H5 = "wechat-h5"


class RemoteUnknown(NotFound):
    """This installation does not offer the way."""

    code = "way_not_offered"
    sentence = "这里没有开通这种登录方式。"


class ReturnRefused(Invalid):
    """Not a path of our own pages."""

    code = "return_to_invalid"
    sentence = "登录后返回的地址不正确。"


class StateRefused(Invalid):
    """The browser that came back is not the one that was sent, or came too late, or twice."""

    code = "login_state_invalid"
    sentence = "登录已经失效,请返回重新登录。"


class TicketRefused(Invalid):
    """Used, too old, or of another browser."""

    code = "ticket_invalid"
    sentence = "登录已经失效,请返回重新登录。"


@dataclass(frozen=True)
class Departure:
    """Where to send the browser, and the secret that it must bring back."""

    url: str = field(repr=False)
    browser: str = field(repr=False)


@dataclass(frozen=True)
class BrowserLogins:
    """``base`` is our public address, to which browsers come back."""

    crypto: Crypto
    passing: Passing
    oidc: Oidc | None
    wechat: WechatWeb | None
    federation: Federation
    ways: Ways
    base: str

    async def depart(self, remote: Remote, return_to: str, *, userinfo: bool = False) -> Departure:
        """Send a browser away.

        Raises ``ReturnRefused``, ``RemoteUnknown``, ``OutsideUnavailable`` or ``Unavailable``.
        """
        if not _RETURN.fullmatch(return_to):
            raise ReturnRefused
        state, browser = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
        kept = {
            "remote": remote.value,
            "return_to": return_to,
            "nonce": secrets.token_urlsafe(32),
            "verifier": secrets.token_urlsafe(48),
            "browser": _digest(browser),
        }
        url = await self._address(remote, state, kept, userinfo)
        await self.passing.put(STATE, state, kept, life=ROUND)
        return Departure(url, browser)

    async def _address(
        self, remote: Remote, state: str, kept: Mapping[str, str], userinfo: bool
    ) -> str:
        back = self._back(remote)
        if remote is Remote.WECHAT_H5 and self.wechat is not None:
            return self.wechat.authorize(state, back, userinfo=userinfo)
        if remote is Remote.OIDC and self.oidc is not None:
            return await self.oidc.authorize(state, kept["nonce"], kept["verifier"], back)
        raise RemoteUnknown

    async def arrive(self, remote: Remote, state: str, code: str | None, browser: str) -> str:
        """Take a browser back and return the address of our page, with a ticket in its fragment.

        Without a code the person said no. What goes wrong after this point is told to the page
        by its code. Raises ``StateRefused`` or ``Unavailable``.
        """
        kept = await self.passing.take(STATE, state)
        if kept is None or kept["remote"] != remote.value:
            raise StateRefused
        if not hmac.compare_digest(kept["browser"], _digest(browser)):
            raise StateRefused
        page = self.base + kept["return_to"]
        try:
            if not code:
                raise LoginCodeInvalid
            found = await self._person(remote, code, kept)
        except Problem as problem:
            return f"{page}#error={problem.code}"
        ticket = secrets.token_urlsafe(32)
        sealed = self.crypto.seal(_pack(found), SEALED).hex()
        value = {"sealed": sealed, "browser": kept["browser"]}
        await self.passing.put(TICKETS, ticket, value, life=TICKET)
        return f"{page}#ticket={ticket}"

    async def exchange(self, ticket: str, browser: str, device: str) -> SignedIn:
        """Take a ticket for tokens; raise ``TicketRefused`` or ``Unavailable``."""
        found = await self._redeem(ticket, browser)
        if isinstance(found, FederatedPerson):
            return await self.federation.enter(found, device)
        return await self.ways.entrances.enter(found, device)

    async def link(self, who: Citizen, ticket: str, browser: str) -> Sequence[OwnWay]:
        """Take a ticket for one more way into the asker's account.

        Only the browser that made the round may do so, and only for who is logged in in it: else
        one person's identity could be slipped into another one's account. Raises ``TicketRefused``,
        ``Unavailable``, and what ``Ways.attach`` and ``Federation.link`` raise.
        """
        found = await self._redeem(ticket, browser)
        if isinstance(found, FederatedPerson):
            return await self.federation.link(who, found)
        return await self.ways.attach(who, found)

    async def _redeem(self, ticket: str, browser: str) -> Caller | FederatedPerson:
        kept = await self.passing.take(TICKETS, ticket)
        if kept is None or not hmac.compare_digest(kept["browser"], _digest(browser)):
            raise TicketRefused
        return _unpack(self.crypto.open(bytes.fromhex(kept["sealed"]), SEALED))

    async def _person(
        self, remote: Remote, code: str, kept: Mapping[str, str]
    ) -> Caller | FederatedPerson:
        if remote is Remote.WECHAT_H5 and self.wechat is not None:
            found = await self.wechat.session(code)
            return Caller(Way.WECHAT_H5, found.appid, found.openid, found.unionid)
        if remote is Remote.OIDC and self.oidc is not None:
            return await self.oidc.person(code, kept["nonce"], kept["verifier"], self._back(remote))
        raise OutsideUnavailable

    def _back(self, remote: Remote) -> str:
        return f"{self.base}/v1/login/{remote.value}/callback"


def _digest(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()


def _pack(found: Caller | FederatedPerson) -> bytes:
    kind = "person" if isinstance(found, FederatedPerson) else "caller"
    return json.dumps({kind: vars(found)}).encode()


def _unpack(packed: bytes) -> Caller | FederatedPerson:
    found = json.loads(packed)
    if "person" in found:
        return FederatedPerson(**found["person"])
    return Caller(**{**found["caller"], "way": Way(found["caller"]["way"])})
