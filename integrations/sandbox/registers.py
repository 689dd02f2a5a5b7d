"""The sandbox's registers: invented organisations and families of region 511499."""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .answers import answer, load_object
from .credentials import Credentials
from .people import registered_name

_FRESH = 300
_CONFIRMED, _DENIED, _NO_RECORD = "CONFIRMED", "DENIED", "NO_RECORD"


@dataclass(frozen=True)
class Organisation:
    """An organisation of the register and the ID number of who represents it."""

    uscc: str
    name: str
    representative: str


ORGANISATIONS = (
    Organisation("92511499MA6WANGJ12", "示例县王记理发店", "511499198803162013"),
    Organisation("91511499MA6GREENX0", "示例县绿源工程有限公司", "511499199005236051"),
    Organisation("N2511499MF6QTQTC87", "示例县北桥镇桥头村股份经济合作社", "51149919650812404X"),
)
# Guardian's ID number, ward's ID number: 王建国 is 小宇's father.
GUARDIANS = frozenset({("511499198803162013", "511499201506203012")})

_BY_CODE = {each.uscc: each for each in ORGANISATIONS}


@dataclass(frozen=True)
class Registers:
    credentials: Credentials
    now: Callable[[], float]

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/registers/v1/{question}", self.ask)]

    async def ask(self, request: web.Request) -> web.Response:
        body = await request.read()
        question = request.match_info["question"]
        if not self._is_signed(request, question, body):
            return answer({"code": "SIGNATURE_INVALID", "message": "签名错误"}, 401)
        try:
            asked = load_object(body)
        except ValueError:
            return answer({"code": "PARAM_INVALID", "message": "请求体不是 JSON 对象"}, 400)
        reply = _QUESTIONS.get(question)
        if reply is None:
            return answer({"code": "NOT_FOUND", "message": "没有这个接口"}, 404)
        return answer({"answer": reply(asked)})

    def _is_signed(self, request: web.Request, question: str, body: bytes) -> bool:
        timestamp = request.headers.get("X-Timestamp", "")
        signed = timestamp.encode() + question.encode() + body
        secret = self.credentials.registers_secret.encode()
        expected = hmac.new(secret, signed, "sha256").hexdigest()
        fresh = re.fullmatch(r"[0-9]{1,12}", timestamp) and (
            abs(self.now() - int(timestamp)) <= _FRESH
        )
        known = request.headers.get("X-Access-Key") == self.credentials.registers_access_key
        given = request.headers.get("X-Signature", "")
        return bool(fresh and known and hmac.compare_digest(given.encode(), expected.encode()))


def _legal_representative(asked: Mapping[str, Any]) -> str:
    known = _BY_CODE.get(str(asked.get("uscc")))
    if known is None or known.name != asked.get("organisation"):
        return _NO_RECORD
    number = str(asked.get("id_number"))
    right = known.representative == number and registered_name(number) == asked.get("name")
    return _CONFIRMED if right else _DENIED


def _guardian(asked: Mapping[str, Any]) -> str:
    guardian, ward = str(asked.get("id_number")), str(asked.get("ward_id_number"))
    if registered_name(ward) != asked.get("ward_name"):
        return _NO_RECORD
    right = registered_name(guardian) == asked.get("name") and (guardian, ward) in GUARDIANS
    return _CONFIRMED if right else _DENIED


_QUESTIONS: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "legal-representative": _legal_representative,
    "guardian": _guardian,
}
