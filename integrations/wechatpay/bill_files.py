"""The files of bills: gzip, then CSV in which each value has a backtick before it.

Two tables without a line between them: what happened, under a header, and the totals under
theirs. A file is read as it is unpacked, line by line, and believed only as a whole.
"""

import codecs
import hashlib
import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.errors import BillDamaged
from services.ports.bills import BillPayment, BillRefund, FundFlow, RefundState, TradeBill

MOST_BYTES = 256 * 1024 * 1024
CHUNK = 64 * 1024
MOST_LINE = 16 * 1024
GZIP = 16 + zlib.MAX_WBITS
_AMOUNT = re.compile(r"(-?)([0-9]{1,10})(?:\.([0-9]{1,5}))?")
_COUNT = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"[0-9A-Za-z_\-|*@]{1,64}")
# What a spreadsheet would take for a formula is nothing that the channel writes.
_FORMULA = re.compile(r"[=+@\t]|-(?![0-9])")
_STATES: Mapping[str, RefundState] = {
    "PROCESSING": RefundState.PENDING,
    "SUCCESS": RefundState.PAID,
    "FAIL": RefundState.FAILED,
    "FAILED": RefundState.FAILED,
    "CHANGE": RefundState.FAILED,
}
MERCHANT, TRADE, REFERENCE = "商户号", "微信订单号", "商户订单号"
STATE, ORDERED = "交易状态", "订单金额"
REFUND_ID, REFUND, ASKED, REFUND_STATE = "微信退款单号", "商户退款单号", "申请退款金额", "退款状态"
TRADE_COLUMNS = (
    *(MERCHANT, TRADE, REFERENCE, STATE, ORDERED, "货币种类"),
    *(REFUND_ID, REFUND, ASKED, REFUND_STATE),
)
TRADE_TOTALS = ("总交易单数", "订单总金额", "申请退款总金额")
KIND, DIRECTION, MOVED = "业务类型", "收支类型", "收支金额(元)"
FLOW_COLUMNS = (KIND, DIRECTION, MOVED)
FLOW_TOTALS = ("资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额")
PAYMENT, RETURN, IN, OUT = "交易", "退款", "收入", "支出"

Cells = Mapping[str, str]


def digest_of(packed: bytes) -> str:
    """Return the SHA1 (hex) of the file that is packed; raise ``BillDamaged``."""
    # The channel's own choice; that the file comes from it is what its signature says.
    digest = hashlib.sha1(usedforsecurity=False)
    for chunk in unpacked(packed):
        digest.update(chunk)
    return digest.hexdigest()


def unpacked(packed: bytes) -> Iterator[bytes]:
    """Yield the file piece by piece; raise ``BillDamaged`` for a broken or a boundless one."""
    engine, total = zlib.decompressobj(GZIP), 0
    try:
        left = packed
        while left and not engine.eof:
            piece = engine.decompress(left, CHUNK)
            left = engine.unconsumed_tail
            total += len(piece)
            if total > MOST_BYTES:
                raise BillDamaged
            yield piece
    except zlib.error as error:
        raise BillDamaged from error
    if not engine.eof or engine.unused_data:
        raise BillDamaged


def lines(chunks: Iterator[bytes]) -> Iterator[str]:
    """Yield the lines of a UTF-8 file, with or without a mark at its beginning."""
    decoder, rest = codecs.getincrementaldecoder("utf-8-sig")(), ""
    try:
        for chunk in chunks:
            *whole, rest = (rest + decoder.decode(chunk)).split("\n")
            if len(rest) > MOST_LINE:
                raise BillDamaged
            yield from (line.removesuffix("\r") for line in whole)
        rest += decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        raise BillDamaged from error
    if rest:
        yield rest.removesuffix("\r")


@dataclass
class Table:
    """The two tables of a bill, as a walk through its lines; ``totals`` are there afterwards."""

    columns: Sequence[str]
    total_columns: Sequence[str]
    totals: Cells | None = None
    count: int = 0

    def walk(self, found: Iterator[str]) -> Iterator[Cells]:
        """Yield each line of the first table by its columns; raise ``BillDamaged``."""
        header = _header(next(found, ""), self.columns)
        for line in found:
            if not line.startswith("`"):
                self.totals = self._end(_header(line, self.total_columns), found)
                return
            self.count += 1
            yield _cells(line, header)
        raise BillDamaged

    def _end(self, header: Sequence[str], found: Iterator[str]) -> Cells:
        totals = _cells(next(found, ""), header)
        if any(line.strip() for line in found):
            raise BillDamaged
        return totals


def read_trades(found: Iterator[str], merchant: str, digest: str) -> TradeBill:
    """Read a trade bill of type ALL; raise ``BillDamaged`` for one wrong cell anywhere."""
    table = Table(TRADE_COLUMNS, TRADE_TOTALS)
    payments: list[BillPayment] = []
    refunds: list[BillRefund] = []
    for cells in table.walk(found):
        if cells[MERCHANT] != merchant or cells["货币种类"] != "CNY":
            raise BillDamaged
        if cells[STATE] == "SUCCESS":
            payments.append(_payment(cells))
        elif cells[STATE] == "REFUND":
            refunds.append(_refund(cells))
        else:
            raise BillDamaged
    totals = table.totals or {}
    asked = sum(each.amount_fen for each in refunds)
    bill = TradeBill(tuple(payments), tuple(refunds), digest)
    # Whether refunds count as 交易 is not written down anywhere; the sums are.
    counted = _count(totals["总交易单数"]) in (table.count, len(payments))
    if not counted or (fen(totals["订单总金额"]), fen(totals["申请退款总金额"])) != (
        bill.paid_fen,
        asked,
    ):
        raise BillDamaged
    return bill


def read_flow(found: Iterator[str], digest: str) -> FundFlow:
    """Read a fund-flow bill; raise ``BillDamaged`` for one wrong cell anywhere."""
    table = Table(FLOW_COLUMNS, FLOW_TOTALS)
    sums = {IN: 0, OUT: 0}
    counts = {IN: 0, OUT: 0}
    moved = {(PAYMENT, IN): 0, (RETURN, OUT): 0}
    for cells in table.walk(found):
        direction, amount = cells[DIRECTION], fen(cells[MOVED])
        if direction not in sums or amount < 0:
            raise BillDamaged
        sums[direction] += amount
        counts[direction] += 1
        if (cells[KIND], direction) in moved:
            moved[cells[KIND], direction] += amount
    said = table.totals or {}
    numbers = tuple(_count(said[name]) for name in ("资金流水总笔数", "收入笔数", "支出笔数"))
    if numbers != (table.count, counts[IN], counts[OUT]) or sums != {
        IN: fen(said["收入金额"]),
        OUT: fen(said["支出金额"]),
    }:
        raise BillDamaged
    return FundFlow(moved[PAYMENT, IN], moved[RETURN, OUT], digest)


def fen(yuan: str) -> int:
    """Return an amount in yuan as integer fen; raise ``BillDamaged`` for a part of a fen."""
    match = _AMOUNT.fullmatch(yuan)
    if match is None:
        raise BillDamaged
    sign, whole, part = match[1], match[2], (match[3] or "").ljust(5, "0")
    if part[2:].strip("0"):
        raise BillDamaged
    amount = int(whole) * 100 + int(part[:2])
    return -amount if sign else amount


def _payment(cells: Cells) -> BillPayment:
    amount = fen(cells[ORDERED])
    if amount <= 0 or fen(cells[ASKED]):
        raise BillDamaged
    return BillPayment(_number(cells[REFERENCE]), _number(cells[TRADE]), amount)


def _refund(cells: Cells) -> BillRefund:
    amount = fen(cells[ASKED])
    state = _STATES.get(cells[REFUND_STATE])
    if amount <= 0 or fen(cells[ORDERED]) or state is None:
        raise BillDamaged
    number, order = _number(cells[REFUND]), _number(cells[REFERENCE])
    return BillRefund(number, order, _number(cells[REFUND_ID]), amount, state)


def _header(line: str, wanted: Sequence[str]) -> Sequence[str]:
    names = line.split(",")
    if len(set(names)) != len(names) or not set(wanted) <= set(names):
        raise BillDamaged
    return names


def _cells(line: str, header: Sequence[str]) -> Cells:
    """Split at a comma with a backtick behind it: the name of a thing may hold a comma."""
    values = line.removeprefix("`").split(",`")
    if not line.startswith("`") or len(values) != len(header):
        raise BillDamaged
    if any(_FORMULA.match(value) for value in values):
        raise BillDamaged
    return dict(zip(header, values, strict=True))


def _checked(pattern: re.Pattern[str]) -> Callable[[str], str]:
    def read(value: str) -> str:
        if pattern.fullmatch(value) is None:
            raise BillDamaged
        return value

    return read


_number = _checked(_NUMBER)
_counted = _checked(_COUNT)


def _count(value: str) -> int:
    return int(_counted(value))
