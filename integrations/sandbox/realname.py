"""Tencent Cloud FaceID, signed by TC3-HMAC-SHA256: two factors, three factors, face check."""

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
from .faces import Faces
from .people import CITIZENS, is_id_number, registered_name

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
_THREE = {
    "0": "三要素信息一致",
    "-4": "三要素信息不一致",
    "-6": "手机号码不合法",
    "-7": "身份证号码有误",
    "-9": "没有记录",
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
    faces: Faces
    now: Callable[[], float]

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/", self.verify)]

    async def verify(self, request: web.Request) -> web.Response:
        body = await request.read()
        try:
            self._check_signature(request, body)
            if request.headers.get("X-TC-Version") != "2018-03-01":
                raise _Refused("NoSuchVersion", "接口版本不存在")
            return _respond(self._act(request, load_object(body)))
        except ValueError:
            return _respond({"Error": {"Code": "InvalidParameter", "Message": "参数错误"}})
        except _Refused as refused:
            return _respond({"Error": {"Code": refused.code, "Message": str(refused)}})

    def _act(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        match request.headers.get("X-TC-Action"):
            case "IdCardVerification":
                result = _result(body)
                return {"Result": result, "Description": _RESULTS[result]}
            case "PhoneVerification":
                result = _three(body)
                return {"Result": result, "Description": _THREE[result], "Isp": "移动"}
            case "DetectAuth":
                return self._detect_auth(request, body)
            case "GetDetectInfoEnhanced":
                return self._detect_info(body)
        raise _Refused("InvalidAction", "接口不存在")

    def _detect_auth(self, request: web.Request, body: dict[str, Any]) -> dict[str, Any]:
        if not body.get("RuleId"):
            raise _Refused("MissingParameter", "缺少参数 RuleId")
        name, id_number = str(body.get("Name")), str(body.get("IdCard"))
        number, back = str(body.get("Extra", "")), str(body.get("RedirectUrl", ""))
        token = self.faces.begin("tencent", name, id_number, number, back)
        return {"BizToken": token, "Url": f"{request.url.origin()}/phone/face/{token}"}

    def _detect_info(self, body: dict[str, Any]) -> dict[str, Any]:
        row = self.faces.find("tencent", body.get("BizToken"))
        if row is None:
            raise _Refused("InvalidParameterValue.BizTokenIllegal", "BizToken不合法")
        if body.get("InfoType") != "1":
            # Nobody here is to see a picture, not even an invented one.
            raise _Refused("InvalidParameterValue", "沙箱只有文本类结果")
        state = self.faces.state_of(row)
        code = {"WAITING": None, "PASSED": 0, "FAILED": 1004}[state]
        papers = {"IdCard": row["id_number"], "Name": row["name"], "Extra": row["number"]}
        text = {"ErrCode": code, "ErrMsg": "", **papers}
        return {"Text": text, "IdCardData": None, "BestFrame": None, "VideoData": None}

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


def _three(body: dict[str, Any]) -> str:
    phone, number, name = (str(body.get(key)) for key in ("Phone", "IdCard", "Name"))
    if not re.fullmatch(r"1[0-9]{10}", phone):
        return "-6"
    if not is_id_number(number):
        return "-7"
    owner = next((each for each in CITIZENS if each.id_number == number), None)
    if owner is None:
        return "-9"
    return "0" if (owner.registered_name, owner.phone) == (name, phone) else "-4"


def _respond(response: dict[str, Any]) -> web.Response:
    return answer({"Response": {**response, "RequestId": f"wxsandbox{secrets.token_hex(12)}"}})
