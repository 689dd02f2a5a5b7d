"""The real side of the stateful test: services, PostgreSQL and the sandbox, driven step by step."""

import json
import sqlite3
from asyncio import Runner
from collections.abc import Awaitable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID, uuid4

from models.payment import PaymentOrder, Refund
from models.rules.reasons import TerminationReason
from services.actors import SYSTEM, Citizen, Machine
from services.errors import Problem
from services.events import Decision, EventType, Report
from services.handoff import LeasedPackage
from tests import make
from tests.make import Filed
from tests.services import stages
from tests.services.refunding import RefundPen
from tests.world import MONDAY, World, open_world

T = TypeVar("T")
PREPAY, QUERY = "/v3/pay/transactions/jsapi", "/v3/pay/transactions/out-trade-no"

STANDING = """
SELECT c.state, c.payment_status, c.backoffice_seq AS seq, c.handoff_status AS handed,
  (SELECT count(*) FROM fees f WHERE f.case_id = c.id AND f.settled_at IS NOT NULL) AS settled,
  ARRAY(SELECT o.number || ' ' || o.status FROM payment_orders o WHERE o.case_id = c.id
    ORDER BY o.created_at, o.id) AS orders,
  ARRAY(SELECT o.number || ' ' || CASE WHEN r.status = 'SENDING' THEN 'SENT' ELSE r.status END
    || ' ' || r.amount_fen FROM refunds r JOIN payment_orders o ON o.id = r.order_id
    WHERE r.case_id = c.id) AS refunds,
  ARRAY(SELECT p.seq || ' ' || p.kind || ' ' || p.status FROM handoff_packages p
    WHERE p.case_id = c.id ORDER BY p.seq) AS packages,
  ARRAY(SELECT e.seq FROM backoffice_events e WHERE e.case_id = c.id AND e.fate = 'PARKED'
    ORDER BY e.seq) AS parked,
  ARRAY(SELECT payload FROM (SELECT convert_from(payload, 'UTF8')::jsonb ->> 'number' AS payload
    FROM pgqueuer WHERE entrypoint = 'payment.sweep') j) AS swept
FROM cases c WHERE c.id = $1"""
# What a run leaves behind must not be what the next one is given.
OVER = "UPDATE handoff_packages SET status = 'ACKED' WHERE status <> 'ACKED'"
TAKE = """
DELETE FROM pgqueuer WHERE entrypoint = $1
AND convert_from(payload, 'UTF8')::jsonb ->> $2 = ANY($3::text[]) RETURNING id, payload"""
SAYS: dict[str, tuple[EventType, dict[str, Any]]] = {
    "review_started": (EventType.REVIEW_STARTED, {}),
    "special_started": (EventType.SPECIAL_STARTED, {"procedure": "专家评审", "planned_days": 5}),
    "site_visited": (EventType.SPECIAL_STARTED, {"procedure": "联合踏勘", "planned_days": 5}),
    "special_ended": (EventType.SPECIAL_ENDED, {}),
    "approved": (EventType.DECIDED, {"decision": Decision.APPROVED, "document_no": "1号"}),
    "rejected": (
        EventType.DECIDED,
        {"decision": Decision.REJECTED, "document_no": "1号", "reason": "不符合规划。"},
    ),
    "terminated": (
        EventType.TERMINATED,
        {"reason_code": next(iter(TerminationReason)), "reason": "不再办理。"},
    ),
    "confirmed": (EventType.WITHDRAWAL_ANSWERED, {"confirmed": True}),
    "declined": (EventType.WITHDRAWAL_ANSWERED, {"confirmed": False, "reason": "已经办完。"}),
}


@dataclass
class Grip:
    """A package that a machine was given, with the token of its lease."""

    package: LeasedPackage
    token: str
    holder: int


@dataclass
class Stage:
    """One world for all runs of a process; each run files cases of its own."""

    runner: Runner
    world: World
    citizen: Citizen
    systems: dict[str, list[Machine]] = field(default_factory=dict)
    machines: Sequence[Machine] = ()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    async def said(self, work: Awaitable[object]) -> str:
        """Return "ok", or the code of the refusal."""
        try:
            await work
        except Problem as problem:
            return problem.code
        return "ok"

    async def begin(self) -> None:
        """Forget what the run before left: jobs, waiting packages, the hour."""
        await self.world.database.execute(OVER)
        await self.world.database.execute("DELETE FROM pgqueuer")
        self.world.clock.at = MONDAY

    async def file(self, item: str) -> Filed:
        """Return a case whose pre-review has ended well, and let its agency have two systems."""
        filed = await stages.reviewed(self.world, item, who=self.citizen)
        if item not in self.systems:
            agency = filed.item.agency_uscc
            self.systems[item] = [await make.machine(self.world, agency) for _ in range(2)]
        self.machines = self.systems[item]
        return filed

    async def standing(self, filed: Filed) -> dict[str, Any]:
        row = await self.world.database.fetchrow(STANDING, filed.case_id)
        return {**row, "refunds": sorted(row["refunds"])}

    # Money: whoever changes how the till is called changes it here.

    async def open_order(self, filed: Filed, lost: str = "") -> str:
        if lost:
            await self.fault(PREPAY, drop=True, after=lost == "after", times=2)
        payments = self.world.ctx.payments
        return await self.said(payments.open_order(filed.citizen, filed.case_id, uuid4().hex))

    async def check(self, filed: Filed) -> str:
        return await self.said(self.world.ctx.payments.check(filed.citizen, filed.case_id))

    async def hear(self, number: str, notice: str) -> int:
        """Post the channel's callback of an order that was paid there."""
        pen = RefundPen(self.world)
        order = await PaymentOrder.get(number=number)
        [(paid,)] = self._channel(
            "SELECT transaction_id FROM orders WHERE out_trade_no = ?", number
        )
        trade = pen.trade(order, transaction_id=paid)
        return await pen.deliver(pen.callback(trade, number=notice))

    async def hear_back(self, number: str, notice: str) -> int:
        """Post the channel's callback of a refund that has arrived."""
        pen = RefundPen(self.world)
        refund = await Refund.get(order__number=number).select_related("order")
        own = {"refund_id": refund.channel_refund_id}
        said = pen.refund(refund, refund.order, **own)
        return await pen.deliver(pen.refund_callback(said, number=notice))

    async def pay(self, number: str) -> int:
        """Pay on the phone, which nobody is told of."""
        of = "SELECT prepay_id FROM prepays WHERE out_trade_no = ? ORDER BY rowid DESC LIMIT 1"
        [(prepay,)] = self._channel(of, number)
        paid = {"openid": make.WANG, "deliver": False}
        return (await self.world.phone.post(f"/orders/{prepay}/pay", json=paid)).status

    async def fault(self, path: str, **how: Any) -> None:
        answer = await self.world.phone.post("/faults", json={"path_prefix": path, **how})
        assert answer.status == 200, answer.body

    async def take_jobs(self, name: str, by: str, ids: Sequence[str]) -> list[dict[str, Any]]:
        """Take this run's jobs of a name from the queue, oldest first."""
        found = await self.world.database.fetch(TAKE, name, by, list(ids))
        return [json.loads(row["payload"]) for row in sorted(found, key=lambda row: row["id"])]

    async def refund_numbers(self, orders: Sequence[str]) -> dict[str, str]:
        """Return the orders of some refunds, by the refund's number."""
        found = await self.world.database.fetch(
            "SELECT r.number, o.number AS of FROM refunds r JOIN payment_orders o"
            " ON o.id = r.order_id WHERE o.number = ANY($1::text[])",
            list(orders),
        )
        return {row["number"]: row["of"] for row in found}

    async def run_job(self, name: str, payload: dict[str, Any]) -> None:
        await self.world.parts.handlers[name](payload)

    def ledger(self, numbers: Sequence[str]) -> dict[str, tuple[int, int]]:
        """Return what the channel took for each order, and gave back, in fen."""
        marks = ",".join("?" * len(numbers))
        found = self._channel(
            f"""SELECT o.out_trade_no, o.amount_fen, coalesce(sum(r.amount_fen), 0)
            FROM orders o LEFT JOIN refunds r ON r.out_trade_no = o.out_trade_no
            WHERE o.transaction_id IS NOT NULL AND o.out_trade_no IN ({marks})
            GROUP BY o.out_trade_no, o.amount_fen""",
            *numbers,
        )
        return {number: (taken, back) for number, taken, back in found}

    def _channel(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        path = self.world.settings.data_dir.parent / "sandbox" / "sandbox.sqlite3"
        database = sqlite3.connect(path)
        try:
            return database.execute(sql, values).fetchall()
        finally:
            database.close()

    async def withdraw(self, filed: Filed) -> str:
        act = self.world.ctx.submissions.withdraw
        return await self.said(act(filed.citizen, filed.case_id, uuid4().hex))

    async def request_withdrawal(self, filed: Filed) -> str:
        act = self.world.ctx.withdrawals.request
        return await self.said(act(filed.citizen, filed.case_id, uuid4().hex))

    # Hand-off

    async def lease(self, holder: int, limit: int, seconds: int) -> list[Grip]:
        machine = self.machines[holder]
        lease = await self.world.ctx.handoff.lease(machine, limit=limit, seconds=seconds)
        return [Grip(package, str(lease.token), holder) for package in lease.packages]

    async def extend(self, grip: Grip, holder: int, seconds: int) -> str:
        act = self.world.ctx.handoff.extend
        return await self.said(act(self.machines[holder], grip.package.id, grip.token, seconds))

    async def acknowledge(self, grip: Grip, holder: int, wrong: str = "") -> str:
        code = json.loads(grip.package.body)["receipt_code"]
        digest = grip.package.digest
        return await self.said(
            self.world.ctx.handoff.acknowledge(
                self.machines[holder],
                grip.package.id,
                "x" if wrong == "token" else grip.token,
                "0" * 64 if wrong == "digest" else digest,
                "0" * 32 if wrong == "code" else code,
            )
        )

    async def give_back(self, grip: Grip, holder: int, code: Any) -> str:
        act = self.world.ctx.handoff.give_back
        return await self.said(act(self.machines[holder], grip.package.id, grip.token, code, "坏"))

    async def resend(self, package_id: UUID) -> str:
        return await self.said(self.world.ctx.handoff_desk.resend(SYSTEM, package_id, "对方丢失"))

    async def package_ids(self, filed: Filed) -> list[UUID]:
        of = "SELECT id FROM handoff_packages WHERE case_id = $1 ORDER BY seq"
        return [row["id"] for row in await self.world.database.fetch(of, filed.case_id)]

    async def history(self, filed: Filed) -> list[Any]:
        """Return what happened to the case's packages, each in its order."""
        return list(
            await self.world.database.fetch(
                "SELECT p.seq, l.act, l.by, l.at, l.until FROM handoff_log l"
                " JOIN handoff_packages p ON p.id = l.package_id"
                " WHERE p.case_id = $1 ORDER BY p.seq, l.at, l.id",
                filed.case_id,
            )
        )

    # Events

    async def written(self, filed: Filed, name: str, seq: int, kind: str) -> Report:
        type_, content = SAYS[kind]
        case = await filed.case()
        return Report(
            event_id=f"{filed.case_id}-{name}",
            case_no=str(case.case_no),
            seq=seq,
            type=type_,
            occurred_at=self.world.clock.now(),
            **content,
        )

    async def report(self, filed: Filed, report: Report) -> str:
        machine = self.machines[0]
        assert machine.agency_uscc == filed.item.agency_uscc
        try:
            return (await self.world.ctx.events.report(machine, report)).outcome
        except Problem as problem:
            return problem.code


async def open_stage(
    stack: AsyncExitStack, runner: Runner, folder: Path, database: str, valkey: str
) -> Stage:
    world = await stack.enter_async_context(open_world(folder, database, valkey))
    citizen = await make.citizen(world)
    return Stage(runner, world, citizen)
