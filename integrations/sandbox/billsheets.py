"""How a bill is written: UTF-8 with a mark, a backtick before each value, amounts in yuan."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .answers import local_time
from .credentials import Credentials

_TRADES = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,"
    "付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,充值券退款金额,"
    "退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注"
)
_TRADE_TOTALS = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额"
)
_FLOWS = (
    "记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),"
    "资金变更提交申请人,备注,业务凭证号"
)
_FLOW_TOTALS = "资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额"
# What the sandbox knows of a refund, as a bill says it.
_REFUND_STATES = {"SUCCESS": "SUCCESS", "PROCESSING": "PROCESSING"}


@dataclass(frozen=True)
class Moved:
    """Money of one order that came in."""

    at: float
    transaction_id: str
    out_trade_no: str
    amount_fen: int
    openid: str
    description: str
    trade_type: str


@dataclass(frozen=True)
class Refunded(Moved):
    """Money of one order that goes back."""

    refund_id: str
    out_refund_no: str
    state: str


def trade_bill(
    credentials: Credentials, paid: Sequence[Moved], refunded: Sequence[Refunded]
) -> bytes:
    """Return the 交易账单 of type ALL."""
    lines = [_trade(credentials, each) for each in paid]
    lines += [_refund(credentials, each) for each in refunded]
    came = _yuan(sum(each.amount_fen for each in paid))
    went = _yuan(sum(each.amount_fen for each in refunded))
    totals = [str(len(lines)), came, went, "0.00", "0.00000", came, went]
    return _written(_TRADES, lines, _TRADE_TOTALS, totals)


def flow_bill(paid: Sequence[Moved], refunded: Sequence[Refunded]) -> bytes:
    """Return the 资金账单 of the account that payments come into."""
    going = [each for each in refunded if each.state in _REFUND_STATES]
    moves = [(each, each.transaction_id, "交易", "收入") for each in paid]
    moves += [(each, each.refund_id, "退款", "支出") for each in going]
    balance, lines = 0, []
    for each, reference, kind, direction in moves:
        balance += each.amount_fen if direction == "收入" else -each.amount_fen
        flow_id = f"wxsandbox{secrets.randbelow(10**16):016d}"
        lines.append(
            [
                *(local_time(each.at), reference, flow_id, kind, kind, direction),
                *(_yuan(each.amount_fen), _yuan(balance), "system", "", each.out_trade_no),
            ]
        )
    came = _yuan(sum(each.amount_fen for each in paid))
    went = _yuan(sum(each.amount_fen for each in going))
    totals = [str(len(lines)), str(len(paid)), came, str(len(going)), went]
    return _written(_FLOWS, lines, _FLOW_TOTALS, totals)


def _trade(credentials: Credentials, paid: Moved) -> list[str]:
    amount = _yuan(paid.amount_fen)
    return [
        *_head(credentials, paid, "SUCCESS"),
        *(amount, "0.00", "0", "0", "0.00", "0.00", "", "", paid.description, ""),
        *("0.00000", "0.00%", amount, "0.00", ""),
    ]


def _refund(credentials: Credentials, refund: Refunded) -> list[str]:
    amount = _yuan(refund.amount_fen)
    return [
        *_head(credentials, refund, "REFUND"),
        *("0.00", "0.00", refund.refund_id, refund.out_refund_no, amount, "0.00", "ORIGINAL"),
        *(_REFUND_STATES.get(refund.state, "FAIL"), refund.description, ""),
        *("0.00000", "0.00%", "0.00", amount, ""),
    ]


def _head(credentials: Credentials, moved: Moved, state: str) -> list[str]:
    return [
        *(local_time(moved.at), credentials.appid, credentials.merchant_id, "0", ""),
        *(
            moved.transaction_id,
            moved.out_trade_no,
            moved.openid,
            moved.trade_type,
            state,
            "OTHERS",
            "CNY",
        ),
    ]


def _yuan(amount_fen: int) -> str:
    sign, amount = ("-" if amount_fen < 0 else ""), abs(amount_fen)
    return f"{sign}{amount // 100}.{amount % 100:02d}"


def _written(
    header: str, lines: Iterable[Sequence[str]], total_header: str, totals: Sequence[str]
) -> bytes:
    rows = [header, *(_row(line) for line in lines), total_header, _row(totals)]
    return ("\ufeff" + "".join(f"{row}\r\n" for row in rows)).encode()


def _row(values: Sequence[str]) -> str:
    return ",".join(f"`{value}" for value in values)
