"""WeChat Pay's real-name check over the wire: user, name and number are one person's."""

from typing import Any

import pytest

from integrations.wechat.client import AsyncWechatClient
from integrations.wechat.realname import WechatPayRealName, _worst
from services.errors import LoginCodeInvalid, OutsideUnavailable
from services.ports import RealNameVerdict, Subject
from tests.integrations.outside import LI, WANG, Outside

PATH = "/intp/realname/checkrealnameinfo"
YU = "wxsandbox-xiaoyu000000000000"
ME = Subject("王建国", "511499198803162013", WANG)


async def code(outside: Outside, openid: str = WANG) -> str:
    return await outside.code("real-name", openid)


@pytest.mark.parametrize(
    ("subject", "verdict"),
    [
        (ME, RealNameVerdict.MATCH),
        (Subject("李秀英", "51149919650812404X", WANG), RealNameVerdict.MISMATCH),
        (Subject("王建国", "51149919650812404X", WANG), RealNameVerdict.MISMATCH),
        (Subject("小宇", "511499201506203012", YU), RealNameVerdict.NO_RECORD),
    ],
)
async def test_answers_become_verdicts(
    outside: Outside, wechat: AsyncWechatClient, subject: Subject, verdict: RealNameVerdict
) -> None:
    given = await code(outside, str(subject.openid))
    assert await WechatPayRealName(wechat).check(subject, given) is verdict


async def test_a_code_is_good_once_and_for_its_user(
    outside: Outside, wechat: AsyncWechatClient
) -> None:
    checker = WechatPayRealName(wechat)
    given = await code(outside)
    await checker.check(ME, given)
    for wrong in (given, "x", "' OR 1=1", await outside.code("login")):
        with pytest.raises(LoginCodeInvalid):
            await checker.check(ME, wrong)
    with pytest.raises(OutsideUnavailable):
        await checker.check(ME, await code(outside, LI))


@pytest.mark.parametrize(
    "fault", [{"status": 500}, {"code": -1}, {"code": 87009}, {"drop": True, "times": 3}]
)
async def test_without_a_verdict_it_is_unavailable(
    outside: Outside, wechat: AsyncWechatClient, fault: dict[str, Any]
) -> None:
    given = await code(outside)
    await outside.fault(PATH, **fault)
    with pytest.raises(OutsideUnavailable) as caught:
        await WechatPayRealName(wechat).check(ME, given)
    assert caught.value.__cause__ is None


def test_several_words_are_as_good_as_the_worst() -> None:
    words = {"A": RealNameVerdict.MATCH, "B": RealNameVerdict.MISMATCH}
    assert _worst(words, "A;A") is RealNameVerdict.MATCH
    assert _worst(words, "A;B") is RealNameVerdict.MISMATCH
    for unknown in ("C", "A;C", "", None, ["A"]):
        with pytest.raises(OutsideUnavailable):
            _worst(words, unknown)
