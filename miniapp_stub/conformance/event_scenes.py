"""Hard cases of events: they are sent at least once, each as it was, in order."""

from collections.abc import Mapping
from typing import Any

from miniapp_stub.conformance.scenes import DECIDED, Answer, Scene, problem

IN_PRACTICE = "Report review_started, then decided, for every case that the kit opens. "


class Reporting(Scene):
    """A scene that is done when both of its events were applied."""

    needs_events = True

    @property
    def done(self) -> bool:
        return super().done and self.has(DECIDED)

    def unfinished(self) -> str:
        if not self.parcels[0].acked:
            return super().unfinished()
        said = ", ".join(f"{event['seq']} {event['type']}" for event in self.applied.values())
        return f"applied at the end: {said or 'nothing'}; decided did not come (again)"


class AnswerLost(Reporting):
    name, title = "event_answer_lost", "an event is applied, and its answer is lost"
    expected = "the same event again, word for word; `duplicate` is taken as done"
    mend = IN_PRACTICE + "Keep event_id and seq with the event, and send it until it is answered."
    lost = repeated = False

    def event(self, given: Mapping[str, Any]) -> Answer:
        answer = super().event(given)
        outcome = answer.body.get("outcome")
        if outcome == "applied" and not self.lost:
            self.lost = True
            return Answer(answer.status, answer.body, lost=True)
        self.repeated = self.repeated or outcome == "duplicate"
        if outcome == "applied" and not self.repeated:
            self.faults.append("went on to the next event though the first was never answered")
        return answer


class Forgetting(Reporting):
    """The county has lost the first event: it was restored from a backup."""

    forgot = False

    def event(self, given: Mapping[str, Any]) -> Answer:
        if not self.forgot and given["seq"] == self.expected_seq == 2:
            self.forgot = True
            self._compare(given)
            self.forget(given)
            return self.early()
        return super().event(given)

    def forget(self, given: Mapping[str, Any]) -> None:
        self.applied.clear()
        self.expected_seq = 1

    def early(self) -> Answer:
        return problem(409, "event_out_of_order", expected_seq=1)


class EarlyRefused(Forgetting):
    name, title = "event_out_of_order", "409 event_out_of_order: an earlier event is missing"
    expected = "sent again from expected_seq on, in order, each under its own event_id"
    mend = IN_PRACTICE + "Keep events after they were applied; go back to expected_seq."


class EarlyParked(Forgetting):
    name, title = "event_parked", "202 parked: the event is kept, an earlier one is missing"
    expected = "the missing event is sent again under its own event_id"
    mend = IN_PRACTICE + "At `parked` send from expected_seq on; later ones answer `duplicate`."
    parked: Mapping[str, Any] = {}

    def forget(self, given: Mapping[str, Any]) -> None:
        super().forget(given)
        self.parked = dict(given)

    def early(self) -> Answer:
        return self.reported("parked", 202, expected_seq=1)

    def event(self, given: Mapping[str, Any]) -> Answer:
        if self.parked and given["seq"] == 2 and self.expected_seq == 1:
            return self.early()
        answer = super().event(given)
        if self.parked and self.expected_seq == 2 and answer.body.get("outcome") == "applied":
            super().event(self.parked)
        return answer


class RefusedForNow(Reporting):
    name, title = "event_refused_for_now", "409 fee_unsettled: the applicant has not paid yet"
    expected = "the same event again later; its number is not used up"
    mend = IN_PRACTICE + "After a refusal that passes by itself send the same event_id and seq."
    refused = False

    def event(self, given: Mapping[str, Any]) -> Answer:
        if given["type"] == DECIDED and not self.refused and given["seq"] == self.expected_seq:
            self.refused = True
            self._compare(given)
            return problem(409, "fee_unsettled")
        return super().event(given)
