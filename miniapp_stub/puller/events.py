"""Events: what the outbox holds is reported at least once, in order per case."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass

from miniapp_stub.puller.store import Event, Store
from miniapp_stub.puller.wire import Reply, Wire

log = logging.getLogger("puller")
# Refusals that pass by themselves: the applicant pays, brings what is missing, or we pull first.
PASSING = (
    "fee_unsettled",
    "package_not_acknowledged",
    "shortfall_open",
    "supplements_waiting",
)


@dataclass
class Events:
    wire: Wire
    store: Store
    passing: Callable[[str], None]

    def send(self) -> None:
        """Report what waits. A case whose event is refused waits; the others go on."""
        paused: set[str] = set()
        rewound: set[str] = set()
        while (event := self.store.next_event(paused)) is not None:
            reply = self.wire.post("/backoffice/v1/events", vars(event))
            self.passing("reported")
            expected = reply.json.get("expected_seq")
            if (
                isinstance(expected, int)
                and expected != event.seq
                and not self._is_kept(event, reply)
            ):
                self._rewind(event, expected)
                # Twice in one round would be a quarrel about numbers: the next round, then.
                if event.case_no in rewound:
                    paused.add(event.case_no)
                rewound.add(event.case_no)
            elif not self._settle(event, reply):
                paused.add(event.case_no)

    @staticmethod
    def _is_kept(event: Event, reply: Reply) -> bool:
        """Tell whether the county keeps an early event, and misses none before it."""
        parked = reply.json.get("outcome") == "parked"
        return parked and int(reply.json["expected_seq"]) > event.seq

    def _rewind(self, event: Event, expected: int) -> None:
        """The county misses an earlier event: send again from there, each as it was.

        Its answer is 409 ``event_out_of_order``, or 202 ``parked`` where it keeps the early one.
        """
        if expected > event.seq or not self.store.rewind(event.case_no, expected):
            log.error(
                "case %s: the county expects event %d, not %d", event.case_no, expected, event.seq
            )
            self.store.answered(event, "REFUSED", f"expected {expected}")

    def _settle(self, event: Event, reply: Reply) -> bool:
        """Record an answer; tell whether the case's next event may go."""
        if reply.json.get("outcome") == "parked":
            # Not applied yet, and perhaps refused in its turn: asked again in the next round.
            return False
        if reply.status in (200, 202):
            # "duplicate" is as good as "applied": only the answer was lost.
            self.store.answered(event, "SENT", str(reply.json.get("outcome")))
            self.passing("recorded")
            return True
        answer = f"{reply.status} {reply.code}"
        if reply.code in PASSING:
            log.info("case %s, event %d waits: %s", event.case_no, event.seq, answer)
            return False
        log.error("case %s, event %d needs a person: %s", event.case_no, event.seq, answer)
        self.store.answered(
            event, "REFUSED", f"{answer} {json.dumps(reply.json, ensure_ascii=False)}"
        )
        return False
