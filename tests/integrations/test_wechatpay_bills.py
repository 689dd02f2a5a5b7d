"""Bills over the wire: believed whole, with their digest, from the platform's hosts, or not."""

import gzip
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from integrations.clock import SystemClock
from integrations.http import Http
from integrations.sandbox.paysign import PaySigner
from integrations.wechatpay.bill_files import (
    MOST_LINE,
    digest_of,
    fen,
    lines,
    read_flow,
    read_trades,
    unpacked,
)
from integrations.wechatpay.bills import WechatBills
from integrations.wechatpay.exchange import Exchange
from integrations.wechatpay.signing import MerchantKey, PlatformKeys
from services.errors import BillAbsent, BillDamaged, BillPending, OutsideUnavailable
from services.ports.bills import BillPayment, BillRefund, FundFlow, RefundState, TradeBill
from tests.billing import ChannelBooks
from tests.integrations.outside import Outside

TRADES = "/v3/bill/tradebill"
DAY = datetime.now(UTC).date() - timedelta(days=3)
NOON = datetime(DAY.year, DAY.month, DAY.day, 4, tzinfo=UTC)
MERCHANT = "1900000109"
HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
TOTALS = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
NAMES = HEADER.split(",")
BLANK = dict.fromkeys(NAMES, "") | {
    "交易时间": "2026-03-01 12:00:00",
    "商户号": MERCHANT,
    "货币种类": "CNY",
    "手续费": "0.01000",
    "订单金额": "0.00",
    "申请退款金额": "0.00",
}
PAID = BLANK | {
    "微信订单号": "4200001",
    "商户订单号": "20260301abc",
    "交易状态": "SUCCESS",
    "订单金额": "3750.00",
    "商品名称": "挖掘占道费,沥青路面",
}
BACK = BLANK | {
    "微信订单号": "4200000",
    "商户订单号": "20260228xyz",
    "交易状态": "REFUND",
    "微信退款单号": "5030001",
    "商户退款单号": "R1",
    "申请退款金额": "0.07",
    "退款状态": "PROCESSING",
    "手续费": "-0.01000",
}
SUMS = ("2", "3750.00", "0.07", "0.00", "0.00000", "3750.00", "0.07")


def row(values: Any) -> str:
    return ",".join(f"`{value}" for value in values)


def sheet(*told: dict[str, str], sums: tuple[str, ...] = SUMS, header: str = HEADER) -> str:
    rows = [row(each[name] for name in NAMES) for each in told]
    return "\r\n".join([header, *rows, TOTALS, row(sums), ""])


def read(text: str, size: int = 7) -> TradeBill:
    """Read a bill that comes in small pieces, so that letters are cut in two."""
    content = ("\ufeff" + text).encode()

    def pieces() -> Iterator[bytes]:
        yield from (content[at : at + size] for at in range(0, len(content), size))

    return read_trades(lines(pieces()), MERCHANT, "d")


@pytest.fixture
def books(outside: Outside, tmp_path: Path) -> ChannelBooks:
    return ChannelBooks(tmp_path / "outside")


def exchange(outside: Outside, http: Http, hosts: list[str] | None = None) -> Exchange:
    account = outside.credentials
    return Exchange(
        http,
        SystemClock(),
        MerchantKey(account.merchant_id, account.merchant_serial, account.merchant_key_pem),
        PlatformKeys({account.platform_public_key_id: account.platform_public_key_pem}),
        public_key_id=account.platform_public_key_id,
        hosts=hosts or [outside.url],
    )


@pytest.fixture
def bills(outside: Outside, http: Http) -> WechatBills:
    return WechatBills(exchange(outside, http))


async def test_a_day_is_read_as_it_was(bills: WechatBills, books: ChannelBooks) -> None:
    late = NOON + timedelta(hours=11, minutes=59, seconds=59)  # 23:59:59 in China
    transaction = books.paid("20260301aaa", 375_000, NOON)
    books.paid("20260301bbb", 7, late)
    books.paid("20260302ccc", 1, late + timedelta(seconds=1))
    books.refunded("R1", "20260301aaa", 5, NOON, "PROCESSING")
    books.refunded("R2", "20260302ccc", 1, NOON, "ABNORMAL")
    bill = await bills.trades(DAY)
    assert bill.payments == (
        BillPayment("20260301aaa", transaction, 375_000),
        BillPayment("20260301bbb", "wxsandboxT20260301bbb", 7),
    )
    assert bill.refunds == (
        BillRefund("R1", "20260301aaa", "wxsandboxRR1", 5, RefundState.PENDING),
        BillRefund("R2", "20260302ccc", "wxsandboxRR2", 1, RefundState.FAILED),
    )
    assert (bill.paid_fen, bill.refunded_fen) == (375_007, 5)
    flow = await bills.flow(DAY)
    assert (flow.received_fen, flow.returned_fen) == (375_007, 5)
    assert len(bill.digest) == len(flow.digest) == 40


async def test_a_day_without_money_has_no_bill(bills: WechatBills) -> None:
    with pytest.raises(BillAbsent):
        await bills.trades(DAY)


async def test_a_bill_that_is_being_made_is_not_there_yet(
    bills: WechatBills, books: ChannelBooks, outside: Outside
) -> None:
    books.paid("20260301aaa", 1, NOON)
    await outside.fault(TRADES, status=400, code="STATEMENT_CREATING")
    with pytest.raises(BillPending):
        await bills.trades(DAY)
    assert len((await bills.trades(DAY)).payments) == 1


async def test_today_has_no_bill_yet(bills: WechatBills) -> None:
    with pytest.raises(OutsideUnavailable) as refused:
        await bills.trades(datetime.now(UTC).date() + timedelta(days=1))
    assert not isinstance(refused.value, BillAbsent | BillPending | BillDamaged)


@pytest.mark.parametrize("kind", ["trades", "flow"])
async def test_a_file_with_another_digest_is_not_believed(
    bills: WechatBills, books: ChannelBooks, outside: Outside, kind: str
) -> None:
    books.paid("20260301aaa", 1, NOON)
    assert await outside.phone("bills/spoil", times=1) == {"times": 1}
    with pytest.raises(BillDamaged):
        await getattr(bills, kind)(DAY)
    assert await getattr(bills, kind)(DAY)


async def test_a_dead_host_is_passed_over(
    books: ChannelBooks, outside: Outside, http: Http
) -> None:
    books.paid("20260301aaa", 1, NOON)
    dead = f"http://127.0.0.1:{unused_port()}"
    found = await WechatBills(exchange(outside, http, [dead, outside.url])).trades(DAY)
    assert found.paid_fen == 1


async def test_a_download_that_fails_is_tried_again_later(
    bills: WechatBills, books: ChannelBooks, outside: Outside
) -> None:
    books.paid("20260301aaa", 1, NOON)
    await outside.fault("/v3/billdownload", status=500)
    with pytest.raises(OutsideUnavailable) as failed:
        await bills.trades(DAY)
    assert not isinstance(failed.value, BillDamaged)


@pytest.mark.parametrize(
    "url",
    [
        "{other}/v3/billdownload/file?token=1",
        "{ours}.example.com/v3/billdownload/file?token=1",
        "{ours}@127.0.0.1/v3/billdownload/file?token=1",
        "{ours}/v3/pay/transactions/out-trade-no/1/close",
        "{ours}/v3/billdownload/../pay/transactions/jsapi",
        "{ours}/v3/billdownload/file?token=1#x",
        "{ours}/v3/billdownload/file?token=\u4e00",
        "/v3/billdownload/file?token=1",
        None,
        7,
    ],
)
async def test_nothing_is_followed_to_anywhere_else(
    outside: Outside, http: Http, url: str | int | None
) -> None:
    signer = PaySigner.of(outside.credentials, lambda: datetime.now(UTC).timestamp())
    asked: list[str] = []

    async def announce(request: web.Request) -> web.Response:
        given = url.format(ours=ours, other=theirs) if isinstance(url, str) else url
        told = {"hash_type": "SHA1", "hash_value": "0" * 40, "download_url": given}
        body = web.json_response(told).body
        assert isinstance(body, bytes)
        return web.Response(body=body, headers=signer.headers(body))

    async def anything(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response()

    channel, elsewhere = web.Application(), web.Application()
    channel.add_routes([web.get(TRADES, announce), web.route("*", "/{rest:.*}", anything)])
    elsewhere.add_routes([web.route("*", "/{rest:.*}", anything)])
    async with TestServer(channel) as first, TestServer(elsewhere) as second:
        ours, theirs = (str(each.make_url("")).rstrip("/") for each in (first, second))
        with pytest.raises(BillDamaged):
            await WechatBills(exchange(outside, http, [ours])).trades(DAY)
    assert asked == []


async def test_an_unsigned_announcement_is_no_announcement(outside: Outside, http: Http) -> None:
    async def announce(request: web.Request) -> web.Response:
        url = f"http://{request.host}/v3/billdownload/file?token=1"
        return web.json_response({"hash_type": "SHA1", "hash_value": "0" * 40, "download_url": url})

    channel = web.Application()
    channel.add_routes([web.get(TRADES, announce)])
    async with TestServer(channel) as server:
        host = str(server.make_url("")).rstrip("/")
        with pytest.raises(OutsideUnavailable) as failed:
            await WechatBills(exchange(outside, http, [host])).trades(DAY)
    assert not isinstance(failed.value, BillAbsent | BillPending | BillDamaged)


async def test_a_file_without_end_is_cut_off(outside: Outside, books: ChannelBooks) -> None:
    books.paid("20260301aaa", 1, NOON)
    small = Http(max_answer=300)
    try:
        with pytest.raises(OutsideUnavailable):
            await WechatBills(exchange(outside, small)).trades(DAY)
    finally:
        await small.aclose()


def test_a_bill_is_read_line_by_line() -> None:
    bill = read(sheet(PAID, BACK))
    assert bill.payments == (BillPayment("20260301abc", "4200001", 375_000),)
    assert bill.refunds == (BillRefund("R1", "20260228xyz", "5030001", 7, RefundState.PENDING),)


def test_a_bill_may_have_columns_that_we_do_not_know() -> None:
    rows = sheet(PAID, BACK).split("\r\n")
    wider = [f"{rows[0]},新列", *(f"{line},`x" for line in rows[1:3]), *rows[3:]]
    assert read("\r\n".join(wider)) == read(sheet(PAID, BACK))


WRONG: dict[str, dict[str, str]] = {
    "a formula": {"商品名称": "=HYPERLINK(1)"},
    "a formula behind a plus": {"商户数据包": "+1"},
    "a formula behind an at": {"商户数据包": "@SUM(A1)"},
    "a formula behind a minus": {"商品名称": "-A1"},
    "a tab": {"商品名称": "\t=1"},
    "half a fen": {"订单金额": "3750.005"},
    "an exponent": {"订单金额": "3.75e3"},
    "a comma in an amount": {"订单金额": "3,750.00"},
    "no amount": {"订单金额": ""},
    "nothing": {"订单金额": "0.00"},
    "a negative amount": {"订单金额": "-3750.00"},
    "digits of other scripts": {"订单金额": "\u0663750.00"},
    "too large an amount": {"订单金额": "99999999999.00"},
    "an amount that the totals do not have": {"订单金额": "3750.01"},
    "money both ways": {"申请退款金额": "0.01"},
    "an unknown state": {"交易状态": "REVOKED"},
    "another merchant": {"商户号": "1900000001"},
    "another currency": {"货币种类": "USD"},
    "an odd number": {"商户订单号": "2026/../1"},
    "no number": {"商户订单号": ""},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_one_wrong_cell_and_the_bill_is_refused_whole(wrong: dict[str, str]) -> None:
    with pytest.raises(BillDamaged):
        read(sheet(PAID | wrong, BACK))


ODD: dict[str, str] = {
    "empty": "",
    "no totals": "\r\n".join(sheet(PAID, BACK).split("\r\n")[:3]),
    "no line of totals": "\r\n".join(sheet(PAID, BACK).split("\r\n")[:4]),
    "something behind": sheet(PAID, BACK) + "`1,`2\r\n",
    "a cell less": sheet(PAID, BACK).replace(",`0.01000", "", 1),
    "a cell more": sheet(PAID, BACK).replace(",`0.01000", ",`0.01000,`1", 1),
    "a column twice": sheet(PAID, BACK, header=HEADER.replace("设备号", "商户号")),
    "a column less": sheet(PAID, BACK, header=HEADER.replace("订单金额", "金额")),
    "a line without its backtick": sheet(PAID, BACK).replace("`2026", "2026", 1),
    "too few lines": sheet(PAID, sums=SUMS),
    "another count": sheet(PAID, BACK, sums=("3", *SUMS[1:])),
    "another sum": sheet(PAID, BACK, sums=(*SUMS[:5], "3750.01", "0.07")),
    "another sum of refunds": sheet(PAID, BACK, sums=(*SUMS[:5], "3750.00", "0.08")),
    "an error page": '{"code":"SYSTEM_ERROR"}',
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD.keys())
def test_a_bill_of_another_shape_is_refused_whole(text: str) -> None:
    with pytest.raises(BillDamaged):
        read(text)


def test_a_line_without_end_and_other_bytes_are_refused() -> None:
    for content in (b"x" * (MOST_LINE + 1), HEADER.encode("gbk"), b"\xff\xfe"):
        with pytest.raises(BillDamaged):
            read_trades(lines(iter([content])), MERCHANT, "d")


FLOWS = "记账时间,微信支付业务单号,业务名称,业务类型,收支类型,收支金额(元)"
FLOW_SUMS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"


def flow(*moves: tuple[str, str, str], sums: tuple[str, ...]) -> str:
    rows = [
        row(("2026-03-01 12:00:00", "4200001", kind, kind, way, yuan)) for kind, way, yuan in moves
    ]
    return "\n".join([FLOWS, *rows, FLOW_SUMS, row(sums)])


def test_a_fund_flow_tells_payments_and_refunds_from_the_rest() -> None:
    text = flow(
        ("交易", "收入", "3750.00"),
        ("扣除交易手续费", "支出", "22.50"),
        ("退款", "支出", "0.07"),
        ("提现", "支出", "100"),
        sums=("4", "1", "3750.00", "3", "122.57"),
    )
    assert read_flow(lines(iter([text.encode()])), "d") == FundFlow(375_000, 7, "d")


@pytest.mark.parametrize(
    "text",
    [
        flow(("交易", "收入", "1.00"), sums=("2", "1", "1.00", "0", "0.00")),
        flow(("交易", "收入", "1.00"), sums=("1", "0", "1.00", "1", "0.00")),
        flow(("交易", "收入", "1.00"), sums=("1", "1", "1.01", "0", "0.00")),
        flow(("交易", "收入", "-1.00"), sums=("1", "1", "-1.00", "0", "0.00")),
        flow(("交易", "转出", "1.00"), sums=("1", "0", "0.00", "0", "0.00")),
        flow(("交易", "=收入", "1.00"), sums=("1", "1", "1.00", "0", "0.00")),
    ],
)
def test_a_wrong_fund_flow_is_refused_whole(text: str) -> None:
    with pytest.raises(BillDamaged):
        read_flow(lines(iter([text.encode()])), "d")


def test_amounts_are_never_floats() -> None:
    assert [fen(text) for text in ("0", "0.07", "1.1", "22.50000", "-0.01000", "90071992.54")] == [
        *(0, 7, 110, 2250, -1, 9_007_199_254),
    ]


def test_a_file_is_unpacked_within_bounds() -> None:
    packed = gzip.compress(b"a" * 1_000_000)
    assert sum(map(len, unpacked(packed))) == 1_000_000
    assert digest_of(packed) == hashlib.sha1(b"a" * 1_000_000, usedforsecurity=False).hexdigest()
    for broken in (packed[:-9], packed + b"more", b"", b"plain", packed[:20] + packed[30:]):
        with pytest.raises(BillDamaged):
            digest_of(broken)


def test_a_bomb_is_refused() -> None:
    bomb = gzip.compress(bytes(300 * 1024 * 1024), 1)
    assert len(bomb) < 2_000_000
    with pytest.raises(BillDamaged):
        digest_of(bomb)
