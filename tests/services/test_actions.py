"""What an applicant can do next, in every state."""

import pytest

from models.rules.reasons import RatingStage
from models.rules.states import DeliveryMethod, State
from services.actions import Standing, actions_for

CHOOSE = "choose_delivery"
REQUEST = "request_withdrawal"
# Read off the lifecycle by hand: who has not chosen a way of delivery and owes nothing.
CODES = {
    "DRAFT": ["submit"],
    "SUBMITTED": [CHOOSE, "withdraw"],
    "PRE_REVIEWING": [CHOOSE, "withdraw"],
    "CORRECTION_REQUIRED": ["resubmit", CHOOSE, "withdraw"],
    "PRE_REVIEW_PASSED": ["bring_originals", CHOOSE, "withdraw"],
    "AWAIT_PREPAYMENT": [CHOOSE, "withdraw"],
    "ACCEPTED": [CHOOSE, REQUEST],
    "UNDER_REVIEW": [CHOOSE, REQUEST],
    "SUSPENDED": [CHOOSE, REQUEST],
    "APPROVED": [CHOOSE],
    "REJECTED": [CHOOSE],
    "AWAIT_PAYMENT": [CHOOSE],
    "ORIGINALS_CHECK": ["bring_originals", CHOOSE, REQUEST],
    "ORIGINALS_SUPPLEMENT": ["bring_originals", CHOOSE, REQUEST],
    "RESULT_READY": [CHOOSE],
    "DELIVERING": [],
    "DELIVERED": [],
    "NOT_ACCEPTED": [],
    "WITHDRAWN": [],
    "WITHDRAWN_DEEMED": [],
    "TERMINATED": [],
    "ARCHIVED": [],
    "VOIDED": [],
}


def codes(standing: Standing) -> list[str]:
    return [action.code for action in actions_for(standing)]


def test_every_state_has_its_actions() -> None:
    assert {state.value: codes(Standing(state)) for state in State} == CODES


@pytest.mark.parametrize("state", list(State))
def test_every_action_has_a_code_once_and_a_sentence(state: State) -> None:
    everything = Standing(
        state,
        owes=True,
        method=None,
        has_result=True,
        open_ratings=frozenset(RatingStage),
        withdrawing=True,
        questions=2,
    )
    found = actions_for(everything)
    assert len({action.code for action in found}) == len(found)
    assert all(action.text.endswith("。") for action in found)


def test_paying_comes_first_and_ends_with_the_case() -> None:
    assert codes(Standing(State.AWAIT_PREPAYMENT, owes=True)) == ["pay", CHOOSE, "withdraw"]
    assert codes(Standing(State.AWAIT_PAYMENT, owes=True, method=DeliveryMethod.POST)) == ["pay"]
    assert codes(Standing(State.WITHDRAWN, owes=True)) == []


def test_picking_up_is_for_those_who_chose_the_window() -> None:
    assert codes(Standing(State.RESULT_READY, method=DeliveryMethod.WINDOW)) == ["pickup"]
    assert codes(Standing(State.RESULT_READY, method=DeliveryMethod.POST)) == []
    assert codes(Standing(State.ACCEPTED, method=DeliveryMethod.WINDOW)) == [REQUEST]


def test_the_later_stage_is_rated_first() -> None:
    both = actions_for(Standing(State.DELIVERED, open_ratings=frozenset(RatingStage)))
    assert [(action.code, action.text) for action in both] == [
        ("rate", "给这次办事打个分,不打也可以。")
    ]
    one = actions_for(Standing(State.DELIVERED, open_ratings=frozenset({RatingStage.ACCEPT})))
    assert [action.text for action in one] == ["给受理服务打个分,不打也可以。"]


def test_a_result_can_be_read_when_it_is_there() -> None:
    assert codes(Standing(State.DELIVERED, has_result=True)) == ["result"]


def test_who_asked_to_withdraw_may_think_better_of_it() -> None:
    post = DeliveryMethod.POST
    asked = Standing(State.UNDER_REVIEW, method=post, withdrawing=True)
    assert codes(asked) == ["keep_application"]


def test_questions_come_before_what_can_wait() -> None:
    asked = Standing(State.UNDER_REVIEW, questions=1)
    assert codes(asked) == ["answer_questions", CHOOSE, REQUEST]
