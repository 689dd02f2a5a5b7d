"""Access tokens: what is read, what is refused, and that a refusal is always the same error."""

import base64
import hmac
import json
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jose.backends.cryptography_backend import CryptographyECKey

from integrations.tokens import JoseTokens
from services.errors import Unauthenticated
from tests.integrations.clocks import NOON, SetClock

ISSUER, AUDIENCE = "https://zhangban.example", "citizen"
NOW = int(NOON.timestamp())
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "0198",
    "jti": "j1",
    "iat": NOW,
    "exp": NOW + 900,
}
HEADER: dict[str, Any] = {"alg": "ES256", "kid": "k1", "typ": "JWT"}


def pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def public_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return (
        key.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def encode(header: object, claims: object, key: ec.EllipticCurvePrivateKey | None = KEY) -> str:
    """Make a token by hand, so that the expectation does not come from the library."""
    head = header if isinstance(header, str) else json.dumps(header)
    body = claims if isinstance(claims, str) else json.dumps(claims)
    text = f"{b64(head.encode())}.{b64(body.encode())}"
    if key is None:
        return text + "."
    r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
    return f"{text}.{b64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def make(clock: SetClock, **options: Any) -> JoseTokens:
    return JoseTokens(clock, ISSUER, {"k1": pem(KEY)}, "k1", **options)


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in CLAIMS.items() if key != name}


def test_a_token_says_who_it_is_for(clock: SetClock) -> None:
    tokens = make(clock)
    token = tokens.issue({"sub": "0198", "level": 1}, audience=AUDIENCE, ttl=timedelta(minutes=15))
    claims = tokens.read(token, audience=AUDIENCE)
    assert claims["sub"] == "0198"
    assert claims["level"] == 1
    assert claims["iat"] == NOW
    assert claims["exp"] == NOW + 900
    with pytest.raises(Unauthenticated):
        tokens.read(token, audience="staff")


def test_a_token_made_by_hand_is_read(clock: SetClock) -> None:
    assert make(clock).read(encode(HEADER, CLAIMS), audience=AUDIENCE) == CLAIMS


def test_only_the_issuer_sets_its_claims(clock: SetClock) -> None:
    tokens = make(clock)
    for claims in ({"sub": "a", "exp": 1}, {"sub": "a", "iss": "x"}, {}, {"sub": ""}):
        with pytest.raises(ValueError, match="sub is required"):
            tokens.issue(claims, audience=AUDIENCE, ttl=timedelta(1))


def test_each_token_has_its_own_jti(clock: SetClock) -> None:
    tokens = make(clock)
    issued = [tokens.issue({"sub": "a"}, audience="x", ttl=timedelta(1)) for _ in range(50)]
    assert len({tokens.read(token, audience="x")["jti"] for token in issued}) == 50


GOOD = encode(HEADER, CLAIMS)
HOSTILE = {
    "empty": "",
    "dots": "..",
    "no algorithm": encode({"alg": "none", "kid": "k1"}, CLAIMS, None),
    "nOnE": encode({"alg": "nOnE", "kid": "k1"}, CLAIMS, None),
    "unsigned": encode(HEADER, CLAIMS, None),
    "signature left out": encode(HEADER, CLAIMS).rsplit(".", 1)[0],
    "signed by somebody else": encode(HEADER, CLAIMS, OTHER),
    "no kid": encode({"alg": "ES256"}, CLAIMS),
    "unknown kid": encode({"alg": "ES256", "kid": "k2"}, CLAIMS),
    "kid is a list": encode({"alg": "ES256", "kid": ["k1"]}, CLAIMS),
    "crit": encode({**HEADER, "crit": ["exp"]}, CLAIMS),
    "embedded key": encode({**HEADER, "jwk": {"kty": "EC"}}, CLAIMS, OTHER),
    "jku": encode({**HEADER, "jku": "https://evil.example"}, CLAIMS),
    "header is a list": encode(["ES256"], CLAIMS),
    "nested arrays": encode('{"alg":"ES256","kid":' + "[" * 1200 + "]" * 1200 + "}", CLAIMS),
    "nested claims": encode(HEADER, "[" * 1400 + "]" * 1400),
    "claims are a list": encode(HEADER, [1]),
    "claims are no JSON": encode(HEADER, "{"),
    "exp is infinite": encode(HEADER, json.dumps(CLAIMS).replace(str(NOW + 900), "1e400")),
    "exp is Infinity": encode(HEADER, json.dumps(CLAIMS).replace(str(NOW + 900), "Infinity")),
    "exp is text": encode(HEADER, {**CLAIMS, "exp": str(NOW + 900)}),
    "exp is true": encode(HEADER, {**CLAIMS, "exp": True}),
    "exp has 4000 digits": encode(HEADER, json.dumps(CLAIMS).replace(str(NOW), "9" * 2000)),
    "expired": encode(HEADER, {**CLAIMS, "exp": NOW}),
    "issued tomorrow": encode(HEADER, {**CLAIMS, "iat": NOW + 86400}),
    "other issuer": encode(HEADER, {**CLAIMS, "iss": "https://evil.example"}),
    "other audience": encode(HEADER, {**CLAIMS, "aud": "staff"}),
    "audience is a list": encode(HEADER, {**CLAIMS, "aud": [AUDIENCE]}),
    "too long": encode(HEADER, {**CLAIMS, "pad": "x" * 4096}),
    "padded": encode(HEADER, CLAIMS) + "=",
    "white space": encode(HEADER, CLAIMS) + "\n",
    "not ASCII": encode(HEADER, CLAIMS)[:-1] + "é",
    "standard base64": "+/" + encode(HEADER, CLAIMS),
    "five parts": ".".join(["e30"] * 5),
    **{f"no {name}": encode(HEADER, without(name)) for name in CLAIMS},
    **{f"{name} is empty": encode(HEADER, {**CLAIMS, name: ""}) for name in CLAIMS},
    **{f"{name} is null": encode(HEADER, {**CLAIMS, name: None}) for name in CLAIMS},
}


@pytest.mark.parametrize("token", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_token_is_refused(clock: SetClock, token: str) -> None:
    with pytest.raises(Unauthenticated):
        make(clock).read(token, audience=AUDIENCE)


@pytest.mark.parametrize("algorithm", ["HS256", "ES256"])
def test_the_public_key_is_no_shared_secret(clock: SetClock, algorithm: str) -> None:
    """The algorithm confusion of RFC 8725, 2.1."""
    text = f"{b64(json.dumps({**HEADER, 'alg': algorithm}).encode())}.{b64(b'{}')}"
    for secret in (public_pem(KEY).encode(), b"", b"k1"):
        forged = f"{text}.{b64(hmac.new(secret, text.encode(), 'sha256').digest())}"
        with pytest.raises(Unauthenticated):
            make(clock).read(forged, audience=AUDIENCE)


def test_another_spelling_of_the_last_character_is_refused(clock: SetClock) -> None:
    tokens = make(clock)
    token = encode(HEADER, CLAIMS)
    tokens.read(token, audience=AUDIENCE)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    place = alphabet.index(token[-1])
    for other in range(place - place % 16, place - place % 16 + 16):
        if other != place:
            with pytest.raises(Unauthenticated):
                tokens.read(token[:-1] + alphabet[other], audience=AUDIENCE)


@given(st.data())
@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_change_of_a_token_gets_through(data: st.DataObject) -> None:
    tokens = make(SetClock())
    token = encode(HEADER, CLAIMS)
    place = data.draw(st.integers(0, len(token) - 1))
    changed = token[:place] + data.draw(st.characters()) + token[place + 1 :]
    if changed != token:
        with pytest.raises(Unauthenticated):
            tokens.read(changed, audience=AUDIENCE)


def test_a_remembered_token_expires_all_the_same(clock: SetClock) -> None:
    tokens = make(clock)
    token = encode(HEADER, CLAIMS)
    assert tokens.read(token, audience=AUDIENCE) == CLAIMS
    clock.forward(seconds=899)
    assert tokens.read(token, audience=AUDIENCE) == CLAIMS
    clock.forward(seconds=1)
    for _ in range(2):
        with pytest.raises(Unauthenticated):
            tokens.read(token, audience=AUDIENCE)


def test_a_remembered_token_is_for_its_audience_all_the_same(clock: SetClock) -> None:
    tokens = make(clock)
    token = encode(HEADER, CLAIMS)
    tokens.read(token, audience=AUDIENCE)
    with pytest.raises(Unauthenticated):
        tokens.read(token, audience="staff")


@pytest.fixture
def checks(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Count the library's signature checks."""
    counted: list[bytes] = []
    verify = CryptographyECKey.verify

    def count(key: CryptographyECKey, message: bytes, signature: bytes) -> bool:
        counted.append(message)
        return bool(verify(key, message, signature))  # type: ignore[no-untyped-call]

    monkeypatch.setattr(CryptographyECKey, "verify", count)
    return counted


def test_a_repeated_token_costs_one_signature_check(clock: SetClock, checks: list[bytes]) -> None:
    tokens = make(clock)
    for _ in range(5):
        tokens.read(GOOD, audience=AUDIENCE)
    assert len(checks) == 1


def test_the_memory_is_bounded_and_forgets_the_least_used(
    clock: SetClock, checks: list[bytes]
) -> None:
    tokens = make(clock, remember=2)
    first, second, third = (encode(HEADER, {**CLAIMS, "jti": jti}) for jti in "abc")
    for token in (first, second, first, third, first):
        tokens.read(token, audience=AUDIENCE)
    assert len(checks) == 3
    tokens.read(second, audience=AUDIENCE)
    assert len(checks) == 4


def test_refused_tokens_are_not_remembered(clock: SetClock, checks: list[bytes]) -> None:
    tokens = make(clock, remember=1)
    tokens.read(GOOD, audience=AUDIENCE)
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            tokens.read(encode(HEADER, CLAIMS, OTHER), audience=AUDIENCE)
    tokens.read(GOOD, audience=AUDIENCE)
    assert len(checks) == 4


def test_a_retired_key_reads_but_does_not_sign(clock: SetClock) -> None:
    token = make(clock).issue({"sub": "a"}, audience="x", ttl=timedelta(1))
    rotated = JoseTokens(
        clock, ISSUER, {"k2": pem(OTHER)}, "k2", verifying_keys={"k1": public_pem(KEY)}
    )
    assert rotated.read(token, audience="x")["sub"] == "a"
    issued = rotated.issue({"sub": "a"}, audience="x", ttl=timedelta(1))
    assert json.loads(base64.urlsafe_b64decode(issued.split(".")[0] + "=="))["kid"] == "k2"


def test_another_curve_is_refused_at_once(clock: SetClock) -> None:
    with pytest.raises(ValueError, match="P-256"):
        JoseTokens(clock, ISSUER, {"k": pem(ec.generate_private_key(ec.SECP384R1()))}, "k")
