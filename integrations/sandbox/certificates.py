"""The sandbox's e-certificate library: certificates of the invented people and organisations."""

import base64
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from aiohttp import web

from .answers import answer, load_object
from .credentials import Credentials

_FRESH = 300
_SHANGHAI = timezone(timedelta(hours=8))
_SOURCE = "省电子证照库"


@dataclass(frozen=True)
class Held:
    """A certificate. ``until`` None: 长期; ``paper`` is its PDF's text, ASCII here."""

    kind: str
    number: str
    name: str
    holder: str
    issuer: str
    issued: str
    until: str | None
    fields: Mapping[str, str] = field(default_factory=dict)
    paper: str | None = None
    revoked: bool = False
    source: str = _SOURCE


_WANG, _LI = ("王建国", "511499198803162013"), ("李秀英", "51149919650812404X")
_CHEN, _ZHANG = ("陈明", "511499199005236051"), ("张桂英", "511499194311051028")
_BARBER = ("示例县王记理发店", "92511499MA6WANGJ12")
_GREEN = ("示例县绿源工程有限公司", "91511499MA6GREENX0")
_POLICE, _TRAFFIC = "示例县公安局", "示例市公安局交通警察支队"
_MARKET, _LAND = "示例县市场监督管理局", "示例县自然资源和规划局"
_TAX = "国家税务总局示例县税务局"

# Who is missing on purpose: 小宇 and 赵强 have no certificate at all, 李秀英 no licence to drive.
# fmt: off
HELD = (
    Held("居民身份证", _WANG[1], *_WANG, _POLICE, "2016-05-01", "2036-05-01",
         {"姓名": _WANG[0], "公民身份号码": _WANG[1], "住址": "示例县城关镇人民路1号"},
         paper="Resident ID card (sandbox)"),
    Held("居民身份证", _LI[1], *_LI, _POLICE, "2011-06-01", None,
         {"姓名": _LI[0], "公民身份号码": _LI[1], "住址": "示例县北桥镇桥头村2组"}),
    Held("居民身份证", _CHEN[1], *_CHEN, _POLICE, "2010-01-15", "2020-01-15",
         {"姓名": _CHEN[0], "公民身份号码": _CHEN[1]}),
    Held("居民身份证", _ZHANG[1], *_ZHANG, _POLICE, "2008-03-01", None,
         {"姓名": _ZHANG[0], "公民身份号码": _ZHANG[1], "住址": "示例县城关镇团结巷6号"}),
    Held("机动车驾驶证", _WANG[1], *_WANG, _TRAFFIC, "2015-07-20", "2031-07-20",
         {"姓名": _WANG[0], "准驾车型": "C1"}, paper="Driving licence (sandbox)"),
    Held("机动车驾驶证", _CHEN[1], *_CHEN, _TRAFFIC, "2012-02-01", "2028-02-01",
         {"姓名": _CHEN[0], "准驾车型": "B2"}, revoked=True),
    Held("居民户口簿", "示0051149900012", *_WANG, _POLICE, "2012-09-10", None,
         {"户主姓名": _WANG[0], "本人姓名": _WANG[0], "与户主关系": "户主"},
         source="省人口信息共享库"),
    Held("居民户口簿", "示0051149900731", *_ZHANG, _POLICE, "1999-04-02", None,
         {"户主姓名": _ZHANG[0], "本人姓名": _ZHANG[0], "与户主关系": "户主"},
         source="省人口信息共享库"),
    Held("电子营业执照", _BARBER[1], *_BARBER, _MARKET, "2021-03-18", None,
         {"名称": _BARBER[0], "统一社会信用代码": _BARBER[1], "经营者": _WANG[0]},
         paper="Business licence (sandbox)"),
    Held("电子营业执照", _GREEN[1], *_GREEN, _MARKET, "2015-11-02", "2025-11-01",
         {"名称": _GREEN[0], "统一社会信用代码": _GREEN[1], "法定代表人": _CHEN[0]}),
    Held("不动产权证", "川(2019)示例县不动产权第0001234号", *_LI, _LAND, "2019-10-08", None,
         {"权利人": _LI[0], "坐落": "示例县人民路88号1单元301"}),
    Held("完税凭证", "351149926030000017", *_WANG, _TAX, "2026-02-27", None,
         {"纳税人": _WANG[0], "税种": "契税", "实缴金额": "7500.00元"}, source="省税务信息共享库"),
)
# fmt: on


@dataclass(frozen=True)
class Certificates:
    """Of two certificates of a kind the one that holds good is found."""

    credentials: Credentials
    now: Callable[[], float]

    def routes(self) -> list[web.RouteDef]:
        return [web.post("/certificates/v1/find", self.find)]

    async def find(self, request: web.Request) -> web.Response:
        body = await request.read()
        if not self._is_signed(request, body):
            return answer({"code": "SIGNATURE_INVALID", "message": "签名错误"}, 401)
        try:
            asked = load_object(body)
        except ValueError:
            return answer({"code": "PARAM_INVALID", "message": "请求体不是 JSON 对象"}, 400)
        if not asked.get("purpose") or not asked.get("reference"):
            # 谁、为办什么事来查: what is not bound to a purpose is not answered.
            return answer({"code": "PURPOSE_MISSING", "message": "没有说明用途"}, 400)
        said = json.dumps(self._said(asked), ensure_ascii=False).encode()
        signature = self._signed(request.headers["X-Signature"].encode() + said)
        headers = {"X-Signature": signature, "Content-Type": "application/json"}
        return web.Response(body=said, headers=headers)

    def _said(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        kind, number = asked.get("kind"), asked.get("number")
        mine = (asked.get("holder_name"), asked.get("holder_number"))
        of_kind = [each for each in HELD if each.kind == kind]
        if number is not None:
            of_kind = [each for each in of_kind if each.number == number]
            if of_kind and (of_kind[0].name, of_kind[0].holder) != mine:
                return {"standing": "NOT_HOLDER"}
        found = next((each for each in of_kind if (each.name, each.holder) == mine), None)
        if found is None:
            return {"standing": "NOT_FOUND"}
        if found.revoked:
            return {"standing": "REVOKED"}
        if found.until is not None and date.fromisoformat(found.until) < self._today():
            return {"standing": "EXPIRED"}
        return _shown(found)

    def _today(self) -> date:
        return datetime.fromtimestamp(self.now(), UTC).astimezone(_SHANGHAI).date()

    def _is_signed(self, request: web.Request, body: bytes) -> bool:
        timestamp = request.headers.get("X-Timestamp", "")
        fresh = re.fullmatch(r"[0-9]{1,12}", timestamp) and (
            abs(self.now() - int(timestamp)) <= _FRESH
        )
        known = request.headers.get("X-Access-Key") == self.credentials.certificates_access_key
        given = request.headers.get("X-Signature", "")
        expected = self._signed(timestamp.encode() + body)
        return bool(fresh and known and hmac.compare_digest(given.encode(), expected.encode()))

    def _signed(self, content: bytes) -> str:
        secret = self.credentials.certificates_secret.encode()
        return hmac.new(secret, content, "sha256").hexdigest()


def _shown(held: Held) -> dict[str, Any]:
    paper = None if held.paper is None else base64.b64encode(_pdf(held.paper)).decode()
    return {
        "standing": "FOUND",
        "kind": held.kind,
        "number": held.number,
        "holder": {"name": held.name, "number": held.holder},
        "issuer": held.issuer,
        "issued_on": held.issued,
        "valid_until": held.until,
        "fields": dict(held.fields),
        "source": held.source,
        "file": paper,
    }


def _pdf(text: str) -> bytes:
    """Return a PDF of one page with a line of ASCII on it."""
    drawn = f"BT /F1 18 Tf 60 760 Td ({text.replace('(', '[').replace(')', ']')}) Tj ET".encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    content, places = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, start=1):
        places.append(len(content))
        content += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = len(content)
    content += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    content += b"".join(b"%010d 00000 n \n" % place for place in places)
    content += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    content += b"startxref\n%d\n%%%%EOF\n" % table
    return bytes(content)
