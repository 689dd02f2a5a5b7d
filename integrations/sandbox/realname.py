"""Tencent Cloud FaceID IdCardVerification, signed by TC3-HMAC-SHA256."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from .answers import answer, load_object, utc_date
from .credentials import Credentials
from .people import is_id_number, registered_name

_FRESH = 300
_AUTHORIZATION = re.compile(
    r"TC3-HMAC-SHA256 Credential=(?P<id>[^/,\s]+)/(?P<date>[0-9-]{10})/(?P<service>[a-z]+)"
    r"/tc3_request,\s*SignedHeaders=(?P<headers>[a-z0-9;-]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
_NAME = re.compile(r"[\u3400-\u9fff·]{2,20}")
_RESULTS = {
    "0": "姓名和身份证号一致",
    "-1": "姓名和身份证号不一致",
    "-2": "非法身份证号（长度、校验位等不正确）",
    "-3": "非法姓名（长度、格式等不正确）",
    "-5": "证件库中无此身份证记录",
}


class _Refused(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def tc3_signature(
    secret_key: str, service: str, timestamp: int, headers: dict[str, str], payload: bytes
) -> str:
    """Return the TC3-HMAC-SHA256 signature (hex) of a POST to ``/``.

    ``headers`` are the signed ones, by lower-case name.
    """
    canonical_headers = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    canonical = "\n".join(
        [
            "POST",
            "/",
            "",
            canonical_headers,
            ";".join(sorted(headers)),
            hashlib.sha256(payload).hexdigest(),
        ]
    )
    date = utc_date(timestamp)
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    scope = f"{date}/{service}/tc3_request"
    to_sign = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}"
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, to_sign.encode(), "sha256").hexdigest()


@dataclass(frozen=True)
class Realname:
    credentials: Credentials
    now: Callable[[], float]

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/", self.verify)]

    async def verify(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            self._check_signature(request, body)
            if request.headers.get("X-TC-Action") != "IdCardVerification":
                raise _Refused("InvalidAction", "接口不存在")
            if request.headers.get("X-TC-Version") != "2018-03-01":
                raise _Refused("NoSuchVersion", "接口版本不存在")
            result = _result(load_object(body))
        except ValueError:
            return _respond({"Error": {"Code": "InvalidParameter", "Message": "参数错误"}})
        except _Refused as refused:
            return _respond({"Error": {"Code": refused.code, "Message": str(refused)}})
        return _respond({"Result": result, "Description": _RESULTS[result]})

    def _check_signature(self, request: web.Request, body: bytes) -> None:
        match = _AUTHORIZATION.fullmatch(request.headers.get("Authorization", ""))
        stamp = request.headers.get("X-TC-Timestamp", "")
        if match is None or not re.fullmatch(r"[0-9]{1,12}", stamp):
            raise _Refused("AuthFailure.InvalidAuthorization", "Authorization 不合法")
        if match["id"] != self.credentials.realname_secret_id:
            raise _Refused("AuthFailure.SecretIdNotFound", "密钥不存在")
        timestamp = int(stamp)
        if abs(self.now() - timestamp) > _FRESH or match["date"] != utc_date(timestamp):
            raise _Refused("AuthFailure.SignatureExpire", "签名过期")
        if self._expected(request, body, match, timestamp) != match["signature"]:
            raise _Refused("AuthFailure.SignatureFailure", "签名错误")

    def _expected(
        self, request: web.Request, body: bytes, match: re.Match[str], timestamp: int
    ) -> str | None:
        names = match["headers"].split(";")
        complete = {"content-type", "host"} <= set(names) and names == sorted(names)
        if not complete or match["service"] != "faceid":
            return None
        # Names and values are signed in lower case and without outer space.
        headers = {name: request.headers.get(name, "").strip().lower() for name in names}
        secret = self.credentials.realname_secret_key
        return tc3_signature(secret, "faceid", timestamp, headers, body)


def _result(body: dict[str, Any]) -> str:
    id_number, name = body.get("IdCard"), body.get("Name")
    if not isinstance(id_number, str) or not isinstance(name, str):
        raise _Refused("MissingParameter", "缺少参数 IdCard 或 Name")
    if not is_id_number(id_number):
        return "-2"
    if not _NAME.fullmatch(name):
        return "-3"
    registered = registered_name(id_number)
    if registered is None:
        return "-5"
    return "0" if registered == name else "-1"


def _respond(response: dict[str, Any]) -> web.Response:
    return answer({"Response": {**response, "RequestId": f"wxsandbox{secrets.token_hex(12)}"}})
