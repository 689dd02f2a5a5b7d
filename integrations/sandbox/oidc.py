"""A unified identity (统一身份认证): OpenID Connect with a login page for the citizens here."""

import hashlib
import html
import json
import secrets
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode

from aiohttp import web
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from .answers import answer, dump
from .credentials import Credentials
from .loopback import is_loopback_url
from .people import CITIZENS, find
from .store import Store

BASE = "/oidc"
_CODE_LIFE = 60.0
_TOKEN_LIFE = 300
_PAGE = """<!doctype html><meta charset="utf-8"><title>统一身份认证(沙箱)</title>
<meta name="viewport" content="width=device-width"><h1>统一身份认证(沙箱)</h1>
<p>选择一位测试市民登录。</p><form method="post">
<p><label>实名等级 <select name="level"><option value="3">3 人脸或网证</option>
<option value="2">2 三要素</option><option value="1">1 两要素</option></select></label></p>
{people}<p><button name="citizen" value="">取消</button></p></form>"""
_PERSON = '<p><button name="citizen" value="{openid}">{name} {note}</button></p>'


class _Refused(Exception):
    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


@dataclass(frozen=True)
class Oidc:
    """One client, public pages for it, ES256 keys that can be changed."""

    credentials: Credentials
    store: Store
    now: Callable[[], float]

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{BASE}/.well-known/openid-configuration", self.discovery),
            web.get(f"{BASE}/jwks", self.jwks),
            web.get(f"{BASE}/authorize", self.page),
            web.post(f"{BASE}/authorize", self.choose),
            web.post(f"{BASE}/token", self.token),
            web.post("/phone/api/oidc/rotate", self.rotate),
        ]

    async def discovery(self, request: web.Request) -> web.Response:
        issuer = _issuer(request)
        return answer(
            {
                "issuer": issuer,
                "authorization_endpoint": f"{issuer}/authorize",
                "token_endpoint": f"{issuer}/token",
                "jwks_uri": f"{issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_basic"],
                "scopes_supported": ["openid", "profile"],
                "claims_supported": ["sub", "name", "id_number", "acr"],
            }
        )

    async def jwks(self, request: web.Request) -> web.Response:
        # A changed key goes at once, as after a leak: who has kept the old set must ask again.
        kid, key = self._key()
        numbers = key.public_key().public_numbers()
        point = {"x": _b64(numbers.x.to_bytes(32)), "y": _b64(numbers.y.to_bytes(32))}
        jwk = {"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, **point}
        return answer({"keys": [jwk]})

    async def page(self, request: web.Request) -> web.Response:
        try:
            self._check(request)
        except _Refused as refused:
            return web.Response(status=400, text=refused.error)
        people = "".join(
            _PERSON.format(**{key: html.escape(getattr(each, key)) for key in _SHOWN})
            for each in CITIZENS
        )
        text = _PAGE.format(people=people)
        return web.Response(text=text, content_type="text/html", charset="utf-8")

    async def choose(self, request: web.Request) -> web.Response:
        """Log the chosen citizen in and send the browser back, as the page's buttons do."""
        try:
            self._check(request)
        except _Refused as refused:
            return web.Response(status=400, text=refused.error)
        form = await request.post()
        asked = request.query
        citizen = find(str(form.get("citizen")))
        if citizen is None:
            back = {"error": "access_denied", "state": asked["state"]}
        else:
            level = str(form.get("level") or "3")
            back = {"code": self._code(asked, citizen.openid, level), "state": asked["state"]}
        raise web.HTTPFound(f"{asked['redirect_uri']}?{urlencode(back)}")

    async def token(self, request: web.Request) -> web.Response:
        try:
            self._check_client(request)
            form = {key: values[-1] for key, values in parse_qs(await request.text()).items()}
            kept = self._use_code(form)
        except _Refused as refused:
            status = 401 if refused.error == "invalid_client" else 400
            return answer({"error": refused.error}, status)
        token = self._id_token(_issuer(request), kept)
        return answer(
            {
                "access_token": f"wxsandbox{secrets.token_urlsafe(24)}",
                "token_type": "Bearer",
                "expires_in": _TOKEN_LIFE,
                "id_token": token,
            }
        )

    async def rotate(self, request: web.Request) -> web.Response:
        kid = self._make_key()
        return answer({"kid": kid})

    def _check(self, request: web.Request) -> None:
        asked = request.query
        if asked.get("client_id") != self.credentials.oidc_client_id:
            raise _Refused("invalid_client")
        if not is_loopback_url(asked.get("redirect_uri", "")):
            raise _Refused("invalid redirect_uri")
        if asked.get("response_type") != "code" or "openid" not in asked.get("scope", "").split():
            raise _Refused("invalid_request")
        pkce = asked.get("code_challenge_method") == "S256" and asked.get("code_challenge")
        if not pkce or not asked.get("state") or not asked.get("nonce"):
            raise _Refused("invalid_request")

    def _check_client(self, request: web.Request) -> None:
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        try:
            client, _, secret = b64decode(given).decode().partition(":")
        except ValueError:
            raise _Refused("invalid_client") from None
        made = self.credentials
        right = unquote(client) == made.oidc_client_id and compare_digest(
            unquote(secret).encode(), made.oidc_client_secret.encode()
        )
        if kind != "Basic" or not right:
            raise _Refused("invalid_client")

    def _code(self, asked: Any, openid: str, level: str) -> str:
        code = f"wxsandbox{secrets.token_urlsafe(24)}"
        names = ("redirect_uri", "code_challenge", "nonce")
        kept = {name: asked[name] for name in names} | {"openid": openid, "level": level}
        self.store.run(
            "INSERT INTO oidc_codes VALUES (?, ?, ?)", code, json.dumps(kept), self.now()
        )
        return code

    def _use_code(self, form: dict[str, str]) -> dict[str, str]:
        if form.get("grant_type") != "authorization_code":
            raise _Refused("unsupported_grant_type")
        with self.store.transaction():
            row = self.store.one("SELECT * FROM oidc_codes WHERE code = ?", form.get("code"))
            if row is None:
                raise _Refused("invalid_grant")
            self.store.run("DELETE FROM oidc_codes WHERE code = ?", form.get("code"))
        kept: dict[str, str] = json.loads(row["kept"])
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        right = (
            self.now() - row["issued_at"] <= _CODE_LIFE
            and kept["redirect_uri"] == form.get("redirect_uri")
            and compare_digest(kept["code_challenge"].encode(), _b64(digest).encode())
        )
        if not right:
            raise _Refused("invalid_grant")
        return kept

    def _id_token(self, issuer: str, kept: dict[str, str]) -> str:
        citizen = find(kept["openid"])
        now = int(self.now())
        claims = {
            "iss": issuer,
            "aud": self.credentials.oidc_client_id,
            "sub": f"wxsandbox-{hashlib.sha256(kept['openid'].encode()).hexdigest()[:24]}",
            "iat": now,
            "exp": now + _TOKEN_LIFE,
            "nonce": kept["nonce"],
            "acr": kept["level"],
        }
        if citizen is not None:
            claims |= {"name": citizen.registered_name, "id_number": citizen.id_number}
        kid, key = self._key()
        header = {"alg": "ES256", "typ": "JWT", "kid": kid}
        signed = f"{_b64(dump(header))}.{_b64(dump(claims))}"
        r, s = decode_dss_signature(key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_b64(r.to_bytes(32) + s.to_bytes(32))}"

    def _key(self) -> tuple[str, ec.EllipticCurvePrivateKey]:
        row = self.store.one("SELECT * FROM oidc_keys ORDER BY seq DESC LIMIT 1")
        if row is None:
            self._make_key()
            return self._key()
        key = serialization.load_pem_private_key(row["pem"].encode(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise TypeError("not a P-256 key")
        return str(row["kid"]), key

    def _make_key(self) -> str:
        kid = f"wxsandbox{secrets.token_hex(4)}"
        pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        self.store.run("INSERT INTO oidc_keys (kid, pem) VALUES (?, ?)", kid, pem.decode())
        return kid


_SHOWN = ("openid", "name", "note")


def _issuer(request: web.Request) -> str:
    return f"{request.url.origin()}{BASE}"


def _b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
