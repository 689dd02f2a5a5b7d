"""Face checks: begun by the providers' interfaces, passed or failed on the phone's own page."""

import hashlib
import html
import secrets
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any

from aiohttp import web

from .answers import answer, load_object
from .loopback import is_loopback_url
from .people import find, registered_name
from .phonerules import PhoneRefused, read_body
from .store import Store
from .wechat import CODE_LIFE, Refused, Wechat, wechat_error

_LIFE = 3600
_STATES = {"pass": "PASSED", "fail": "FAILED"}
_PAGE = """<!doctype html><meta charset="utf-8"><title>人脸核验(沙箱)</title>
<meta name="viewport" content="width=device-width"><h1>人脸核验(沙箱)</h1>
<p>{name} {id_number}</p><p>{state}</p>
<form method="post"><button name="result" value="pass">通过</button>
<button name="result" value="fail">不通过</button></form>"""


@dataclass(frozen=True)
class Faces:
    """What both providers share: a check waits until the phone decides it."""

    store: Store
    now: Callable[[], float]

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/phone/face/{token}", self.page),
            web.post("/phone/face/{token}", self.decide_on_page),
            web.get("/phone/api/face-checks", self.list),
            web.post("/phone/api/face-checks/{token}", self.decide),
        ]

    def begin(self, kind: str, name: str, id_number: str, number: str, openid: str = "") -> str:
        """Return the token of a new check."""
        token = f"wxsandbox{secrets.token_hex(16)}"
        self.store.run(
            "INSERT INTO faces VALUES (?, ?, ?, ?, ?, ?, 'WAITING', ?)",
            *(token, kind, name, id_number, number, openid, self.now()),
        )
        return token

    def find(self, kind: str, token: object) -> Row | None:
        row = self.store.one("SELECT * FROM faces WHERE token = ? AND kind = ?", str(token), kind)
        return None if row is None or self.now() - row["created_at"] > _LIFE else row

    def state_of(self, row: Row) -> str:
        """Return the state; nobody passes as a person whom the register does not know."""
        if row["state"] == "PASSED" and registered_name(row["id_number"]) != row["name"]:
            return "FAILED"
        return str(row["state"])

    async def page(self, request: web.Request) -> web.Response:
        row = self._row(request)
        fields = {name: html.escape(str(row[name])) for name in ("name", "id_number", "state")}
        return web.Response(text=_PAGE.format(**fields), content_type="text/html", charset="utf-8")

    async def decide_on_page(self, request: web.Request) -> web.Response:
        row = self._row(request)
        self._decide(row, (await request.post()).get("result"))
        # As the real one does, back to where the check was begun.
        raise web.HTTPFound(_back(row) or f"/phone/face/{row['token']}")

    async def list(self, request: web.Request) -> web.Response:
        rows = self.store.all("SELECT * FROM faces ORDER BY created_at DESC")
        shown = ("token", "kind", "name", "id_number", "state")
        items = [{name: row[name] for name in shown} | {"back": _back(row)} for row in rows]
        return answer({"items": items})

    async def decide(self, request: web.Request) -> web.Response:
        row = self._row(request)
        self._decide(row, (await read_body(request)).get("result"))
        return answer({"token": row["token"]})

    def _row(self, request: web.Request) -> Row:
        row = self.store.one("SELECT * FROM faces WHERE token = ?", request.match_info["token"])
        if row is None:
            raise PhoneRefused(404, "没有这次人脸核验")
        return row

    def _decide(self, row: Row, result: object) -> None:
        state = _STATES.get(str(result))
        if state is None:
            raise PhoneRefused(400, "result 应为 pass 或 fail")
        self.store.run("UPDATE faces SET state = ? WHERE token = ?", state, row["token"])


@dataclass(frozen=True)
class WechatFaces:
    """WeChat's face check: ``getverifyid`` and ``queryverifyinfo``."""

    wechat: Wechat
    faces: Faces

    def routes(self) -> list[web.RouteDef]:
        base = "/cityservice/face/identify"
        return [
            web.post(f"{base}/getverifyid", self.get_verify_id),
            web.post(f"{base}/queryverifyinfo", self.query),
            web.post("/intp/realname/checkrealnameinfo", self.check_real_name),
            web.post("/phone/api/citizens/{openid}/real-name-code", self.real_name_code),
        ]

    async def get_verify_id(self, request: web.Request) -> web.Response:
        try:
            self.wechat.check_token(request)
            body = load_object(await request.read())
            papers = body.get("cert_info")
            if not isinstance(papers, dict) or papers.get("cert_type") != "IDENTITY_CARD":
                raise Refused(47001, "data format error")
            number, openid = str(body.get("out_seq_no")), str(body.get("openid"))
            if not 5 <= len(number) <= 32:
                raise Refused(47001, "out_seq_no length error")
            name, id_number = str(papers.get("cert_name")), str(papers.get("cert_no"))
        except ValueError:
            return wechat_error(47001, "data format error")
        except Refused as refused:
            return wechat_error(refused.errcode, refused.errmsg)
        token = self.faces.begin("wechat", name, id_number, number, openid)
        return answer({"errcode": 0, "errmsg": "ok", "verify_id": token, "expires_in": _LIFE})

    async def query(self, request: web.Request) -> web.Response:
        try:
            self.wechat.check_token(request)
            body = load_object(await request.read())
            row = self._check(body)
        except ValueError:
            return wechat_error(47001, "data format error")
        except Refused as refused:
            return wechat_error(refused.errcode, refused.errmsg)
        found: dict[str, Any] = {"errcode": 0, "errmsg": "ok"}
        state = self.faces.state_of(row)
        if state != "WAITING":
            found["verify_ret"] = 10000 if state == "PASSED" else 90100
        return answer(found)

    async def real_name_code(self, request: web.Request) -> web.Response:
        citizen = find(request.match_info["openid"])
        if citizen is None:
            raise PhoneRefused(404, "没有这位市民")
        code = self.wechat.issue_code("realname", citizen.openid)
        return answer({"code": code, "expires_in": int(CODE_LIFE)})

    async def check_real_name(self, request: web.Request) -> web.Response:
        try:
            self.wechat.check_token(request)
            body = load_object(await request.read())
            openid = self.wechat.use_code("realname", body.get("code"), body.get("openid"))
        except ValueError:
            return wechat_error(47001, "data format error")
        except Refused as refused:
            return wechat_error(refused.errcode, refused.errmsg)
        name, number = body.get("real_name"), body.get("cred_id")
        owner = find(openid)
        # The minor has no bank card, and therefore no name at WeChat Pay.
        if owner is None or owner.id_number[6:10] > "2010":
            user = "V_OP_NA"
        else:
            same = (owner.registered_name, owner.id_number) == (name, number)
            user = "V_OP_NM_MA" if same else "V_OP_NM_UM"
        known = registered_name(str(number)) == name
        found = {"verify_openid": user, "verify_real_name": "V_NM_ID_MA" if known else "V_NM_ID_UM"}
        return answer({"errcode": 0, "errmsg": "ok", **found})

    def _check(self, body: dict[str, Any]) -> Row:
        row = self.faces.find("wechat", body.get("verify_id"))
        if row is None:
            raise Refused(90001, "verify_id not found")
        same = (row["number"], row["openid"], _hash(row)) == (
            body.get("out_seq_no"),
            body.get("openid"),
            body.get("cert_hash"),
        )
        if not same:
            raise Refused(90002, "cert_hash, openid or out_seq_no mismatch")
        return row


def _back(row: Row) -> str:
    """Return where the browser goes after a check in one: nowhere off this machine."""
    back = str(row["openid"]) if row["kind"] == "tencent" else ""
    return back if is_loopback_url(back.partition("?")[0]) else ""


def _hash(row: Row) -> str:
    fields = ("IDENTITY_CARD", row["name"], row["id_number"])
    coded = (b64encode(text.encode()).decode() for text in fields)
    names = ("cert_type", "cert_name", "cert_no")
    joined = "&".join(f"{name}={text}" for name, text in zip(names, coded, strict=True))
    return hashlib.sha256(joined.encode()).hexdigest()
