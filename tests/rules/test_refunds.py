"""Refunds: one state from any order of what was said; when a fee goes back; how much is left."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.rules.lint import lint
from models.rules.refunds import (
    RefundReason,
    RefundState,
    RefundStatus,
    Share,
    payment_status,
    reduce,
    refund_at,
    remaining,
    yuan,
)
from models.rules.states import PaymentStatus, State
from tests.rules.items import item, refused, warned

P, S, C, A = (RefundState[name] for name in ("PROCESSING", "SUCCESS", "CLOSED", "ABNORMAL"))


def test_nothing_said_is_no_state() -> None:
    assert reduce([]) is None


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ([P], RefundStatus.SENT),
        ([P, C], RefundStatus.ABNORMAL),
        ([P, A], RefundStatus.ABNORMAL),
        ([P, S], RefundStatus.PAID),
        ([P, A, C, P, S, S], RefundStatus.PAID),
    ],
)
def test_every_order_and_copy_comes_to_the_same(
    said: list[RefundState], status: RefundStatus
) -> None:
    assert {reduce(order) for order in permutations(said)} == {status}
    assert {reduce(order * 2) for order in permutations(said)} == {status}


@given(st.lists(st.sampled_from(RefundState), min_size=1), st.sampled_from(RefundState))
def test_money_that_arrived_stays_arrived(said: list[RefundState], more: RefundState) -> None:
    if S in said:
        assert reduce([*said, more]) is RefundStatus.PAID


NO_RESULT = ("NOT_ACCEPTED", "REJECTED", "WITHDRAWN", "WITHDRAWN_DEEMED", "TERMINATED")


@pytest.mark.parametrize("state", State)
def test_a_fee_goes_back_where_nothing_was_given_for_it(state: State) -> None:
    reason = refund_at({"charged": True}, state)
    assert reason == (RefundReason(state.value) if state.value in NO_RESULT else None)


def test_an_item_can_keep_a_fee_where_its_law_says_so() -> None:
    fee = {"charged": True, "refund_on": ["NOT_ACCEPTED"]}
    assert refund_at(fee, State.NOT_ACCEPTED) is RefundReason.NOT_ACCEPTED
    assert refund_at(fee, State.REJECTED) is None
    assert refund_at({"charged": True, "refund_on": []}, State.WITHDRAWN) is None


def test_what_is_left_counts_everything_that_was_not_refused() -> None:
    shares = [
        Share(RefundStatus.PAID, 100),
        Share(RefundStatus.REQUESTED, 20),
        Share(RefundStatus.REFUSED, 500),
        Share(RefundStatus.ABNORMAL, 3),
    ]
    assert remaining(1000, shares) == 877
    assert remaining(1000, []) == 1000


@pytest.mark.parametrize(
    ("shares", "status"),
    [
        ([], PaymentStatus.PAID),
        ([Share(RefundStatus.REFUSED, 100)], PaymentStatus.PAID),
        ([Share(RefundStatus.PAID, 60)], PaymentStatus.PAID),
        ([Share(RefundStatus.PAID, 60), Share(RefundStatus.PAID, 40)], PaymentStatus.REFUNDED),
        ([Share(RefundStatus.PAID, 60), Share(RefundStatus.SENT, 40)], PaymentStatus.REFUNDING),
        ([Share(RefundStatus.ABNORMAL, 100)], PaymentStatus.REFUNDING),
        ([Share(RefundStatus.REQUESTED, 1)], PaymentStatus.REFUNDING),
    ],
)
def test_the_case_says_what_its_refunds_come_to(shares: list[Share], status: PaymentStatus) -> None:
    assert payment_status(100, shares) is status


@pytest.mark.parametrize(
    ("fen", "text"), [(1, "0.01元"), (8000, "80.00元"), (2_147_483_647, "21474836.47元")]
)
def test_amounts_are_told_in_yuan(fen: int, text: str) -> None:
    assert yuan(fen) == text


def test_an_item_says_by_law_when_it_keeps_its_fee() -> None:
    assert "fee_kept" not in warned(item("item10"))
    kept = item("item10", fee__refund_on=["NOT_ACCEPTED", "REJECTED"])
    found = [finding for finding in lint(kept) if finding.code == "fee_kept"]
    assert len(found) == 3
    assert not any(finding.refuses for finding in found)
    assert "fee_kept" not in warned(item("item01", fee__refund_on=[]))


@pytest.mark.parametrize("value", ["REJECTED", ["DELIVERED"], [5], {"REJECTED": True}, None])
def test_what_is_no_list_of_ends_is_refused(value: object) -> None:
    assert refused(item("item10", fee__refund_on=value))


def test_what_was_closed_takes_nothing_of_an_order() -> None:
    """Its money goes by the one in its place, which is counted instead."""
    closed = Share(RefundStatus.CLOSED, 500)
    assert remaining(500, [closed]) == 500
    assert remaining(500, [closed, Share(RefundStatus.SENT, 500)]) == 0
    assert payment_status(500, [closed]) is PaymentStatus.PAID
    back = [closed, Share(RefundStatus.PAID, 500)]
    assert payment_status(500, back) is PaymentStatus.REFUNDED
