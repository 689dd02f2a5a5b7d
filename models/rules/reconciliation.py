"""Reconciliation (对账): a channel's bill of a day x our books, every difference by its name.

Nothing here asks anybody or changes anything: what is found, how bad it is, and whether asking
the channel once more is a safe way to mend it.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from models.rules.bills import BillPayment, BillRefund, FundFlow, RefundState, TradeBill
from models.rules.differences import Difference, Differs
from models.rules.states import PaymentStatus

PAID, CLOSED = "PAID", "CLOSED"
# A refund counts as money back unless somebody refused it, or the channel could not pay it out.
NO_MONEY = ("REFUSED", "ABNORMAL", "CLOSED")
SENT = ("SENDING", "SENT", "PAID", "ABNORMAL", "CLOSED")


@dataclass(frozen=True)
class OurOrder:
    """``on_day``: by our books it was paid on the day of the bill; ``surplus``: the channel told
    us of a payment that settles nothing, for the order was closed or its case over; ``elsewhere``:
    it is an order of another channel, about which the bill says nothing.
    """

    number: str
    case: str
    fee: str
    status: str
    amount_fen: int
    transaction_id: str | None
    on_day: bool
    surplus: bool = False
    elsewhere: bool = False


@dataclass(frozen=True)
class OurRefund:
    """``on_day``: by our books the channel took it on the day of the bill."""

    number: str
    order: str
    case: str
    status: str
    amount_fen: int
    on_day: bool


@dataclass(frozen=True)
class OurFee:
    id: str
    case: str
    settled: bool


@dataclass(frozen=True)
class OurCase:
    """``returns``: it ended so that what was paid for it goes back."""

    id: str
    payment: PaymentStatus
    returns: bool


@dataclass(frozen=True)
class Books:
    """What we know of everything that a day is about."""

    orders: Sequence[OurOrder] = ()
    refunds: Sequence[OurRefund] = ()
    fees: Sequence[OurFee] = ()
    cases: Sequence[OurCase] = ()

    @property
    def is_idle(self) -> bool:
        """Tell whether by our books no money moved on the day."""
        moved = [each.on_day for each in self.orders] + [each.on_day for each in self.refunds]
        return not any(moved)

    @cached_property
    def order(self) -> dict[str, OurOrder]:
        return {each.number: each for each in self.orders}

    @cached_property
    def refund(self) -> dict[str, OurRefund]:
        return {each.number: each for each in self.refunds}

    @cached_property
    def back(self) -> dict[str, int]:
        """Return how much of each order went back, or is to."""
        found: dict[str, int] = defaultdict(int)
        for each in self.refunds:
            if each.status not in NO_MONEY:
                found[each.order] += each.amount_fen
        return dict(found)

    def is_kept(self, order: OurOrder) -> bool:
        """Tell whether an order's money is here and no refund of all of it is under way."""
        came = order.status == PAID or order.surplus
        return came and self.back.get(order.number, 0) < order.amount_fen


def compare(day: str, bill: TradeBill, flow: FundFlow, books: Books) -> Sequence[Difference]:
    """Return every difference of a day, each once; ``day`` names what is about the day itself."""
    found = [
        *_payments(bill, books),
        *_refunds(bill, books),
        *_fees(books),
        *_cases(books),
        *_totals(day, bill, flow),
    ]
    return list({each.key: each for each in found}.values())


def _payments(bill: TradeBill, books: Books) -> Iterator[Difference]:
    for line in bill.payments:
        order = books.order.get(line.number)
        if order is None or order.elsewhere:
            yield Difference(
                Differs.PAID_THERE_UNKNOWN,
                line.number,
                order=line.number,
                facts={"there_fen": line.amount_fen, "transaction_id": line.transaction_id},
            )
        elif code := _paid_there(line, order, books):
            yield Difference(
                code,
                line.number,
                order=line.number,
                case=order.case,
                facts={
                    "there_fen": line.amount_fen,
                    "here_fen": order.amount_fen,
                    "transaction_id": line.transaction_id,
                },
            )
    listed = {line.number for line in bill.payments}
    for order in books.orders:
        if order.on_day and order.status == PAID and order.number not in listed:
            yield Difference(
                Differs.PAID_HERE_ONLY,
                order.number,
                order=order.number,
                case=order.case,
                facts={"here_fen": order.amount_fen},
            )


def _paid_there(line: BillPayment, order: OurOrder, books: Books) -> Differs | None:
    if line.amount_fen != order.amount_fen:
        return Differs.AMOUNT_DIFFERS
    if order.status == PAID:
        same = line.transaction_id == order.transaction_id
        return None if same else Differs.TRANSACTION_DIFFERS
    if order.status == CLOSED:
        # Once we have heard of it, what is wrong with it is for the fees to say.
        known = order.surplus or books.back.get(order.number, 0) >= order.amount_fen
        return None if known else Differs.PAID_THERE_CLOSED
    return Differs.PAID_THERE_OPEN


def _refunds(bill: TradeBill, books: Books) -> Iterator[Difference]:
    for line in bill.refunds:
        refund = books.refund.get(line.number)
        if code := _refunded_there(line, refund):
            yield Difference(
                code,
                line.number,
                order=line.order,
                refund=line.number,
                case=None if refund is None else refund.case,
                facts={"there_fen": line.amount_fen}
                | ({} if refund is None else {"here_fen": refund.amount_fen}),
            )
    listed = {line.number for line in bill.refunds}
    for refund in books.refunds:
        if refund.on_day and refund.status in SENT and refund.number not in listed:
            yield Difference(
                Differs.REFUND_HERE_ONLY,
                refund.number,
                order=refund.order,
                refund=refund.number,
                case=refund.case,
                facts={"here_fen": refund.amount_fen},
            )
    for number, back in books.back.items():
        order = books.order.get(number)
        if order is not None and back > order.amount_fen:
            yield Difference(
                Differs.REFUNDED_TOO_MUCH,
                number,
                order=number,
                case=order.case,
                facts={"here_fen": order.amount_fen, "back_fen": back},
            )


def _refunded_there(line: BillRefund, refund: OurRefund | None) -> Differs | None:
    if refund is None:
        return Differs.REFUND_THERE_UNKNOWN
    if (line.amount_fen, line.order) != (refund.amount_fen, refund.order):
        return Differs.REFUND_AMOUNT_DIFFERS
    if line.state is RefundState.FAILED:
        return None if refund.status in NO_MONEY else Differs.REFUND_FAILED_THERE
    # The bill tells what was true when it was made: that we know more by now is no difference.
    known = SENT if line.state is RefundState.PENDING else (PAID,)
    return None if refund.status in known else Differs.REFUND_THERE_ONLY


def _fees(books: Books) -> Iterator[Difference]:
    settled = {fee.id: fee.settled for fee in books.fees}
    returning = {case.id for case in books.cases if case.returns}
    kept: dict[str, list[OurOrder]] = defaultdict(list)
    for order in books.orders:
        if books.is_kept(order):
            kept[order.fee].append(order)
    for fee, orders in kept.items():
        case = orders[0].case
        if len(orders) > 1:
            facts = {"orders": " ".join(sorted(order.number for order in orders))}
            yield Difference(Differs.FEE_PAID_TWICE, fee, case=case, facts=facts)
        for order in orders:
            code: Differs | None = None
            if case in returning:
                code = Differs.ENDED_CASE_PAID
            elif not settled.get(fee, True) or (order.surplus and len(orders) == 1):
                code = Differs.MONEY_UNUSED
            if code is not None:
                yield Difference(
                    code,
                    order.number,
                    order=order.number,
                    case=case,
                    facts={"here_fen": order.amount_fen},
                )


def _cases(books: Books) -> Iterator[Difference]:
    fees: dict[str, list[bool]] = defaultdict(list)
    for fee in books.fees:
        fees[fee.case].append(fee.settled)
    for case in books.cases:
        known = fees[case.id]
        if case.payment is PaymentStatus.PAID and not (known and all(known)):
            yield Difference(Differs.CASE_PAID_FEE_OPEN, case.id, case=case.id)
        if case.payment is PaymentStatus.UNPAID and known and all(known):
            yield Difference(Differs.FEE_SETTLED_CASE_OPEN, case.id, case=case.id)


def _totals(day: str, bill: TradeBill, flow: FundFlow) -> Iterator[Difference]:
    for code, there, moved in (
        (Differs.FLOW_PAYMENTS_DIFFER, bill.paid_fen, flow.received_fen),
        (Differs.FLOW_REFUNDS_DIFFER, bill.refunded_fen, flow.returned_fen),
    ):
        if there != moved:
            yield Difference(code, day, facts={"bill_fen": there, "flow_fen": moved})
