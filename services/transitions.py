"""The one door: a case's state changes here, by a row of the table, or not at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

import orjson

from models.case import Case
from models.database import rows
from models.ids import uuid7
from models.rules import chain, joint
from models.rules.clock_table import ClockName
from models.rules.events import Event, Role
from models.rules.lifecycle import IllegalStep, allowed, row_for
from models.rules.quiet import until_morning
from models.rules.row import Row
from models.rules.states import HandoffStatus, MonitorLight, RatingStatus, State
from models.rules.supervision import AlertKind
from models.rules.texts import text_for
from models.unit import current_unit
from services import lateness
from services.actors import Actor, RollUp
from services.alerts import calm
from services.automatic_refunds import give_back_fee
from services.clocks import ClockChanges, Clocks
from services.errors import Conflict, Forbidden
from services.items import PublishedItem
from services.occasions import OCCASIONS
from services.ports import Broadcast, Clock, Jobs, NewJob
from services.withdrawal_answers import answer_by_step, may_request

TELL = "case.tell"
ROLL_UP = "joint.roll_up"
ISSUE = "notice.issue"
HAND_OVER_END = "handoff.ended"
# Ends without a result, of which nobody but us may know; a result the back-office has made itself.
ENDS = (State.WITHDRAWN, State.WITHDRAWN_DEEMED, State.TERMINATED)
NOW = timedelta(0)
# What a part of a joint case has to tell waits so long for the whole to tell it (一次性告知).
FOR_THE_PARENT = timedelta(minutes=2)
JOINT = "联办件由各部门分别办理,请在各部门自己的办件上办。"

# The case, its clocks, its notices and its event, all or nothing, in one trip to the database. A
# clock that is started anew is stopped first: the start waits for every stop.
STEP = """
WITH moved AS (
  UPDATE cases SET {columns}
  WHERE id = $1 AND state = $2::text AND version = $3 - 1
  RETURNING id
), stopped AS (
  UPDATE clock_instances SET stopped_at = $4, next_at = NULL
  WHERE case_id = (SELECT id FROM moved) AND stopped_at IS NULL AND name = ANY($5::text[])
  RETURNING id, name, due_at
), calmed AS (
  UPDATE monitor_alerts SET resolved_at = $4
  WHERE light = 'YELLOW' AND resolved_at IS NULL AND clock_id IN (SELECT id FROM stopped)
), started AS (
  INSERT INTO clock_instances
  SELECT clock.* FROM json_populate_recordset(NULL::clock_instances, $6::json) AS clock, moved
  WHERE (SELECT count(*) FROM stopped) >= 0
), told AS (
  INSERT INTO notices (id, case_id, kind, seq, issued_at)
  SELECT notice.id, moved.id, notice.kind, $3, $4
  FROM moved, unnest($7::uuid[], $8::text[]) AS notice (id, kind)
)
INSERT INTO case_events
  (case_id, seq, at, "row", event, from_state, to_state, actor_role, actor_id, unit, data, hash)
SELECT id, $3, $4, $9, $10, $2::text, $11, $12, $13, $14, $15::jsonb, $16 FROM moved
RETURNING seq, ARRAY(SELECT id FROM stopped WHERE due_at <= $4) AS late"""
FIRST_COLUMN = 17


class StepNotAllowed(Conflict):
    """The table has no row for this step in the case's state (逆程序)."""

    code = "step_not_allowed"
    alert = AlertKind.OUT_OF_ORDER
    sentence = "办件当前的状态不能进行这一步。"


class StepNotYours(Forbidden):
    """The row names another actor (超权限)."""

    code = "step_not_yours"
    alert = AlertKind.OVERREACH
    sentence = "这一步不由您办理。"


class StepLost(Conflict):
    """Somebody else moved the case at the same moment."""

    code = "step_lost"
    sentence = "办件刚刚被更新,请刷新后重试。"


def topic_of(case_id: object) -> str:
    """Return the broadcast topic on which a case's changes are told."""
    return f"case:{case_id}"


@dataclass(frozen=True)
class _Step:
    """A step about to be taken by a case that still stands before it."""

    case: Case
    row: Row
    actor: Actor
    now: datetime
    data: Mapping[str, Any]

    def event(self) -> Mapping[str, Any]:
        """Return the columns of the event row; ``hash`` covers them and the event before."""
        case, row, actor = self.case, self.row, self.actor
        data = orjson.dumps(dict(self.data)).decode()
        event = {
            "case_id": case.id,
            "seq": case.version + 1,
            "at": self.now,
            "row": row.id,
            "event": row.event.value,
            "from_state": case.state.value,
            "to_state": row.target_from(case.state).value,
            "actor_role": actor.role.value,
            "actor_id": actor.id,
            "unit": actor.unit,
        }
        previous = case.audit_head or chain.genesis_of(case.id)
        hashed = chain.event_hash(previous, {**event, "data": chain.read_data(data)})
        return {**event, "data": data, "hash": hashed}

    def statement(
        self, event: Mapping[str, Any], columns: Mapping[str, Any], clocks: ClockChanges
    ) -> tuple[str, Sequence[Any]]:
        """Return the one statement of the step and its values."""
        kinds = [kind.name for kind in self.row.notices]
        # Columns are named by the code of the use-cases, never by who asks.
        places = enumerate(columns, start=FIRST_COLUMN)
        return STEP.format(columns=", ".join(f"{name} = ${place}" for place, name in places)), [
            *(event["case_id"], event["from_state"], event["seq"], event["at"]),
            *(clocks.stopped, orjson.dumps(clocks.started).decode()),
            *([uuid7() for _ in kinds], kinds),
            *(event["row"], event["event"], event["to_state"]),
            *(event["actor_role"], event["actor_id"], event["unit"], event["data"]),
            *(event["hash"], *columns.values()),
        ]


@dataclass(frozen=True)
class Transitions:
    """Applies one row: state, event, clocks, notices and jobs in the caller's transaction."""

    clock: Clock
    clocks: Clocks
    jobs: Jobs
    broadcast: Broadcast

    async def apply(
        self,
        case: Case,
        item: PublishedItem,
        event: Event,
        actor: Actor,
        *,
        changes: Mapping[str, Any] | None = None,
        data: Mapping[str, Any] | None = None,
        dues: Mapping[ClockName, date] | None = None,
    ) -> None:
        """Take a step; the caller holds the case's row and has checked the row's guard.

        ``changes`` are further columns of the case, ``data`` is kept with the event (no personal
        data; "reason" says why clocks pause), ``dues`` the last day of a clock that this row
        starts and that no rule can tell (a promise). Raises ``StepNotAllowed``, ``StepNotYours``
        or ``StepLost``; nothing changed then.
        """
        row = _row_for(case.state, event, actor.role, item.acceptor)
        if item.joint_items and event not in joint.OWN and not isinstance(actor, RollUp):
            raise StepNotAllowed(JOINT)
        now = self.clock.now()
        step = _Step(case, row, actor, now, data or {})
        told = step.event()
        columns = {**_columns(case, row, now, changes or {}), "audit_head": told["hash"]}
        clocks = await self.clocks.changes(case, item, row, now, dues or {})
        moved = await rows(*step.statement(told, columns, clocks))
        if not moved:
            raise StepLost
        case.update_from_dict(columns)
        await lateness.note_missed(case, item, moved[0]["late"], now)
        reason = str(step.data.get("reason") or text_for(event))
        await self.clocks.hold(case, row, now, reason)
        if case.monitor_light == MonitorLight.YELLOW.value and clocks.stopped:
            await calm(case, now)
        if "withdraw_requested_at" in columns:
            await answer_by_step(case, event, now)
        await give_back_fee(self.jobs, case, item.body["fee"], now)
        await self._tell(case, row, actor)

    def check(self, case: Case, item: PublishedItem, event: Event, actor: Actor) -> None:
        """Raise ``StepNotAllowed`` or ``StepNotYours`` as ``apply`` would, before any guard."""
        _row_for(case.state, event, actor.role, item.acceptor)

    def look_again(self, case: Case) -> None:
        """Let who looks at a case see, after the commit, what changed there without a step."""
        current_unit().after_commit(
            partial(self.broadcast.publish, topic_of(case.id), str(case.version))
        )

    async def _tell(self, case: Case, row: Row, actor: Actor) -> None:
        # A timer acts at midnight; the phone next to the bed need not.
        later = until_morning(self.clock.now()) if actor.role is Role.SYSTEM else NOW
        names = {TELL: later} if row.event in OCCASIONS else {}
        if row.notices:
            names[ISSUE] = NOW if case.parent_id is None else FOR_THE_PARENT
        if _ends_behind_backoffice(case, row, actor):
            names[HAND_OVER_END] = NOW
        payload = {"case_id": str(case.id), "seq": case.version}
        jobs = [
            NewJob(name, payload, f"{name}:{case.id}:{case.version}", after)
            for name, after in names.items()
        ]
        if case.parent_id is not None:
            child = {"child_id": str(case.id), "seq": case.version}
            up = {"parent_id": str(case.parent_id), **child}
            jobs.append(NewJob(ROLL_UP, up, f"{ROLL_UP}:{case.id}:{case.version}", NOW))
        await self.jobs.enqueue_all(jobs)
        self.look_again(case)


def _ends_behind_backoffice(case: Case, row: Row, actor: Actor) -> bool:
    """Tell whether a case that was handed off has ended by somebody else's step (T26, T27...)."""
    handed_off = case.handoff_status != HandoffStatus.NONE.value
    return handed_off and row.target in ENDS and actor.role is not Role.BACKOFFICE


def _row_for(state: State, event: Event, role: Role, acceptor: Role) -> Row:
    try:
        row = row_for(state, event)
    except IllegalStep as error:
        raise StepNotAllowed from error
    if not allowed(row, role, acceptor):
        raise StepNotYours
    return row


def _columns(case: Case, row: Row, now: datetime, changes: Mapping[str, Any]) -> dict[str, Any]:
    target = row.target_from(case.state)
    columns = {
        **_facts(row),
        **_times(case, row, now),
        **changes,
        "state": target,
        "version": case.version + 1,
        "updated_at": now,
    }
    if case.withdraw_requested_at is not None and not may_request(target):
        # What the request to withdraw wanted to stop has been decided, or is over.
        columns["withdraw_requested_at"] = None
    return columns


def _facts(row: Row) -> dict[str, Any]:
    sets = row.sets
    facts: dict[str, Any] = {}
    if sets.accept_mode is not None:
        facts["accept_mode"] = sets.accept_mode.value
    if sets.handoff_status is not None:
        facts["handoff_status"] = sets.handoff_status.value
    if sets.shortfall_status is not None:
        facts["shortfall_status"] = sets.shortfall_status.value
    if sets.monitor_light is not None:
        facts["monitor_light"] = sets.monitor_light.value
    if sets.verify_later_mark:
        facts["verify_later_mark"] = True
    if ClockName.RATING_WINDOW in row.starts:
        facts["rating_status"] = RatingStatus.OPEN.value
    return facts


def _times(case: Case, row: Row, now: datetime) -> dict[str, Any]:
    target = row.target
    times: dict[str, Any] = {}
    if target is State.SUBMITTED:
        # 电子签名法11: the time of arrival in this system is the time of receipt.
        times = {"received_at": now, "submitted_at": case.submitted_at or now}
    elif target is State.ACCEPTED:
        times = {"accepted_at": case.received_at if row.sets.accepted_on_receipt else now}
    elif target in (State.APPROVED, State.REJECTED) and row.event is not Event.PAYMENT_CONFIRMED:
        times = {"decided_at": now}
    if row.sets.served_on_posting or target is State.DELIVERED:
        times["served_at"] = case.served_at or now
    if target is not None and target.closed:
        times["closed_at"] = now
    return times
