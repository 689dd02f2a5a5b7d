"""ID tokens: the right one is read, and of every hostile one nothing is believed."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jose import jwk, jws

from integrations.id_tokens import LONGEST, IdTokens, UnknownKey
from tests.integrations.clocks import NOON, SetClock

ISSUER, CLIENT, NONCE = "https://id.example.cn", "client-1", "nonce-1"
NOW = int(NOON.timestamp())
READER = IdTokens(ISSUER, CLIENT, SetClock())


def _pem(key: Any) -> str:
    return key.private_bytes(  # type: ignore[no-any-return]
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


EC = _pem(ec.generate_private_key(ec.SECP256R1()))
OTHER = _pem(ec.generate_private_key(ec.SECP256R1()))
RSA = _pem(rsa.generate_private_key(public_exponent=65537, key_size=2048))
WEAK = _pem(rsa.generate_private_key(public_exponent=65537, key_size=1024))


def public(pem: str, algorithm: str, kid: str, **more: Any) -> dict[str, Any]:
    key = jwk.construct(pem, algorithm).public_key().to_dict()
    found = {n: v.decode() if isinstance(v, bytes) else v for n, v in key.items()}
    return {**found, "kid": kid, "use": "sig", **more}


KEYS = [public(EC, "ES256", "e1"), public(RSA, "RS256", "r1")]
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": CLIENT,
    "sub": "subject-1",
    "iat": NOW,
    "exp": NOW + 300,
    "nonce": NONCE,
}


def token(
    claims: Mapping[str, Any] | None = None,
    *,
    key: str = EC,
    algorithm: str = "ES256",
    **header: Any,
) -> str:
    sent = dict(CLAIMS if claims is None else claims)
    return str(jws.sign(sent, key, headers={"kid": "e1", **header}, algorithm=algorithm))


def b64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def by_hand(header: Any, claims: Any, signature: bytes = b"") -> str:
    return ".".join(
        (b64(json.dumps(header).encode()), b64(json.dumps(claims).encode()), b64(signature))
    )


def refused(text: str, keys: Any = None, nonce: str = NONCE) -> bool:
    try:
        READER.read(text, KEYS if keys is None else keys, nonce)
    except ValueError:
        return True
    return False


def test_a_right_token_is_read() -> None:
    assert READER.read(token(), KEYS, NONCE) == CLAIMS
    assert READER.read(token(key=RSA, algorithm="RS256", kid="r1"), KEYS, NONCE) == CLAIMS
    several = {**CLAIMS, "aud": [CLIENT], "azp": CLIENT, "nbf": NOW}
    assert READER.read(token(several), KEYS, NONCE) == several


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://id.example.cn/"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "client-2"},
        {"aud": [CLIENT, "client-2"]},
        {"aud": [CLIENT, "client-2"], "azp": CLIENT},
        {"aud": []},
        {"azp": "client-2"},
        {"nonce": "nonce-2"},
        {"nonce": None},
        {"nonce": [NONCE]},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"exp": NOW - 61},
        {"exp": float(NOW + 300)},
        {"exp": str(NOW + 300)},
        {"exp": True},
        {"iat": NOW + 61},
        {"iat": NOW - 601},
        {"iat": None},
        {"nbf": NOW + 61},
        {"nbf": "now"},
    ],
    ids=str,
)
def test_a_wrong_claim_is_refused(change: dict[str, Any]) -> None:
    assert refused(token({**CLAIMS, **change}))


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "iat", "exp", "nonce"])
def test_a_missing_claim_is_refused(name: str) -> None:
    assert refused(token({key: value for key, value in CLAIMS.items() if key != name}))


def test_none_is_no_algorithm() -> None:
    for name in ("none", "None", "nOnE", "", None, "HS256", "ES384", ["ES256"]):
        assert refused(by_hand({"alg": name, "kid": "e1"}, CLAIMS))


def test_a_public_key_is_no_secret() -> None:
    """Key confusion: the issuer's public key as the secret of an HMAC."""
    for pem, kid, algorithm in ((EC, "e1", "ES256"), (RSA, "r1", "RS256")):
        secret = jwk.construct(pem, algorithm).public_key().to_pem()
        signed = by_hand({"alg": "HS256", "kid": kid}, CLAIMS).rpartition(".")[0]
        mac = hmac.digest(secret, signed.encode(), hashlib.sha256)
        assert refused(f"{signed}.{b64(mac)}")


def test_an_algorithm_takes_its_own_kind_of_key() -> None:
    assert refused(token(key=RSA, algorithm="RS256", kid="e1"))
    assert refused(token(kid="r1"))
    secret = b64(b"s" * 32)
    oct_key = {"kty": "oct", "kid": "o1", "k": secret}
    assert refused(by_hand({"alg": "HS256", "kid": "o1"}, CLAIMS), [oct_key])
    assert refused(by_hand({"alg": "ES256", "kid": "o1"}, CLAIMS), [oct_key])


def test_keys_that_are_not_for_this_are_not_used() -> None:
    for more in ({"use": "enc"}, {"alg": "RS256"}):
        assert refused(token(), [public(EC, "ES256", "e1") | more])
    weak = public(WEAK, "RS256", "w1")
    assert refused(token(key=WEAK, algorithm="RS256", kid="w1"), [weak])


def test_another_key_or_a_changed_text_is_refused() -> None:
    assert refused(token(key=OTHER))
    head, body, signature = token().split(".")
    other = b64(json.dumps({**CLAIMS, "sub": "subject-2"}).encode())
    for text in (
        f"{head}.{other}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}.{signature}=",
        f"{head}.{body}.{signature[::-1]}",
        f"{head}.{body}",
        f"{head}.{body}.{signature}.x",
        "",
        "x",
    ):
        assert refused(text)


def test_an_unknown_key_is_told_apart() -> None:
    with pytest.raises(UnknownKey):
        READER.read(token(kid="e2"), KEYS, NONCE)
    for kid in (None, "", 7, ["e1"]):
        assert refused(by_hand({"alg": "ES256", "kid": kid}, CLAIMS))


@pytest.mark.parametrize(
    "more",
    [
        {"crit": ["exp"]},
        {"jwk": public(OTHER, "ES256", "e1")},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/x"},
    ],
    ids=lambda more: next(iter(more)),
)
def test_a_token_does_not_say_how_it_is_to_be_believed(more: dict[str, Any]) -> None:
    assert refused(token(key=OTHER, **more))
    assert refused(token(**more))


def test_huge_and_nested_tokens_are_refused() -> None:
    assert refused(token({**CLAIMS, "x": "y" * LONGEST}))
    assert refused("a." * 1_000_000)
    deep = b"[" * 5000 + b"]" * 5000
    assert refused(f"{b64(deep[:700])}.{b64(deep)}.{b64(b'x' * 64)}")
    nested = b'{"alg":"ES256","kid":"e1","typ":' + b"[" * 300 + b"]" * 300 + b"}"
    assert refused(f"{b64(nested)}.{b64(json.dumps(CLAIMS).encode())}.{b64(b'x' * 64)}")
    for number in ("1e400", "NaN", "-Infinity", "9" * 5000):
        text = json.dumps(CLAIMS).replace(str(NOW + 300), number)
        head = b64(json.dumps({"alg": "ES256", "kid": "e1"}).encode())
        signing = f"{head}.{b64(text.encode())}"
        signature = jwk.construct(EC, "ES256").sign(signing.encode())
        assert refused(f"{signing}.{b64(signature)}"), number


def test_claims_are_an_object() -> None:
    head = b64(json.dumps({"alg": "ES256", "kid": "e1"}).encode())
    for body in (b"[]", b'"x"', b"null", b"\xff", b"{"):
        signing = f"{head}.{b64(body)}"
        signature = jwk.construct(EC, "ES256").sign(signing.encode())
        assert refused(f"{signing}.{b64(signature)}")
