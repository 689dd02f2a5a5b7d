"""The citizens of the sandbox: invented persons of region 511499 with known outcomes."""

import re
from dataclasses import dataclass

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"


@dataclass(frozen=True)
class Citizen:
    """A phone's owner. ``registered_name`` is what the register has for the number."""

    openid: str
    name: str
    id_number: str
    phone: str
    note: str
    registered_name: str


def _openid(who: str) -> str:
    # A real openid has 28 characters.
    return f"wxsandbox-{who:0<18}"


# Openid, name on the phone, ID number, phone, what to expect, name in the register.
_PEOPLE = (
    ("wangjianguo", "王建国", "511499198803162013", "13800000001", "成年，实名一致", "王建国"),
    ("lixiuying", "李秀英", "51149919650812404X", "13800000002", "成年，实名一致", "李秀英"),
    ("chenming", "陈明", "511499199005236051", "13800000003", "成年，实名一致", "陈明"),
    ("zhangguiying", "张桂英", "511499194311051028", "13800000004", "张奶奶，83岁", "张桂英"),
    ("xiaoyu", "小宇", "511499201506203012", "13800000005", "未成年，实名一致", "小宇"),
    ("zhaoqiang", "赵强", "51149919781120707X", "13800000006", "姓名与号码不一致", "赵志强"),
)
CITIZENS = tuple(Citizen(_openid(who), *facts) for who, *facts in _PEOPLE)

_BY_OPENID = {citizen.openid: citizen for citizen in CITIZENS}
_REGISTER = {citizen.id_number: citizen.registered_name for citizen in CITIZENS}


# For load: phones that can only pay, as many as are asked for. Nobody logs in with them.
_CROWD = re.compile(r"wxsandbox-crowd[0-9a-f]{13}")


def find(openid: str) -> Citizen | None:
    """Return the citizen whose phone this openid stands for."""
    if _CROWD.fullmatch(openid):
        return Citizen(openid, "路人", "", "", "人群里的一位，只能付款", "")
    return _BY_OPENID.get(openid)


def app_openid(kind: str, openid: str) -> str:
    """Return the openid of the same WeChat user in another app: h5 or app."""
    return f"{openid[:24]}-{kind}"


def unionid(openid: str) -> str:
    """Return what a WeChat user's openids in all apps of one operator have in common."""
    return f"wxsandboxu{openid.removeprefix('wxsandbox')}"


def registered_name(id_number: str) -> str | None:
    """Return the name which the register has for the number, None when it has no record."""
    return _REGISTER.get(id_number)


def is_id_number(text: str) -> bool:
    """Say whether the text is 18 characters with the right check digit (GB 11643)."""
    if not re.fullmatch(r"[1-9][0-9]{16}[0-9X]", text):
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text, _WEIGHTS, strict=False))
    return _CHECK_DIGITS[total % 11] == text[17]
