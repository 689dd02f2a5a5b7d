"""Access tokens: JWS ES256 (RFC 7515, 7518, 8725) by python-jose, which alone is too lenient."""

import json
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from jose import jwk, jws
from jose.backends.base import Key

from integrations.jws import read_header, refuse_constant
from services.errors import Unauthenticated
from services.ports import Clock

ALGORITHM = "ES256"
TOKEN_CHARS = 4096
HEADER_CHARS = 256
OURS = frozenset({"iss", "aud", "iat", "exp"})


class JoseTokens:
    """Issue and read tokens for one issuer.

    ``signing_keys`` are private P-256 PEM keys by kid, ``active`` names the one that signs; a
    retired key stays in ``verifying_keys`` (public PEM) until its last token has expired.
    A token that was verified once is remembered (at most ``remember`` of them), so that the
    same token costs no second signature check; its expiry is checked every time.
    """

    def __init__(
        self,
        clock: Clock,
        issuer: str,
        signing_keys: Mapping[str, str],
        active: str,
        *,
        verifying_keys: Mapping[str, str] | None = None,
        leeway: timedelta = timedelta(seconds=5),
        remember: int = 4096,
    ) -> None:
        """Raise ``ValueError`` when a key is not a P-256 key."""
        self._clock = clock
        self._issuer = issuer
        self._active = active
        self._signer = _load(signing_keys[active])
        self._keys = {
            kid: _load(pem).public_key()
            for kid, pem in {**signing_keys, **(verifying_keys or {})}.items()
        }
        self._leeway = leeway.total_seconds()
        self._remember = remember
        self._verified: OrderedDict[str, Mapping[str, Any]] = OrderedDict()

    def issue(self, claims: Mapping[str, Any], *, audience: str, ttl: timedelta) -> str:
        """Return a signed token; ``claims`` must hold ``sub`` and may hold ``jti``.

        Raise ``ValueError`` for claims that only the issuer may set.
        """
        if OURS & claims.keys() or not claims.get("sub"):
            raise ValueError("sub is required; iss, aud, iat and exp are the issuer's")
        now = int(self._clock.now().timestamp())
        payload = {
            "jti": secrets.token_urlsafe(16),
            **claims,
            "iss": self._issuer,
            "aud": audience,
            "iat": now,
            "exp": now + int(ttl.total_seconds()),
        }
        return jws.sign(payload, self._signer, headers={"kid": self._active}, algorithm=ALGORITHM)

    def read(self, token: str, *, audience: str) -> Mapping[str, Any]:
        """Return the claims of a live token for this audience, else raise ``Unauthenticated``."""
        if len(token) > TOKEN_CHARS:
            raise Unauthenticated
        claims = self._verified.get(token)
        if claims is None:
            # The library lets RecursionError and OverflowError out for hostile tokens, so that
            # whatever happens on an unproven token is one and the same refusal.
            try:
                claims = self._verify(token)
            except Exception as error:
                raise Unauthenticated from error
            self._keep(token, claims)
        else:
            self._verified.move_to_end(token)
        self._check_live(token, claims, audience)
        return claims

    def _verify(self, token: str) -> Mapping[str, Any]:
        header = _read_header(token)
        payload = jws.verify(token, self._keys[header["kid"]], (ALGORITHM,))
        claims = json.loads(payload, parse_constant=refuse_constant)
        for name in ("iss", "aud", "sub", "jti"):
            if not isinstance(claims[name], str) or not claims[name]:
                raise ValueError(name)
        for name in ("iat", "exp"):
            if type(claims[name]) is not int:
                raise ValueError(name)
        if claims["iss"] != self._issuer:
            raise ValueError("iss")
        return MappingProxyType(claims)

    def _check_live(self, token: str, claims: Mapping[str, Any], audience: str) -> None:
        now = self._clock.now().timestamp()
        if claims["exp"] <= now:
            self._verified.pop(token, None)
            raise Unauthenticated
        if claims["iat"] > now + self._leeway or claims["aud"] != audience:
            raise Unauthenticated

    def _keep(self, token: str, claims: Mapping[str, Any]) -> None:
        self._verified[token] = claims
        if len(self._verified) > self._remember:
            self._verified.popitem(last=False)


def _load(pem: str) -> Key:
    key = jwk.construct(pem, ALGORITHM)
    if key.to_dict()["crv"] != "P-256":
        raise ValueError("ES256 needs a P-256 key")
    return key


def _read_header(token: str) -> Mapping[str, Any]:
    """Return the header: nothing but alg, typ and kid may be there."""
    header = read_header(token, ("alg", "typ", "kid"), HEADER_CHARS)
    if header["alg"] != ALGORITHM:
        raise ValueError("not a header of ours")
    return header
