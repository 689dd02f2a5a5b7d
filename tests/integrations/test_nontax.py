"""The treasury's platform over the wire: the client against the sandbox."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from integrations.clock import SystemClock
from integrations.http import Http
from integrations.nontax.bills import NontaxBills
from integrations.nontax.callbacks import CallbackReader
from integrations.nontax.client import NontaxPay
from integrations.nontax.errors import NoticeUnknown, PlatformRefused, ReturnUnknown
from integrations.nontax.exchange import Exchange
from integrations.nontax.refunds import NontaxRefunds
from integrations.nontax.signing import UnitKey
from services.errors import CallbackForged, ChannelOrderUnknown, OutsideUnavailable
from services.ports import ChannelOrder, PayCallback, RefundCallback, Settlement
from services.ports.fiscal import BillKind, RedWish
from services.ports.refunds import RefundState, RefundWish
from tests.integrations.outside import Outside
from tests.integrations.test_wechatpay import called_back

NUMBER = "20260302abcdefABCDEF0001"
PATH = "/callbacks/nontax"
NOTICES, BILLS, REFUNDS = "/nontax/v1/notices", "/nontax/v1/bills", "/nontax/v1/refunds"


def make(
    outside: Outside, http: Http, *, base: str | None = None, secret: str | None = None
) -> NontaxPay:
    account, clock = outside.credentials, SystemClock()
    key = UnitKey(account.nontax_unit, secret or account.nontax_secret)
    notify = outside.notify_url.replace("/callbacks/wechatpay", PATH)
    return NontaxPay(
        Exchange(http, clock, key, base or outside.url),
        CallbackReader(key, clock, PATH),
        public_base=outside.url,
        notify_url=notify,
    )


@pytest.fixture
def pay(outside: Outside, http: Http) -> NontaxPay:
    return make(outside, http)


def order(number: str = NUMBER, **changes: Any) -> ChannelOrder:
    values: dict[str, Any] = {
        "number": number,
        "description": "不动产登记费",
        "amount_fen": 8000,
        "payer": "",
        "expires_at": datetime(2099, 1, 1, tzinfo=UTC),
        "scene": "PAGE",
        "payer_name": "王建国",
        "revenue_code": "103042901",
        "case_no": "511499202603020001",
    }
    return ChannelOrder(**(values | changes))


async def cash(outside: Outside, notice: str, **how: Any) -> dict[str, Any]:
    paid = await outside.phone(f"notices/{notice}/pay", **how)
    assert "flow_no" in paid, paid
    return paid


async def paid(pay: NontaxPay, outside: Outside) -> str:
    notice = await pay.prepay(order())
    return str((await cash(outside, notice, deliver=False))["flow_no"])


async def test_a_notice_is_issued_paid_called_back_and_queried(
    pay: NontaxPay, outside: Outside
) -> None:
    notice = await pay.prepay(order())
    assert len(notice) == 20
    assert notice.isdecimal()
    assert pay.invocation(notice, "PAGE") == {
        "notice": notice,
        "url": f"{outside.url}/nontax/cashier/{notice}",
    }
    [shown] = await outside.look("notices")
    assert (shown["item_name"], shown["payer_name"]) == ("不动产登记费", "王建国")
    assert shown["revenue_code"] == "103042901"
    before = await pay.query(NUMBER)
    assert (before.settlement, before.transaction_id) == (Settlement.PENDING, None)
    flow = (await cash(outside, notice))["flow_no"]
    await called_back(outside, 1)
    callback = pay.read_callback(*outside.posted[0])
    assert isinstance(callback, PayCallback)
    found = await pay.query(NUMBER)
    assert callback.payment == found
    assert (found.settlement, found.transaction_id) == (Settlement.PAID, flow)
    assert (found.merchant, found.appid, found.payer) == (pay.merchant, "", None)
    assert (found.amount_fen, found.currency) == (8000, "CNY")


async def test_the_same_order_is_the_same_notice(pay: NontaxPay, outside: Outside) -> None:
    first, again = await pay.prepay(order()), await pay.prepay(order())
    assert first == again
    assert len(await outside.look("notices")) == 1


async def test_an_order_number_with_another_amount_is_refused(
    pay: NontaxPay, outside: Outside
) -> None:
    await pay.prepay(order())
    with pytest.raises(PlatformRefused) as caught:
        await pay.prepay(order(amount_fen=8001))
    assert (caught.value.status, caught.value.reason) == (409, "ORDER_REUSED")
    [shown] = await outside.look("notices")
    assert shown["amount_fen"] == 8000


async def test_a_lost_answer_is_the_same_notice_when_asked_again(
    pay: NontaxPay, outside: Outside
) -> None:
    await outside.fault(NOTICES, drop=True, after=True, times=1)
    with pytest.raises(OutsideUnavailable):
        await pay.prepay(order())
    [known] = await outside.look("notices")
    assert await pay.prepay(order()) == known["notice_code"]


async def test_a_notice_is_cancelled_and_stays_so(pay: NontaxPay, outside: Outside) -> None:
    notice = await pay.prepay(order())
    await pay.close(NUMBER)
    await pay.close(NUMBER)
    assert (await pay.query(NUMBER)).settlement is Settlement.CLOSED
    refused = await outside.phone(f"notices/{notice}/pay")
    assert "作废" in refused["error"]
    # What a bank had begun before arrives all the same, and the platform says so.
    await cash(outside, notice, late=True, deliver=False)
    assert (await pay.query(NUMBER)).settlement is Settlement.PAID


async def test_a_paid_notice_cannot_be_cancelled(pay: NontaxPay, outside: Outside) -> None:
    await paid(pay, outside)
    with pytest.raises(PlatformRefused) as caught:
        await pay.close(NUMBER)
    assert caught.value.reason == "NOTICE_PAID"
    assert (await pay.query(NUMBER)).settlement is Settlement.PAID


async def test_an_expired_notice_is_closed(pay: NontaxPay) -> None:
    await pay.prepay(order(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert (await pay.query(NUMBER)).settlement is Settlement.CLOSED


async def test_only_a_signed_answer_says_that_an_order_is_unknown(
    pay: NontaxPay, outside: Outside
) -> None:
    with pytest.raises(NoticeUnknown) as caught:
        await pay.query(NUMBER)
    assert isinstance(caught.value, ChannelOrderUnknown)
    await pay.prepay(order())
    await outside.fault(NOTICES, status=404, code="NOTICE_NOT_EXIST")
    with pytest.raises(PlatformRefused) as unproven:
        await pay.query(NUMBER)
    assert not isinstance(unproven.value, ChannelOrderUnknown)
    assert unproven.value.reason == ""


async def test_bills_are_issued_once_and_reversed_once_for_each_refund(
    pay: NontaxPay, outside: Outside
) -> None:
    bills = NontaxBills(pay)
    with pytest.raises(NoticeUnknown):
        await bills.issue(NUMBER, 8000)
    await paid(pay, outside)
    blue = await bills.issue(NUMBER, 8000)
    assert await bills.issue(NUMBER, 8000) == blue
    assert (blue.kind, blue.order_number, blue.amount_fen) == (BillKind.BLUE, NUMBER, 8000)
    assert (len(blue.code), len(blue.number), len(blue.check_code)) == (8, 10, 6)
    assert await bills.query(blue.code, blue.number) == blue
    part = RedWish(blue.code, blue.number, "R2026-0001", 3000, "重新核定后费用减少")
    red = await bills.reverse(part)
    assert await bills.reverse(part) == red
    assert (red.kind, red.amount_fen, red.refund_number) == (BillKind.RED, 3000, "R2026-0001")
    assert red.blue == (blue.code, blue.number)
    assert red.number != blue.number
    with pytest.raises(PlatformRefused) as caught:
        await bills.reverse(RedWish(blue.code, blue.number, "R2026-0002", 5001, "多退"))
    assert caught.value.reason == "AMOUNT_EXCEEDED"
    assert len(await outside.look("fiscal-bills")) == 2
    async with outside.session.get(red.url) as page:
        assert page.status == 200
        assert red.number in await page.text()


async def test_money_that_did_not_come_has_no_bill(pay: NontaxPay, outside: Outside) -> None:
    await pay.prepay(order())
    with pytest.raises(PlatformRefused) as caught:
        await NontaxBills(pay).issue(NUMBER, 8000)
    assert caught.value.reason == "NOTICE_UNPAID"
    assert await outside.look("fiscal-bills") == []


async def test_money_goes_back_once_and_calls_back(pay: NontaxPay, outside: Outside) -> None:
    flow = await paid(pay, outside)
    refunds = NontaxRefunds(pay)
    with pytest.raises(ReturnUnknown):
        await refunds.query("R2026-0001")
    wish = RefundWish("R2026-0001", NUMBER, 3000, 8000, "重新核定后费用减少")
    asked = await refunds.refund(wish)
    assert (asked.number, asked.order_number, asked.transaction_id) == (wish.number, NUMBER, flow)
    assert (asked.amount_fen, asked.total_fen) == (3000, 8000)
    assert (await refunds.refund(wish)).channel_id == asked.channel_id
    await called_back(outside, 1)
    callback = pay.read_callback(*outside.posted[0])
    assert isinstance(callback, RefundCallback)
    found = await refunds.query(wish.number)
    assert callback.refund == found
    assert (found.state, found.channel_id) == (RefundState.SUCCESS, asked.channel_id)
    assert found.settled_at is not None
    assert len(await outside.look("treasury-refunds")) == 1


async def test_a_refund_that_failed_moved_no_money_and_can_still_arrive(
    pay: NontaxPay, outside: Outside
) -> None:
    await paid(pay, outside)
    refunds = NontaxRefunds(pay)
    await outside.fault(REFUNDS, drop=True, after=True)
    with pytest.raises(OutsideUnavailable):
        await refunds.refund(RefundWish("R2026-0001", NUMBER, 8000, 8000, "申请没有获准"))
    assert (await refunds.query("R2026-0001")).amount_fen == 8000
    for more in (1, 8000):
        with pytest.raises(PlatformRefused) as caught:
            await refunds.refund(RefundWish("R2026-0002", NUMBER, more, 8000, "申请没有获准"))
        assert caught.value.reason == "AMOUNT_EXCEEDED"


async def test_an_answer_with_another_secret_settles_nothing(outside: Outside, http: Http) -> None:
    mine = make(outside, http)
    await mine.prepay(order())
    stranger = make(outside, http, secret="x" * 40)
    with pytest.raises(PlatformRefused) as caught:
        await stranger.query(NUMBER)
    assert (caught.value.status, caught.value.reason) == (401, "")


async def test_an_answer_to_another_request_is_no_answer(
    pay: NontaxPay, outside: Outside, http: Http
) -> None:
    """Whoever stands between repeats what the platform said a moment ago: 'unpaid'."""
    notice = await pay.prepay(order())
    kept: list[tuple[int, dict[str, str], bytes]] = []

    async def between(request: web.Request) -> web.Response:
        if not kept:
            own = {name: value for name, value in request.headers.items() if name != "Host"}
            async with outside.session.get(f"{outside.url}{request.raw_path}", headers=own) as got:
                signed = {name: each for name, each in got.headers.items() if name[:2] == "X-"}
                kept.append((got.status, signed, await got.read()))
        status, headers, body = kept[0]
        return web.Response(status=status, headers=headers, body=body)

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", between)
    async with TestServer(app) as server:
        through = make(outside, http, base=str(server.make_url("")).rstrip("/"))
        assert (await through.query(NUMBER)).settlement is Settlement.PENDING
        await cash(outside, notice, deliver=False)
        with pytest.raises(OutsideUnavailable):
            await through.query(NUMBER)
    assert (await pay.query(NUMBER)).settlement is Settlement.PAID


async def test_a_platform_that_is_away_is_unavailable(outside: Outside, http: Http) -> None:
    away = make(outside, http, base=f"http://127.0.0.1:{unused_port()}")
    for call in (away.prepay(order()), away.query(NUMBER), away.close(NUMBER)):
        with pytest.raises(OutsideUnavailable):
            await call


@pytest.mark.parametrize("number", ["", "a b", "../x", "缴款单", "x" * 65])
async def test_a_number_that_may_not_stand_in_a_path_is_a_bug(
    pay: NontaxPay, outside: Outside, number: str
) -> None:
    with pytest.raises(ValueError, match="order or refund number"):
        await pay.query(number)
    with pytest.raises(ValueError, match="order or refund number"):
        await NontaxRefunds(pay).query(number)
    assert not any(path.startswith("/nontax") for path in outside.asked)


async def test_a_callback_is_good_once(pay: NontaxPay, outside: Outside) -> None:
    await cash(outside, await pay.prepay(order()))
    await called_back(outside, 1)
    headers, body = outside.posted[0]
    pay.read_callback(headers, body)
    with pytest.raises(CallbackForged):
        pay.read_callback(headers, body)


async def test_each_attempt_of_a_callback_is_signed_anew(pay: NontaxPay, outside: Outside) -> None:
    await cash(outside, await pay.prepay(order()), copies=2)
    await called_back(outside, 2)
    first, second = (pay.read_callback(*each) for each in outside.posted)
    assert first.id == second.id


async def test_a_name_with_odd_characters_is_taken(pay: NontaxPay, outside: Outside) -> None:
    await pay.prepay(order(payer_name="王\x00建\n国" + "长" * 200))
    [shown] = await outside.look("notices")
    assert shown["payer_name"] == "王建国" + "长" * 97


async def test_what_the_platform_was_told_is_what_was_signed(
    pay: NontaxPay, outside: Outside
) -> None:
    """A request changed on its way is refused, and a replayed one as well."""
    await pay.prepay(order())
    secret, unit = outside.credentials.nontax_secret, outside.credentials.nontax_unit
    key = UnitKey(unit, secret)
    body = json.dumps({}).encode()
    target = f"{NOTICES}/{NUMBER}/cancel"
    at = int(datetime.now(UTC).timestamp())
    headers = dict(key.request("POST", target, body, at, "nonce-of-a-test-0001"))

    async def post(path: str, sent: bytes) -> tuple[int, str]:
        async with outside.session.post(outside.url + path, data=sent, headers=headers) as got:
            return got.status, str((await got.json()).get("code"))

    assert await post(target, b'{"x": 1}') == (401, "SIGNATURE_INVALID")
    assert await post(f"{NOTICES}/{NUMBER}9/cancel", body) == (401, "SIGNATURE_INVALID")
    assert (await pay.query(NUMBER)).settlement is Settlement.PENDING
    assert (await post(target, body))[0] == 200
    assert await post(target, body) == (401, "NONCE_USED")


async def test_slow_answers_are_given_up(outside: Outside) -> None:
    impatient = Http(total=0.2)
    try:
        await outside.fault(NOTICES, delay_ms=2000)
        async with asyncio.timeout(1.5):
            with pytest.raises(OutsideUnavailable):
                await make(outside, impatient).query(NUMBER)
    finally:
        await impatient.aclose()
