"""Client assertions (RFC 7523): what a back-office system signs to show who it is."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from jose import jwk, jws

from integrations.compact import ALGORITHM, TOKEN_CHARS, decode, read_header, refuse
from services.errors import Unauthenticated
from services.ports import Assertion, Clock, PublicKey

LONGEST = timedelta(minutes=5)
LEEWAY = timedelta(seconds=30)
COORDINATE_BYTES = 32
JTI_CHARS = range(8, 129)


class SignedAssertions:
    """Read assertions for the audiences that are us: our issuer and our token endpoint."""

    def __init__(self, clock: Clock, audiences: Collection[str]) -> None:
        self._clock = clock
        self._audiences = frozenset(audiences)

    def signer(self, assertion: str) -> tuple[str, str]:
        """Return the client and the key that an assertion names, unproven."""
        # The library lets RecursionError and OverflowError out for hostile input.
        try:
            kid = read_header(_bounded(assertion))["kid"]
            claims = json.loads(decode(assertion.split(".")[1]), parse_constant=refuse)
            return _word(claims["sub"]), _word(kid)
        except Exception as error:
            raise Unauthenticated from error

    def verify(self, assertion: str, key: Mapping[str, str]) -> Assertion:
        """Return what the holder of a key said, checked in every claim."""
        try:
            read_header(_bounded(assertion))
            payload = jws.verify(assertion, jwk.construct(dict(key), ALGORITHM), (ALGORITHM,))
            return self._checked(json.loads(payload, parse_constant=refuse))
        except Exception as error:
            raise Unauthenticated from error

    def _checked(self, claims: Mapping[str, Any]) -> Assertion:
        subject, jti = _word(claims["sub"]), _word(claims["jti"])
        if claims["iss"] != subject or len(jti) not in JTI_CHARS:
            raise ValueError("iss, sub or jti")
        audience = claims["aud"]
        if isinstance(audience, list):
            [audience] = audience
        if _word(audience) not in self._audiences:
            raise ValueError("aud")
        now = self._clock.now().timestamp()
        expires, begins = claims["exp"], [claims.get(name, 0) for name in ("iat", "nbf")]
        if any(type(each) is not int for each in (expires, *begins)):
            raise ValueError("a time that is none")
        if not now < expires <= now + LONGEST.total_seconds():
            raise ValueError("exp")
        if max(begins) > now + LEEWAY.total_seconds():
            raise ValueError("iat or nbf")
        return Assertion(subject, jti, datetime.fromtimestamp(expires, UTC))

    def read_key(self, given: Mapping[str, Any]) -> PublicKey:
        """Return a public P-256 key that was given as a JWK; raise ``ValueError`` for any other.

        A private key is refused: whoever sends it has shown it around.
        """
        if "d" in given or "k" in given:
            raise ValueError("this is a private key")
        if given.get("kty") != "EC" or given.get("crv") != "P-256":
            raise ValueError("not a P-256 key")
        if given.get("alg", ALGORITHM) != ALGORITHM or given.get("use", "sig") != "sig":
            raise ValueError("not a key for ES256 signatures")
        members = {"crv": "P-256", "kty": "EC", "x": _word(given["x"]), "y": _word(given["y"])}
        if any(len(decode(members[name])) != COORDINATE_BYTES for name in ("x", "y")):
            raise ValueError("a coordinate has 32 bytes")
        try:
            jwk.construct(members, ALGORITHM)
        except Exception as error:
            raise ValueError("not a point of the curve") from error
        # RFC 7638: the thumbprint names a key that has no name.
        print_ = sha256(json.dumps(members, separators=(",", ":"), sort_keys=True).encode())
        thumb = urlsafe_b64encode(print_.digest()).rstrip(b"=").decode()
        return PublicKey(_word(given.get("kid", thumb)), members)


def _bounded(assertion: str) -> str:
    if len(assertion) > TOKEN_CHARS:
        raise ValueError("too long")
    return assertion


def _word(value: object) -> str:
    # What PostgreSQL and Valkey can hold, and no longer than their keys.
    if not isinstance(value, str) or not 0 < len(value) <= 200 or not value.isprintable():
        raise ValueError("not a word")
    return value
