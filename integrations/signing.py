"""Signatures of documents: compact JWS, ES256 (RFC 7515, 7518), one spelling per signature."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    load_pem_private_key,
    load_pem_public_key,
)

COORDINATE_BYTES = 32
TOKEN_CHARS = 16_384
ALGORITHM = ec.ECDSA(SHA256())


class DocumentSigner:
    """Signs with one private P-256 key (PEM), verifies by it and by retired public keys by kid."""

    def __init__(self, key: str, key_id: str, retired: Mapping[str, str] | None = None) -> None:
        """Raise ``ValueError`` when a key is not a P-256 key."""
        private = load_pem_private_key(key.encode(), None)
        if not isinstance(private, ec.EllipticCurvePrivateKey):
            raise ValueError("documents are signed by a P-256 key")
        self._private = private
        self._head = _header(key_id)
        keys = {kid: load_pem_public_key(pem.encode()) for kid, pem in (retired or {}).items()}
        self._public = {_header(kid): _p256(each) for kid, each in keys.items()}
        self._public[self._head] = _p256(private.public_key())

    def public_keys(self) -> Sequence[Mapping[str, str]]:
        """Return the public keys as JWK (RFC 7517), the present one first."""
        heads = [self._head, *(head for head in self._public if head != self._head)]
        return [_jwk(json.loads(_decode(head))["kid"], self._public[head]) for head in heads]

    def sign(self, payload: bytes) -> str:
        """Return ``header.payload.signature``, each in base64url without padding."""
        signed = b".".join((self._head, _encode(payload)))
        r, s = decode_dss_signature(self._private.sign(signed, ALGORITHM))
        raw = r.to_bytes(COORDINATE_BYTES) + s.to_bytes(COORDINATE_BYTES)
        return b".".join((signed, _encode(raw))).decode()

    def verify(self, token: str) -> bytes:
        """Return the payload; raise ``ValueError`` when we did not sign exactly this."""
        if len(token) > TOKEN_CHARS or not token.isascii():
            raise ValueError("not a signature of ours")
        parts = token.encode().split(b".")
        # The header is compared, never read: a key or an algorithm that it names is of no account.
        if len(parts) != 3 or parts[0] not in self._public:
            raise ValueError("not signed by a known key")
        payload, raw = _decode(parts[1]), _decode(parts[2])
        if len(raw) != 2 * COORDINATE_BYTES:
            raise ValueError("not a signature of ES256")
        halves = (raw[:COORDINATE_BYTES], raw[COORDINATE_BYTES:])
        signature = encode_dss_signature(*(int.from_bytes(half) for half in halves))
        try:
            signed = b".".join(parts[:2])
            self._public[parts[0]].verify(signature, signed, ALGORITHM)
        except InvalidSignature as error:
            raise ValueError("changed, or not signed by us") from error
        return payload


def _p256(key: object) -> ec.EllipticCurvePublicKey:
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        raise ValueError("documents are signed by a P-256 key")
    return key


def _jwk(key_id: str, key: ec.EllipticCurvePublicKey) -> Mapping[str, str]:
    point = key.public_numbers()
    x, y = (_encode(each.to_bytes(COORDINATE_BYTES)).decode() for each in (point.x, point.y))
    return {
        "kty": "EC",
        "crv": "P-256",
        "kid": key_id,
        "use": "sig",
        "alg": "ES256",
        "x": x,
        "y": y,
    }


def _header(key_id: str) -> bytes:
    return _encode(json.dumps({"alg": "ES256", "kid": key_id}, separators=(",", ":")).encode())


def _encode(data: bytes) -> bytes:
    return urlsafe_b64encode(data).rstrip(b"=")


def _decode(part: bytes) -> bytes:
    data = urlsafe_b64decode(part + b"=" * (-len(part) % 4))
    if _encode(data) != part:
        raise ValueError("not canonical base64url")
    return data
