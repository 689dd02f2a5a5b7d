"""The national network identity (网号、网证): assertions from the phone, verified for us."""

import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .answers import answer, load_object
from .credentials import Credentials
from .people import find
from .phonerules import PhoneRefused, read_body
from .store import Store

_FRESH = 300
_LIFE = 300


@dataclass(frozen=True)
class NetId:
    """An assertion is made for one challenge, and verified once."""

    credentials: Credentials
    store: Store
    now: Callable[[], float]

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/netid/v1/verify", self.verify),
            web.post("/phone/api/citizens/{openid}/net-credential", self.show),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """Show the 网证 on the phone, for a challenge of whoever asks to see it."""
        citizen = find(request.match_info["openid"])
        challenge = (await read_body(request)).get("challenge")
        if citizen is None or not isinstance(challenge, str):
            raise PhoneRefused(400, "没有这位市民,或缺少 challenge")
        assertion = f"wxsandbox{secrets.token_urlsafe(32)}"
        kept = json.dumps({"openid": citizen.openid, "challenge": challenge})
        self.store.run("INSERT INTO net_assertions VALUES (?, ?, ?)", assertion, kept, self.now())
        return answer({"assertion": assertion})

    async def verify(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._is_signed(request, body):
            return answer({"code": "SIGNATURE_INVALID", "message": "签名错误"}, 401)
        try:
            asked = load_object(body)
        except ValueError:
            return answer({"code": "PARAM_INVALID", "message": "参数错误"}, 400)
        return answer(self._result(asked))

    def _result(self, asked: dict[str, Any]) -> dict[str, Any]:
        with self.store.transaction():
            row = self.store.one(
                "SELECT * FROM net_assertions WHERE assertion = ?", str(asked.get("assertion"))
            )
            if row is None or self.now() - row["issued_at"] > _LIFE:
                return {"result": "INVALID"}
            self.store.run("DELETE FROM net_assertions WHERE assertion = ?", row["assertion"])
        kept = json.loads(row["kept"])
        citizen = find(kept["openid"])
        if citizen is None or kept["challenge"] != asked.get("challenge"):
            return {"result": "INVALID"}
        number = hashlib.sha256(f"网号{citizen.id_number}".encode()).hexdigest()[:32].upper()
        found: dict[str, Any] = {
            "result": "PASS",
            "net_number": number,
            "name": citizen.registered_name,
        }
        if asked.get("id_number") is not None:
            found["id_matched"] = asked["id_number"] == citizen.id_number
        return found

    def _is_signed(self, request: web.Request, body: bytes) -> bool:
        stamp = request.headers.get("X-Timestamp", "")
        expected = hmac.new(
            self.credentials.netid_secret.encode(), stamp.encode() + body, "sha256"
        ).hexdigest()
        fresh = re.fullmatch(r"[0-9]{1,12}", stamp) and abs(self.now() - int(stamp)) <= _FRESH
        known = request.headers.get("X-Access-Key") == self.credentials.netid_access_key
        given = request.headers.get("X-Signature", "")
        return bool(fresh and known and hmac.compare_digest(given.encode(), expected.encode()))
