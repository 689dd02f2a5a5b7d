"""Face checks (核身): Tencent Cloud's in a browser, WeChat's in the mini-program.

Only texts are asked for; pictures and videos stay where they were made.
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Any

from wechatpy.exceptions import WeChatClientException

from integrations.faceid import FaceId
from integrations.wechat.client import AsyncWechatClient
from services.errors import OutsideUnavailable
from services.ports import FaceOutcome, FaceStart, Subject

TEXT_ONLY = "1"
# A token of theirs that is unknown or too old has not passed, and never will.
GONE = frozenset({"InvalidParameterValue.BizTokenExpired", "InvalidParameterValue.BizTokenIllegal"})
PASSED = 10000
FAILED = range(90001, 90200)
CARD = "IDENTITY_CARD"


class TencentFace:
    """``DetectAuth`` and ``GetDetectInfoEnhanced``, text results only."""

    def __init__(self, faceid: FaceId, rule_id: str) -> None:
        self._faceid = faceid
        self._rule_id = rule_id

    async def start(self, number: str, subject: Subject, return_url: str) -> FaceStart:
        """Return the address to send the person to; raise ``OutsideUnavailable``."""
        response = await self._faceid.ask(
            "DetectAuth",
            {
                "RuleId": self._rule_id,
                "IdCard": subject.id_number,
                "Name": subject.name,
                "RedirectUrl": return_url,
                "Extra": number,
            },
        )
        token, url = response.get("BizToken"), response.get("Url")
        if not isinstance(token, str) or not token or not isinstance(url, str) or not url:
            raise OutsideUnavailable
        return FaceStart(token, url)

    async def outcome(self, number: str, token: str, subject: Subject) -> FaceOutcome:
        """Return what became of it; somebody else's face or papers have failed."""
        asked = {"BizToken": token, "RuleId": self._rule_id, "InfoType": TEXT_ONLY}
        response = await self._faceid.ask("GetDetectInfoEnhanced", asked)
        error = response.get("Error")
        if isinstance(error, Mapping) and error.get("Code") in GONE:
            return FaceOutcome.FAILED
        text = response.get("Text")
        if error is not None or not isinstance(text, Mapping):
            raise OutsideUnavailable
        code = text.get("ErrCode")
        if code is None:
            return FaceOutcome.PENDING
        if type(code) is not int:
            raise OutsideUnavailable
        same = (text.get("IdCard"), text.get("Name")) == (subject.id_number, subject.name)
        same = same and text.get("Extra", number) == number
        return FaceOutcome.PASSED if code == 0 and same else FaceOutcome.FAILED


class WechatFace:
    """``getverifyid``, then ``wx.requestFacialVerify`` on the phone, then ``queryverifyinfo``.

    What the phone says of the result is never asked.
    """

    def __init__(self, client: AsyncWechatClient) -> None:
        self._client = client

    async def start(self, number: str, subject: Subject, return_url: str) -> FaceStart:
        """Return the verify id for the phone; raise ``OutsideUnavailable``."""
        answer = await self._ask(
            "getverifyid",
            {
                "out_seq_no": number,
                "cert_info": {
                    "cert_type": CARD,
                    "cert_name": subject.name,
                    "cert_no": subject.id_number,
                },
                "openid": subject.openid,
            },
        )
        verify_id = answer.get("verify_id")
        if not isinstance(verify_id, str) or not verify_id:
            raise OutsideUnavailable
        return FaceStart(verify_id, None)

    async def outcome(self, number: str, token: str, subject: Subject) -> FaceOutcome:
        """Return what became of it; a result that is not known yet is pending."""
        answer = await self._ask(
            "queryverifyinfo",
            {
                "verify_id": token,
                "out_seq_no": number,
                "cert_hash": cert_hash(subject.name, subject.id_number),
                "openid": subject.openid,
            },
        )
        result = answer.get("verify_ret")
        if result is None:
            return FaceOutcome.PENDING
        if result == PASSED and type(result) is int:
            return FaceOutcome.PASSED
        if type(result) is int and result in FAILED:
            return FaceOutcome.FAILED
        raise OutsideUnavailable

    async def _ask(self, what: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
        try:
            return await self._client.program.face(what, data)
        except WeChatClientException as error:
            problem = OutsideUnavailable()
            problem.add_note(f"errcode {error.errcode}")
            # From None: the message may quote the person.
            raise problem from None


def cert_hash(name: str, id_number: str) -> str:
    """Return the hash of a person's papers as WeChat wants it."""
    fields = (("cert_type", CARD), ("cert_name", name), ("cert_no", id_number))
    joined = "&".join(f"{key}={b64encode(text.encode()).decode()}" for key, text in fields)
    return hashlib.sha256(joined.encode()).hexdigest()
