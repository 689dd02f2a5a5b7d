"""Text messages over an HTTP gateway with HMAC-SHA256 signatures."""

import hmac
import json
import uuid
from collections.abc import Mapping

import structlog

from integrations.http import Http, Reply, Unreachable
from services.errors import OutsideUnavailable
from services.ports import Clock, Sent

log = structlog.get_logger(__name__)


class HttpSms:
    """``POST <base>/sms/v1/messages`` (for voice ``calls``).

    A request id makes a repeated send the same message.
    """

    def __init__(
        self, http: Http, clock: Clock, *, base_url: str, access_key: str, secret: str
    ) -> None:
        self._http = http
        self._clock = clock
        self._url = f"{base_url.rstrip('/')}/sms/v1"
        self._access_key = access_key
        self._secret = secret.encode()

    async def send(
        self, phone: str, template: str, params: Mapping[str, str], *, once: str | None = None
    ) -> Sent:
        """Send once, however often for the same ``once``.

        A lost connection is tried once more under the same request id.

        Raise ``OutsideUnavailable`` when it is not known whether the message went out.
        """
        return await self._ask("messages", phone, template, params, once)

    async def call(self, phone: str, template: str, params: Mapping[str, str]) -> Sent:
        """Have it read out by a call; raises like ``send``."""
        return await self._ask("calls", phone, template, params, None)

    async def _ask(
        self, kind: str, phone: str, template: str, params: Mapping[str, str], once: str | None
    ) -> Sent:
        message = {
            "phone": phone,
            "template": template,
            "params": dict(params),
            "request_id": once or uuid.uuid4().hex,
        }
        body = json.dumps(message, ensure_ascii=False).encode()
        try:
            reply = await self._post(kind, body)
        except Unreachable:
            reply = await self._post(kind, body)
        if reply.status == 200:
            return Sent.SENT
        if reply.status == 400:
            log.warning("sms.refused", template=template)
            return Sent.REFUSED
        raise OutsideUnavailable

    async def _post(self, kind: str, body: bytes) -> Reply:
        timestamp = str(int(self._clock.now().timestamp()))
        signature = hmac.new(self._secret, timestamp.encode() + body, "sha256").hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Access-Key": self._access_key,
            "X-Timestamp": timestamp,
            "X-Signature": signature,
        }
        return await self._http.request("POST", f"{self._url}/{kind}", headers=headers, body=body)
