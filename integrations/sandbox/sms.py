"""The SMS gateway: signed JSON in, a message in the outbox."""

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
from .store import Store

_FRESH = 300
_PHONE = re.compile(r"(?:\+86)?(1[0-9]{10})")
_TEMPLATE = re.compile(r"[A-Za-z0-9_.\-]{1,64}")
_REQUEST_ID = re.compile(r"[A-Za-z0-9_.:\-]{1,128}")


class _Refused(Exception):
    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True)
class _Message:
    phone: str
    template: str
    params: dict[str, str]
    request_id: str


def plain_phone(text: str) -> str | None:
    """Return the 11 digits of a mainland mobile number, None when it is not one."""
    match = _PHONE.fullmatch(text)
    return match.group(1) if match else None


@dataclass(frozen=True)
class Sms:
    credentials: Credentials
    store: Store
    now: Callable[[], float]

    def routes(self) -> list[web.RouteDef]:
        return [
            web.post("/sms/v1/messages", self.send),
            web.post("/sms/v1/calls", self.call),
        ]

    async def send(self, request: web.Request) -> web.Response:
        return await self._take(request, "sms")

    async def call(self, request: web.Request) -> web.Response:
        return await self._take(request, "voice")

    async def _take(self, request: web.Request, channel: str) -> web.Response:
        body = await request.read()
        try:
            self._check_signature(request, body)
            message = _read(load_object(body))
            return answer({"message_id": self._put(message, channel)})
        except ValueError:
            return answer({"code": "PARAM_INVALID", "message": "请求体不是合法的 JSON 对象"}, 400)
        except _Refused as refused:
            return answer({"code": refused.code, "message": str(refused)}, refused.status)

    def _check_signature(self, request: web.Request, body: bytes) -> None:
        timestamp = request.headers.get("X-Timestamp", "")
        signature = request.headers.get("X-Signature", "")
        expected = hmac.new(
            self.credentials.sms_secret.encode(), timestamp.encode() + body, "sha256"
        ).hexdigest()
        fresh = re.fullmatch(r"[0-9]{1,12}", timestamp) and (
            abs(self.now() - int(timestamp)) <= _FRESH
        )
        known = request.headers.get("X-Access-Key") == self.credentials.sms_access_key
        if not (fresh and known and hmac.compare_digest(signature.encode(), expected.encode())):
            raise _Refused(401, "SIGNATURE_INVALID", "签名错误")

    def _put(self, message: _Message, channel: str) -> str:
        data = json.dumps(message.params, ensure_ascii=False, sort_keys=True)
        content = (message.phone, message.template, data)
        with self.store.transaction():
            known = self.store.one(
                "SELECT * FROM messages WHERE request_id = ?", message.request_id
            )
            if known is not None:
                if (known["recipient"], known["template"], known["data"]) != content:
                    raise _Refused(409, "REQUEST_ID_REUSED", "请求编号已用于另一条短信")
                return str(known["id"])
            number = f"wxsandbox{secrets.token_hex(8)}"
            self.store.run(
                "INSERT INTO messages (id, channel, recipient, template, data, page, request_id,"
                " at) VALUES (?, ?, ?, ?, ?, '', ?, ?)",
                number,
                channel,
                *content,
                message.request_id,
                self.now(),
            )
        return number


def _read(body: dict[str, Any]) -> _Message:
    phone = plain_phone(str(body.get("phone")))
    if phone is None:
        raise _Refused(400, "PARAM_INVALID", "手机号不正确")
    template, request_id = str(body.get("template")), str(body.get("request_id"))
    if not _TEMPLATE.fullmatch(template) or "template" not in body:
        raise _Refused(400, "PARAM_INVALID", "模板编号不正确")
    if not _REQUEST_ID.fullmatch(request_id) or "request_id" not in body:
        raise _Refused(400, "PARAM_INVALID", "请求编号不正确")
    params = body.get("params")
    if not isinstance(params, dict) or any(not isinstance(text, str) for text in params.values()):
        raise _Refused(400, "PARAM_INVALID", "模板参数应为文字")
    return _Message(phone, template, params, request_id)
