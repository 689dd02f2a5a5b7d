"""Reconciliation: each difference by its name, once, and nothing where the books agree."""

from dataclasses import replace
from typing import Any

import pytest

from models.rules.bills import BillPayment, BillRefund, FundFlow, RefundState, TradeBill
from models.rules.differences import Differs, Mend
from models.rules.reconciliation import (
    Books,
    OurCase,
    OurFee,
    OurOrder,
    OurRefund,
    compare,
)
from models.rules.states import MonitorLight, PaymentStatus

ORDER = OurOrder("N1", "c1", "f1", "PAID", 500, "T1", True)
REFUND = OurRefund("R1", "N1", "c1", "PAID", 200, True)
FEE = OurFee("f1", "c1", True)
CASE = OurCase("c1", PaymentStatus.PAID, False)
LINE = BillPayment("N1", "T1", 500)
BACK = BillRefund("R1", "N1", "Q1", 200, RefundState.PAID)


def books(**changes: Any) -> Books:
    given: dict[str, Any] = {"orders": [ORDER], "refunds": [], "fees": [FEE], "cases": [CASE]}
    return Books(**{**given, **changes})


def found(
    ours: Books, *lines: BillPayment, refunds: tuple[BillRefund, ...] = ()
) -> list[tuple[Differs, str]]:
    bill = TradeBill(lines, refunds)
    flow = FundFlow(bill.paid_fen, bill.refunded_fen)
    return [(each.code, each.subject) for each in compare("2026-03-01", bill, flow, ours)]


def test_books_that_agree_differ_in_nothing() -> None:
    ours = books(refunds=[REFUND])
    assert found(ours, LINE, refunds=(BACK,)) == []


def test_an_empty_day_differs_in_nothing() -> None:
    assert found(Books()) == []
    assert Books().is_idle
    assert not books().is_idle


@pytest.mark.parametrize("status", ["CREATED", "PAYING"])
def test_what_was_paid_there_is_asked_for_here(status: str) -> None:
    ours = books(
        orders=[replace(ORDER, status=status, transaction_id=None, on_day=False)],
        fees=[replace(FEE, settled=False)],
        cases=[replace(CASE, payment=PaymentStatus.UNPAID)],
    )
    assert found(ours, LINE) == [(Differs.PAID_THERE_OPEN, "N1")]
    assert Differs.PAID_THERE_OPEN.mend is Mend.ASK_ORDER


def test_a_closed_order_that_was_paid_is_returned() -> None:
    closed = replace(ORDER, status="CLOSED", transaction_id=None, on_day=False)
    paid = replace(ORDER, number="N2", transaction_id="T2")
    lines = (LINE, BillPayment("N2", "T2", 500))
    ours = books(orders=[closed, paid])
    assert found(ours, *lines) == [(Differs.PAID_THERE_CLOSED, "N1")]
    back = replace(REFUND, amount_fen=500, status="REQUESTED", on_day=False)
    assert found(replace(ours, refunds=[back]), *lines) == []
    refused = replace(back, status="REFUSED")
    assert found(replace(ours, refunds=[refused]), *lines) == [(Differs.PAID_THERE_CLOSED, "N1")]
    part = replace(back, amount_fen=499)
    assert found(replace(ours, refunds=[part]), *lines) == [(Differs.PAID_THERE_CLOSED, "N1")]


def test_a_payment_that_we_do_not_know_is_named() -> None:
    stranger = BillPayment("N9", "T9", 1)
    assert found(books(), LINE, stranger) == [(Differs.PAID_THERE_UNKNOWN, "N9")]


def test_a_payment_that_only_we_know_is_named_on_its_day() -> None:
    assert found(books()) == [(Differs.PAID_HERE_ONLY, "N1")]
    assert found(books(orders=[replace(ORDER, on_day=False)])) == []


def test_amounts_and_transactions_are_compared() -> None:
    assert found(books(), replace(LINE, amount_fen=501)) == [(Differs.AMOUNT_DIFFERS, "N1")]
    other = replace(LINE, transaction_id="T2")
    assert found(books(), other) == [(Differs.TRANSACTION_DIFFERS, "N1")]
    # With both lines it was paid twice, and the second is what differs.
    assert found(books(), LINE, other) == [(Differs.TRANSACTION_DIFFERS, "N1")]


@pytest.mark.parametrize(
    ("status", "state", "code"),
    [
        ("REQUESTED", RefundState.PENDING, Differs.REFUND_THERE_ONLY),
        ("FINANCE_APPROVED", RefundState.PAID, Differs.REFUND_THERE_ONLY),
        ("SENDING", RefundState.PENDING, None),
        ("SENT", RefundState.PENDING, None),
        ("SENT", RefundState.PAID, Differs.REFUND_THERE_ONLY),
        ("REFUSED", RefundState.PAID, Differs.REFUND_THERE_ONLY),
        ("PAID", RefundState.PENDING, None),
        ("PAID", RefundState.PAID, None),
        ("PAID", RefundState.FAILED, Differs.REFUND_FAILED_THERE),
        ("SENT", RefundState.FAILED, Differs.REFUND_FAILED_THERE),
        ("ABNORMAL", RefundState.FAILED, None),
        ("CLOSED", RefundState.FAILED, None),
        ("CLOSED", RefundState.PAID, Differs.REFUND_THERE_ONLY),
    ],
)
def test_a_refund_is_as_far_here_as_there(
    status: str, state: RefundState, code: Differs | None
) -> None:
    ours = books(refunds=[replace(REFUND, status=status)])
    wanted = [] if code is None else [(code, "R1")]
    assert found(ours, LINE, refunds=(replace(BACK, state=state),)) == wanted


def test_refunds_are_compared_with_their_orders() -> None:
    ours = books(refunds=[REFUND])
    assert found(ours, LINE) == [(Differs.REFUND_HERE_ONLY, "R1")]
    assert found(books(refunds=[replace(REFUND, on_day=False)]), LINE) == []
    assert found(books(refunds=[replace(REFUND, status="REQUESTED")]), LINE) == []
    wrong = [replace(BACK, amount_fen=201), replace(BACK, order="N2")]
    for line in wrong:
        assert found(ours, LINE, refunds=(line,)) == [(Differs.REFUND_AMOUNT_DIFFERS, "R1")]
    unknown = replace(BACK, number="R9")
    assert found(books(), LINE, refunds=(unknown,)) == [(Differs.REFUND_THERE_UNKNOWN, "R9")]


def test_more_than_was_paid_does_not_go_back() -> None:
    second = replace(REFUND, number="R2", amount_fen=301, on_day=False)
    assert found(books(refunds=[REFUND, second]), LINE, refunds=(BACK,)) == [
        (Differs.REFUNDED_TOO_MUCH, "N1")
    ]
    abnormal = replace(second, status="ABNORMAL")
    assert found(books(refunds=[REFUND, abnormal]), LINE, refunds=(BACK,)) == []


def test_a_fee_is_paid_once() -> None:
    second = replace(ORDER, number="N2", status="CLOSED", transaction_id=None, on_day=False)
    assert found(books(orders=[ORDER, second]), LINE) == []
    second = replace(second, surplus=True)
    ours = books(orders=[ORDER, second])
    line = BillPayment("N2", "T2", 500)
    assert found(ours, LINE, line) == [(Differs.FEE_PAID_TWICE, "f1")]
    assert found(ours, LINE) == [(Differs.FEE_PAID_TWICE, "f1")]
    whole = OurRefund("R2", "N2", "c1", "SENT", 500, False)
    assert found(replace(ours, refunds=[whole]), LINE) == []
    refused = replace(whole, status="REFUSED")
    assert found(replace(ours, refunds=[refused]), LINE) == [(Differs.FEE_PAID_TWICE, "f1")]


def test_the_money_of_an_ended_case_is_on_its_way_back() -> None:
    ended = books(cases=[replace(CASE, returns=True)])
    assert found(ended, LINE) == [(Differs.ENDED_CASE_PAID, "N1")]
    whole = replace(REFUND, amount_fen=500, status="REQUESTED", on_day=False)
    assert found(replace(ended, refunds=[whole]), LINE) == []


def test_money_settles_a_fee() -> None:
    ours = books(
        fees=[replace(FEE, settled=False)],
        cases=[replace(CASE, payment=PaymentStatus.UNPAID)],
    )
    assert found(ours, LINE) == [(Differs.MONEY_UNUSED, "N1")]
    surplus = [replace(ORDER, status="CLOSED", on_day=False, surplus=True)]
    assert found(books(orders=surplus), LINE) == [(Differs.MONEY_UNUSED, "N1")]
    ended = replace(ours, cases=[OurCase("c1", PaymentStatus.UNPAID, True)])
    assert found(ended, LINE) == [(Differs.ENDED_CASE_PAID, "N1")]


def test_a_case_says_what_its_fee_says() -> None:
    nothing: dict[str, Any] = {"orders": []}
    open_fee = [replace(FEE, settled=False)]
    assert found(books(fees=open_fee, **nothing)) == [(Differs.CASE_PAID_FEE_OPEN, "c1")]
    assert found(books(fees=[], **nothing)) == [(Differs.CASE_PAID_FEE_OPEN, "c1")]
    owing = [replace(CASE, payment=PaymentStatus.UNPAID)]
    assert found(books(cases=owing, **nothing)) == [(Differs.FEE_SETTLED_CASE_OPEN, "c1")]
    assert found(books(cases=owing, fees=open_fee, **nothing)) == []
    for status in (PaymentStatus.REFUNDING, PaymentStatus.REFUNDED, PaymentStatus.WAIVED):
        assert found(books(cases=[replace(CASE, payment=status)], **nothing)) == []


def test_the_flow_of_funds_is_the_sum_of_the_trades() -> None:
    failed = replace(BACK, number="R2", state=RefundState.FAILED)
    bill = TradeBill((LINE,), (BACK, failed))
    ours = books(refunds=[REFUND, replace(REFUND, number="R2", status="ABNORMAL")])
    assert compare("2026-03-01", bill, FundFlow(500, 200), ours) == []
    codes = [each.code for each in compare("2026-03-01", bill, FundFlow(499, 201), ours)]
    assert codes == [Differs.FLOW_PAYMENTS_DIFFER, Differs.FLOW_REFUNDS_DIFFER]
    [first, _] = compare("2026-03-01", bill, FundFlow(499, 201), ours)
    assert first.key == "FLOW_PAYMENTS_DIFFER:2026-03-01"
    assert first.facts == {"bill_fen": 500, "flow_fen": 499}


def test_every_difference_has_a_sentence_and_only_asking_is_safe() -> None:
    assert all(each.sentence.endswith("。") and len(each.value) <= 32 for each in Differs)
    assert {each.light for each in Differs} == {MonitorLight.RED, MonitorLight.YELLOW}
    asking = {each for each in Differs if each.mend is not Mend.NONE}
    assert asking == {
        *(Differs.PAID_THERE_OPEN, Differs.PAID_THERE_CLOSED, Differs.PAID_HERE_ONLY),
        *(Differs.REFUND_THERE_ONLY, Differs.REFUND_HERE_ONLY, Differs.REFUND_FAILED_THERE),
    }


def test_a_bill_of_one_channel_tells_nothing_of_anothers_order() -> None:
    theirs = replace(ORDER, status="PAID", on_day=False, elsewhere=True)
    assert found(books(orders=[theirs])) == []
    assert found(books(orders=[theirs]), LINE) == [(Differs.PAID_THERE_UNKNOWN, "N1")]
