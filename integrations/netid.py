"""The national network identity (网号、网证): an assertion that its platform verifies.

Its interface is given out on joining. What is assumed here is signed as our SMS gateway is, and
this file is the only place to change when the real one is known.
"""

import hmac
import json

from integrations.http import Http
from services.errors import LoginCodeInvalid, OutsideUnavailable
from services.ports import Clock, NetPerson


class HttpNetCredentials:
    """``POST <base>/netid/v1/verify``, HMAC-SHA256 over time and body."""

    def __init__(
        self, http: Http, clock: Clock, *, base_url: str, access_key: str, secret: str
    ) -> None:
        self._http = http
        self._clock = clock
        self._url = f"{base_url.rstrip('/')}/netid/v1/verify"
        self._access_key = access_key
        self._secret = secret.encode()

    async def check(self, assertion: str, challenge: str, id_number: str | None) -> NetPerson:
        """Return whose assertion it is, made for this challenge.

        Raise ``LoginCodeInvalid`` or ``OutsideUnavailable``.
        """
        asked = {"assertion": assertion, "challenge": challenge}
        if id_number is not None:
            asked["id_number"] = id_number
        body = json.dumps(asked).encode()
        stamp = str(int(self._clock.now().timestamp()))
        signature = hmac.new(self._secret, stamp.encode() + body, "sha256").hexdigest()
        headers = {
            "Content-Type": "application/json",
            "X-Access-Key": self._access_key,
            "X-Timestamp": stamp,
            "X-Signature": signature,
        }
        reply = await self._http.request("POST", self._url, headers=headers, body=body)
        try:
            answer = json.loads(reply.body)
            result = answer["result"] if reply.status == 200 else None
        except (ValueError, KeyError, TypeError, RecursionError):
            # From None: the answer may quote the person.
            raise OutsideUnavailable from None
        if result == "INVALID":
            raise LoginCodeInvalid
        number, name = answer.get("net_number"), answer.get("name")
        readable = isinstance(number, str) and number and isinstance(name, str) and name
        if result != "PASS" or not readable:
            raise OutsideUnavailable
        return NetPerson(number, name, answer.get("id_matched") is True)
