"""WeChat Pay v3's signatures and encryption: what is verified, signed and sealed."""

import base64
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from .credentials import Credentials
from .platform import Platform

SCHEME = "WECHATPAY2-SHA256-RSA2048"
_FRESH = 300
_PAIR = re.compile(r'([a-z_]+)="([^"]*)"')
_FIELDS = {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}


class SignatureRefused(Exception):
    """The request is not provably the merchant's; the text says why."""


@cache
def _private_key(pem: str) -> rsa.RSAPrivateKey:
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("not an RSA key")
    return key


@dataclass(frozen=True)
class PaySigner:
    """Keys are loaded once: loading costs a hundred times a signature."""

    credentials: Credentials
    platform_key: rsa.RSAPrivateKey
    merchant_key: rsa.RSAPublicKey
    now: Callable[[], float]
    platform: Platform | None = None

    @classmethod
    def of(
        cls,
        credentials: Credentials,
        now: Callable[[], float],
        platform: Platform | None = None,
    ) -> "PaySigner":
        return cls(
            credentials,
            _private_key(credentials.platform_key_pem),
            _private_key(credentials.merchant_key_pem).public_key(),
            now,
            platform,
        )

    def check_request(self, method: str, url: str, body: bytes, authorization: str) -> None:
        """Raise ``SignatureRefused`` unless the merchant signed this within 5 minutes.

        ``url`` is path and query exactly as sent.
        """
        scheme, _, rest = authorization.partition(" ")
        fields = dict(_PAIR.findall(rest))
        if scheme != SCHEME or not fields.keys() >= _FIELDS:
            raise SignatureRefused("Authorization 不合法")
        if fields["mchid"] != self.credentials.merchant_id:
            raise SignatureRefused("商户号不存在")
        if fields["serial_no"] != self.credentials.merchant_serial:
            raise SignatureRefused("商户证书序列号有误")
        timestamp = fields["timestamp"]
        if not re.fullmatch(r"[0-9]{1,12}", timestamp):
            raise SignatureRefused("timestamp 不合法")
        if abs(self.now() - int(timestamp)) > _FRESH:
            raise SignatureRefused("Http头Authorization中的timestamp与发起请求的时间不得超过5分钟")
        if not 1 <= len(fields["nonce_str"]) <= 32:
            raise SignatureRefused("nonce_str 不合法")
        head = f"{method}\n{url}\n{timestamp}\n{fields['nonce_str']}\n".encode()
        if not self._is_merchants(head + body + b"\n", fields["signature"]):
            raise SignatureRefused("签名错误，请检查后再试")

    def answers_to(self, serial: str | None) -> bool:
        """Note by what the merchant wants to be answered; False for a serial of nobody's."""
        if serial == self.credentials.platform_public_key_id:
            certified = False
        elif serial is None or self.platform is None:
            certified = serial is None
        else:
            certified = serial in {each.serial for each in self.platform.certificates()}
            if not certified:
                return False
        if self.platform is not None:
            self.platform.by_certificate = certified
        return True

    def check_invocation(self, invocation: dict[str, str]) -> None:
        """Check what ``wx.requestPayment``, or an app, hands on, as the WeChat client does."""
        if "partnerid" in invocation:
            self._check_app(invocation)
            return
        parts = [invocation.get(name, "") for name in ("timeStamp", "nonceStr", "package")]
        message = "\n".join([self.credentials.appid, *parts, ""]).encode()
        if invocation.get("signType") != "RSA":
            raise SignatureRefused("signType 应为 RSA")
        if not self._is_merchants(message, invocation.get("paySign", "")):
            raise SignatureRefused("支付验证签名失败")

    def _check_app(self, invocation: dict[str, str]) -> None:
        ours = (self.credentials.app_appid, self.credentials.merchant_id, "Sign=WXPay")
        if tuple(invocation.get(name) for name in ("appid", "partnerid", "package")) != ours:
            raise SignatureRefused("appid、partnerid 或 package 有误")
        names = ("appid", "timestamp", "noncestr", "prepayid")
        message = "\n".join([*(invocation.get(name, "") for name in names), ""]).encode()
        if not self._is_merchants(message, invocation.get("sign", "")):
            raise SignatureRefused("支付验证签名失败")

    def headers(self, body: bytes, signtest: bool = False) -> dict[str, str]:
        """Return the headers that prove the raw body to be the platform's.

        A ``signtest`` carries the wrong signature by which WeChat Pay probes its merchants.
        """
        timestamp, nonce = str(int(self.now())), secrets.token_hex(16)
        message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
        key, serial = self.platform_key, self.credentials.platform_public_key_id
        if self.platform is not None and self.platform.by_certificate:
            newest = self.platform.certificates()[0]
            key, serial = newest.key, newest.serial
        signature = base64.b64encode(key.sign(message, padding.PKCS1v15(), SHA256())).decode()
        if signtest:
            probe = base64.b64encode(secrets.token_bytes(256)).decode()
            signature = f"WECHATPAY/SIGNTEST/{probe}"
        return {
            "Request-ID": f"wxsandbox{secrets.token_hex(16)}",
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": signature,
            "Wechatpay-Signature-Type": SCHEME,
            "Wechatpay-Serial": serial,
        }

    def seal(self, plain: bytes, associated: str) -> dict[str, str]:
        """Return a callback's encrypted resource (AEAD_AES_256_GCM under the APIv3 key)."""
        nonce = secrets.token_hex(6)
        key = AESGCM(self.credentials.apiv3_key.encode())
        sealed = key.encrypt(nonce.encode(), plain, associated.encode())
        return {
            "original_type": associated,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": associated,
            "nonce": nonce,
        }

    def _is_merchants(self, message: bytes, signature: str) -> bool:
        try:
            raw = base64.b64decode(signature, validate=True)
            self.merchant_key.verify(raw, message, padding.PKCS1v15(), SHA256())
        except (ValueError, InvalidSignature):
            return False
        return True
