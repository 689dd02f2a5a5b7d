"""The province's data-sharing platform (政务数据共享平台): yes-or-no questions, signed HMAC-SHA256.

It answers a question about people whom the asker names; it never gives data out.
"""

import hmac
import json
from collections.abc import Mapping

from integrations.http import Http
from services.errors import OutsideUnavailable
from services.ports import Clock
from services.ports.registers import RegisterAnswer


class SharedRegisters:
    """``POST <base>/registers/v1/...``; 200 with ``{"answer": ...}`` is the only answer."""

    def __init__(
        self, http: Http, clock: Clock, *, base_url: str, access_key: str, secret: str
    ) -> None:
        self._http = http
        self._clock = clock
        self._url = f"{base_url.rstrip('/')}/registers/v1"
        self._access_key = access_key
        self._secret = secret.encode()

    async def is_legal_representative(
        self, uscc: str, organisation: str, name: str, id_number: str
    ) -> RegisterAnswer:
        asked = {"uscc": uscc, "organisation": organisation, "name": name, "id_number": id_number}
        return await self._ask("legal-representative", asked)

    async def is_guardian(
        self, name: str, id_number: str, ward_name: str, ward_id_number: str
    ) -> RegisterAnswer:
        asked = {
            "name": name,
            "id_number": id_number,
            "ward_name": ward_name,
            "ward_id_number": ward_id_number,
        }
        return await self._ask("guardian", asked)

    async def _ask(self, question: str, asked: Mapping[str, str]) -> RegisterAnswer:
        body = json.dumps(asked, ensure_ascii=False).encode()
        timestamp = str(int(self._clock.now().timestamp()))
        signed = timestamp.encode() + question.encode() + body
        headers = {
            "Content-Type": "application/json",
            "X-Access-Key": self._access_key,
            "X-Timestamp": timestamp,
            "X-Signature": hmac.new(self._secret, signed, "sha256").hexdigest(),
        }
        url = f"{self._url}/{question}"
        reply = await self._http.request("POST", url, headers=headers, body=body)
        try:
            if reply.status == 200:
                return RegisterAnswer(json.loads(reply.body)["answer"])
        except (ValueError, KeyError, TypeError, RecursionError):
            # From None: the answer may quote the person.
            raise OutsideUnavailable from None
        raise OutsideUnavailable
