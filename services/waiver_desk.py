"""The desk of waivers (减免审核): the unit that charges the fee grants or refuses.

A grant lets the fee be computed anew by the published rule and the case go on as after a payment;
what was paid meanwhile is surplus and goes back by itself.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.case import Case
from models.database import rows
from models.payment import Waiver
from models.rules.events import Role
from models.rules.states import PaymentStatus
from models.rules.supervision import AlertKind
from models.rules.waivers import WaiverStatus
from models.unit import transaction
from services import scope
from services.actors import Officer
from services.alerts import watch
from services.announcements import announce
from services.audit import Audit
from services.cases import Cases
from services.errors import Conflict
from services.fees import Fees
from services.items import PublishedItem
from services.orders import close_soon
from services.settlements import Settlements
from services.transitions import StepNotYours
from services.waiver_rows import open_fee
from services.waiver_words import granted_text
from services.waivers import WaiverMissing

# What waits longest is shown; deciding makes room for the rest.
MOST = 100
# What the applicant is told, at most 20 characters.
TOLD = {
    WaiverStatus.GRANTED: "费用已经减免,不用缴费",
    WaiverStatus.REFUSED: "减免没有批准,请看理由",
}
QUERY = """
SELECT w.id, w.case_id, c.case_no, i.name AS item_name, i.agency, f.name AS fee_name,
  f.amount_fen, w.ground, w.reason, w.status, w.refusal, w.asked_at, w.decided_at
FROM fee_waivers w JOIN fees f ON f.id = w.fee_id JOIN cases c ON c.id = w.case_id
  JOIN items i ON i.id = c.item_id JOIN item_versions v ON v.id = c.item_version_id
WHERE (w.id = $1::uuid OR ($1::uuid IS NULL AND w.status = 'OPEN' AND c.closed_at IS NULL
    AND c.decision IS DISTINCT FROM 'REJECTED'))
  AND ($2::text IS NULL OR v.body::jsonb ->> 'agency_uscc' = $2)
  AND ($3::text IS NULL OR c.window_id IN (SELECT d.id FROM windows d WHERE d.unit_id = $3))
ORDER BY w.asked_at, w.id LIMIT $4"""


class WaiverElsewhere(WaiverMissing):
    """Another unit's: the answer does not tell that there is one."""

    alert = AlertKind.OVERREACH


class WaiverDecided(Conflict):
    """It does not wait any more."""

    code = "waiver_decided"
    sentence = "这个减免申请已经办完,请刷新后再看。"


@dataclass(frozen=True)
class Listed:
    """A waiver as staff see it; ``amount_fen`` is what the fee comes to now."""

    id: UUID
    case_id: UUID
    case_no: str | None
    item_name: str
    agency: str
    fee_name: str
    amount_fen: int
    ground: str
    reason: str
    status: str
    refusal: str | None
    asked_at: datetime
    decided_at: datetime | None


@dataclass(frozen=True)
class Waiting:
    """The waivers that wait longest; ``more`` wait behind them."""

    waivers: Sequence[Listed]
    more: bool


@dataclass(frozen=True)
class _Held:
    """A waiver in an officer's hand, its case's row held."""

    waiver: Waiver
    case: Case
    item: PublishedItem


@dataclass(frozen=True)
class WaiverDesk:
    cases: Cases
    fees: Fees
    settlements: Settlements
    audit: Audit

    async def list(self, officer: Officer) -> Waiting:
        """Return what waits in the officer's unit, the oldest first."""
        found = await rows(QUERY, [None, *scope.bounds(officer), MOST + 1])
        listed = [Listed(**row) for row in found]
        return Waiting(listed[:MOST], len(listed) > MOST)

    async def grant(self, officer: Officer, waiver_id: UUID) -> Listed:
        """Grant what is asked for: the fee comes to nothing, and the case goes on.

        Raises ``WaiverMissing``, ``StepNotYours``, ``WaiverDecided``, ``NothingToWaive``;
        nothing changed then.
        """
        await self._grant(officer, waiver_id)
        return await self._show(waiver_id)

    async def refuse(self, officer: Officer, waiver_id: UUID, reason: str) -> Listed:
        """Refuse what is asked for, with a reason that the applicant reads; raises like ``grant``.

        The fee stays what it is.
        """
        await self._refuse(officer, waiver_id, reason)
        return await self._show(waiver_id)

    @transaction
    async def _grant(self, officer: Officer, waiver_id: UUID) -> None:
        found = await self._held(officer, waiver_id)
        case, ground = found.case, found.waiver.ground
        fee = await open_fee(case)
        await self.fees.waive(case, found.item, fee, ground)
        await self._decide(found, officer, WaiverStatus.GRANTED)
        # Until its channel has closed an order it can be paid: that money is surplus then.
        await close_soon(self.cases.transitions.jobs, case.id)
        data = {
            "text": granted_text(ground),
            "waiver": ground,
            "signer": {"id": str(officer.id), "unit": officer.unit},
        }
        await self.settlements.settle(case, fee.id, PaymentStatus.WAIVED, data)

    @transaction
    async def _refuse(self, officer: Officer, waiver_id: UUID, reason: str) -> None:
        found = await self._held(officer, waiver_id)
        await open_fee(found.case)
        found.waiver.refusal = reason
        await self._decide(found, officer, WaiverStatus.REFUSED)
        self.cases.transitions.look_again(found.case)

    async def _held(self, officer: Officer, waiver_id: UUID) -> _Held:
        """Return an open waiver that the officer may decide, its case's row held.

        Raises ``WaiverMissing``, ``StepNotYours``, ``WaiverDecided``.
        """
        known = await Waiver.get_or_none(id=waiver_id)
        if known is None:
            raise WaiverMissing
        case = await Case.filter(id=known.case_id).select_for_update().get()
        item = await self.cases.items.version(case.item_version_id)
        watch(self.cases.clock, case, item, officer.anyhow)
        if not await scope.covers(officer, case, item):
            raise WaiverElsewhere
        # 执收单位: who charges a fee is who lets it go.
        if Role.DEPT not in officer.roles_for(item.agency_uscc):
            raise StepNotYours("减免由收费的部门核对决定。")
        waiver = await Waiver.get(id=waiver_id)
        if waiver.status != WaiverStatus.OPEN.value:
            raise WaiverDecided
        return _Held(waiver, case, item)

    async def _decide(self, found: _Held, officer: Officer, status: WaiverStatus) -> None:
        waiver, now = found.waiver, self.cases.clock.now()
        waiver.status, waiver.decided_by, waiver.decided_at = status.value, str(officer.id), now
        await waiver.save(update_fields=["status", "refusal", "decided_by", "decided_at"])
        facts = {
            "case_id": str(found.case.id),
            "ground": waiver.ground,
            "status": status.value,
            "refusal_sha256": hashlib.sha256((waiver.refusal or "").encode()).hexdigest(),
        }
        actor = officer.acting_as(Role.DEPT)
        await self.audit.record(actor, "waiver.decide", "waiver", waiver.id, facts)
        jobs = self.cases.transitions.jobs
        await announce(jobs, found.case, TOLD[status], now, key=f"waiver:{waiver.id}")

    async def _show(self, waiver_id: UUID) -> Listed:
        [row] = await rows(QUERY, [waiver_id, None, None, 1])
        return Listed(**row)
