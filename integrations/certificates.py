"""The e-certificate library over HTTP: questions signed HMAC-SHA256, answers signed in turn.

An answer's signature covers the question's, so that the answer to one question cannot pass for
the answer to another.
"""

import base64
import hmac
import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from integrations.http import Http, Reply
from services.errors import OutsideUnavailable
from services.ports import Clock
from services.ports.certificates import (
    Certificate,
    CertificateAnswer,
    CertificateAsked,
    Standing,
)

MAX_ANSWER_BYTES = 8 * 1024 * 1024
LONGEST = 200
MOST_FIELDS = 40


class HttpCertificates:
    """``POST <base>/certificates/v1/find``; a signed 200 is the only answer."""

    def __init__(
        self, http: Http, clock: Clock, *, base_url: str, access_key: str, secret: str
    ) -> None:
        """Take an ``http`` that lets answers of ``MAX_ANSWER_BYTES`` through: they hold files."""
        self._http = http
        self._clock = clock
        self._url = f"{base_url.rstrip('/')}/certificates/v1/find"
        self._access_key = access_key
        self._secret = secret.encode()

    async def find(self, asked: CertificateAsked) -> CertificateAnswer:
        question = {
            "kind": asked.kind,
            "holder_name": asked.holder_name,
            "holder_number": asked.holder_number,
            "number": asked.number,
            "purpose": asked.purpose,
            "reference": asked.reference,
        }
        body = json.dumps(question, ensure_ascii=False).encode()
        timestamp = str(int(self._clock.now().timestamp()))
        signature = self._signed(timestamp.encode() + body)
        headers = {
            "Content-Type": "application/json",
            "X-Access-Key": self._access_key,
            "X-Timestamp": timestamp,
            "X-Signature": signature,
        }
        reply = await self._http.request("POST", self._url, headers=headers, body=body)
        self._check(reply, signature)
        try:
            return _answer(asked, json.loads(reply.body))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            # From None: the answer may quote the person.
            raise OutsideUnavailable from None

    def _check(self, reply: Reply, asked: str) -> None:
        expected = self._signed(asked.encode() + reply.body)
        given = reply.headers.get("X-Signature", "")
        if reply.status != 200 or not hmac.compare_digest(given.encode(), expected.encode()):
            raise OutsideUnavailable

    def _signed(self, content: bytes) -> str:
        return hmac.new(self._secret, content, "sha256").hexdigest()


def _answer(asked: CertificateAsked, said: Mapping[str, Any]) -> CertificateAnswer:
    standing = Standing(said["standing"])
    if standing is not Standing.FOUND:
        return CertificateAnswer(standing)
    holder = said["holder"]
    same = (said["kind"], holder["name"], holder["number"]) == (
        asked.kind,
        asked.holder_name,
        asked.holder_number,
    )
    number = _text(said["number"])
    if not same or asked.number not in (None, number):
        # Somebody else's certificate must not get into a case, whatever went wrong over there.
        raise ValueError("an answer to another question")
    return CertificateAnswer(standing, _certificate(said, number))


def _certificate(said: Mapping[str, Any], number: str) -> Certificate:
    fields = {_text(name): _text(value) for name, value in said["fields"].items()}
    if len(fields) > MOST_FIELDS:
        raise ValueError("too many fields")
    file = said.get("file")
    return Certificate(
        kind=said["kind"],
        number=number,
        issuer=_text(said["issuer"]),
        issued_on=_day(said["issued_on"]),
        valid_until=_day(said["valid_until"]),
        fields=fields,
        source=_text(said["source"])[:100],
        file=None if file is None else base64.b64decode(file, validate=True),
    )


def _text(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
        raise ValueError("no text")
    return value


def _day(value: object) -> date | None:
    return None if value is None else date.fromisoformat(_text(value))
