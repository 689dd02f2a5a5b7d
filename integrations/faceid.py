"""Tencent Cloud FaceID: one signed call (TC3-HMAC-SHA256), whatever its action."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from integrations.http import Http
from services.errors import OutsideUnavailable
from services.ports import Clock

SERVICE, VERSION = "faceid", "2018-03-01"
CONTENT_TYPE = "application/json; charset=utf-8"


class FaceId:
    """``POST <base>/``. What it answers may quote a person, so that no error carries it."""

    def __init__(
        self, http: Http, clock: Clock, *, base_url: str, secret_id: str, secret_key: str
    ) -> None:
        self._http = http
        self._clock = clock
        self._url = f"{base_url.rstrip('/')}/"
        self._host = urlsplit(base_url).netloc
        self._secret_id = secret_id
        self._secret_key = secret_key

    async def ask(self, action: str, payload: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return ``Response``, with or without ``Error``; raise ``OutsideUnavailable``."""
        body = json.dumps(dict(payload), ensure_ascii=False).encode()
        timestamp = int(self._clock.now().timestamp())
        headers = {
            "Authorization": self._authorize(action, body, timestamp),
            "Content-Type": CONTENT_TYPE,
            "Host": self._host,
            "X-TC-Action": action,
            "X-TC-Version": VERSION,
            "X-TC-Timestamp": str(timestamp),
        }
        reply = await self._http.request("POST", self._url, headers=headers, body=body)
        try:
            response = json.loads(reply.body)["Response"]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise OutsideUnavailable from None
        if not isinstance(response, dict):
            raise OutsideUnavailable
        return response

    def _authorize(self, action: str, body: bytes, timestamp: int) -> str:
        return authorize(
            self._secret_id,
            self._secret_key,
            service=SERVICE,
            action=action,
            host=self._host,
            timestamp=timestamp,
            body=body,
        )


def authorize(
    secret_id: str,
    secret_key: str,
    *,
    service: str,
    action: str,
    host: str,
    timestamp: int,
    body: bytes,
) -> str:
    """Return the Authorization header of TC3-HMAC-SHA256 for a JSON POST to ``/``.

    The rule: https://cloud.tencent.com/document/api/213/30654 (signature v3).
    """
    names = "content-type;host;x-tc-action"
    headers = f"content-type:{CONTENT_TYPE}\nhost:{host}\nx-tc-action:{action.lower()}\n"
    request = f"POST\n/\n\n{headers}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    date = datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d")
    scope = f"{date}/{service}/tc3_request"
    digest = hashlib.sha256(request.encode()).hexdigest()
    text = f"TC3-HMAC-SHA256\n{timestamp}\n{scope}\n{digest}"
    key = f"TC3{secret_key}".encode()
    for part in (date, service, "tc3_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.new(key, text.encode(), "sha256").hexdigest()
    return (
        f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={names}, "
        f"Signature={signature}"
    )
