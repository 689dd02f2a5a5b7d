"""Fees (收费): what a case owes by its item's published rules, and whether it is settled."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from models.case import Case
from models.ids import uuid7
from models.payment import Fee
from models.rules import fees as rules
from models.rules.conditions import parse
from models.rules.states import IMPORTED, PaymentStatus
from services.applicants import Applicants, facts_of
from services.errors import Conflict, Invalid
from services.forms import Forms
from services.items import PublishedItem
from services.ports import Clock

# The channel and the column end near here: 21 million yuan.
MOST_FEN = 2**31 - 1


class FeeUndetermined(Conflict):
    """The published rules give no amount for what the form and the measurement say."""

    code = "fee_undetermined"
    sentence = "按现有的信息算不出应缴的费用,请核对填写的内容。"


class WaiverNotPublished(Invalid):
    """The item publishes no such ground."""

    code = "waiver_not_published"
    sentence = "这个事项没有公布这一减免情形,请从公布的情形里选。"


@dataclass(frozen=True)
class Fees:
    clock: Clock
    forms: Forms
    applicants: Applicants

    async def assess(
        self, case: Case, item: PublishedItem, *, measured: Mapping[str, Any] | None = None
    ) -> Fee | None:
        """Make the case's fee, or return the one that was made; None when the item is free.

        In the caller's transaction, with the case's row held. ``measured`` overrides the form
        fields that the rules look at. Raises ``FeeUndetermined``; nothing changed then.
        """
        if not charges(case, item):
            return None
        known = await Fee.get_or_none(case_id=case.id, stage=item.fee_stage.value)
        return known or await self._create(case, item, await self._assessment(case, item, measured))

    async def agrees(self, case: Case, item: PublishedItem, measured: Mapping[str, Any]) -> bool:
        """Tell whether a measurement gives the fee that was made, if one was already.

        Raises ``FeeUndetermined``.
        """
        known = await Fee.get_or_none(case_id=case.id, stage=item.fee_stage.value)
        waiver = None if known is None else known.waived_by
        assessment = await self._assessment(case, item, measured, waiver)
        return known is None or known.amount_fen == assessment.total_fen

    async def measured_anew(
        self, case: Case, item: PublishedItem, measured: Mapping[str, Any]
    ) -> int:
        """Return what the published rules ask for by a new measurement, in fen; change nothing.

        Raises ``FeeUndetermined``.
        """
        return (await self._assessment(case, item, measured)).total_fen

    async def waive(self, case: Case, item: PublishedItem, fee: Fee, ground: str) -> None:
        """Let a fee that nobody has settled come to what it is by a published waiver.

        In the caller's transaction, with the case's row held. Raises ``WaiverNotPublished``;
        nothing changed then.
        """
        try:
            amount = (await self._assessment(case, item, None, ground)).total_fen
        except FeeUndetermined:
            # By what a back-office measured, and nobody keeps: a waiver leaves nothing of any sum.
            amount = 0
        fee.amount_fen, fee.waived_by = amount, ground
        await fee.save(update_fields=["amount_fen", "waived_by"])

    async def is_settled(self, case: Case, item: PublishedItem) -> bool:
        """Tell whether nothing is owed: the item is free, or its fee was made and paid."""
        if not charges(case, item):
            return True
        return await Fee.exists(
            case_id=case.id, stage=item.fee_stage.value, settled_at__isnull=False
        )

    async def _assessment(
        self,
        case: Case,
        item: PublishedItem,
        measured: Mapping[str, Any] | None,
        waiver: str | None = None,
    ) -> rules.Assessment:
        given = dict(measured or {})
        if not _measurable(item.body["fee"]).issuperset(given):
            raise FeeUndetermined
        form = await self.forms.read_filed(case.id)
        applicant = await self.applicants.get(case.account_id)
        age = applicant.age_at(self.clock.now())
        facts = facts_of({**form.values, **given}, case, age)
        try:
            assessment = rules.assess(item.body["fee"], facts, waiver=waiver)
        except rules.FeeUndetermined as error:
            raise FeeUndetermined from error
        except rules.WaiverUnknown as error:
            raise WaiverNotPublished from error
        if assessment.total_fen > MOST_FEN:
            raise FeeUndetermined
        return assessment

    async def _create(self, case: Case, item: PublishedItem, assessment: rules.Assessment) -> Fee:
        now = self.clock.now()
        owed = assessment.total_fen > 0
        fee = await Fee.create(
            id=uuid7(),
            case_id=case.id,
            stage=item.fee_stage.value,
            name=assessment.name,
            basis=assessment.basis,
            amount_fen=assessment.total_fen,
            breakdown=[_shown(line) for line in assessment.lines],
            settled_at=None if owed else now,
            created_at=now,
        )
        status = PaymentStatus.UNPAID if owed else PaymentStatus.PAID
        await Case.filter(id=case.id).update(payment_status=status.value)
        case.payment_status = status.value
        return fee


def charges(case: Case, item: PublishedItem) -> bool:
    """Tell whether a case may owe something here; what was lodged elsewhere is paid there."""
    return bool(item.body["fee"]["charged"]) and case.origin != IMPORTED


def _shown(line: rules.FeeLine) -> dict[str, Any]:
    return {
        "text": line.text,
        "quantity": str(line.quantity),
        "unit_price_fen": line.unit_price_fen,
        "amount_fen": line.amount_fen,
    }


def _measurable(fee: Mapping[str, Any]) -> set[str]:
    """Return the form fields that the rules of a fee look at."""
    looked_at: set[str] = set()
    for rule in fee["rules"]:
        looked_at |= {rule[name] for name in ("per", "each_of", "unit_price_by") if name in rule}
        if rule["when"] is not None:
            looked_at |= parse(rule["when"]).fields
    return {name.removeprefix("form.") for name in looked_at if name.startswith("form.")}
