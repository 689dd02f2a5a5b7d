"""ID tokens of a unified identity (OpenID Connect Core 3.1.3.7), read strictly."""

import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from jose import jwk, jws

from integrations.jws import read_header, refuse_constant
from services.ports import Clock

LONGEST = 16384
HEADER_CHARS = 1024
HEADER = ("alg", "typ", "kid", "x5t", "x5t#S256")
LEEWAY = timedelta(seconds=60)
OLDEST = timedelta(minutes=10)
# Which key an algorithm takes: pinned by the key, never by the token alone.
KINDS = {"ES256": ("EC", "P-256"), "RS256": ("RSA", None)}
LEAST_RSA_BITS = 2048


class UnknownKey(ValueError):
    """The token names a key that is not in the set: perhaps the keys have been changed."""


@dataclass(frozen=True)
class IdTokens:
    """Reads the tokens that one issuer made for one client."""

    issuer: str
    client_id: str
    clock: Clock

    def read(self, token: str, keys: Sequence[Mapping[str, Any]], nonce: str) -> Mapping[str, Any]:
        """Return the claims; raise ``UnknownKey`` or any ``ValueError``, never anything else."""
        try:
            return self._read(token, keys, nonce)
        except ValueError:
            raise
        except Exception as error:
            # The library lets RecursionError, OverflowError and more out for hostile tokens.
            raise ValueError("not a token of ours") from error

    def _read(self, token: str, keys: Sequence[Mapping[str, Any]], nonce: str) -> Mapping[str, Any]:
        if len(token) > LONGEST:
            raise ValueError("too long")
        header = read_header(token, HEADER, HEADER_CHARS)
        algorithm, kid = header["alg"], header["kid"]
        key = _key(keys, kid, algorithm)
        payload = jws.verify(token, jwk.construct(dict(key), algorithm), (algorithm,))
        claims = json.loads(payload, parse_constant=refuse_constant)
        if not isinstance(claims, dict):
            raise ValueError("no claims")
        self._check_parties(claims)
        self._check_times(claims)
        given = claims.get("nonce")
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
            raise ValueError("nonce")
        return claims

    def _check_parties(self, claims: Mapping[str, Any]) -> None:
        if claims.get("iss") != self.issuer:
            raise ValueError("iss")
        # Another audience could hold the same token and bring it here.
        if claims.get("aud") not in (self.client_id, [self.client_id]):
            raise ValueError("aud")
        if claims.get("azp", self.client_id) != self.client_id:
            raise ValueError("azp")
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise ValueError("sub")

    def _check_times(self, claims: Mapping[str, Any]) -> None:
        now, leeway = self.clock.now().timestamp(), LEEWAY.total_seconds()
        for name in ("exp", "iat"):
            if type(claims.get(name)) is not int:
                raise ValueError(name)
        if claims["exp"] <= now - leeway:
            raise ValueError("exp")
        if not now - OLDEST.total_seconds() <= claims["iat"] <= now + leeway:
            raise ValueError("iat")
        begins = claims.get("nbf", claims["iat"])
        if type(begins) is not int or begins > now + leeway:
            raise ValueError("nbf")


def _key(keys: Sequence[Mapping[str, Any]], kid: object, algorithm: object) -> Mapping[str, Any]:
    if algorithm not in KINDS or not isinstance(kid, str) or not kid:
        raise ValueError("alg or kid")
    found = [key for key in keys if key.get("kid") == kid]
    if not found:
        raise UnknownKey(kid)
    key = found[0]
    kind, curve = KINDS[str(algorithm)]
    fits = (
        key.get("kty") == kind
        and key.get("crv") == curve
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
    )
    # base64url of the modulus: 6 bits a character.
    if not fits or (kind == "RSA" and len(str(key.get("n"))) * 6 < LEAST_RSA_BITS):
        raise ValueError("key")
    return key
