"""Progress (办理进度): what happened, who has it now, what is due when, what to do next.

Phones poll this, so it is one statement.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson

from models.database import rows
from models.rules import numbers
from models.rules.calendar import due_on
from models.rules.clock_table import CLOCKS, ClockName
from models.rules.events import Actor
from models.rules.flavours import ShortfallStage
from models.rules.mandates import Act
from models.rules.reasons import DefectReason, RatingStage
from models.rules.states import AcceptMode, DeliveryMethod, State
from models.rules.texts import Who, next_step
from services import access
from services.access import CaseUnknown
from services.actions import ASKED, Action, Standing, actions_for
from services.actors import Citizen
from services.lacking import HANDLING
from services.numbering import lookup_value
from services.ports import Clock, Crypto
from services.remarks import Remark, is_withdrawing, open_questions, remarks_of
from services.timeline import TimelineEntry, timeline_of

# Everything that a person can see, as one text: what is the same text is the same progress.
QUERY = """
SELECT json_build_object('id', c.id, 'case_no', c.case_no, 'state', c.state, 'version', c.version,
  'received_at', c.received_at, 'accepted', c.accepted_at IS NOT NULL,
  'decided', c.decided_at IS NOT NULL, 'decision', c.decision,
  'item_name', i.name, 'agency', i.agency,
  'lodged', CASE WHEN c.origin = 'IMPORTED' THEN json_build_array(c.received_at, c.accepted_at) END,
  'events',
  (SELECT json_agg(json_build_array(e.event, e.at, e.unit, e.data ->> 'text') ORDER BY e.seq)
     FROM case_events e WHERE e.case_id = c.id),
  'clocks',
  (SELECT json_agg(json_build_array(k.name, k.due_at, k.provisional, k.paused_at) ORDER BY k.due_at)
     FROM clock_instances k WHERE k.case_id = c.id AND k.stopped_at IS NULL),
  'correction',
  (SELECT json_build_object('items', r.items, 'opinion', r.opinion)
     FROM corrections r WHERE r.case_id = c.id AND r.round = c.round
      AND c.state = 'CORRECTION_REQUIRED'),
  'fee', CASE WHEN c.payment_status <> 'NOT_REQUIRED' THEN
  (SELECT json_build_object('name', f.name, 'amount_fen', f.amount_fen, 'stage', f.stage,
          'basis', f.basis, 'settled', f.settled_at IS NOT NULL)
     FROM fees f WHERE f.case_id = c.id ORDER BY f.created_at DESC LIMIT 1) END,
  'refunds',
  (SELECT json_agg(json_build_object('track', r.track, 'reason', r.reason, 'status', r.status,
          'amount_fen', r.amount_fen, 'refusal', r.refusal, 'times',
          json_build_array(r.created_at, r.unit_at, r.finance_at, r.refused_at, r.paid_at))
     ORDER BY r.created_at, r.id) FROM refunds r WHERE r.case_id = c.id),
  'bills',
  (SELECT json_agg(json_build_array(b.kind, b.code, b.number, b.amount_fen, b.created_at)
     ORDER BY b.created_at, b.id) FROM fiscal_bills b WHERE b.case_id = c.id),
  'waivers',
  (SELECT json_agg(json_build_object('ground', w.ground, 'status', w.status, 'refusal', w.refusal,
          'asked_at', w.asked_at, 'decided_at', w.decided_at)
     ORDER BY w.asked_at, w.id) FROM fee_waivers w WHERE w.case_id = c.id),
  'delivery',
  (SELECT json_build_object('method', d.method, 'status', d.status, 'waybill', d.waybill)
     FROM deliveries d WHERE d.case_id = c.id),
  'suspended', CASE WHEN c.state = 'SUSPENDED' THEN
  (SELECT json_build_array(e.at, e.data ->> 'procedure', e.data ->> 'planned_until')
     FROM case_events e WHERE e.case_id = c.id AND e.event = 'special_start'
     ORDER BY e.seq DESC LIMIT 1) END,
  'withdrawal',
  (SELECT json_build_array(w.status, w.answer) FROM withdrawals w
     WHERE w.case_id = c.id ORDER BY w.requested_at DESC, w.id DESC LIMIT 1),
  'questions',
  (SELECT count(*) FROM inquiries q WHERE q.case_id = c.id AND q.answered_at IS NULL),
  'rated', (SELECT json_agg(r.stage) FROM ratings r WHERE r.case_id = c.id),
  'wanted', c.wanted_mode,
  'signed', c.wanted_mode = 'COMMITMENT' AND EXISTS (SELECT FROM signed_promises p
     WHERE p.case_id = c.id AND p.kind = 'COMMITMENT' AND p.withdrawn_at IS NULL),
  'open', c.shortfall_status = 'OPEN',
  'lacking',
  (SELECT json_agg(json_build_object('code', s.code, 'name', s.name, 'status', s.status,
          'due_on', s.due_on, 'reason', s.reason) ORDER BY s.code)
     FROM shortfall_items s WHERE s.case_id = c.id),
  'fix', CASE WHEN c.state = 'PRE_REVIEWING' THEN
  (SELECT json_build_object('fields', x.names, 'note', x.note)
     FROM inline_fixes x WHERE x.case_id = c.id AND x.fixed_at IS NULL) END,
  'has_result', c.decided_at IS NOT NULL
    AND EXISTS (SELECT 1 FROM result_documents o WHERE o.case_id = c.id)
)::text AS seen
FROM cases c JOIN items i ON i.id = c.item_id
WHERE """
OWN = "c.id = $1 AND c.account_id = $2"
OF_CASE = f"c.id = $4 AND {access.MAY}"
# Phones ask again and again while nothing has changed; each entry takes a few kilobytes.
REMEMBERED = 2048
CHOOSE = "已经批准,请选一下结果怎么给您。"
# Clocks whose end the applicant waits for or must keep; the rest are between offices.
SHOWN = {
    name
    for name, spec in CLOCKS.items()
    if spec.owner in (Actor.APPLICANT, Actor.BACKOFFICE, Actor.ACCEPTOR)
}


@dataclass(frozen=True)
class Due:
    """A running clock: ``due_at`` is 24:00 of the last day ``due_on``, in China."""

    clock: str
    text: str
    due_at: datetime
    due_on: str
    provisional: bool
    paused: bool


@dataclass(frozen=True, eq=False)
class Progress:
    """A case as the person it belongs to understands it; the same facts are the same object."""

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
    lacking: Sequence[Mapping[str, Any]]
    """Materials that may come later (容缺), each with its stage, its day and why it was refused."""
    fix: Mapping[str, Any] | None
    """Fields that may be put right on the spot (当场更正), and what the officer says of them."""
    remarks: Sequence[Remark]
    actions: Sequence[Action]
    etag: str
    """A validator that changes with anything a person can see."""

    @property
    def waiting_for(self) -> tuple[str, str]:
        """Return who has the case now and what comes next."""
        if self.state is State.APPROVED and self.delivery is None:
            # A result on paper goes to the window unasked; any other waits for a choice.
            return Who.YOU.value, CHOOSE
        if asked := next((each for each in self.actions if each.code in ASKED), None):
            return Who.YOU.value, asked.text
        step = next_step(self.state)
        return step.who.value, step.text


@dataclass(frozen=True)
class ProgressReader:
    clock: Clock
    crypto: Crypto

    async def of_case(self, who: Citizen, case_id: UUID) -> Progress:
        """Return the progress of a case that the asker may look at; raise ``CaseUnknown``."""
        found = await rows(QUERY + OWN, [case_id, who.account_id])
        if not found:
            values = [who.account_id, Act.VIEW.value, self.clock.now(), case_id]
            found = await rows(QUERY + OF_CASE, values)
        if not found:
            raise CaseUnknown
        return _progress(found[0]["seen"])

    async def by_query_code(self, query_code: str, id_last4: str) -> Progress:
        """Return the progress for a query code and the ID number's last four characters.

        A wrong code and a wrong ID are the same answer and the same work: ``CaseUnknown``.
        """
        code = numbers.read_query_code(query_code) or query_code
        value = lookup_value(code, id_last4.upper())
        lookups = [each.hex() for each in self.crypto.indexes(value, "case.lookup")]
        found = await rows(QUERY + "c.lookup_index = ANY($1::text[])", [lookups])
        if not found:
            raise CaseUnknown
        return _progress(found[0]["seen"])


@lru_cache(maxsize=REMEMBERED)
def _progress(seen: str) -> Progress:
    facts = orjson.loads(seen)
    received_at = facts["received_at"]
    return Progress(
        id=UUID(facts["id"]),
        case_no=facts["case_no"],
        version=facts["version"],
        item_name=facts["item_name"],
        agency=facts["agency"],
        state=State[facts["state"]],
        received_at=None if received_at is None else datetime.fromisoformat(received_at),
        timeline=timeline_of(facts),
        due=tuple(_due(*clock) for clock in facts["clocks"] or () if clock[0] in SHOWN),
        correction=_correction(facts["correction"]),
        fee=facts["fee"],
        delivery=facts["delivery"],
        lacking=facts["lacking"] or (),
        fix=facts["fix"],
        remarks=remarks_of(facts),
        actions=tuple(actions_for(_standing(facts))),
        etag=hashlib.sha256(seen.encode()).hexdigest()[:20],
    )


def _standing(facts: Mapping[str, Any]) -> Standing:
    fee, delivery = facts["fee"], facts["delivery"]
    owes = fee is not None and not fee["settled"]
    return Standing(
        state=State[facts["state"]],
        owes=owes,
        method=DeliveryMethod(delivery["method"]) if delivery else None,
        # A refusal is owed to everybody, paid or not (行政许可法38).
        has_result=facts["has_result"]
        and facts["decided"]
        and (facts["decision"] == "REJECTED" or not owes),
        open_ratings=_open_ratings(facts),
        asked=_asked(facts),
        withdrawing=is_withdrawing(facts),
        questions=open_questions(facts),
    )


def _asked(facts: Mapping[str, Any]) -> set[str]:
    """Return what the applicant is asked for while an officer has the case."""
    state = State[facts["state"]]
    stages = {each["status"] for each in facts["lacking"] or ()}
    unsigned = facts["wanted"] == AcceptMode.COMMITMENT.value and not facts["signed"]
    asked = {
        "fix_field": facts["fix"] is not None,
        "sign_promise": state is State.PRE_REVIEWING and ShortfallStage.CONFIRMED in stages,
        "sign_commitment": unsigned and state in (State.SUBMITTED, State.PRE_REVIEWING),
        "supply_promised": facts["open"]
        and state in HANDLING
        and ShortfallStage.PROMISED in stages,
    }
    return {code for code, open_ in asked.items() if open_}


def _open_ratings(facts: Mapping[str, Any]) -> set[RatingStage]:
    if facts["received_at"] is None:
        return set()
    state = State[facts["state"]]
    reached = {
        RatingStage.ACCEPT: facts["accepted"] or state is State.NOT_ACCEPTED,
        RatingStage.RESULT: facts["decided"] or state.closed,
    }
    rated = facts["rated"] or ()
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
