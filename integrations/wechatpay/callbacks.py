"""Payment callbacks: anybody can post them, only the platform can sign them."""

import base64
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from integrations.wechatpay.returned import EVENTS, read_refund
from integrations.wechatpay.signing import NotAuthentic, PlatformKeys
from integrations.wechatpay.trades import load_object, read_trade, required_in
from services.errors import CallbackForged
from services.ports import Clock, PayCallback, RefundCallback

KEY_BYTES = 32
MAX_BODY_BYTES = 64 * 1024
TRANSACTION = "TRANSACTION.SUCCESS"
RESOURCES = {TRANSACTION: "transaction", **dict.fromkeys(EVENTS, "refund")}
ALGORITHM = "AEAD_AES_256_GCM"
_ODD = (ValueError, KeyError, TypeError, OverflowError, RecursionError, InvalidTag)


class CallbackReader:
    """Prove, then decrypt, then read: nothing of an unproven body is ever parsed."""

    def __init__(self, platform: PlatformKeys, apiv3_key: bytes, clock: Clock) -> None:
        """Raise ``ValueError`` when the APIv3 key is not 32 bytes."""
        if len(apiv3_key) != KEY_BYTES:
            raise ValueError("the APIv3 key must have 32 bytes")
        self._platform = platform
        self._cipher = AESGCM(apiv3_key)
        self._clock = clock

    def read(self, headers: Mapping[str, str], body: bytes) -> PayCallback | RefundCallback:
        """Return what the platform reported; raise ``CallbackForged``, nothing else.

        Whether it is for us (merchant, appid), and for how much, is for the caller to compare.
        Payments (``TRANSACTION.SUCCESS``) and the ends of refunds are understood. The probes that
        WeChat Pay sends with a signature of ``WECHATPAY/SIGNTEST/...`` fail like any other wrong
        signature, as they must.
        """
        if len(body) > MAX_BODY_BYTES:
            raise CallbackForged
        try:
            self._platform.check(headers, body, self._clock.now().timestamp())
            return self._open(body)
        except (NotAuthentic, *_ODD) as error:
            raise CallbackForged from error

    def _open(self, body: bytes) -> PayCallback | RefundCallback:
        notice = load_object(body)
        kind, resource = notice["event_type"], notice["resource"]
        if RESOURCES[kind] != resource["original_type"]:
            raise ValueError("another resource than the event has")
        number = required_in(notice, "id")
        said = load_object(decrypt(self._cipher, resource))
        if kind == TRANSACTION:
            return PayCallback(number, kind, read_trade(said))
        refund = read_refund(said, "refund_status")
        if refund.state is not EVENTS[kind] or refund.merchant is None:
            raise ValueError("another state than the event tells of")
        return RefundCallback(number, kind, refund)


def decrypt(cipher: AESGCM, resource: Mapping[str, Any]) -> bytes:
    """Return the plain bytes of an AEAD_AES_256_GCM resource; raise one of ``_ODD``."""
    if resource["algorithm"] != ALGORITHM:
        raise ValueError("algorithm")
    associated = resource.get("associated_data") or ""
    if not isinstance(resource["nonce"], str) or not isinstance(associated, str):
        raise TypeError("nonce or associated_data")
    sealed = base64.b64decode(resource["ciphertext"], validate=True)
    return cipher.decrypt(resource["nonce"].encode(), sealed, associated.encode())
