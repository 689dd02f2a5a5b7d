"""The token endpoint of the kit: it says exactly what is wrong with an assertion."""

import json
import secrets
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jwk, jws
from jose.exceptions import JOSEError

from miniapp_stub.conformance.report import Line, Verdict
from miniapp_stub.conformance.scenes import Answer, problem
from miniapp_stub.puller.wire import ASSERTION

LIFE = 900
LONGEST = 300
PAST = 600
HEADER = {"alg", "kid", "typ"}


def new_private_key() -> str:
    """Return a fresh private P-256 key (PEM)."""
    made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_half(pem: str) -> str:
    """Return the public PEM of a private or public P-256 key."""
    return str(jwk.construct(pem, "ES256").public_key().to_pem().decode())


@dataclass
class Entrance:
    """Gives tokens to one client, whose public key it has."""

    client_id: str
    public_key: str
    issuer: str
    now: Callable[[], float] = time.time
    used: set[str] = field(default_factory=set)
    good: set[str] = field(default_factory=set)
    given: int = 0
    faults: list[str] = field(default_factory=list)

    def token(self, body: Mapping[str, Any], *addresses: str) -> Answer:
        """Take an assertion for a token, as RFC 7523 and docs/backoffice.md want it.

        It is for the issuer, or for one of the addresses that this route was called by.
        """
        try:
            fault = self._fault(body, (self.issuer, *addresses))
        except (JOSEError, ValueError, KeyError, TypeError, AttributeError) as error:
            fault = f"the assertion cannot be read: {error!r}"
        if fault:
            self.faults.append(fault)
            refused = problem(401, "client_refused")
            return Answer(401, {**refused.body, "detail": fault})
        self.given += 1
        token = secrets.token_urlsafe(24)
        self.good.add(token)
        return Answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": LIFE})

    def _fault(self, body: Mapping[str, Any], audiences: Collection[str]) -> str | None:
        """Return the first thing that is wrong; the key is asked before the claims are believed."""
        if body["client_assertion_type"] != ASSERTION:
            return f"client_assertion_type has to be {ASSERTION}"
        assertion = str(body["client_assertion"])
        header = jws.get_unverified_header(assertion)
        if header.get("alg") != "ES256" or not header.get("kid") or set(header) - HEADER:
            return "the header has to hold alg ES256 and kid, and nothing else but typ"
        claims = _object(jws.verify(assertion, self.public_key, ["ES256"]))
        faults = [fault for holds, fault in self._rules(claims, audiences) if not holds]
        self.used.add(str(claims["jti"]))
        return faults[0] if faults else None

    def _rules(
        self, claims: Mapping[str, Any], audiences: Collection[str]
    ) -> Iterator[tuple[bool, str]]:
        now, jti = self.now(), str(claims["jti"])
        named = [claims["iss"], claims["sub"]] == [self.client_id] * 2
        yield named, f"iss and sub have to be {self.client_id}"
        yield claims["aud"] in audiences, f"aud has to be one of {', '.join(audiences)}"
        soon = 0 < float(claims["exp"]) - now <= LONGEST
        yield soon, "exp has to be at most five minutes from now"
        past = all(float(claims.get(name, 0)) <= now + 1 for name in ("iat", "nbf"))
        yield past, "iat and nbf may not be in the future"
        fresh = 8 <= len(jti) <= 128 and jti not in self.used
        yield fresh, "jti has to have 8 to 128 characters that were never used before"

    def line(self) -> Line:
        if self.faults:
            verdict, seen = Verdict.FAILED, "; ".join(dict.fromkeys(self.faults))
        elif self.given:
            verdict, seen = Verdict.PASSED, f"{self.given} token(s) given"
        else:
            verdict, seen = Verdict.NOT_SEEN, "nobody asked for a token"
        expected = "every assertion right, and each jti used once"
        mend = "See docs/backoffice.md, 1. A token: sign a fresh assertion each time you ask."
        return Line("token", "signing in (private_key_jwt)", verdict, expected, seen, mend)


def _object(content: bytes) -> Mapping[str, Any]:
    found = json.loads(content)
    if not isinstance(found, dict):
        raise TypeError("the claims are no object")
    return found
