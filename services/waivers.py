"""Waivers (费用减免): asked for on a ground that the item publishes, before anything is paid.

Staff decide (``services.waiver_desk``); nothing of a fee changes before that.
"""

import hashlib
from dataclasses import dataclass
from uuid import UUID

from models.ids import uuid7
from models.payment import Waiver
from models.rules.mandates import Act
from models.rules.waivers import WaiverStatus
from models.unit import transaction
from services import access
from services.actors import Citizen
from services.audit import Audit
from services.cases import Cases
from services.errors import Conflict, FieldFault, NotFound
from services.fees import WaiverNotPublished
from services.idempotency import Once
from services.orders import holds_money
from services.payments import PaymentInQuestion
from services.waiver_rows import grounds_of, open_fee


class WaiverUnderWay(Conflict):
    """One that was asked for waits for its answer."""

    code = "waiver_under_way"
    sentence = "减免申请正在核对,请等结果。"


class WaiverMissing(NotFound):
    """There is no such request, or it is another unit's."""

    code = "waiver_unknown"
    sentence = "没有找到这个减免申请。"


@dataclass(frozen=True)
class Waivers:
    cases: Cases
    audit: Audit

    @transaction
    async def ask(
        self, who: Citizen, case_id: UUID, ground: str, key: str, *, reason: str = ""
    ) -> Waiver:
        """Ask for a published waiver of what a case owes.

        Raises ``CaseUnknown``, ``ActNotGranted``, ``NothingToWaive``, ``PaymentInQuestion``,
        ``WaiverNotPublished``, ``WaiverUnderWay``; nothing changed then.
        """
        now = self.cases.clock.now()
        case = await access.held(who, case_id, now, Act.PAY)
        once = Once.of(str(who.account_id), key, "waiver", case_id, ground, reason)
        if (given := await once.answered()) is not None:
            return await Waiver.get(id=given["id"])
        fee = await open_fee(case)
        if await holds_money(case.id):
            raise PaymentInQuestion
        if ground not in grounds_of(await self.cases.items.version(case.item_version_id)):
            raise WaiverNotPublished(faults=[FieldFault("/ground", WaiverNotPublished.sentence)])
        if await Waiver.exists(fee_id=fee.id, status=WaiverStatus.OPEN.value):
            raise WaiverUnderWay
        waiver = await Waiver.create(
            id=uuid7(),
            fee_id=fee.id,
            case_id=case.id,
            ground=ground,
            reason=reason,
            status=WaiverStatus.OPEN.value,
            asked_by=f"{who.actor.role.value}:{who.actor.id}",
            asked_at=now,
        )
        await self._record(who, "waiver.request", waiver)
        await once.answer({"id": str(waiver.id)}, self.cases.clock)
        self.cases.transitions.look_again(case)
        return waiver

    @transaction
    async def take_back(self, who: Citizen, case_id: UUID) -> None:
        """Take the open request of a case back.

        Raises ``CaseUnknown``, ``ActNotGranted``, ``WaiverMissing``; nothing changed then.
        """
        now = self.cases.clock.now()
        case = await access.held(who, case_id, now, Act.PAY)
        waiver = await Waiver.get_or_none(case_id=case.id, status=WaiverStatus.OPEN.value)
        if waiver is None:
            raise WaiverMissing
        waiver.status, waiver.decided_at = WaiverStatus.TAKEN_BACK.value, now
        await waiver.save(update_fields=["status", "decided_at"])
        await self._record(who, "waiver.take_back", waiver)
        self.cases.transitions.look_again(case)

    async def _record(self, who: Citizen, action: str, waiver: Waiver) -> None:
        facts = {
            "case_id": str(waiver.case_id),
            "ground": waiver.ground,
            # No word that somebody wrote, but its digest.
            "reason_sha256": hashlib.sha256(waiver.reason.encode()).hexdigest(),
        }
        await self.audit.record(who.actor, action, "waiver", waiver.id, facts)
