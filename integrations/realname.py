"""Name, ID number and phone against the authority's register: Tencent Cloud FaceID."""

from collections.abc import Mapping

from integrations.faceid import FaceId
from services.errors import OutsideUnavailable
from services.ports import RealNameVerdict

MATCH, MISMATCH, NO_RECORD = RealNameVerdict

# IdCardVerification: -2 is an impossible number and -3 an impossible name: neither is this
# person's. -4, -6 and -7 (service error, upgrading, daily limit) are no verdict.
TWO: Mapping[str, RealNameVerdict] = {
    "0": MATCH,
    "-1": MISMATCH,
    "-2": MISMATCH,
    "-3": MISMATCH,
    "-5": NO_RECORD,
}
# PhoneVerification: -6, -7 and -8 are an impossible phone, number and name. -11 (busy) and -12
# (daily limit) are no verdict.
THREE: Mapping[str, RealNameVerdict] = {
    "0": MATCH,
    "-4": MISMATCH,
    "-6": MISMATCH,
    "-7": MISMATCH,
    "-8": MISMATCH,
    "-9": NO_RECORD,
}


class TencentRealName:
    """Two factors, or three with the phone; matches and mismatches are both billed."""

    def __init__(self, faceid: FaceId) -> None:
        self._faceid = faceid

    async def check(self, name: str, id_number: str, phone: str | None = None) -> RealNameVerdict:
        """Return the register's verdict; raise ``OutsideUnavailable`` when there is none."""
        asked = {"IdCard": id_number, "Name": name}
        action, verdicts = "IdCardVerification", TWO
        if phone is not None:
            action, verdicts = "PhoneVerification", THREE
            asked["Phone"] = phone.removeprefix("+86")
        response = await self._faceid.ask(action, asked)
        try:
            return verdicts[response["Result"]]
        except (KeyError, TypeError):
            # From None: the answer may quote the person.
            raise OutsideUnavailable from None
