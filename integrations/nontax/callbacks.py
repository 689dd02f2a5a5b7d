"""Callbacks of the platform: anybody can post them, only it can sign them."""

from collections.abc import Mapping

from integrations.nontax.signing import FRESH_SECONDS, NotAuthentic, UnitKey
from integrations.nontax.wire import PAID, RETURNS, object_in, read_id, read_payment, read_refund
from integrations.strict_json import load_object
from services.errors import CallbackForged
from services.ports import Clock, PayCallback, RefundCallback, Settlement

MAX_BODY_BYTES = 64 * 1024
_ODD = (ValueError, KeyError, TypeError, OverflowError, RecursionError)


class CallbackReader:
    """Prove, then read: nothing of an unproven body is ever parsed.

    ``path`` is that of our own address, which the platform signs. A nonce is good once in a
    process; what another process has seen is still one event by its id.
    """

    def __init__(self, key: UnitKey, clock: Clock, path: str) -> None:
        self._key = key
        self._clock = clock
        self._path = path
        self._seen: dict[str, float] = {}

    def read(self, headers: Mapping[str, str], body: bytes) -> PayCallback | RefundCallback:
        """Return what the platform reported; raise ``CallbackForged``, nothing else."""
        if len(body) > MAX_BODY_BYTES:
            raise CallbackForged
        now = self._clock.now().timestamp()
        try:
            nonce = self._key.check_callback(headers, self._path, body, now)
            said = self._read(body)
        except (NotAuthentic, *_ODD) as error:
            raise CallbackForged from error
        self._note(nonce, now)
        return said

    def _note(self, nonce: str, now: float) -> None:
        """Keep a nonce while its signature is fresh; only the platform's own come this far."""
        lasting = {each: at for each, at in self._seen.items() if now - at <= 2 * FRESH_SECONDS}
        if nonce in lasting:
            raise CallbackForged
        self._seen = lasting | {nonce: now}

    def _read(self, body: bytes) -> PayCallback | RefundCallback:
        notice = load_object(body)
        number, event = read_id(notice), notice["event"]
        if event == PAID:
            payment = read_payment(object_in(notice, "notice"), self._key.unit)
            if payment.settlement is not Settlement.PAID:
                raise ValueError("another state than the event tells of")
            return PayCallback(number, event, payment)
        said = object_in(notice, "refund")
        if said.get("state") != RETURNS[event]:
            raise ValueError("another state than the event tells of")
        return RefundCallback(number, event, read_refund(said, self._key.unit))
