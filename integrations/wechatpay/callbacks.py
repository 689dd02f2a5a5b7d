"""Payment callbacks: anybody can post them, only the platform can sign them."""

from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from integrations.strict_json import load_object
from integrations.wechatpay.returned import EVENTS, read_refund
from integrations.wechatpay.sealing import decrypt
from integrations.wechatpay.signing import NotAuthentic, PlatformKeys, UnknownSerial
from integrations.wechatpay.trades import read_trade, required_in
from services.errors import CallbackForged
from services.ports import Clock, PayCallback, RefundCallback

KEY_BYTES = 32
MAX_BODY_BYTES = 64 * 1024
TRANSACTION = "TRANSACTION.SUCCESS"
RESOURCES = {TRANSACTION: "transaction", **dict.fromkeys(EVENTS, "refund")}
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
        except UnknownSerial as error:
            # It may be a new certificate: the platform asks again, and then it is known.
            self._platform.renew_soon(error.serial)
            raise CallbackForged from error
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
