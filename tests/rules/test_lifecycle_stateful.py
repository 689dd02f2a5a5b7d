"""Random walks: the table and a model written by hand from the law agree at every step."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from models.rules.lifecycle import ClockName, Event, IllegalStep, Role, State, allowed, row_for

# The law's reading, state by state: what may happen, where it leads, and who does it.
# A applicant, W window, D department, X whoever accepts, B back-office, S time and money.
MODEL: dict[str, str] = {
    "DRAFT": "submit>SUBMITTED:A draft_expire_or_delete>VOIDED:AS",
    "SUBMITTED": "claim>PRE_REVIEWING:WX issue_correction>CORRECTION_REQUIRED:X "
    "refuse_acceptance>NOT_ACCEPTED:X deem_accepted>ACCEPTED:S withdraw>WITHDRAWN:A",
    "PRE_REVIEWING": "inline_fix>PRE_REVIEWING:A issue_correction>CORRECTION_REQUIRED:X "
    "refuse_acceptance>NOT_ACCEPTED:X accept>ACCEPTED:X accept_shortfall>ACCEPTED:X "
    "accept_verify_later>ACCEPTED:X accept_commitment>ACCEPTED:X deem_accepted>ACCEPTED:S "
    "pre_review_pass>PRE_REVIEW_PASSED:X request_prepayment>AWAIT_PREPAYMENT:X "
    "withdraw>WITHDRAWN:A",
    "CORRECTION_REQUIRED": "resubmit>SUBMITTED:A correction_timeout>WITHDRAWN_DEEMED:S "
    "withdraw>WITHDRAWN:A",
    "PRE_REVIEW_PASSED": "paper_received>ACCEPTED:W paper_defect>CORRECTION_REQUIRED:W "
    "paper_timeout>WITHDRAWN_DEEMED:S withdraw>WITHDRAWN:A",
    "AWAIT_PREPAYMENT": "payment_confirmed>ACCEPTED:S payment_timeout>WITHDRAWN_DEEMED:S "
    "withdraw>WITHDRAWN:A",
    "ACCEPTED": "start_review>UNDER_REVIEW:B special_start>SUSPENDED:B extend>UNDER_REVIEW:B "
    "shortfall_fulfil>ACCEPTED:A shortfall_timeout>WITHDRAWN_DEEMED:S "
    "shortfall_timeout_terminate>TERMINATED:S decide_approve>APPROVED:B decide_reject>REJECTED:B "
    "review_complete>ORIGINALS_CHECK:B withdraw_confirmed>WITHDRAWN:B terminate>TERMINATED:B",
    "UNDER_REVIEW": "special_start>SUSPENDED:B extend>UNDER_REVIEW:B "
    "shortfall_fulfil>UNDER_REVIEW:A shortfall_timeout>WITHDRAWN_DEEMED:S "
    "shortfall_timeout_terminate>TERMINATED:S decide_approve>APPROVED:B decide_reject>REJECTED:B "
    "review_complete>ORIGINALS_CHECK:B withdraw_confirmed>WITHDRAWN:B terminate>TERMINATED:B",
    "SUSPENDED": "special_end>UNDER_REVIEW:B shortfall_fulfil>SUSPENDED:A "
    "shortfall_timeout>WITHDRAWN_DEEMED:S shortfall_timeout_terminate>TERMINATED:S "
    "withdraw_confirmed>WITHDRAWN:B terminate>TERMINATED:B",
    "APPROVED": "request_payment>AWAIT_PAYMENT:S route_result>RESULT_READY:S "
    "serve_electronic>DELIVERED:S",
    "REJECTED": "route_result>RESULT_READY:S serve_electronic>DELIVERED:S",
    "AWAIT_PAYMENT": "payment_confirmed>APPROVED:S payment_overdue>AWAIT_PAYMENT:S",
    "ORIGINALS_CHECK": "originals_pass>APPROVED:D originals_incomplete>ORIGINALS_SUPPLEMENT:D "
    "identity_mismatch_or_false>TERMINATED:D originals_no_show>TERMINATED:S "
    "withdraw_confirmed>WITHDRAWN:B",
    "ORIGINALS_SUPPLEMENT": "originals_supplied>ORIGINALS_CHECK:A originals_timeout>TERMINATED:S "
    "identity_mismatch_or_false>TERMINATED:D withdraw_confirmed>WITHDRAWN:B",
    "RESULT_READY": "window_pickup>DELIVERED:W post_handover>DELIVERING:W",
    "DELIVERING": "post_signed>DELIVERED:S post_returned>RESULT_READY:S",
    "DELIVERED": "archive>ARCHIVED:S",
    "NOT_ACCEPTED": "archive>ARCHIVED:S",
    "WITHDRAWN": "archive>ARCHIVED:S",
    "WITHDRAWN_DEEMED": "archive>ARCHIVED:S",
    "TERMINATED": "archive>ARCHIVED:S",
    "ARCHIVED": "",
    "VOIDED": "",
}
LETTERS = {"A": "APPLICANT", "W": "WINDOW", "D": "DEPT", "B": "BACKOFFICE", "S": "SYSTEM"}

# Who is waited for, and by which limit, while a case stands somewhere: the law's own words.
AUTHORITY_DECIDES = {"ACCEPTED", "UNDER_REVIEW"}
AUTHORITY_WAITS = {"SUSPENDED", "ORIGINALS_CHECK", "ORIGINALS_SUPPLEMENT"}
AUTHORITY_TELLS = {"SUBMITTED", "PRE_REVIEWING"}
APPLICANT_HAS = {
    "CORRECTION_REQUIRED": "CORRECTION",
    "PRE_REVIEW_PASSED": "PAPER_SUBMIT",
    "AWAIT_PREPAYMENT": "PAY_CASE",
    "ORIGINALS_CHECK": "ORIGINALS_PRESENT",
    "ORIGINALS_SUPPLEMENT": "ORIGINALS_3WD",
}


def reading(state: str) -> dict[str, tuple[str, str]]:
    """Return event -> (where it leads, whose letters)."""
    found = {}
    for words in MODEL[state].split():
        event, _, rest = words.partition(">")
        target, _, letters = rest.partition(":")
        found[event] = (target, letters)
    return found


@dataclass
class Table:
    """A case as the table moves it."""

    state: State = State.DRAFT
    running: set[ClockName] = field(default_factory=lambda: {ClockName.DRAFT_TTL})
    paused: set[ClockName] = field(default_factory=set)
    marked: bool = False

    def take(self, event: Event, role: Role, acceptor: Role) -> bool:
        try:
            row = row_for(self.state, event)
        except IllegalStep:
            return False
        if not allowed(row, role, acceptor):
            return False
        self.state = row.target_from(self.state)
        gone = set(ClockName) if row.stops_all or self.state.closed else set(row.stops)
        self.running = (self.running - gone - set(row.pauses)) | set(row.starts) | set(row.resumes)
        self.paused = (self.paused - gone - set(row.resumes)) | set(row.pauses)
        self.marked = self.marked or row.sets.verify_later_mark
        return True


class Lifecycle(RuleBasedStateMachine):
    """Anybody tries anything; most of it is refused, and both sides say the same."""

    def __init__(self) -> None:
        super().__init__()
        self.table = Table()
        self.state = "DRAFT"
        self.acceptor = Role.WINDOW
        self.was_marked = False

    @initialize(acceptor=st.sampled_from([Role.WINDOW, Role.DEPT]))
    def choose_acceptor(self, acceptor: Role) -> None:
        self.acceptor = acceptor

    @rule(event=st.sampled_from(Event), role=st.sampled_from(Role))
    def try_anything(self, event: Event, role: Role) -> None:
        self._both(event, role)

    @rule(data=st.data())
    def try_what_the_law_knows(self, data: st.DataObject) -> None:
        known = sorted(reading(self.state))
        if not known:
            return
        event = data.draw(st.sampled_from(known))
        letters = reading(self.state)[event][1]
        names = [LETTERS.get(letter, self.acceptor.value) for letter in letters]
        self._both(Event(event), Role(data.draw(st.sampled_from(sorted(names)))))

    def _both(self, event: Event, role: Role) -> None:
        before = (self.table.state, set(self.table.running), set(self.table.paused))
        target, letters = reading(self.state).get(event.value, ("", ""))
        may = {LETTERS.get(letter, self.acceptor.value) for letter in letters}
        taken = self.table.take(event, role, self.acceptor)
        assert taken is (role.value in may)
        if taken:
            self.state = target
            self.was_marked |= event is Event.ACCEPT_VERIFY_LATER
        else:
            assert before == (self.table.state, self.table.running, self.table.paused)

    @invariant()
    def stands_where_the_law_has_it(self) -> None:
        assert self.table.state.value == self.state
        assert self.table.marked == self.was_marked

    @invariant()
    def the_right_limits_run(self) -> None:
        running = {name.value for name in self.table.running}
        paused = {name.value for name in self.table.paused}
        deciding = {"DECISION_PROMISED", "DECISION_STATUTORY"}
        assert (deciding <= running) is (self.state in AUTHORITY_DECIDES)
        assert (deciding <= paused) is (self.state in AUTHORITY_WAITS)
        assert ("NOTIFY_5WD" in running) is (self.state in AUTHORITY_TELLS)
        assert ("PRE_REVIEW_SLA" in running) is (self.state in AUTHORITY_TELLS)
        if self.state in APPLICANT_HAS:
            assert APPLICANT_HAS[self.state] in running

    @invariant()
    def nothing_runs_and_rests_at_once(self) -> None:
        assert not self.table.running & self.table.paused


Lifecycle.TestCase.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
TestLifecycle = Lifecycle.TestCase


def test_the_model_knows_every_state_and_every_event() -> None:
    assert set(MODEL) == {state.value for state in State}
    assert {event for state in MODEL for event in reading(state)} == {
        event.value for event in Event
    }
