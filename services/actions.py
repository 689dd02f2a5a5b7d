"""What an applicant can do next: derived from where the case stands, never stored."""

from collections.abc import Set
from dataclasses import dataclass

from models.rules.events import Event
from models.rules.lifecycle import events_from
from models.rules.reasons import RatingStage
from models.rules.states import DeliveryMethod, Phase, State

# Steps of the table that the applicant takes on the phone.
_STEPS = (
    (Event.SUBMIT, "submit", "填好表、传齐材料后,点提交。"),
    (Event.RESUBMIT, "resubmit", "按补正清单改好后,再提交一次。"),
)
# What somebody waits for, though the case itself waits for an officer.
ASKED = ("fix_field", "sign_promise", "sign_commitment", "supply_promised")
_ASKED = {
    "fix_field": "有一处小错误,请当场改好,再点确认。",
    "sign_promise": "有的材料可以以后再交,请写上日期,签容缺承诺。",
    "sign_commitment": "请看清楚告知承诺书,然后签。",
    "supply_promised": "请在您承诺的日期前,把还差的材料传上来。",
}
_WITHDRAW = "不想办了,可以撤回申请。"
_REQUEST = "不想办了,可以请求撤回,由审批部门答复。"
_GO_ON = "想继续办,可以取消撤回请求。"
_ANSWER = "审批部门有问题请您说明,不答也可以。"
_ORIGINALS = {State.PRE_REVIEW_PASSED, State.ORIGINALS_CHECK, State.ORIGINALS_SUPPLEMENT}
_RATE = {
    RatingStage.ACCEPT: "给受理服务打个分,不打也可以。",
    RatingStage.RESULT: "给这次办事打个分,不打也可以。",
}


@dataclass(frozen=True)
class Standing:
    """The facts that decide what can be done.

    ``owes``: a fee is known and not settled. ``has_result``: there is a document to read now.
    ``open_ratings``: the stages that may be rated and were not. ``asked``: codes of ``ASKED``.
    ``withdrawing``: a request to withdraw waits for its answer. ``questions``: how many the
    applicant may still answer.
    """

    state: State
    owes: bool = False
    method: DeliveryMethod | None = None
    has_result: bool = False
    open_ratings: Set[RatingStage] = frozenset()
    asked: Set[str] = frozenset()
    withdrawing: bool = False
    questions: int = 0


@dataclass(frozen=True)
class Action:
    """Something to do: a stable code for the phone, a sentence for the person."""

    code: str
    text: str


def actions_for(standing: Standing) -> list[Action]:
    """Return what the applicant can do now, the most pressing first."""
    state = standing.state
    steps = events_from(state)
    found = [Action(code, text) for event, code, text in _STEPS if event in steps]
    found += [Action(code, _ASKED[code]) for code in ASKED if code in standing.asked]
    if standing.owes and not state.closed:
        found.append(Action("pay", "请在手机上缴费。"))
    if standing.questions:
        found.append(Action("answer_questions", _ANSWER))
    if state in _ORIGINALS:
        found.append(Action("bring_originals", "请带上材料原件到窗口。"))
    found += _delivery(standing)
    # The later stage is the one that people remember.
    stage = max(standing.open_ratings, key=list(RatingStage).index, default=None)
    if stage is not None:
        found.append(Action("rate", _RATE[stage]))
    if Event.WITHDRAW in steps:
        found.append(Action("withdraw", _WITHDRAW))
    if Event.WITHDRAW_CONFIRMED in steps:
        asking = Action("request_withdrawal", _REQUEST)
        found.append(Action("keep_application", _GO_ON) if standing.withdrawing else asking)
    return found


def _delivery(standing: Standing) -> list[Action]:
    state = standing.state
    found: list[Action] = []
    before = state.phase in (Phase.INTAKE, Phase.HANDLING, Phase.RESULT)
    if standing.method is None and before and state is not State.DELIVERING:
        found.append(Action("choose_delivery", "请选结果怎么给您:邮寄、到窗口领,或者电子版。"))
    if state is State.RESULT_READY and standing.method is DeliveryMethod.WINDOW:
        found.append(Action("pickup", "请带身份证和取件码,到窗口领结果。"))
    if standing.has_result:
        found.append(Action("result", "可以在手机上看结果。"))
    return found
