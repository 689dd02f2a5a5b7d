"""The SMS port over the wire."""

import pytest

from integrations.clock import SystemClock
from integrations.http import Http
from integrations.sms import HttpSms
from services.errors import OutsideUnavailable
from services.ports import Clock, Sent
from tests.integrations.clocks import SetClock
from tests.integrations.outside import Outside

PATH = "/sms/v1/messages"
PHONE = "+8613800000001"
PARAMS = {"item": "不动产登记资料查询", "days": "5"}


def make(outside: Outside, http: Http, clock: Clock | None = None, secret: str = "") -> HttpSms:
    account = outside.credentials
    return HttpSms(
        http,
        clock or SystemClock(),
        base_url=outside.url,
        access_key=account.sms_access_key,
        secret=secret or account.sms_secret,
    )


async def test_a_message_arrives_as_it_was_sent(outside: Outside, http: Http) -> None:
    assert await make(outside, http).send(PHONE, "correction", PARAMS) is Sent.SENT
    (message,) = await outside.look("outbox?phone=13800000001")
    assert (message["template"], message["data"]) == ("correction", PARAMS)


async def test_a_message_is_read_out_by_a_call(outside: Outside, http: Http) -> None:
    assert await make(outside, http).call(PHONE, "login_code", {"code": "123456"}) is Sent.SENT
    (message,) = await outside.look("outbox?phone=13800000001")
    assert (message["channel"], message["data"]) == ("voice", {"code": "123456"})


async def test_the_same_once_is_the_same_message(outside: Outside, http: Http) -> None:
    sms = make(outside, http)
    for _ in range(2):
        assert await sms.send(PHONE, "correction", PARAMS, once="job:1") is Sent.SENT
    assert len(await outside.look("outbox")) == 1


async def test_equal_messages_are_two_messages(outside: Outside, http: Http) -> None:
    sms = make(outside, http)
    for _ in range(2):
        await sms.send(PHONE, "correction", PARAMS)
    assert len(await outside.look("outbox")) == 2


async def test_a_lost_answer_does_not_send_twice(outside: Outside, http: Http) -> None:
    await outside.fault(PATH, drop=True, after=True)
    assert await make(outside, http).send(PHONE, "correction", PARAMS) is Sent.SENT
    assert outside.asked[PATH] == 2
    assert len(await outside.look("outbox")) == 1


@pytest.mark.parametrize(("phone", "template"), [("+85212345678", "t"), ("1", "t"), (PHONE, "?")])
async def test_what_can_never_be_sent_is_refused(
    outside: Outside, http: Http, phone: str, template: str
) -> None:
    assert await make(outside, http).send(phone, template, {}) is Sent.REFUSED
    assert await outside.look("outbox") == []


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429}, {"drop": True, "times": 9}])
async def test_a_sick_gateway_is_unavailable(
    outside: Outside, http: Http, fault: dict[str, object]
) -> None:
    await outside.fault(PATH, **fault)
    with pytest.raises(OutsideUnavailable):
        await make(outside, http).send(PHONE, "correction", {})
    assert await outside.look("outbox") == []


async def test_a_wrong_secret_or_clock_sends_nothing(outside: Outside, http: Http) -> None:
    for sms in (make(outside, http, secret="wrong"), make(outside, http, SetClock())):
        with pytest.raises(OutsideUnavailable):
            await sms.send(PHONE, "correction", {})
    assert await outside.look("outbox") == []
