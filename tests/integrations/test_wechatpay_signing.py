"""Signatures and encryption against the published vectors and an independent client."""

import base64
import json
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given, settings
from hypothesis import strategies as st
from wechatpayv3 import utils as independent

from integrations.wechatpay.sealing import decrypt
from integrations.wechatpay.signing import MerchantKey, NotAuthentic, PlatformKeys, canonical
from tests.integrations.published import KEYS, PUBLIC_KEY_ID, VECTORS, load_private, sign

MERCHANT = VECTORS["wxpay.sign.java.merchant"]
CERTIFICATE = VECTORS["wxpay.verify.java.cert"]
NOW = 1_750_000_000


def merchant_key() -> MerchantKey:
    return MerchantKey(KEYS["merchant_id"], CERTIFICATE["serial_no"], MERCHANT["private_key_pem"])


def platform_keys() -> PlatformKeys:
    return PlatformKeys(
        {PUBLIC_KEY_ID: KEYS["wechat_pay_public_key_pem"]}, (KEYS["wechat_pay_certificate_pem"],)
    )


def test_the_published_signature_is_made() -> None:
    assert merchant_key().sign(MERCHANT["message"].encode()) == MERCHANT["signature"]


@pytest.mark.parametrize("case", VECTORS["wxpay.authorization.java.canonical"]["cases"])
def test_the_published_message_is_signed(case: dict[str, Any]) -> None:
    message = canonical(
        case["method"],
        case["url"],
        str(case["timestamp"]),
        case["nonce"],
        body=case["body"].encode(),
    )
    assert message == case["message"].encode()


def test_the_authorization_is_what_an_independent_client_would_send() -> None:
    body = b'{"mchid":"1234567891"}'
    target = "/v3/pay/transactions/out-trade-no/ZB1/close"
    header = merchant_key().authorize("POST", target, body, NOW)
    scheme, _, fields = header.partition(" ")
    values = dict(part.split("=", 1) for part in fields.split(","))
    named = {name: text.strip('"') for name, text in values.items()}
    assert scheme == "WECHATPAY2-SHA256-RSA2048"
    assert named["mchid"] == KEYS["merchant_id"]
    assert named["serial_no"] == CERTIFICATE["serial_no"]
    text = f"POST\n{target}\n{NOW}\n{named['nonce_str']}\n{body.decode()}\n"
    expected = independent.rsa_sign(load_private(MERCHANT["private_key_pem"]), text)
    assert named["signature"] == expected


@given(st.text(), st.integers(0, 10**12 - 1))
@settings(max_examples=50)
def test_an_independent_client_believes_what_we_believe(text: str, timestamp: int) -> None:
    body = text.encode()
    headers = sign(body, timestamp)
    platform_keys().check(headers, body, timestamp)
    assert independent.rsa_verify(
        timestamp,
        headers["Wechatpay-Nonce"],
        text,
        headers["Wechatpay-Signature"],
        independent.load_public_key(KEYS["wechat_pay_public_key_pem"]),
    )


@pytest.mark.parametrize("serial", [PUBLIC_KEY_ID, KEYS["wechat_pay_certificate_serial"]])
def test_the_serial_chooses_public_key_or_certificate(serial: str) -> None:
    platform_keys().check(sign(b"{}", NOW, serial), b"{}", NOW)


def test_a_certificate_counts_by_its_published_serial() -> None:
    """The vector's certificate holds the merchant test key, so that its signature must verify."""
    keys = PlatformKeys({}, (CERTIFICATE["certificate_pem"],))
    message = canonical(str(NOW), "nonce", body=b"message")
    headers = {
        "wechatpay-serial": CERTIFICATE["serial_no"],
        "WECHATPAY-TIMESTAMP": str(NOW),
        "Wechatpay-Nonce": "nonce",
        "Wechatpay-Signature": merchant_key().sign(message),
    }
    keys.check(headers, b"message", NOW)
    (wrong,) = CERTIFICATE["reject_messages"]
    with pytest.raises(NotAuthentic):
        keys.check(headers, wrong.encode(), NOW)


@pytest.mark.parametrize("age", [-301, 301, 86400, NOW])
def test_what_is_older_or_newer_than_5_minutes_is_not_fresh(age: int) -> None:
    headers = sign(b"{}", NOW)
    with pytest.raises(NotAuthentic, match="fresh"):
        platform_keys().check(headers, b"{}", NOW + age)


@pytest.mark.parametrize("age", [-300, 0, 300])
def test_what_is_within_5_minutes_is_fresh(age: int) -> None:
    platform_keys().check(sign(b"{}", NOW), b"{}", NOW + age)


def test_the_published_resource_is_decrypted() -> None:
    vector = VECTORS["wxpay.aesgcm.java"]
    resource = {
        "algorithm": "AEAD_AES_256_GCM",
        "nonce": vector["nonce"],
        "associated_data": vector["associated_data"],
        "ciphertext": vector["ciphertext_b64"],
    }
    assert decrypt(AESGCM(vector["key"].encode()), resource).decode() == vector["plaintext"]


def test_a_downloaded_certificate_can_be_added() -> None:
    vector = VECTORS["wxpay.certificates.java.download"]
    (item,) = vector["response"]["data"]
    cipher = AESGCM(vector["api_v3_key"].encode())
    pem = decrypt(cipher, item["encrypt_certificate"]).decode()
    certificate = x509.load_pem_x509_certificate(pem.encode())
    assert f"{certificate.serial_number:X}" == vector["expect_serial_no"]
    keys = PlatformKeys({}, (pem,))
    headers = sign(b"{}", NOW, vector["expect_serial_no"])
    with pytest.raises(NotAuthentic, match="wrong signature"):
        keys.check(headers, b"{}", NOW)


def test_an_independent_client_decrypts_the_same() -> None:
    vector = VECTORS["wxpay.aesgcm.java"]
    assert (
        independent.aes_decrypt(
            vector["nonce"], vector["ciphertext_b64"], vector["associated_data"], vector["key"]
        )
        == vector["plaintext"]
    )


@pytest.mark.parametrize("pem", ["", "nonsense", KEYS["wechat_pay_public_key_pem"]])
def test_a_wrong_private_key_is_refused_at_once(pem: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        MerchantKey("m", "s", pem)


def test_the_published_argument_of_request_payment_is_signed() -> None:
    message = VECTORS["wxpay.requestPayment.docs"]["message"].encode()
    public = load_private(MERCHANT["private_key_pem"]).public_key()
    assert isinstance(public, RSAPublicKey)
    public.verify(base64.b64decode(merchant_key().sign(message)), message, PKCS1v15(), SHA256())


def test_the_file_of_vectors_says_that_its_keys_are_published() -> None:
    assert "Published test keys" in VECTORS["note"]
    assert json.dumps(VECTORS).count("PRIVATE KEY-----") == 4
