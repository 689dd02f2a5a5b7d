"""Keys of back-office systems, and the assertions that they sign."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jwk, jws

from tests.world import World

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def new_key() -> str:
    """Return a fresh private P-256 key (PEM)."""
    made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@cache
def machine_key() -> str:
    """Return the key that all back-office systems of a run share."""
    return new_key()


def machine_jwk(pem: str | None = None) -> dict[str, str]:
    """Return the public half of a key as a JWK."""
    found = jwk.construct(pem or machine_key(), "ES256").public_key().to_dict()
    return {name: found[name] for name in ("kty", "crv", "x", "y")}


def claims_of(world: World, client_id: str, **more: Any) -> dict[str, Any]:
    """Return the claims of a good assertion, or of one that ``more`` spoils; None takes one out."""
    now = int(world.clock.now().timestamp())
    said = {
        "iss": client_id,
        "sub": client_id,
        "aud": world.settings.token_issuer,
        "jti": uuid4().hex,
        "iat": now,
        "exp": now + int(timedelta(minutes=2).total_seconds()),
        **more,
    }
    return {name: value for name, value in said.items() if value is not None}


def signed(claims: Mapping[str, Any], kid: str, pem: str | None = None) -> str:
    """Return a compact JWS over the claims."""
    return jws.sign(dict(claims), pem or machine_key(), headers={"kid": kid}, algorithm="ES256")
