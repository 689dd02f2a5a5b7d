"""WeChat Pay's real-name check (微信支付实名校验), for the mini-programs of authorities."""

from collections.abc import Mapping

from wechatpy.exceptions import WeChatClientException

from integrations.wechat.client import AsyncWechatClient
from integrations.wechat.login import CODE_INVALID, CODE_USED, read_code
from services.errors import LoginCodeInvalid, OutsideUnavailable
from services.ports import RealNameVerdict, Subject

RESIDENT_ID = "1"
# Whether the WeChat user is this name's: V_OP_NM_MA yes, V_OP_NM_UM no, V_OP_NA has no real name.
OPENID: Mapping[str, RealNameVerdict] = {
    "V_OP_NM_MA": RealNameVerdict.MATCH,
    "V_OP_NM_UM": RealNameVerdict.MISMATCH,
    "V_OP_NA": RealNameVerdict.NO_RECORD,
}
# Whether the name is the number's.
NAME: Mapping[str, RealNameVerdict] = {
    "V_NM_ID_MA": RealNameVerdict.MATCH,
    "V_NM_ID_UM": RealNameVerdict.MISMATCH,
}


class WechatPayRealName:
    """``POST /intp/realname/checkrealnameinfo`` with the code of WeChat's consent page."""

    def __init__(self, client: AsyncWechatClient) -> None:
        self._client = client

    async def check(self, subject: Subject, code: str) -> RealNameVerdict:
        """Return whether user, name and number are one person's.

        Raise ``LoginCodeInvalid``, ``TooMany`` or ``OutsideUnavailable``.
        """
        asked = {
            "openid": subject.openid,
            "real_name": subject.name,
            "cred_id": subject.id_number,
            "cred_type": RESIDENT_ID,
            "code": read_code(code),
        }
        try:
            answer = await self._client.program.real_name(asked)
        except WeChatClientException as error:
            if error.errcode in {CODE_INVALID, CODE_USED}:
                raise LoginCodeInvalid from None
            # From None: the message may quote the person.
            raise OutsideUnavailable from None
        user = _worst(OPENID, answer.get("verify_openid"))
        name = _worst(NAME, answer.get("verify_real_name"))
        return name if user is RealNameVerdict.MATCH else user


def _worst(words: Mapping[str, RealNameVerdict], answer: object) -> RealNameVerdict:
    """Read words that may be joined by semicolons; one that is not a match decides."""
    try:
        found = [words[word] for word in str(answer).split(";")]
    except KeyError:
        raise OutsideUnavailable from None
    return next((each for each in found if each is not RealNameVerdict.MATCH), found[0])
