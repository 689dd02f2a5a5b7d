"""One contract for every pay channel: what the use-cases rely on, whoever takes the money."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp.test_utils import unused_port

from integrations.http import Http
from services.errors import CallbackForged, ChannelOrderUnknown, OutsideUnavailable
from services.ports import ChannelOrder, PayCallback, PayChannel, Settlement
from tests.integrations import test_nontax, test_wechatpay
from tests.integrations.outside import WANG, Outside
from tests.integrations.test_wechatpay import called_back

NUMBER = "20260302contract0001"


@dataclass(frozen=True)
class Till:
    """A channel, one of its scenes, who can pay there, and how they do in the sandbox."""

    make: Callable[[Outside, Http, str | None], PayChannel]
    scene: str
    payer: str
    paying: str

    def order(self, number: str = NUMBER) -> ChannelOrder:
        return ChannelOrder(
            number=number,
            description="不动产登记费",
            amount_fen=8000,
            payer=self.payer,
            expires_at=datetime.now(UTC) + timedelta(hours=1),
            scene=self.scene,
            payer_name="王建国",
            revenue_code="511499103044801",
            case_no="511499202603020001",
        )

    async def pay(self, outside: Outside, handle: str, *, deliver: bool) -> None:
        body: dict[str, Any] = {"deliver": deliver}
        if self.payer:
            body["openid"] = self.payer
        answer = await outside.phone(self.paying.format(handle), **body)
        assert "error" not in answer, answer


def _wechat(outside: Outside, http: Http, away: str | None) -> PayChannel:
    return test_wechatpay.make(outside, http, hosts=None if away is None else [away])


def _nontax(outside: Outside, http: Http, away: str | None) -> PayChannel:
    return test_nontax.make(outside, http, base=away)


TILLS = {
    "wechat": Till(_wechat, "JSAPI", WANG, "orders/{}/pay"),
    "nontax": Till(_nontax, "PAGE", "", "notices/{}/pay"),
}


@pytest.fixture(params=list(TILLS.values()), ids=list(TILLS))
def till(request: pytest.FixtureRequest) -> Till:
    chosen: Till = request.param
    return chosen


@pytest.fixture
def channel(till: Till, outside: Outside, http: Http) -> PayChannel:
    return till.make(outside, http, None)


def test_it_says_who_we_are_and_where_people_pay(till: Till, channel: PayChannel) -> None:
    assert channel.merchant.startswith("wxsandbox")
    assert till.scene in channel.scenes


async def test_an_order_waits_is_paid_and_says_so_by_callback_and_query(
    till: Till, channel: PayChannel, outside: Outside
) -> None:
    handle = await channel.prepay(till.order())
    assert all(channel.invocation(handle, till.scene).values())
    assert (await channel.query(NUMBER)).settlement is Settlement.PENDING
    await till.pay(outside, handle, deliver=True)
    await called_back(outside, 1)
    said = channel.read_callback(*outside.posted[0])
    assert isinstance(said, PayCallback)
    found = await channel.query(NUMBER)
    for each in (said.payment, found):
        assert (each.number, each.settlement) == (NUMBER, Settlement.PAID)
        assert (each.merchant, each.appid) == (channel.merchant, channel.appid_of(till.scene))
        assert (each.amount_fen, each.currency) == (8000, "CNY")
        assert each.paid_at is not None
    assert found.transaction_id == said.payment.transaction_id is not None
    if till.payer:
        assert found.payer == till.payer


async def test_the_same_order_again_is_the_same_order(
    till: Till, channel: PayChannel, outside: Outside
) -> None:
    wanted = till.order()
    first, again = await channel.prepay(wanted), await channel.prepay(wanted)
    await till.pay(outside, first, deliver=False)
    refused = await outside.phone(till.paying.format(again), openid=till.payer)
    assert "error" in refused
    assert (await channel.query(NUMBER)).settlement is Settlement.PAID


async def test_a_closed_order_stays_closed_and_cannot_be_paid(
    till: Till, channel: PayChannel, outside: Outside
) -> None:
    handle = await channel.prepay(till.order())
    await channel.close(NUMBER)
    await channel.close(NUMBER)
    assert "error" in await outside.phone(till.paying.format(handle), openid=till.payer)
    assert (await channel.query(NUMBER)).settlement is Settlement.CLOSED


async def test_a_paid_order_cannot_be_closed(
    till: Till, channel: PayChannel, outside: Outside
) -> None:
    await till.pay(outside, await channel.prepay(till.order()), deliver=False)
    with pytest.raises(OutsideUnavailable):
        await channel.close(NUMBER)
    assert (await channel.query(NUMBER)).settlement is Settlement.PAID


async def test_an_order_that_nobody_opened_is_unknown(channel: PayChannel) -> None:
    with pytest.raises(ChannelOrderUnknown):
        await channel.query(NUMBER)


async def test_a_channel_that_is_away_says_nothing(
    till: Till, outside: Outside, http: Http
) -> None:
    away = till.make(outside, http, f"http://127.0.0.1:{unused_port()}")
    for call in (away.prepay(till.order()), away.query(NUMBER), away.close(NUMBER)):
        with pytest.raises(OutsideUnavailable) as caught:
            await call
        assert not isinstance(caught.value, ChannelOrderUnknown)


async def test_a_callback_of_the_other_channel_is_forged(
    till: Till, channel: PayChannel, outside: Outside, http: Http
) -> None:
    await till.pay(outside, await channel.prepay(till.order()), deliver=True)
    await called_back(outside, 1)
    [other] = [each for each in TILLS.values() if each is not till]
    with pytest.raises(CallbackForged):
        other.make(outside, http, None).read_callback(*outside.posted[0])
    assert channel.read_callback(*outside.posted[0]).id
