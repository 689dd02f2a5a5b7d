"""The face checks of both providers over the wire: one contract, and what only one can do."""

from typing import Any

import pytest
from redis.asyncio import Redis

from integrations.clock import SystemClock
from integrations.faceid import FaceId
from integrations.faces import TencentFace, WechatFace, cert_hash
from integrations.http import Http
from integrations.wechat.client import AsyncWechatClient
from services.errors import OutsideUnavailable
from services.ports import FaceChecker, FaceOutcome, Subject
from tests.integrations import test_realname
from tests.integrations.outside import WANG, Outside
from tests.integrations.published import VECTORS

NUMBER = "0199aabbccddeeff0011223344556677"
ME = Subject("王建国", "511499198803162013", WANG)
BACK = "https://hall.example.cn/"


@pytest.fixture(params=["tencent", "wechat"])
def checker(
    request: pytest.FixtureRequest, outside: Outside, http: Http, wechat: AsyncWechatClient
) -> FaceChecker:
    if request.param == "wechat":
        return WechatFace(wechat)
    return tencent(outside, http)


def tencent(outside: Outside, http: Http) -> TencentFace:
    account = outside.credentials
    return TencentFace(
        FaceId(
            http,
            SystemClock(),
            base_url=outside.url,
            secret_id=account.realname_secret_id,
            secret_key=account.realname_secret_key,
        ),
        "1",
    )


async def decide(outside: Outside, token: str, result: str) -> None:
    assert "token" in await outside.phone(f"face-checks/{token}", result=result)


@pytest.mark.parametrize(
    ("result", "outcome"), [("pass", FaceOutcome.PASSED), ("fail", FaceOutcome.FAILED)]
)
async def test_a_check_waits_until_it_is_decided(
    outside: Outside, checker: FaceChecker, result: str, outcome: FaceOutcome
) -> None:
    begun = await checker.start(NUMBER, ME, BACK)
    assert await checker.outcome(NUMBER, begun.token, ME) is FaceOutcome.PENDING
    await decide(outside, begun.token, result)
    for _ in range(2):
        assert await checker.outcome(NUMBER, begun.token, ME) is outcome


async def test_nobody_passes_under_a_name_that_is_not_theirs(
    outside: Outside, checker: FaceChecker
) -> None:
    stranger = Subject("赵强", "51149919781120707X", WANG)
    begun = await checker.start(NUMBER, stranger, BACK)
    await decide(outside, begun.token, "pass")
    assert await checker.outcome(NUMBER, begun.token, stranger) is FaceOutcome.FAILED


async def test_a_check_of_one_person_says_nothing_of_another(
    outside: Outside, checker: FaceChecker
) -> None:
    other = Subject("李秀英", "51149919650812404X", "wxsandbox-lixiuying000000000")
    begun = await checker.start(NUMBER, ME, BACK)
    await decide(outside, begun.token, "pass")
    try:
        found = await checker.outcome(NUMBER, begun.token, other)
    except OutsideUnavailable:
        return
    assert found is FaceOutcome.FAILED


@pytest.mark.parametrize("fault", [{"status": 500}, {"drop": True, "times": 3}])
async def test_without_an_answer_it_is_unavailable(
    outside: Outside, checker: FaceChecker, fault: dict[str, Any]
) -> None:
    begun = await checker.start(NUMBER, ME, BACK)
    await decide(outside, begun.token, "pass")
    for prefix in ("/", "/cityservice"):
        await outside.fault(prefix, **fault)
    with pytest.raises(OutsideUnavailable):
        await checker.outcome(NUMBER, begun.token, ME)
    await outside.clear_faults()
    for prefix in ("/", "/cityservice"):
        await outside.fault(prefix, **fault)
    with pytest.raises(OutsideUnavailable):
        await checker.start(NUMBER, ME, BACK)


async def test_a_token_that_nobody_gave_has_failed_at_tencent(outside: Outside, http: Http) -> None:
    checker = tencent(outside, http)
    assert await checker.outcome(NUMBER, "wxsandbox0", ME) is FaceOutcome.FAILED


async def test_tencent_gives_an_address_and_no_picture_is_asked_for(
    outside: Outside, http: Http
) -> None:
    begun = await tencent(outside, http).start(NUMBER, ME, BACK)
    assert begun.url is not None and begun.url.startswith(outside.url)
    assert begun.token not in repr(begun)
    async with outside.session.get(begun.url) as page:
        assert page.status == 200


def test_the_published_hash_of_papers_is_made() -> None:
    vector = VECTORS["mp.face.cert_hash"]
    assert cert_hash(vector["cert_name"], vector["cert_no"]) == vector["cert_hash"]


@pytest.mark.parametrize(
    ("factors", "verdict"),
    [
        (("王建国", "511499198803162013", "+8613800000001"), "MATCH"),
        (("王建国", "511499198803162013", "+8613800000002"), "MISMATCH"),
        (("李秀英", "511499198803162013", "+8613800000001"), "MISMATCH"),
        (("王建国", "511499199001011015", "+8613800000001"), "NO_RECORD"),
        (("王建国", "511499198803162013", "+861"), "MISMATCH"),
    ],
)
async def test_three_factors_become_verdicts(
    outside: Outside, http: Http, factors: tuple[str, str, str], verdict: str
) -> None:
    found = await test_realname.make(outside, http).check(*factors)
    assert found.value == verdict


async def test_a_sick_answer_of_wechat_is_no_verdict(
    outside: Outside, wechat: AsyncWechatClient, redis: Redis
) -> None:
    checker = WechatFace(wechat)
    begun = await checker.start(NUMBER, ME, BACK)
    await outside.fault("/cityservice", code=87009)
    with pytest.raises(OutsideUnavailable):
        await checker.outcome(NUMBER, begun.token, ME)
