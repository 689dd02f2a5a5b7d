"""The published test vectors, and callbacks signed with the published test keys."""

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

VECTORS: dict[str, Any] = json.loads(
    Path(__file__).with_name("published_vectors.json").read_text(encoding="utf-8")
)
KEYS = VECTORS["wxpay.keys.java"]
APIV3_KEY = VECTORS["wxpay.aesgcm.java"]["key"].encode()
PUBLIC_KEY_ID = VECTORS["wxpay.signature_docs.response_headers"]["headers"]["Wechatpay-Serial"]
TRADE: Mapping[str, Any] = {
    "appid": "wx8888888888888888",
    "mchid": KEYS["merchant_id"],
    "out_trade_no": "ZB20260302000001",
    "transaction_id": "4200000000202603020000000001",
    "trade_type": "JSAPI",
    "trade_state": "SUCCESS",
    "trade_state_desc": "支付成功",
    "bank_type": "OTHERS",
    "success_time": "2026-03-02T11:59:58+08:00",
    "payer": {"openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"},
    "amount": {"total": 2000, "payer_total": 2000, "currency": "CNY", "payer_currency": "CNY"},
}


def load_private(pem: str) -> RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return key


PLATFORM_KEY = load_private(KEYS["wechat_pay_private_key_pem"])


def sign(body: bytes, timestamp: int, serial: str = PUBLIC_KEY_ID) -> dict[str, str]:
    """Return the headers by which the platform signs a body."""
    nonce = "d824f2e086d3c1df967785d13fcd22ef"
    message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    signature = PLATFORM_KEY.sign(message, PKCS1v15(), SHA256())
    return {
        "Wechatpay-Serial": serial,
        "Wechatpay-Timestamp": str(timestamp),
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Signature": base64.b64encode(signature).decode(),
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Content-Type": "application/json",
    }


def seal(plain: bytes) -> dict[str, str]:
    """Return a callback's resource."""
    sealed = AESGCM(APIV3_KEY).encrypt(b"14b16c03dc1b", plain, b"transaction")
    return {
        "original_type": "transaction",
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": "transaction",
        "nonce": "14b16c03dc1b",
    }


def notice(plain: bytes | None = None, **changes: Any) -> dict[str, Any]:
    """Return a callback's body before it is written down."""
    if plain is None:
        plain = json.dumps(TRADE, ensure_ascii=False).encode()
    return {
        "id": "EV-2018022511223320873",
        "create_time": "2026-03-02T12:00:00+08:00",
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": seal(plain),
    } | changes
