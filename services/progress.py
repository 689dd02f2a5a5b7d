"""Progress (办理进度): what happened, who has it now, what is due when, what to do next.

Phones poll this, so it is one statement.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models.database import rows
from models.rules import numbers
from models.rules.calendar import due_on
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.events import Actor, Event
from models.rules.reasons import DefectReason, RatingStage
from models.rules.states import DeliveryMethod, State
from models.rules.texts import next_step, text_for
from services.actions import Action, Standing, actions_for
from services.cases import CaseUnknown
from services.ports import Crypto
from services.submissions import lookup_value

QUERY = """
SELECT c.id, c.case_no, c.query_code, c.state, c.version, c.round, c.payment_status,
       c.received_at, c.accepted_at, c.decided_at, c.decision,
       i.name AS item_name, i.agency,
  (SELECT json_agg(json_build_array(e.event, e.at, e.unit, e.data ->> 'text') ORDER BY e.seq)
     FROM case_events e WHERE e.case_id = c.id) AS events,
  (SELECT json_agg(json_build_array(k.name, k.due_at, k.provisional, k.paused_at) ORDER BY k.due_at)
     FROM clock_instances k WHERE k.case_id = c.id AND k.stopped_at IS NULL) AS clocks,
  (SELECT json_build_object('items', r.items, 'opinion', r.opinion)
     FROM corrections r WHERE r.case_id = c.id AND r.round = c.round
      AND c.state = 'CORRECTION_REQUIRED') AS correction,
  (SELECT json_build_object('name', f.name, 'amount_fen', f.amount_fen, 'stage', f.stage,
          'basis', f.basis, 'settled', f.settled_at IS NOT NULL)
     FROM fees f WHERE f.case_id = c.id ORDER BY f.created_at DESC LIMIT 1) AS fee,
  (SELECT json_build_object('method', d.method, 'status', d.status, 'waybill', d.waybill)
     FROM deliveries d WHERE d.case_id = c.id) AS delivery,
  (SELECT json_agg(r.stage) FROM ratings r WHERE r.case_id = c.id) AS rated,
  EXISTS (SELECT 1 FROM result_documents o WHERE o.case_id = c.id) AS has_result
FROM cases c JOIN items i ON i.id = c.item_id
WHERE """
# Clocks whose end the applicant waits for or must keep; the rest are between offices.
SHOWN = {
    name
    for name, spec in CLOCKS.items()
    if spec.owner in (Actor.APPLICANT, Actor.BACKOFFICE, Actor.ACCEPTOR)
}


@dataclass(frozen=True)
class TimelineEntry:
    at: datetime
    text: str
    unit: str | None


@dataclass(frozen=True)
class Due:
    """A running clock: ``due_at`` is 24:00 of the last day ``due_on``, in China."""

    clock: str
    text: str
    due_at: datetime
    due_on: str
    provisional: bool
    paused: bool


@dataclass(frozen=True)
class Progress:
    """A case as the person it belongs to understands it."""

    id: UUID
    case_no: str | None
    version: int
    item_name: str
    agency: str
    state: State
    received_at: datetime | None
    timeline: Sequence[TimelineEntry]
    due: Sequence[Due]
    correction: Mapping[str, Any] | None
    fee: Mapping[str, Any] | None
    delivery: Mapping[str, Any] | None
    actions: Sequence[Action]

    @property
    def waiting_for(self) -> tuple[str, str]:
        """Return who has the case now and what comes next."""
        step = next_step(self.state)
        return step.who.value, step.text

    @property
    def etag(self) -> str:
        """Return a validator that changes with anything a person can see."""
        facts = (self.fee, self.delivery, self.correction, self.actions)
        seen = repr((self.version, self.due, *facts))
        return hashlib.sha256(seen.encode()).hexdigest()[:20]


@dataclass(frozen=True)
class ProgressReader:
    crypto: Crypto

    async def of_case(self, account_id: UUID, case_id: UUID) -> Progress:
        """Return the progress of one's own case; raise ``CaseUnknown``."""
        found = await rows(QUERY + "c.id = $1 AND c.account_id = $2", [case_id, account_id])
        if not found:
            raise CaseUnknown
        return _progress(found[0])

    async def by_query_code(self, query_code: str, id_last4: str) -> Progress:
        """Return the progress for a query code and the ID number's last four characters.

        A wrong code and a wrong ID are the same answer and the same work: ``CaseUnknown``.
        """
        code = numbers.read_query_code(query_code) or query_code
        lookup = self.crypto.index(lookup_value(code, id_last4.upper()), "case.lookup").hex()
        found = await rows(QUERY + "c.lookup_index = $1", [lookup])
        if not found:
            raise CaseUnknown
        return _progress(found[0])


def _progress(row: Mapping[str, Any]) -> Progress:
    return Progress(
        id=row["id"],
        case_no=row["case_no"],
        version=row["version"],
        item_name=row["item_name"],
        agency=row["agency"],
        state=State[row["state"]],
        received_at=row["received_at"],
        timeline=[
            TimelineEntry(
                datetime.fromisoformat(at),
                text or text_for(Event(event)),
                unit,
            )
            for event, at, unit, text in _json(row["events"]) or ()
        ],
        due=[_due(*clock) for clock in _json(row["clocks"]) or () if clock[0] in SHOWN],
        correction=_correction(_json(row["correction"])),
        fee=_json(row["fee"]),
        delivery=_json(row["delivery"]),
        actions=actions_for(_standing(row)),
    )


def _standing(row: Mapping[str, Any]) -> Standing:
    fee, delivery = _json(row["fee"]), _json(row["delivery"])
    state, decided = State[row["state"]], row["decided_at"] is not None
    owes = fee is not None and not fee["settled"]
    return Standing(
        state=state,
        owes=owes,
        method=DeliveryMethod(delivery["method"]) if delivery else None,
        # A refusal is owed to everybody, paid or not (行政许可法38).
        has_result=row["has_result"] and decided and (row["decision"] == "REJECTED" or not owes),
        open_ratings=_open_ratings(row, state, decided),
    )


def _open_ratings(row: Mapping[str, Any], state: State, decided: bool) -> set[RatingStage]:
    if row["received_at"] is None:
        return set()
    reached = {
        RatingStage.ACCEPT: row["accepted_at"] is not None or state is State.NOT_ACCEPTED,
        RatingStage.RESULT: decided or state.closed,
    }
    rated = _json(row["rated"]) or ()
    return {stage for stage, open_ in reached.items() if open_ and stage not in rated}


def _due(name: str, due_at: str, provisional: bool, paused_at: str | None) -> Due:
    moment = datetime.fromisoformat(due_at)
    last_day = due_on(moment)
    return Due(
        clock=name,
        text=CLOCKS[ClockName(name)].zh,
        due_at=moment,
        due_on=last_day.isoformat(),
        provisional=provisional,
        paused=paused_at is not None,
    )


def _correction(found: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if found is None:
        return None
    items = [
        {
            **{key: item.get(key) for key in ("material_code", "field", "name", "requirement")},
            "reason_code": item["reason_code"],
            "reason": DefectReason[item["reason_code"]].zh,
        }
        for item in found["items"]
    ]
    return {"items": items, "opinion": found["opinion"]}


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
