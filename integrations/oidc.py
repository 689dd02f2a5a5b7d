"""A unified identity (统一身份认证) by OpenID Connect: discovery, keys, code with PKCE."""

import hashlib
import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import structlog

from integrations.http import Http
from integrations.id_tokens import IdTokens, UnknownKey
from services.errors import LoginCodeInvalid, OutsideUnavailable
from services.ports import Clock, FederatedPerson

KEPT = timedelta(hours=1)
# Whoever sends tokens with invented key ids must not have us ask for the keys each time.
ASK_AGAIN = timedelta(minutes=1)
SCOPE = "openid profile"

log = structlog.get_logger(__name__)


class OidcProvider:
    """``level_claim`` holds the provider's real-name level, ``number_claim`` the ID number."""

    def __init__(
        self,
        http: Http,
        clock: Clock,
        *,
        issuer: str,
        client_id: str,
        client_secret: str,
        level_claim: str = "acr",
        number_claim: str = "id_number",
    ) -> None:
        self._http = http
        self._clock = clock
        self._issuer = issuer
        self._client_id = client_id
        self._secret = client_secret
        self._level_claim = level_claim
        self._number_claim = number_claim
        self._tokens = IdTokens(issuer, client_id, clock)
        self._found: tuple[float, Mapping[str, Any]] | None = None
        self._keys: tuple[float, Sequence[Mapping[str, Any]]] | None = None

    async def authorize(self, state: str, nonce: str, verifier: str, redirect_uri: str) -> str:
        """Return the address to send the browser to; raise ``OutsideUnavailable``."""
        place = await self._place("authorization_endpoint")
        digest = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return f"{place}{'&' if '?' in place else '?'}{urlencode(asked)}"

    async def person(
        self, code: str, nonce: str, verifier: str, redirect_uri: str
    ) -> FederatedPerson:
        """Exchange a code; raise ``LoginCodeInvalid`` or ``OutsideUnavailable``."""
        token = await self._exchange(code, verifier, redirect_uri)
        try:
            claims = await self._read(token, nonce)
        except ValueError as error:
            log.warning("oidc.refused", why=type(error).__name__)
            # From None: the token holds a person.
            raise LoginCodeInvalid from None
        return FederatedPerson(
            issuer=self._issuer,
            subject=claims["sub"],
            level=_level(claims.get(self._level_claim)),
            name=_text(claims.get("name")),
            id_number=_text(claims.get(self._number_claim)),
        )

    async def _exchange(self, code: str, verifier: str, redirect_uri: str) -> str:
        place = await self._place("token_endpoint")
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        # RFC 6749, 2.3.1: both are form-encoded before they are joined.
        pair = f"{quote(self._client_id, safe='')}:{quote(self._secret, safe='')}"
        headers = {
            "Authorization": f"Basic {b64encode(pair.encode()).decode()}",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        body = urlencode(form).encode()
        reply = await self._http.request("POST", place, headers=headers, body=body)
        answer = _object(reply.body)
        if reply.status == 400 and answer.get("error") == "invalid_grant":
            raise LoginCodeInvalid
        token = answer.get("id_token")
        if reply.status != 200 or not isinstance(token, str):
            raise OutsideUnavailable
        return token

    async def _read(self, token: str, nonce: str) -> Mapping[str, Any]:
        try:
            return self._tokens.read(token, await self._key_set(KEPT), nonce)
        except UnknownKey:
            return self._tokens.read(token, await self._key_set(ASK_AGAIN), nonce)

    async def _place(self, name: str) -> str:
        now = self._clock.now().timestamp()
        if self._found is None or now - self._found[0] >= KEPT.total_seconds():
            base = self._issuer.rstrip("/")
            found = await self._get(f"{base}/.well-known/openid-configuration")
            if found.get("issuer") != self._issuer:
                raise OutsideUnavailable
            self._found = (now, found)
        place = self._found[1].get(name)
        # What carries codes and secrets goes no less safe a way than the issuer's own name.
        if not isinstance(place, str) or urlsplit(place).scheme != urlsplit(self._issuer).scheme:
            raise OutsideUnavailable
        return place

    async def _key_set(self, oldest: timedelta) -> Sequence[Mapping[str, Any]]:
        now = self._clock.now().timestamp()
        if self._keys is None or now - self._keys[0] >= oldest.total_seconds():
            keys = (await self._get(await self._place("jwks_uri"))).get("keys")
            if not isinstance(keys, list) or not all(isinstance(key, dict) for key in keys):
                raise OutsideUnavailable
            self._keys = (now, keys)
        return self._keys[1]

    async def _get(self, url: str) -> Mapping[str, Any]:
        reply = await self._http.request("GET", url)
        if reply.status != 200:
            raise OutsideUnavailable
        return _object(reply.body)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise OutsideUnavailable from None
    if not isinstance(found, dict):
        raise OutsideUnavailable
    return found


def _level(value: object) -> int:
    """Return the level that is stated; what is not understood is no more than two factors."""
    text = str(value)
    return int(text) if text in {"1", "2", "3", "4"} else 1


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
