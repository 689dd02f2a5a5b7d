"""Platform certificates (平台证书模式): fetched from WeChat Pay, held in memory, renewed.

``GET /v3/certificates`` answers certificates that are sealed with the APIv3 key, which only the
merchant and the platform have: whoever cannot seal cannot bring a certificate in. As the official
SDKs do, the answer itself has to be signed by a certificate: by one that is held if its serial is
known, else by one that the answer brings.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import structlog
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from integrations.http import Http
from integrations.strict_json import load_object
from integrations.wechatpay.exchange import Exchange
from integrations.wechatpay.sealing import decrypt
from integrations.wechatpay.signing import (
    MerchantKey,
    NotAuthentic,
    PlatformKeys,
    certified,
)
from services.errors import OutsideUnavailable
from services.ports import Clock

CERTIFICATES = "/v3/certificates"
MOST_CERTIFICATES = 20
# Between two attempts that our own requests cause: the first certificate is waited for.
PAUSE_SECONDS, FIRST_PAUSE_SECONDS = 60.0, 5.0
# Anybody can send a callback, so what callbacks cause is seldom, and never waited for.
BACKGROUND_SECONDS = 600.0

_ODD = (ValueError, KeyError, TypeError, OverflowError, RecursionError, InvalidTag)

log = structlog.get_logger("zhangban.wechatpay")


class PlatformCertificates(PlatformKeys):
    """The keys of an installation without a public key of the platform.

    ``certificates`` are those that it keeps in a folder; they are held as long as it runs. One
    object serves everything that talks to the platform, so that a renewal is one.
    """

    def __init__(
        self,
        http: Http,
        clock: Clock,
        key: MerchantKey,
        apiv3_key: bytes,
        *,
        hosts: Sequence[str],
        certificates: tuple[str, ...] = (),
    ) -> None:
        super().__init__({}, certificates)
        self._kept = dict(self._keys)
        self._clock = clock
        self._cipher = AESGCM(apiv3_key)
        self._exchange = Exchange(http, clock, key, self, public_key_id=None, hosts=hosts)
        self._lock = asyncio.Lock()
        self._tried_at = self._called_at = float("-inf")
        self._renewing: asyncio.Task[bool] | None = None

    async def renew(self, serial: str) -> bool:
        """Fetch the certificates if a serial is not known; tell whether it is known then.

        Whoever comes meanwhile waits for the same answer. Fetches at most once a minute.
        """
        async with self._lock:
            pause = PAUSE_SECONDS if self._keys else FIRST_PAUSE_SECONDS
            if self.knows(serial) or self._since(self._tried_at) < pause:
                return self.knows(serial)
            self._tried_at = self._now()
            try:
                await self._fetch()
            except (OutsideUnavailable, NotAuthentic, *_ODD) as error:
                # Whatever is held stays good; what could not be proved stays unproven.
                log.warning("wechatpay.certificates_not_renewed", error=type(error).__name__)
        return self.knows(serial)

    def renew_soon(self, serial: str) -> None:
        """Fetch the certificates in the background, at most once in ten minutes."""
        if self._since(self._called_at) < BACKGROUND_SECONDS:
            return
        self._called_at = self._now()
        self._renewing = asyncio.get_running_loop().create_task(self.renew(serial))

    async def aclose(self) -> None:
        if self._renewing is not None:
            self._renewing.cancel()
            with suppress(asyncio.CancelledError):
                await self._renewing

    async def _fetch(self) -> None:
        """Take over what the platform lists now; raise for an answer that proves nothing."""
        reply = await self._exchange.send("GET", CERTIFICATES)
        if reply.status != 200:
            raise OutsideUnavailable
        listed = load_object(reply.body)["data"]
        if not isinstance(listed, list) or not 0 < len(listed) <= MOST_CERTIFICATES:
            raise ValueError("data")
        now = self._clock.now()
        pairs = [self._open(each, now) for each in listed]
        found = {serial: key for pair in pairs if pair is not None for serial, key in [pair]}
        if not found:
            raise ValueError("no certificate that is in force")
        # A known serial keeps the key that it had: nobody can bring another one in under it.
        proof = PlatformKeys.of({**found, **self._keys})
        proof.check(reply.headers, reply.body, now.timestamp())
        self._keys = {**found, **self._kept}
        log.info("wechatpay.certificates_renewed", serials=sorted(found))

    def _open(self, listed: Any, now: datetime) -> tuple[str, RSAPublicKey] | None:
        """Return a certificate's serial and key; None for one that is not in force."""
        resource: Mapping[str, Any] = listed["encrypt_certificate"]
        certificate = x509.load_pem_x509_certificate(decrypt(self._cipher, resource))
        serial, key = certified(certificate)
        if serial != listed["serial_no"]:
            raise ValueError("a certificate under another serial")
        since, until = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        return (serial, key) if since <= now.astimezone(UTC) <= until else None

    def _now(self) -> float:
        return self._clock.now().timestamp()

    def _since(self, at: float) -> float:
        # A clock that was set back must not keep us waiting.
        return abs(self._now() - at)
